package gateway

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

const anyMethod = "ANY"

// route is a compiled [Route]. Its ask denies where the Route has none.
type route struct {
	Route
	pattern pathPattern
	ask     ask
}

func (r *route) name() string { return r.Method + " " + r.Path }

// Words are what the route asks whatever the request: the type of the resource, and the action. Each is empty where only a request
// says it, and so are both where the route asks no policy or cannot be read.
func (r Route) Words() (resourceType, action string) {
	c, err := compileRoute(r)
	if err != nil {
		return "", ""
	}
	if parts := c.ask.action.parts; len(parts) == 1 && parts[0].from == fromText {
		action = parts[0].text
	}
	return c.ask.kind, action
}

// key is the route's routeKey on an HTTP API.
func (r *route) key() string {
	if r.Path == defaultRoute {
		return defaultRoute
	}
	return r.name()
}

// table finds routes. It is immutable.
type table struct {
	routes []*route // in the order of the configuration
	// byName finds the route that an event names; sorted is in API Gateway's order.
	byName map[string]*route
	sorted []*route
}

func compileRoutes(routes []Route) (table, error) {
	t := table{byName: map[string]*route{}}
	for _, r := range routes {
		compiled, err := compileRoute(r)
		if err != nil {
			return table{}, err
		}
		if t.byName[compiled.name()] != nil {
			return table{}, writ.Errorf(writ.CodeInvalid, "the route %s is there twice", compiled.name()).At(r.Position, "")
		}
		t.byName[compiled.name()] = compiled
		t.routes = append(t.routes, compiled)
	}
	t.sorted = slices.Clone(t.routes)
	slices.SortStableFunc(t.sorted, func(a, b *route) int {
		return cmp.Or(strings.Compare(a.pattern.rank, b.pattern.rank), cmp.Compare(anyLast(a), anyLast(b)))
	})
	return t, nil
}

func anyLast(r *route) int {
	if r.Method == anyMethod {
		return 1
	}
	return 0
}

func compileRoute(r Route) (*route, error) {
	fail := func(format string, args ...any) (*route, error) {
		return nil, writ.Errorf(writ.CodeInvalid, "route "+strings.ReplaceAll(r.Method+" "+r.Path, "%", "%%")+": "+format, args...).At(r.Position, "")
	}
	if r.Method == "" || strings.Trim(r.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return fail("the method must be upper case, or ANY")
	}
	if r.Path == defaultRoute && r.Method != anyMethod {
		return fail("$default takes every method: write ANY")
	}
	if r.Group < 0 {
		return fail("the group cannot be below 0")
	}
	pattern, wrong := parsePath(r.Path)
	if wrong != "" {
		return fail("%s", wrong)
	}
	if odd := stray(r.Path); odd != "" {
		return fail("no request could reach it: %s", odd)
	}
	a, err := compileAsk(r.Ask, r.Method, &pattern)
	if err != nil {
		return fail("%w", err)
	}
	return &route{r, pattern, a}, nil
}

// ofEvent finds the route of an event; nil when there is none.
func (t *table) ofEvent(c *Call) *route {
	switch {
	case c.routeMethod != "":
		return t.byName[c.routeMethod+" "+c.Template]
	case c.Template == defaultRoute:
		return t.byName[anyMethod+" "+defaultRoute]
	case c.Template != "":
		return cmp.Or(t.byName[c.Method+" "+c.Template], t.byName[anyMethod+" "+c.Template])
	case c.odd != "":
		return nil
	}
	// A REST API finds the resource by its path alone, and then the method.
	path := c.Path
	if len(path) > 1 {
		path = strings.TrimRight(path, "/")
	}
	rank := ""
	for _, r := range t.sorted {
		parameters, ok := r.pattern.match(path)
		if !ok || rank != "" && r.pattern.rank != rank {
			continue
		}
		rank = r.pattern.rank
		if r.Method == c.Method || r.Method == anyMethod {
			c.Parameters = parameters
			return r
		}
	}
	return nil
}

// ofRequest finds the route for a path as an HTTP API does: of those that take the method, the most specific. A GET route takes
// HEAD too, after a HEAD route of its path and before ANY: [net/http.ServeMux] runs the handler of GET for it.
func (t *table) ofRequest(c *Call) *route {
	var found *route
	for _, r := range t.sorted {
		if found != nil && (r.pattern.rank != found.pattern.rank || takes(r, c.Method) >= takes(found, c.Method)) {
			continue
		}
		if takes(r, c.Method) == takesNot {
			continue
		}
		if parameters, ok := r.pattern.match(c.Path); ok {
			for name, value := range parameters {
				parameters[name] = decoded(value)
			}
			c.Parameters, found = parameters, r
		}
	}
	return found
}

// takesNot is of a route that does not take a method.
const takesNot = 3

// takes ranks routes of one path by how they take a method: the lowest first.
func takes(r *route, method string) int {
	switch {
	case r.Method == method:
		return 0
	case method == http.MethodHead && r.Method == http.MethodGet:
		return 1
	case r.Method == anyMethod:
		return 2
	}
	return takesNot
}
