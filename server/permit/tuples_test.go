package permit_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/server"
)

// A list of tuples made one of all that are stored, and went on when nobody waited for it. Not parallel: it counts the process's bytes.
func TestListsOfTuplesTakeThePageAlone(t *testing.T) {
	s, e := world(t, empty)
	must(t, s, "POST", schemaAt+"/resources", `{"key":"folder","name":"F","actions":{}}`)
	must(t, s, "POST", schemaAt+"/resources", `{"key":"file","name":"F","actions":{},"relations":{"parent":"folder"},"roles":{"viewer":{"name":"V","permissions":[]}}}`)
	const n = 5_000
	_, err := e.Write(t.Context(), environment.Write{
		Actor: writ.Subject{Type: "test", ID: "test"}, Kind: "tuples.write", Subject: "tuples",
		Plan: func(*environment.State) ([]authz.Change, error) {
			var changes []authz.Change
			for i := range n {
				for _, text := range []string{fmt.Sprintf("file:x#viewer@user:u%05d", i), fmt.Sprintf("file:x#parent@folder:f%05d", i)} {
					tuple, err := authz.ParseTuple(text)
					if err != nil {
						return nil, err
					}
					changes = append(changes, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}})
				}
			}
			return changes, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	get := func(ctx context.Context, path string) (int, string) {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody)
		r.Header.Set("Authorization", "Bearer "+token(server.Read))
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, path := range []string{
		factsAt + "/relationship_tuples?per_page=1", factsAt + "/relationship_tuples?per_page=1&object=file:x&include_total_count=true",
		factsAt + "/relationship_tuples/detailed?per_page=1&page=1000",
		factsAt + "/role_assignments?per_page=1", factsAt + "/role_assignments?per_page=1&resource_instance=file:x&include_total_count=true", "/local/role_assignments?per_page=1",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		code, text := get(t.Context(), path)
		runtime.ReadMemStats(&after)
		if code != 200 || !strings.Contains(text, "file:x") {
			t.Errorf("%s: %d %.200s", path, code, text)
		}
		if strings.Contains(path, "total") && !strings.Contains(text, fmt.Sprintf(`"total_count":%d`, n)) {
			t.Errorf("%s: %.200s", path, text)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 100<<10 {
			t.Errorf("%s takes %d bytes of memory for one row", path, took)
		}
		if code, text := get(gone, path); code/100 == 2 {
			t.Errorf("%s, with nobody waiting: %d %.100s", path, code, text)
		}
	}
	// A page behind very many takes its turn, and has what it should.
	if code, text := get(t.Context(), factsAt+"/relationship_tuples?per_page=100&page=1000&include_total_count=true"); code != 200 || !strings.Contains(text, `"data":[],"page_count":50,"total_count":5000`) {
		t.Errorf("past the end: %d %.200s", code, text)
	}
}

func TestAnEndBefore1970IsRefused(t *testing.T) {
	t.Parallel()
	s, _ := world(t, empty)
	must(t, s, "POST", schemaAt+"/resources", `{"key":"folder","name":"F","actions":{}}`)
	must(t, s, "POST", schemaAt+"/resources", `{"key":"file","name":"F","actions":{},"relations":{"parent":"folder"}}`)
	must(t, s, "POST", schemaAt+"/roles", `{"key":"reader","name":"R"}`)
	must(t, s, "POST", factsAt+"/users", `{"key":"ann"}`)
	for _, one := range []struct{ path, body string }{
		{"/role_assignments", `{"user":"ann","role":"reader","tenant":"default","expires_at":%s}`},
		{"/role_assignments/bulk", `[{"user":"ann","role":"reader","tenant":"default","expires_at":%s}]`},
		{"/users/ann/roles", `{"role":"reader","tenant":"default","expires_at":%s}`},
		{"/relationship_tuples", `{"subject":"folder:f","relation":"parent","object":"file:x","expires_at":%s}`},
	} {
		for _, end := range []string{`"0001-01-01T00:00:00Z"`, `"0001-01-01T00:00:00.0000001Z"`, `"1969-12-31T23:59:59Z"`} {
			if code, text := call(t, s, "POST", factsAt+one.path, fmt.Sprintf(one.body, end)); code != 422 || !strings.Contains(text, "before 1970") {
				t.Errorf("%s with the end %s: %d %s", one.path, end, code, text)
			}
		}
	}
	for _, end := range []string{"null", `"2026-05-04T13:00:00Z"`} {
		must(t, s, "POST", factsAt+"/relationship_tuples", fmt.Sprintf(`{"subject":"folder:f","relation":"parent","object":"file:%d","expires_at":%s}`, len(end), end))
	}
}
