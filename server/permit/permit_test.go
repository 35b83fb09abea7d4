package permit_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/openfga"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/permit"
	"github.com/writ-dev/writ/server/permit/wire"
)

var update = flag.Bool("update", false, "write the answers into testdata")

// token gives the API key of a role.
func token(role server.Role) string {
	letter := string(role[:1])
	if role == server.Ask {
		letter = "q" // admin has the other
	}
	return "writ_default_" + strings.Repeat(letter, 40)
}

// parse reads models of both formats.
func parse(s authz.Source) (environment.Document, error) {
	if s.Format == "openfga" {
		return openfga.ParseStored(s.Text)
	}
	return schema.Parse([]byte(s.Text))
}

// world is a server with one environment, and keys of all roles for it.
func world(t testing.TB, model authz.Source) (http.Handler, *environment.Environment) {
	t.Helper()
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	e, err := environment.Open(t.Context(), environment.Config{Store: &memory.Store{}, Parse: parse, Now: clock, Initial: model})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{
		Now:       clock,
		Protocols: []server.Protocol{permit.New(permit.Config{Limits: wire.Limits{Checks: 3, Assignments: 3, Tuples: 3, Records: 3}})},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range server.Roles() {
		k, err := server.KeyOf(token(role), string(role), role, now, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if err := server.AddKey(t.Context(), e, writ.Subject{Type: "test", ID: "test"}, k); err != nil {
			t.Fatal(err)
		}
	}
	s.Open("shop", "dev", e)
	return s, e
}

// A story is a file of requests and the answers to them, in turn, on an environment of its own:
//
//	> POST /v2/facts/shop/dev/users
//	> Header: value
//	{"key": "ann"}
//	< 201
//	{"key": "ann", ...}
//
// The key is that of an admin unless a header `Key` names another role, or none. Of answers
// the fields are left out that are always the same, after a look at them, unless a header `Whole` asks for them.
func TestStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			tell(t, file)
		})
	}
}

func tell(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	model := authz.Source{Format: "policy", Text: "{}"}
	if _, fga, ok := strings.Cut(string(text), "# model: openfga\n"); ok {
		fga, _, _ = strings.Cut(fga, "\n\n> ")
		model = authz.Source{Format: "openfga", Text: strings.ReplaceAll("\n"+fga+"\n", "\n# ", "\n")}
	}
	s, _ := world(t, model)
	var out strings.Builder
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	asked := 0
	for i := 0; i < len(lines); {
		if !strings.HasPrefix(lines[i], "> ") {
			fmt.Fprintln(&out, lines[i])
			i++
			continue
		}
		var head, body []string
		for ; i < len(lines) && strings.HasPrefix(lines[i], "> "); i++ {
			head = append(head, strings.TrimPrefix(lines[i], "> "))
			fmt.Fprintln(&out, lines[i])
		}
		for ; i < len(lines) && lines[i] != "" && !strings.HasPrefix(lines[i], "< "); i++ {
			body = append(body, lines[i])
			fmt.Fprintln(&out, lines[i])
		}
		for i < len(lines) && lines[i] != "" { // the old answer
			i++
		}
		out.WriteString(ask(t, s, head, strings.Join(body, "\n")))
		asked++
	}
	if asked == 0 {
		t.Fatal("the story has no requests")
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text), out.String()); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", file, diff)
	}
}

func ask(t *testing.T, s http.Handler, head []string, body string) string {
	method, path, ok := strings.Cut(head[0], " ")
	if !ok {
		t.Fatalf("%q is no request", head[0])
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("X-Request-ID", "story")
	role, whole := server.Admin, false
	for _, h := range head[1:] {
		name, value, _ := strings.Cut(h, ": ")
		switch name {
		case "Key":
			role = server.Role(value)
		case "Whole":
			whole = true
		default:
			r.Header.Set(name, value)
		}
	}
	if role != "none" && r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", "Bearer "+token(role))
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return fmt.Sprintf("< %d\n%s", w.Code, shown(t, w.Body.Bytes(), whole))
}

// shown writes an answer on one line, or a list with a line for each element.
func shown(t *testing.T, body []byte, whole bool) string {
	if len(bytes.TrimSpace(body)) == 0 {
		return ""
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("the answer is not JSON: %s", body)
	}
	if !whole {
		v = brief(t, v)
	}
	line := func(v any) string {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return line(v)
	}
	var b strings.Builder
	b.WriteString("[\n")
	for _, x := range list {
		b.WriteString(line(x))
	}
	b.WriteString("]\n")
	return b.String()
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// brief leaves out what every read model has, and holds it to its form.
func brief(t *testing.T, v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = brief(t, v[i])
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			text, isText := v[name].(string)
			switch {
			case isText && (strings.HasSuffix(name, "_at") && name != "expires_at"):
				if _, err := time.Parse(time.RFC3339, text); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				delete(v, name)
			case isText && v["error_code"] == nil && (name == "id" || strings.HasSuffix(name, "_id")):
				if !uuid.MatchString(text) {
					t.Errorf("%s is %q", name, text)
				}
				delete(v, name)
			default:
				v[name] = brief(t, v[name])
			}
		}
	}
	return v
}
