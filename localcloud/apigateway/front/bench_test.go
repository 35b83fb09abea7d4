package front_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/writ-dev/writ/localcloud/apigateway/front"
	"github.com/writ-dev/writ/localcloud/gate"
)

type instant struct{}

func (instant) Do(context.Context, *gate.Call) (*gate.Reply, error) {
	return &gate.Reply{Body: []byte(`{"statusCode":200,"body":"hi"}`)}, nil
}

// BenchmarkFront is the front's own share of a request: routing among 100
// routes, the event, the answer. The function takes no time.
func BenchmarkFront(b *testing.B) {
	stage := stageOf(front.REST, "abcdefghij", 0, "ANY /{proxy+}")
	for i := range 100 {
		path := fmt.Sprintf("/path%d/{id}", i)
		stage.Routes = append(stage.Routes, front.Route{Key: "GET " + path, Method: "GET", Path: path})
	}
	for i := range stage.Routes {
		stage.Routes[i].Integration = front.Integration{FunctionARN: "arn:aws:lambda:us-east-1:000000000000:function:hello", Payload: "1.0", Timeout: time.Minute}
	}
	table := tableOf(b, stage)
	h := &front.Handler{
		Account: "000000000000", Region: "us-east-1", Table: func() *front.Table { return table }, Do: instant{}, Now: time.Now,
		Log: slog.New(slog.DiscardHandler), NewRequestID: func() string { return "c6af9ac6-7b61-11e6-9a41-93e8deadbeef" }, NewExtendedID: func() string { return "JKJaXmPLvHcESHA=" },
	}
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/path77/x?a=1", nil))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
