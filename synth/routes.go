package synth

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// routes gives the routes of one kind of API that are synthesised, sorted.
func (b *builder) routes(kind topology.APIKind) []*topology.Route {
	var list []*topology.Route
	for _, r := range sorted(b.t.Routes, func(r *topology.Route) string { return r.Path + "\x00" + r.Method }) {
		switch {
		case r.API != kind && !(r.API == "" && kind == topology.APIHTTP):
		case b.o.Local && r.Target.Kind == topology.KindState:
			b.skip("route", routeText(r), r.Pos, NotLocal)
		case r.Target.Kind == "":
			b.skip("route", routeText(r), r.Pos, "it leads nowhere")
		case b.away(r.Target.Kind, r.Target.Name) != "":
			b.skip("route", routeText(r), r.Pos, b.away(r.Target.Kind, r.Target.Name))
		case !b.authorized(r):
		case r.Target.Kind != topology.KindFunction && kind != topology.APIHTTP:
			b.skip("route", routeText(r), r.Pos, "routes of a REST API to a "+string(r.Target.Kind)+" are not synthesised yet")
		case r.Target.Kind != topology.KindFunction:
			if b.integrable(r) {
				list = append(list, r)
			}
		case b.functions[r.Target.Name] == nil:
			b.missing("function", r.Target.Name, r.Target.Pos, names(b.t.Functions, functionName))
		default:
			if r.Async {
				b.skip("async", routeText(r), r.Pos, "asynchronous routes are not synthesised yet; the route answers when its function has")
			}
			list = append(list, r)
		}
	}
	return list
}

func routeText(r *topology.Route) string { return r.Method + " " + r.Path }

// pathID gives the part of a logical id that stands for a path.
func pathID(path string) string {
	if path == "/" {
		return "Root"
	}
	return camel(path) + shortHash(path)
}

// methodID gives the part of a logical id that stands for a route.
func methodID(method, path string) string { return title(strings.ToLower(method)) + pathID(path) }

// executeMethod gives the method as it stands in an execute-api ARN.
func executeMethod(method string) string {
	if method == "ANY" {
		return "*"
	}
	return method
}

// executePath gives a path as it stands in an execute-api ARN: a REST API sends
// "*" for a path variable, an HTTP API the variable, and "*" matches both.
func executePath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

// corsMethods is what preflight allows when the topology does not say: all, as CDK does.
var corsMethods = []string{"OPTIONS", "GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"}

// corsHeaders are the headers that signed and authorized requests carry.
var corsHeaders = []string{"Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key", "X-Amz-Security-Token", "X-Amz-User-Agent"}

// oneCORS gives what the routes that allow other origins allow together, nil
// when none does. API Gateway holds it once for an HTTP API and once for a path
// of a REST API. Methods and headers add up, as a route takes its own method
// alone; routes that differ in whom they let in cannot both have their way.
func (b *builder) oneCORS(routes []*topology.Route, scope string) *topology.CORS {
	var found *topology.CORS
	var first *topology.Route
	for _, r := range routes {
		switch {
		case r.CORS == nil:
		case found == nil:
			first, found = r, fullCORS(r.CORS)
		case sameCORS(found, fullCORS(r.CORS)):
		case sameOrigins(found, r.CORS):
			found = addCORS(found, fullCORS(r.CORS))
			b.skip("cors", routeText(r), r.Pos, scope+" has one cors for all its routes: browsers are told the methods and headers of all of them")
		default:
			b.fail(writ.Errorf(writ.CodeInvalid, "the cors of %s differs from that of %s", routeText(r), routeText(first)).
				WithHint("%s has one cors for all its routes: make them equal", scope).At(r.Pos, ""))
		}
	}
	if found != nil && found.Credentials && slices.Contains(found.Origins, "*") {
		b.fail(writ.Errorf(writ.CodeInvalid, "the cors of %s allows credentials to every origin", routeText(first)).
			WithHint("name the origins; browsers refuse credentials with *").At(first.Pos, ""))
	}
	return found
}

func fullCORS(c *topology.CORS) *topology.CORS {
	full := *c
	if full.Credentials { // browsers take * by its letter when a request carries credentials
		full.Methods, full.Headers = without(full.Methods, "*"), without(full.Headers, "*")
	}
	if len(full.Origins) == 0 {
		full.Origins = []string{"*"}
	}
	if len(full.Methods) == 0 {
		full.Methods = corsMethods
	}
	if len(full.Headers) == 0 {
		full.Headers = corsHeaders
	}
	return &full
}

// without gives nil for a list that holds word.
func without(list []string, word string) []string {
	if slices.Contains(list, word) {
		return nil
	}
	return list
}

// sameOrigins reports whether two let in the same callers.
func sameOrigins(x, y *topology.CORS) bool {
	own := *y
	own.Methods, own.Headers, own.MaxAgeSec = x.Methods, x.Headers, x.MaxAgeSec
	return sameCORS(x, fullCORS(&own))
}

// addCORS allows the methods and headers of both, for the shorter time.
func addCORS(x, y *topology.CORS) *topology.CORS {
	union := func(a, b []string) []string {
		all := slices.Clone(a)
		for _, word := range b {
			if !slices.Contains(all, word) {
				all = append(all, word)
			}
		}
		return all
	}
	both := *x
	both.Methods, both.Headers = union(x.Methods, y.Methods), union(x.Headers, y.Headers)
	both.MaxAgeSec = min(x.MaxAgeSec, y.MaxAgeSec)
	return &both
}

func sameCORS(x, y *topology.CORS) bool {
	same := func(a, b []string) bool {
		return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
	}
	return same(x.Origins, y.Origins) && same(x.Methods, y.Methods) && same(x.Headers, y.Headers) &&
		x.MaxAgeSec == y.MaxAgeSec && x.Credentials == y.Credentials
}
