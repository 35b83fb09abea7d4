package authzen_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"syscall"
	"testing"

	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
)

// BenchmarkHTTP compares a decision over a listener with a handler that only decodes and
// encodes the same JSON with encoding/json. The ratio of the two in one run is what counts.
func BenchmarkHTTP(b *testing.B) {
	p := start(b, example("certification"), authzen.Config{}, server.Limits{})
	brief := start(b, example("certification"), authzen.Config{Brief: true}, server.Limits{})
	bare := httptest.NewServer(http.HandlerFunc(bareHandler))
	b.Cleanup(bare.Close)
	for name, to := range map[string]struct{ url, token string }{
		"bare": {bare.URL, "x"}, "reasons": {p.URL, p.token}, "brief": {brief.URL, brief.token},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			client := &http.Client{Transport: &http.Transport{}}
			for b.Loop() {
				postFine(b, client, to.url, to.token)
			}
		})
	}
}

// BenchmarkHTTPTurns gives the ratio to the bare handler: nine rounds in which the three take turns, the
// medians of the process's processor time, the client's included. docs/bench/policy-http.md has figures.
func BenchmarkHTTPTurns(b *testing.B) {
	p := start(b, example("certification"), authzen.Config{}, server.Limits{})
	brief := start(b, example("certification"), authzen.Config{Brief: true}, server.Limits{})
	bare := httptest.NewServer(http.HandlerFunc(bareHandler))
	b.Cleanup(bare.Close)
	contenders := []struct{ name, url, token string }{{"bare", bare.URL, "x"}, {"brief", brief.URL, brief.token}, {"reasons", p.URL, p.token}}
	const rounds, requests = 9, 2000
	client := &http.Client{Transport: &http.Transport{}}
	for b.Loop() {
		times := make([][]float64, len(contenders))
		for range rounds {
			for i, c := range contenders {
				begin := processorTime(b)
				for range requests {
					postFine(b, client, c.url, c.token)
				}
				times[i] = append(times[i], float64(processorTime(b)-begin)/requests)
			}
		}
		for i, c := range contenders {
			slices.Sort(times[i])
			b.ReportMetric(times[i][rounds/2]/1000, c.name+"-µs/request")
			b.ReportMetric(times[i][rounds/2]/times[0][rounds/2], c.name+"/bare")
		}
	}
}

// processorTime is what this process has used of processors, in nanoseconds.
func processorTime(b *testing.B) int64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return syscall.TimevalToNsec(used.Utime) + syscall.TimevalToNsec(used.Stime)
}

type plain struct {
	Subject  map[string]any `json:"subject"`
	Action   map[string]any `json:"action"`
	Resource map[string]any `json:"resource"`
	Context  map[string]any `json:"context"`
}

func bareHandler(w http.ResponseWriter, r *http.Request) {
	var v plain
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"decision": true, "context": map[string]any{"revision": "3"}})
}

func postFine(b *testing.B, client *http.Client, url, token string) {
	b.Helper()
	r, err := http.NewRequest(http.MethodPost, url+evaluation, bytes.NewReader([]byte(fine)))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		b.Fatal(answer.StatusCode, err)
	}
	_ = answer.Body.Close()
}
