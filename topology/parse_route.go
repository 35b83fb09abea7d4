package topology

import (
	"slices"
	"strings"
)

var routeKeys = []string{
	"method", "path", "api", "function", "state", "event", "queue", "mutation", "proxy", "authorizer", "authorize", "cors", "async", "is_async", "sync",
	"gateway", "vertical", "request_template", "response_template", "stage", "stage_variables", "doc_only", "doc-only",
	"edge", "multipart", "kind", "timeout", // of tc's examples; tc itself passes over them
}

var routeActed = []string{"method", "path", "api", "function", "state", "event", "queue", "mutation", "proxy", "authorizer", "authorize", "cors", "async", "is_async"}

var routeTargets = map[string]Kind{
	"function": KindFunction, "proxy": KindFunction, "state": KindState, "event": KindEvent, "queue": KindQueue, "mutation": KindMutation,
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"}

// routes reads the map of paths. A path with several methods is written as a
// list of entries, as method: [GET, PUT], or as keys like "GET /pets".
func (p *reader) routes(t *Topology, f fields) {
	for _, e := range p.named(f.value("routes"), "routes") {
		if e.value.kind != listNode {
			t.Routes = append(t.Routes, p.route(t, e, f)...)
			continue
		}
		for _, item := range e.value.items {
			t.Routes = append(t.Routes, p.route(t, entry{e.key, item.pos, item}, f)...)
		}
	}
}

func (p *reader) route(t *Topology, e entry, top fields) []*Route {
	what := "route " + e.key
	f, ok := p.object(e.value, what, routeKeys)
	if !ok {
		return nil
	}
	r := Route{Path: e.key, API: APIHTTP, Pos: e.pos}
	if method, path, ok := strings.Cut(e.key, " "); ok && isMethod(method) {
		r.Method, r.Path = strings.ToUpper(method), strings.TrimSpace(path)
	}
	if n := f.value("path"); n != nil { // tc: the key is then only a name
		r.Path = p.text(n, "path")
		p.mark(r.Pos, "path", n.pos)
	}
	if n := f.value("api"); n != nil {
		r.API = APIKind(strings.ToLower(p.text(n, "api")))
		p.mark(r.Pos, "api", n.pos)
	}
	if n := f.value("authorizer"); n != nil {
		r.Authorizer = p.text(n, "authorizer")
		p.mark(r.Pos, "authorizer", n.pos)
	}
	r.Authorize = p.authorize(what, f.value("authorize"))
	r.CORS = p.cors(f.value("cors"))
	r.Async = p.boolean(f.value("async", "is_async"), "async")
	r.Others = f.others("", routeActed...)
	docOnly := p.boolean(f.value("doc_only", "doc-only"), "doc_only")
	if n := f.value("proxy"); n != nil && n.text == "none" { // tc's older word for it
		docOnly, f.entries = true, slices.DeleteFunc(slices.Clone(f.entries), func(e entry) bool { return e.key == "proxy" })
	}
	if target := p.oneTarget(f, r.Pos, what, routeTargets); target != nil {
		r.Target = *target
	} else if top.value("states", "flow") != nil && !docOnly { // tc: a route without a target starts the state machine
		r.Target = Target{Kind: KindState, Name: t.Name, Pos: e.pos}
	} else if !docOnly && len(f.entries) == len(e.value.entries) { // else the unknown key is the problem
		p.add(e.pos, "%s leads nowhere", what).WithHint("add  function: NAME  (or state, event, queue)")
	}
	return p.eachMethod(r, f.value("method"))
}

func isMethod(word string) bool { return slices.Contains(methods, strings.ToUpper(word)) }

// eachMethod makes one route of each method; tc's default is POST.
func (p *reader) eachMethod(r Route, n *node) []*Route {
	if n == nil {
		if r.Method == "" {
			r.Method = "POST"
		}
		return []*Route{&r}
	}
	if r.Method != "" {
		p.add(n.pos, "the method of %s is given twice, in the key and here", r.Path)
		return nil
	}
	var all []*Route
	for _, v := range p.values(n, "method") {
		one := r
		one.Method = strings.ToUpper(v.text)
		p.mark(one.Pos, "method "+one.Method, v.pos)
		all = append(all, &one)
	}
	return all
}

var corsKeys = []string{"origins", "methods", "headers", "allowed_headers", "max_age", "maxAge", "credentials"}

// cors reads the block, or true for everything to everyone (without credentials).
func (p *reader) cors(n *node) *CORS {
	if n.null() {
		return nil
	}
	all := []string{"*"}
	if n.kind == scalarNode {
		if p.boolean(n, "cors") {
			return &CORS{Origins: all, Methods: all, Headers: all}
		}
		return nil
	}
	f, ok := p.object(n, "cors", corsKeys)
	if !ok {
		return nil
	}
	c := &CORS{
		Origins:     p.texts(f.value("origins"), "origins"),
		Methods:     p.texts(f.value("methods"), "methods"),
		Headers:     p.texts(f.value("headers", "allowed_headers"), "headers"),
		MaxAgeSec:   p.number(f.value("max_age", "maxAge"), "max_age"),
		Credentials: p.boolean(f.value("credentials"), "credentials"),
	}
	for _, list := range []*[]string{&c.Origins, &c.Methods, &c.Headers} {
		if len(*list) == 0 {
			*list = all
		}
	}
	if c.Credentials && slices.Contains(c.Origins, "*") {
		p.add(n.pos, "cors with credentials cannot be open to every origin").WithHint("name the origins, as in  origins: [https://app.example.com]")
	}
	if c.MaxAgeSec < 0 || c.MaxAgeSec > 86400 {
		p.add(n.pos, "max_age must be 0 to 86400 seconds")
	}
	return c
}
