package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/writ-dev/writ/server"
)

// FuzzTuples: whatever is sent, the answer is JSON and no fault; what was refused has changed nothing; and what
// was written is listed and can be taken away again.
func FuzzTuples(f *testing.F) {
	for _, body := range []string{
		`{"add":[{"object":"__tenant:acme","relation":"viewer","subject":"user:ann"}]}`,
		`{"add":[{"object":"__tenant:a b'c\"","relation":"viewer","subject":"user:x@y","expires":"2030-01-01T00:00:00Z"}]}`,
		`{"remove":[{"object":"__tenant:default","relation":"viewer","subject":"user:ann"}]}`,
		`{"add":[{"object":"user:ann","relation":"viewer","subject":"__tenant:default"}]}`,
		`{"add":[{"object":"__tenant:default","relation":"viewer","subject":"user:*","condition":"c","params":{"a":[1,{}]}}]}`,
		`{"add":null,"remove":[{}]}`, `[]`, `{"Add":[]}`,
	} {
		f.Add(body, "object=__tenant:default&relation=viewer&limit=1")
	}
	f.Add(`{}`, "subject=user:ann%23x&after=%00")
	f.Fuzz(func(t *testing.T, body, query string) {
		s := newStand(t, server.Config{}).open()
		token, _ := s.key(server.Write, 0)
		do := func(method, query, body string) (int, string) {
			r := httptest.NewRequest(method, server.PathTuples, strings.NewReader(body))
			r.URL.RawQuery = query
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			s.s.ServeHTTP(w, r)
			if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%s %q %q: %d %s", method, query, body, w.Code, w.Body)
			}
			return w.Code, w.Body.String()
		}
		do(http.MethodGet, query, "")
		before := s.env.State()
		status, _ := do(http.MethodPost, "", body)
		if status != http.StatusOK && s.env.State().Head != before.Head {
			t.Fatalf("%q was refused with %d, and is revision %d", body, status, s.env.State().Head.Seq)
		}
		var asked server.TupleWrite
		if status != http.StatusOK || json.Unmarshal([]byte(body), &asked) != nil {
			return
		}
		for _, one := range asked.Add {
			filter := url.Values{"object": {one.Object}, "relation": {one.Relation}, "subject": {one.Subject}}
			if _, text := do(http.MethodGet, filter.Encode(), ""); !strings.Contains(text, `"subject"`) {
				t.Fatalf("%+v is not listed: %s", one, text)
			}
			gone, err := json.Marshal(server.TupleWrite{Remove: []server.Tuple{one}, Add: []server.Tuple{one}})
			if err != nil {
				t.Fatal(err)
			}
			if status, text := do(http.MethodPost, "", string(gone)); status != http.StatusOK {
				t.Fatalf("%+v cannot be removed and added again: %s", one, text)
			}
		}
	})
}
