package front_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/localcloud/apigateway/front"
)

func stageOf(kind front.Kind, id string, age int, keys ...string) *front.Stage {
	s := &front.Stage{Kind: kind, APIID: id, Name: "prod", Created: time.Unix(int64(1000-age), 0)}
	for _, key := range keys {
		route := front.Route{Key: key, Method: "ANY", Path: key}
		if method, path, ok := strings.Cut(key, " "); ok {
			route.Method, route.Path = method, path
		}
		s.Routes = append(s.Routes, route)
	}
	return s
}

func tableOf(t testing.TB, stages ...*front.Stage) *front.Table {
	t.Helper()
	table, problems := front.NewTable(stages)
	if problems != nil {
		t.Fatal(problems)
	}
	return table
}

func TestTheMostSpecificRouteWins(t *testing.T) {
	t.Parallel()
	// The example of the API Gateway Developer Guide, "Create routes for HTTP APIs".
	routes := []string{"$default", "GET /pets/{proxy+}", "ANY /{proxy+}", "GET /pets/dog/1", "GET /pets/dog/{id}", "ANY /pets/dog/{id}"}
	for _, row := range []struct{ request, want string }{
		{"GET /pets/dog/1", "GET /pets/dog/1"},
		{"GET /pets/dog/2", "GET /pets/dog/{id}"},
		{"PUT /pets/dog/2", "ANY /pets/dog/{id}"},
		{"GET /pets/cat/1", "GET /pets/{proxy+}"},
		{"POST /test/5", "ANY /{proxy+}"},
		{"GET /pets", "ANY /{proxy+}"},
		{"GET /", "$default"},
		{"GET /pets/", "ANY /{proxy+}"},
	} {
		method, path, _ := strings.Cut(row.request, " ")
		m := tableOf(t, stageOf(front.HTTP, "a", 0, routes...)).Find("localhost", method, path)
		if m.Route == nil || m.Route.Key != row.want {
			t.Errorf("%s goes to %+v, want %s", row.request, m.Route, row.want)
		}
	}
}

func TestSlashesAtTheEnd(t *testing.T) {
	t.Parallel()
	for kind, want := range map[front.Kind]bool{front.REST: true, front.HTTP: false} {
		m := tableOf(t, stageOf(kind, "a", 0, "GET /pets")).Find("localhost", "GET", "/pets/")
		if (m.Route != nil) != want || m.Path != "/pets/" {
			t.Errorf("kind %d: %+v", kind, m)
		}
	}
}

func TestPatternsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "pets", "/{id", "/{}", "/{+}", "/a{id}", "/{a+}/b", "/{a}/{a}", "/{a}b", "/" + strings.Repeat("x", 5000)} {
		if _, err := front.ParsePattern(path); err == nil {
			t.Errorf("%.40q is accepted", path)
		}
	}
}

func TestMergedStages(t *testing.T) {
	t.Parallel()
	table := tableOf(t,
		stageOf(front.REST, "older", 2, "GET /same", "ANY /{proxy+}", "GET /only"),
		stageOf(front.HTTP, "newer", 1, "GET /same", "$default"),
	)
	for path, want := range map[string]string{
		"/same":                               "newer",
		"/only":                               "older",
		"/x":                                  "older", // {proxy+} is more specific than $default
		"/":                                   "newer",
		"/_aws/execute-api/older/prod/same":   "older",
		"/_aws/execute-api/older/none/same":   "older, no stage",
		"/_aws/execute-api/unknown/prod/same": "nothing",
	} {
		m := table.Find("127.0.0.1:3000", "GET", path)
		got := "nothing"
		if m.Stage != nil {
			got = m.Stage.APIID
		}
		if m.NoStage && m.Stage != nil {
			got += ", no stage"
		}
		if got != want {
			t.Errorf("%s is answered by %s, want %s", path, got, want)
		}
	}
}

// slowMatch is the oracle: it tries a pattern part by part, without the
// table's ordering, and gives how special each part's match is.
func slowMatch(pattern []string, path []string, quality string) (string, bool) {
	switch {
	case len(pattern) == 0:
		return quality, len(path) == 0
	case len(path) == 0:
		return "", false
	case strings.HasSuffix(pattern[0], "+}"):
		return quality + "c", strings.Join(path, "/") != ""
	case strings.HasPrefix(pattern[0], "{"):
		if path[0] == "" {
			return "", false
		}
		return slowMatch(pattern[1:], path[1:], quality+"b")
	}
	text, err := url.PathUnescape(path[0])
	if err != nil {
		text = path[0]
	}
	if text != pattern[0] {
		return "", false
	}
	return slowMatch(pattern[1:], path[1:], quality+"a")
}

// slowFind gives the quality of the best route: smaller is better, "" is none.
func slowFind(routes []front.Route, method, path string) string {
	best := ""
	for _, r := range routes {
		quality, ok := "d", r.Path == front.Default
		if !ok {
			quality, ok = slowMatch(strings.Split(r.Path[1:], "/"), strings.Split(path[1:], "/"), "")
		}
		switch r.Method {
		case method:
			quality += "0"
		case "ANY":
			quality += "1"
		default:
			ok = false
		}
		if ok && (best == "" || quality < best) {
			best = quality
		}
	}
	return best
}

// FuzzRoute: the route that the table finds is one that matches, and none
// that matches is more specific.
func FuzzRoute(f *testing.F) {
	f.Add("GET /a/{b}|ANY /a/{p+}|$default|POST /a/b", "GET", "/a/b")
	f.Add("GET /|ANY /{p+}", "GET", "/")
	f.Add("GET /{a}/b|GET /a/{b}|GET /{a}/{b}", "GET", "/a/b")
	f.Add("GET /a b/{x}|GET /%2F", "GET", "/a%20b//")
	f.Fuzz(func(t *testing.T, keys, method, path string) {
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "/_aws/") || method == "ANY" || len(keys) > 500 {
			t.Skip("no request that a route could answer, or too many routes for the slow oracle")
		}
		stage := &front.Stage{Kind: front.HTTP, APIID: "a", Name: front.Default}
		for i, key := range strings.Split(keys, "|") {
			route := front.Route{Key: fmt.Sprint(i), Method: "ANY", Path: key}
			if m, p, ok := strings.Cut(key, " "); ok {
				route.Method, route.Path = m, p
			}
			if _, err := front.ParsePattern(route.Path); err == nil {
				stage.Routes = append(stage.Routes, route)
			}
		}
		m := tableOf(t, stage).Find("localhost", method, path)
		want := slowFind(stage.Routes, method, path)
		if (m.Route == nil) != (want == "") {
			t.Fatalf("%s %s in %q: found %+v, the oracle says %q", method, path, keys, m.Route, want)
		}
		if m.Route == nil {
			return
		}
		if got := slowFind([]front.Route{*m.Route}, method, path); got != want {
			t.Fatalf("%s %s in %q: %+v is of quality %q, but one of %q is there", method, path, keys, m.Route, got, want)
		}
		pattern, err := front.ParsePattern(m.Route.Path)
		if err != nil {
			t.Fatal(err)
		}
		vars, ok := pattern.Match(path)
		if !ok || len(vars) != len(m.Vars) {
			t.Fatalf("Match says %v, %v where the table found %v", vars, ok, m.Vars)
		}
		for name, value := range vars {
			if value == "" {
				t.Fatalf("variable %q is empty", name)
			}
		}
	})
}
