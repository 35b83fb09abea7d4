package authorizer

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/gateway"
)

// CheckWords finds what a configuration asks of a policy that this does not know: the type of a resource, an action of it, the type of
// callers. Such a question is always denied. Words that only a request says are not looked at.
func CheckWords(file string, text []byte, m *authz.Model) error {
	var c Config
	d, err := readStrict(file, text, &c)
	if err != nil {
		return err
	}
	const subject = "gateway.subject.type"
	var all, resources []string
	for _, t := range m.Types {
		if t.Name == authz.TenantType { // holds who has roles, and is no word of an author
			continue
		}
		all = append(all, t.Name)
		if len(actionsOf(&t)) > 0 {
			resources = append(resources, t.Name)
		}
	}
	caller := cmp.Or(c.Gateway.Subject.Type, "user")
	for i, r := range c.Gateway.Routes {
		kind, action := r.Words()
		if kind == "" || kind == authz.TenantType {
			continue
		}
		if !slices.Contains(all, caller) {
			return d.misheard(subject, "the policy has no type "+strconv.Quote(caller)+", which callers are of", caller, all, "its types are ")
		}
		ask := index("gateway.routes", i) + ".ask"
		at := slices.IndexFunc(m.Types, func(t authz.Type) bool { return t.Name == kind })
		if at < 0 || !slices.Contains(resources, kind) {
			return d.misheard(ask+".resource", "the policy has no type "+strconv.Quote(kind)+" to ask about", kind, resources, "its types are ")
		}
		if known := actionsOf(&m.Types[at]); action != "" && !slices.Contains(known, action) {
			message := "the policy has no action " + strconv.Quote(action) + " on " + kind
			if r.Ask.Action == "" {
				message += ", which is what " + r.Method + " asks where a route names none"
			}
			return d.misheard(ask+".action", message, action, known, "its actions are ")
		}
	}
	return d.checkKept(c.Gateway.Routes, m)
}

// checkKept finds a route whose answers are to be kept although a rule's look at the request's context may change them: a group
// is asked without it, so that a rule which denies by address or time would be left out.
func (d *document) checkKept(routes []gateway.Route, m *authz.Model) error {
	for i, r := range routes {
		kind, action := r.Words()
		at := slices.IndexFunc(m.Types, func(t authz.Type) bool { return t.Name == kind })
		if r.Group == 0 || at < 0 {
			continue
		}
		asked := []string{action}
		if action == "" { // only a request says
			asked = actionsOf(&m.Types[at])
		}
		for _, action := range asked {
			if m.ReadsContext(kind, action) {
				return d.fail(d.at(index("gateway.routes", i)), "the answer to %s on %s may depend on the context of a request, and so cannot be kept", action, kind).
					WithHint(`let the route be in group 0, with an authorizer whose TTL is 0`)
			}
		}
	}
	return nil
}

// actionsOf are the words that may be asked about a type: in some models its relations too.
func actionsOf(t *authz.Type) []string {
	var names []string
	for i := range t.Actions {
		names = append(names, t.Actions[i].Name)
	}
	if !t.ActionsOnly {
		for i := range t.Relations {
			names = append(names, t.Relations[i].Name)
		}
	}
	return names
}

// misheard is the error of a word that the policy does not have.
func (d *document) misheard(path, message, word string, known []string, others string) error {
	e := d.fail(d.at(path), "%s", message)
	if near := writ.Nearest(word, known); near != "" {
		return e.WithHint("did you mean %s?", near)
	}
	if len(known) > 0 {
		return e.WithHint("%s%s", others, strings.Join(known, ", "))
	}
	return e
}
