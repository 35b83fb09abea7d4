package gateway

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

// ask is a compiled [Ask].
type ask struct {
	// nothing: the route asks nothing yet and is denied.
	nothing, signed, mapping bool
	// context: the policy may look at the context of the request.
	context bool
	action  template
	// kind is the type of the resource, id its ID, empty for the type as such.
	kind   string
	id     template
	tenant template
	// words is the question as it is written, to tell those that are the same.
	words string
}

// actions are what methods ask when a route names no action.
var actions = map[string]string{
	"GET": "read", "HEAD": "read", "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete",
}

func compileAsk(q *Ask, method string, path *pathPattern) (ask, error) {
	if q == nil {
		return ask{nothing: true, words: "nothing"}, nil
	}
	a := ask{signed: q.Signed, mapping: q.Mapping, context: q.Context}
	var err error
	if a.tenant, err = compileTemplate(q.Tenant, path); err != nil {
		return a, err
	}
	a.tenant.names = true
	if a.tenant.uses&(fromHeader|fromQuery) != 0 {
		return a, errors.New("the tenant comes from a header or the query: a caller would choose the tenant to be judged in. Take a claim, or a part of the path")
	}
	action, resource := q.Action, q.Resource
	if a.signed || a.mapping {
		if a.signed && a.mapping || action != "" || resource != "" {
			return a, errors.New("signed, mapping, and action with resource are three ways to ask: choose one")
		}
		if method != anyMethod {
			a.tenant.settle(method)
		}
		a.words = fmt.Sprintf("signed %t mapping %t tenant %q", a.signed, a.mapping, a.tenant.parts)
		return a, nil
	}
	if action == "" && method != anyMethod {
		if action = Template(actions[method]); action == "" {
			return a, fmt.Errorf("no action is known for the method %s: name one", method)
		}
	}
	if a.action, err = compileTemplate(action, path); err != nil {
		return a, err
	}
	kind, id, hasID := strings.Cut(string(resource), ":")
	if kind == "" || strings.ContainsAny(kind, "{}# ") || hasID && id == "" {
		return a, fmt.Errorf("the resource %q must be TYPE or TYPE:ID, and TYPE without braces", resource)
	}
	a.kind = kind
	if a.id, err = compileTemplate(Template(id), path); err != nil {
		return a, err
	}
	if method != anyMethod {
		a.action.settle(method)
		a.id.settle(method)
		a.tenant.settle(method)
	} else if action == "" { // that of the method, once it is known
		a.action.uses = fromMethod
	}
	a.words = fmt.Sprintf("action %q resource %q id %q tenant %q", a.action.parts, a.kind, a.id.parts, a.tenant.parts)
	return a, nil
}

func (a *ask) uses() source { return a.action.uses | a.id.uses | a.tenant.uses }

// denied is why a request is denied before the policy is asked; it is no failure.
type denied string

func (d denied) Error() string { return string(d) }

// request makes the question. Its error is a denied, or a failure of the URL mapping rules.
func (a *ask) request(v *values, subject writ.Subject, m Mapping) (writ.Request, error) {
	q := writ.Request{Subject: subject}
	var err error
	if a.mapping {
		if err = mapped(&q, v.call, m); err != nil {
			return q, err
		}
	} else {
		q.Resource.Type = a.kind
		if q.Action.Name, err = a.actionText(v); err != nil {
			return q, denied("the action: " + err.Error())
		}
		if q.Resource.ID, err = a.id.text(v); err != nil {
			return q, denied("the resource: " + err.Error())
		}
		if q.Resource.ID == "*" {
			return q, denied("the resource: an ID of * would stand for all")
		}
	}
	tenant, err := a.tenantText(v)
	if err != nil {
		return q, err
	}
	if tenant != "" {
		if q.Resource.Properties == nil {
			q.Resource.Properties = map[string]any{}
		}
		q.Resource.Properties["tenant"] = tenant
	}
	return q, nil
}

func (a *ask) actionText(v *values) (string, error) {
	if !a.action.empty() {
		return a.action.text(v)
	}
	if action := actions[v.method]; action != "" {
		return action, nil
	}
	return "", fmt.Errorf("none is known for the method %s", v.method)
}

func (a *ask) tenantText(v *values) (string, error) {
	tenant, err := a.tenant.text(v)
	if err != nil {
		return "", denied("the tenant: " + err.Error())
	}
	return tenant, nil
}

// mapped asks the URL mapping rules.
func mapped(q *writ.Request, c *Call, m Mapping) error {
	address := c.Path
	if len(c.Query) > 0 {
		address += "?" + url.Values(c.Query).Encode()
	}
	if c.unsureQuery {
		return denied("the query may have a parameter twice: this form of event does not tell")
	}
	action, kind, attributes, ok, err := runMapping(m, c.Method, address)
	if err != nil {
		return err
	}
	if !ok {
		return denied("no URL mapping rule is for it")
	}
	if _, taken := attributes["tenant"]; taken {
		// A property of this name is the tenant that the question is about.
		return denied("the URL mapping rule has a variable tenant: say tenant: in the route instead")
	}
	q.Action.Name, q.Resource.Type, q.Resource.Properties = action, kind, attributes
	return nil
}

// runMapping asks the rules; ones that panic have failed. What they panic with may be of the address.
func runMapping(m Mapping, method, address string) (action, kind string, attributes map[string]any, ok bool, err error) {
	defer func() {
		if recover() != nil {
			action, kind, attributes, ok = "", "", nil, false
			err = writ.Errorf(writ.CodeInternal, "the URL mapping rules panicked")
		}
	}()
	action, kind, attributes, ok = m.Map(method, address)
	return action, kind, attributes, ok, nil
}

// subjectRule is a compiled [SubjectMapping].
type subjectRule struct {
	kind       string
	id         template
	properties map[string]string
}

// mostType is how long the type of subjects may be: the size of answers is planned with it.
const mostType = 64

func compileSubject(m SubjectMapping) (subjectRule, error) {
	s := subjectRule{kind: m.Type, properties: m.Properties}
	if s.kind == "" {
		s.kind = "user"
	}
	if strings.ContainsAny(s.kind, "{}:#* ") || len(s.kind) > mostType {
		return s, writ.Errorf(writ.CodeInvalid, "the subject's type %q is no name of a type", m.Type)
	}
	var err error
	if s.id, err = compileTemplate(m.ID, nil); err != nil {
		return s, writ.Errorf(writ.CodeInvalid, "the subject's id: %w", err)
	}
	s.id.names = true
	if s.id.uses&^(fromText|fromClaims) != 0 || !s.id.empty() && s.id.uses&fromClaims == 0 {
		return s, writ.Errorf(writ.CodeInvalid, "the subject's id %q must be made of claims, and of nothing that a caller writes", m.ID)
	}
	return s, nil
}

// subject says whom the policy knows a caller as. Its error is a denied.
func (s *subjectRule) subject(c identity.Caller) (writ.Subject, error) {
	subject := writ.Subject{Type: s.kind, ID: c.Subject}
	if !s.id.empty() && c.Kind == identity.JWT {
		id, err := s.id.text(&values{claims: c.Claims})
		if err != nil {
			return subject, denied("the subject: " + err.Error())
		}
		// What a claim says is held to what `sub` is held to.
		if err := identity.CheckSubject(id); err != nil || id == "*" {
			return subject, denied("the subject: it has no ID that one caller can have")
		}
		subject.ID = c.Prefix + id
	}
	if subject.ID == "*" || checkValue(subject.ID) != nil || subject.ID == "" {
		return writ.Subject{Type: s.kind}, denied("the subject: it has no ID that one caller can have")
	}
	for name, from := range s.properties {
		v, err := findClaim(c.Claims, from)
		if err != nil {
			return writ.Subject{Type: s.kind}, denied("the subject: the claim " + from + " " + err.Error())
		}
		if v != nil {
			if subject.Properties == nil {
				subject.Properties = map[string]any{}
			}
			subject.Properties[name] = v
		}
	}
	return subject, nil
}
