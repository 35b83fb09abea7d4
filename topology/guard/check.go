package guard

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/identity"
	"github.com/writ-dev/writ/topology"
)

// nobody stands for what an authorizer works with when only its configuration is looked at.
type nobody struct{}

var errNotAsked = errors.New("nothing is asked here")

func (nobody) Identify(context.Context, *gateway.Call) (identity.Caller, error) {
	return identity.Caller{}, errNotAsked
}

func (nobody) Check(context.Context, writ.Request) (writ.Decision, error) {
	return writ.Decision{}, errNotAsked
}

func (nobody) Map(string, string) (string, string, map[string]any, bool) { return "", "", nil, false }

// compile says what the function would say of a configuration when it starts.
func compile(c gateway.Config) error {
	_, err := gateway.New(c, gateway.Dependencies{
		Identify: nobody{}, Check: nobody{}, Mapping: nobody{}, Now: time.Now, NewID: func() string { return "0" },
	})
	return err
}

var (
	braces     = regexp.MustCompile(`\{([^{}]*)\}`)
	parameters = regexp.MustCompile(`\{([^{}+]+)\+?\}`)
)

// checkRoute finds what the function could not read of a route, and puts it where the topology has it.
func checkRoute(r *topology.Route, route gateway.Route) error {
	err := compile(gateway.Config{Routes: []gateway.Route{route}})
	if err == nil {
		return nil
	}
	var e *writ.Error
	if !errors.As(err, &e) {
		return err
	}
	at := r.Pos
	if ask := r.Authorize; ask != nil {
		at = ask.Pos
		for _, part := range []struct {
			text string
			pos  writ.Position
		}{{ask.Action, ask.ActionPos}, {ask.Resource, ask.ResourcePos}, {ask.Tenant, ask.TenantPos}} {
			id := part.text[strings.IndexByte(part.text, ':')+1:]
			if part.text != "" && (strings.Contains(e.Message, strconv.Quote(part.text)) || strings.Contains(e.Message, strconv.Quote(id))) {
				at, e.Hint = part.pos, hint(r, part.text)
				break
			}
		}
	}
	return &writ.Error{Code: writ.CodeInvalid, Message: e.Message, Hint: e.Hint, Position: at, Err: err}
}

// hint finds the parameter of the path that was likely meant.
func hint(r *topology.Route, template string) string {
	var known []string
	for _, m := range parameters.FindAllStringSubmatch(r.Path, -1) {
		known = append(known, m[1])
	}
	if near := nearSource(template); near != "" {
		return near
	}
	for _, m := range braces.FindAllStringSubmatch(template, -1) {
		name := strings.TrimPrefix(m[1], "path.")
		if strings.Contains(name, ".") || name == "method" || slices.Contains(known, name) {
			continue
		}
		if near := writ.Nearest(name, known); near != "" {
			return "did you mean {" + near + "}?"
		}
		if len(known) > 0 {
			return "the parameters of the path are {" + strings.Join(known, "}, {") + "}; a claim is {claims.NAME}"
		}
		return "a claim is {claims.NAME}, a parameter of the query {query.NAME}"
	}
	return ""
}

// sources are where the values of templates come from, as package gateway has them.
var sources = []string{"path", "query", "header", "claims", "stage"}

// nearSource finds the source that was likely meant in {SOURCE.NAME}.
func nearSource(template string) string {
	for _, m := range braces.FindAllStringSubmatch(template, -1) {
		source, name, dotted := strings.Cut(m[1], ".")
		if !dotted || slices.Contains(sources, source) {
			continue
		}
		if near := writ.Nearest(source, sources); near != "" {
			return "did you mean {" + near + "." + name + "}?"
		}
	}
	return ""
}

// checkAuthorizer finds what the function could not read beside its routes.
func checkAuthorizer(a *topology.Authorizer, c gateway.Config) error {
	c.Routes = nil
	err := compile(c)
	if err == nil {
		return nil
	}
	at := a.Pos
	if !a.Subject.Pos.IsZero() {
		at = a.Subject.Pos
	}
	var e *writ.Error
	if errors.As(err, &e) {
		return &writ.Error{Code: writ.CodeInvalid, Message: "authorizer " + a.Name + ": " + e.Message, Hint: cmp.Or(nearSource(a.Subject.ID), e.Hint), Position: at, Err: err}
	}
	return err
}

// actions are what methods ask when a route names no action, as package gateway has it.
var actions = map[string]string{
	"GET": "read", "HEAD": "read", "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete",
}

// checkWords finds types and actions that the policy does not have: such a question is always denied.
func checkWords(r *topology.Route, words Words) error {
	if words == nil || r.Authorize == nil || r.Authorize.Resource == "" {
		return nil
	}
	kind, _, _ := strings.Cut(r.Authorize.Resource, ":")
	known := words.Types()
	if !slices.Contains(known, kind) {
		return misheard(r.Authorize.ResourcePos, "the policy has no type "+strconv.Quote(kind), kind, known, "its types are ")
	}
	action, at := r.Authorize.Action, r.Authorize.ActionPos
	if action == "" {
		action, at = actions[r.Method], r.Authorize.Pos
	}
	if action == "" || strings.ContainsAny(action, "{}") {
		return nil // only a request says
	}
	if known := words.Actions(kind); !slices.Contains(known, action) {
		message := "the policy has no action " + strconv.Quote(action) + " on " + kind
		if r.Authorize.Action == "" {
			message += ", which is what " + r.Method + " asks where a route names none"
		}
		return misheard(at, message, action, known, "its actions are ")
	}
	return nil
}

// readsContext reports whether the answer to what a route asks may depend on the context of the request. Of a policy
// that is not known it may.
func readsContext(r *topology.Route, words Words) bool {
	if r.Authorize.Resource == "" { // every caller may, or it is not constant anyway
		return false
	}
	kind, _, _ := strings.Cut(r.Authorize.Resource, ":")
	if words == nil || strings.ContainsAny(kind, "{}") {
		return true
	}
	asked := []string{r.Authorize.Action}
	switch {
	case r.Authorize.Action == "" && actions[r.Method] != "":
		asked = []string{actions[r.Method]}
	case r.Authorize.Action == "", strings.ContainsAny(r.Authorize.Action, "{}"):
		asked = words.Actions(kind)
	}
	return slices.ContainsFunc(asked, func(action string) bool { return words.ReadsContext(kind, action) })
}

// checkSubject finds a type of callers that the policy does not have: nobody would be let in.
func checkSubject(a *topology.Authorizer, words Words) error {
	if words == nil || a.Subject.Type == "" {
		return nil
	}
	known := words.Subjects()
	if slices.Contains(known, a.Subject.Type) {
		return nil
	}
	return misheard(cmp.Or(a.Subject.TypePos, a.Subject.Pos), "subject of authorizer "+a.Name+": the policy has no type "+strconv.Quote(a.Subject.Type),
		a.Subject.Type, known, "its types are ")
}

func misheard(at writ.Position, message, word string, known []string, others string) error {
	e := &writ.Error{Code: writ.CodeInvalid, Message: message, Position: at}
	if near := writ.Nearest(word, known); near != "" {
		return e.WithHint("did you mean %s?", near)
	}
	if len(known) > 0 {
		return e.WithHint("%s%s", others, strings.Join(known, ", "))
	}
	return e
}
