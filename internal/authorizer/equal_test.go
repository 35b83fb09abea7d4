package authorizer_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/authorizer/runtimetest"
)

// The same binary answers from an embedded snapshot, from `writ serve`, and from a PDP that speaks Permit's wire: the
// three give the verdict of the engine on 1,000 random requests.
func TestSourcesAgree(t *testing.T) {
	t.Parallel()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	url, key := serve(t)
	sources := map[string]string{
		"snapshot": `{"snapshot": {"file": "policy.frozen"}}`,
		"server":   fmt.Sprintf(`{"server": {"url": %q, "key": {"env": "WRIT_SERVER_KEY"}, "environment": "shop/dev"}}`, url),
		"permit":   fmt.Sprintf(`{"permit": {"url": %q, "token": {"env": "WRIT_KEY"}, "retries": 2}}`, w.url),
	}
	functions := map[string]*runtimetest.Function{}
	for name, decide := range sources {
		f, err := runtimetest.Start(program, "WRIT_AUTHORIZER_CONFIG="+w.config(t, decide), "WRIT_KEY="+w.token, "WRIT_SERVER_KEY="+key)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Stop()
		functions[name] = f
	}
	tokens := map[string]string{}
	for i := range 10 {
		tokens[fmt.Sprint("u", i)] = w.issuer.token(t, fmt.Sprint("u", i))
	}
	r := rand.New(rand.NewPCG(5, 6))
	verbs := map[string]string{"GET": "read", "PUT": "update", "DELETE": "delete"}
	allowed := 0
	const asked = 1000
	for range asked {
		user, method, kind := fmt.Sprint("u", r.IntN(10)), []string{"GET", "PUT", "DELETE"}[r.IntN(3)], "documents"
		id := fmt.Sprint("d", r.IntN(14))
		if method == "GET" && r.IntN(3) == 0 {
			kind, id = "folders", fmt.Sprint("f", r.IntN(5))
		}
		q := authz.Query{Now: time.Now(), Tenant: "default"}
		q.Subject, q.Action.Name = writ.Subject{Type: "user", ID: user}, verbs[method]
		q.Resource = writ.Resource{Type: strings.TrimSuffix(kind, "s"), ID: id}
		want, err := w.state.Snapshot.Check(&q)
		if err != nil {
			t.Fatal(err)
		}
		if want.Allowed {
			allowed++
		}
		for name, f := range functions {
			a, err := f.Invoke(t.Context(), event(method, kind, id, tokens[user]))
			if err != nil || a.ErrorType != "" {
				t.Fatalf("%s: %v %+v\n%s", name, err, a, f.Log())
			}
			var got struct{ IsAuthorized *bool }
			if err := json.Unmarshal(a.Body, &got); err != nil || got.IsAuthorized == nil {
				t.Fatalf("%s: %s", name, a.Body)
			}
			if *got.IsAuthorized != want.Allowed {
				t.Fatalf("%s: %s %s %s/%s is %v, and the engine says %v\n%s", name, user, method, kind, id, *got.IsAuthorized, want.Allowed, f.Log())
			}
		}
	}
	if allowed < asked/10 || allowed > asked*9/10 {
		t.Errorf("%d of %d requests were allowed: this compares too little", allowed, asked)
	}
	// What is in no token is let in by none of them.
	for name, f := range functions {
		a, err := f.Invoke(t.Context(), event("GET", "documents", "d0", tokens["u0"]+"x"))
		if err != nil || strings.Contains(string(a.Body), "true") {
			t.Errorf("%s: a forged token: %v %+v", name, err, a)
		}
		if strings.Contains(f.Log(), tokens["u0"]) || strings.Contains(f.Log(), w.token) || strings.Contains(f.Log(), key) {
			t.Errorf("%s: a token or key is in the log", name)
		}
	}
}

// A broken configuration ends the process at its start, with the error in the log.
func TestBrokenAtStart(t *testing.T) {
	t.Parallel()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	other := strings.Repeat("0", 64)
	for name, c := range map[string]struct{ config, want string }{
		"no file":          {"/nowhere/authorizer.json", "/nowhere/authorizer.json is not there"},
		"no snapshot":      {w.config(t, `{"snapshot": {"file": "none.frozen"}}`), "none.frozen is not there"},
		"another snapshot": {w.config(t, `{"snapshot": {"file": "policy.frozen", "sha256": "`+other+`"}}`), "wanted is " + other},
		"no key":           {w.config(t, `{"server": {"url": "http://127.0.0.1:1", "key": {"env": "WRIT_NONE"}}}`), "WRIT_NONE, which is to hold the secret, is empty"},
		"a misspelt name":  {w.config(t, `{"snapshoot": {}}`), `did you mean "snapshot"?`},
	} {
		f, err := runtimetest.Start(program, "WRIT_AUTHORIZER_CONFIG="+c.config)
		if err != nil {
			t.Fatal(err)
		}
		a, err := f.Invoke(t.Context(), event("GET", "documents", "d0", w.issuer.token(t, "u0")))
		if err == nil || a.Body != nil || !strings.Contains(f.Log(), c.want) {
			t.Errorf("%s: %v %s\n%s", name, err, a.Body, f.Log())
		}
		f.Stop()
	}
	damaged, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	damaged[len(damaged)-1] ^= 0xff
	if err := os.WriteFile(w.file, damaged[:len(damaged)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := runtimetest.Start(program, "WRIT_AUTHORIZER_CONFIG="+w.config(t, `{"snapshot": {"file": "policy.frozen"}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Stop()
	if _, err := f.Invoke(t.Context(), nil); err == nil || !strings.Contains(f.Log(), "the snapshot cannot be read") {
		t.Errorf("a damaged snapshot: %v\n%s", err, f.Log())
	}
}
