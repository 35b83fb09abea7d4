package permit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

// crowd is a server with so many users.
func crowd(t testing.TB, n int) http.Handler {
	t.Helper()
	s, e := world(t, empty)
	_, err := e.Write(context.Background(), environment.Write{
		Actor: writ.Subject{Type: "system", ID: "test"}, Kind: "facts.write", Subject: "facts",
		Plan: func(*environment.State) ([]authz.Change, error) {
			changes := make([]authz.Change, n)
			for i := range changes {
				changes[i].Record = &authz.Step[authz.Record]{After: &authz.Record{
					Entity:     authz.Entity{Type: "user", ID: fmt.Sprintf("user-%06d", i)},
					Attributes: map[string]any{"team": float64(i % 100)}, Profile: map[string]string{"email": fmt.Sprintf("u%d@example.org", i)},
				}}
			}
			return changes, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A page costs its rows: what it allocates does not grow with the users.
func TestAPageOfManyUsersIsNoCopyOfAll(t *testing.T) {
	const users = 20_000
	s := crowd(t, users)
	page := func(query string) (keys []string, total int) {
		code, text := call(t, s, "GET", factsAt+"/users?"+query, "")
		var list struct {
			Data  []struct{ Key string }
			Total int `json:"total_count"`
		}
		if err := json.Unmarshal([]byte(text), &list); err != nil || code != http.StatusOK {
			t.Fatalf("%s: %d %.200s", query, code, text)
		}
		for _, u := range list.Data {
			keys = append(keys, u.Key)
		}
		return keys, list.Total
	}
	for query, want := range map[string]string{
		"page=1": "user-000000", "page=2&per_page=100": "user-000100", "page=200&per_page=100": "user-019900",
		"attr_team=7&page=2": "user-003007", "search=U19@": "user-000019",
	} {
		if keys, total := page(query); len(keys) == 0 || keys[0] != want || total == 0 {
			t.Errorf("%s: %v of %d, want %s first", query, keys, total, want)
		}
	}
	if keys, total := page("page=201&per_page=100"); len(keys) != 0 || total != users {
		t.Errorf("the page after the last has %v of %d", keys, total)
	}
	for _, query := range []string{"page=1", "page=150&per_page=30"} {
		if n := testing.AllocsPerRun(3, func() { page(query) }); n > users/2 {
			t.Errorf("%s: %.0f allocations", query, n)
		}
	}
	// Found by its id, the second time without a look at all.
	code, text := call(t, s, "GET", factsAt+"/users/user-012345", "")
	var user struct{ ID, Key string }
	if err := json.Unmarshal([]byte(text), &user); err != nil || code != http.StatusOK {
		t.Fatal(code, text)
	}
	find := func() {
		if _, text := call(t, s, "GET", factsAt+"/users/"+user.ID, ""); !strings.Contains(text, `"key":"user-012345"`) {
			t.Errorf("by id: %s", text)
		}
	}
	find()
	if n := testing.AllocsPerRun(3, find); n > 1000 {
		t.Errorf("finding by id: %.0f allocations", n)
	}
	if code, _ := call(t, s, "GET", factsAt+"/users/00000000-0000-5000-8000-000000000000", ""); code != http.StatusNotFound {
		t.Errorf("an id of nobody: %d", code)
	}
	// A user who comes is found, one who goes is not.
	id := must(t, s, "POST", factsAt+"/users", `{"key":"late"}`)
	if code, text := call(t, s, "GET", factsAt+"/users/"+id, ""); code != http.StatusOK || !strings.Contains(text, `"key":"late"`) {
		t.Errorf("by a new id: %d %s", code, text)
	}
	must(t, s, "DELETE", factsAt+"/users/"+id, "")
	if code, _ := call(t, s, "GET", factsAt+"/users/"+id, ""); code != http.StatusNotFound {
		t.Errorf("by an old id: %d", code)
	}
}

func BenchmarkListUsers(b *testing.B) {
	s := crowd(b, 100_000)
	id := must(b, s, "PUT", factsAt+"/users/user-050000", `{}`)
	for _, c := range []struct{ name, path string }{
		{"first", "/users?per_page=100"}, {"far", "/users?per_page=100&page=900"}, {"search", "/users?search=user-09999"}, {"id", "/users/" + id},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if code, text := call(b, s, "GET", factsAt+c.path, ""); code != http.StatusOK {
					b.Fatal(text)
				}
			}
		})
		if c.name == "first" { // after a write nothing is sorted yet
			must(b, s, "PUT", factsAt+"/users/user-050000", `{}`)
		}
	}
}
