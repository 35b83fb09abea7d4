package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
)

// eachAction calls visit with every entry of Action and NotAction that names a
// service and is fully known.
func (s *statement) eachAction(visit func(path []string, entry, service, name string)) {
	element, list := "Action", s.Action
	if s.NotAction != nil {
		element, list = "NotAction", s.NotAction
	}
	for i, entry := range list {
		service, name, found := strings.Cut(entry, ":")
		if found && !hasUnknown(entry) {
			visit([]string{element, itoa(i)}, entry, service, name)
		}
	}
}

func unknownService(c *checker, s *statement) {
	s.eachAction(func(path []string, entry, service, name string) {
		if _, ok := c.catalog.Service(service); ok || strings.ContainsAny(service, "*?") {
			return
		}
		hint := "the catalogue is of version " + c.catalog.Version()
		if near := c.catalog.NearestAction(entry); near != "" && !strings.ContainsAny(name, "*?") {
			hint = fmt.Sprintf("did you mean %q?", near)
		} else if near := c.catalog.NearestService(service); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near+":"+name)
		}
		c.report(s, path, Error, fmt.Sprintf("AWS has no service %q", service), hint)
	})
}

func unknownAction(c *checker, s *statement) {
	s.eachAction(func(path []string, entry, service, name string) {
		found, ok := c.catalog.Service(service)
		if !ok || strings.ContainsAny(name, "*?") {
			return
		}
		if _, ok := found.Action(name); ok {
			return
		}
		hint := "the catalogue is of version " + c.catalog.Version()
		if near := c.catalog.NearestAction(entry); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		c.report(s, path, Error, fmt.Sprintf("%s has no action %q", found.Name, entry), hint)
	})
}

func emptyPattern(c *checker, s *statement) {
	s.eachAction(func(path []string, entry, service, name string) {
		found, ok := c.catalog.Service(service)
		if ok && strings.ContainsAny(name, "*?") && len(c.catalog.Expand(entry)) == 0 {
			c.report(s, path, Error, fmt.Sprintf("%q matches no action of %s", entry, found.Name), "name an action, or a pattern that some action has")
		}
	})
}

// isProviderKey reports keys of identity providers ("accounts.example.com:sub"),
// of which there is no list.
func isProviderKey(key string) bool {
	first, _, _ := strings.Cut(key, ":")
	return strings.ContainsAny(first, "./")
}

func unknownKey(c *checker, s *statement) {
	for i := range s.Conditions {
		e := &s.Conditions[i]
		if _, ok := c.catalog.Key("", e.Key); ok || hasUnknown(e.Key) || isProviderKey(e.Key) {
			continue
		}
		service, _, _ := strings.Cut(e.Key, ":")
		if !strings.Contains(e.Key, ":") && len(s.actions) > 0 {
			service = s.actions[0].Service
		}
		hint := "a key that no request has never equals anything"
		if near := c.catalog.NearestKey(service, e.Key); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		c.report(s, condition(e), Error, fmt.Sprintf("AWS has no condition key %q", e.Key), hint)
	}
}

// keyNotSet finds service keys that no request for the statement's actions has.
func keyNotSet(c *checker, s *statement) {
	if s.open || len(s.actions) == 0 {
		return
	}
	for i := range s.Conditions {
		e := &s.Conditions[i]
		o := parseOperator(e.Operator)
		if strings.HasPrefix(strings.ToLower(e.Key), "aws:") || c.catalog.IsGlobal(e.Key) || isProviderKey(e.Key) || !o.known {
			continue
		}
		if _, ok := c.catalog.Key("", e.Key); !ok || c.someActionHas(s, e.Key) {
			continue
		}
		effect, severity := "the condition always holds", Warning
		if o.needsValue() || o.base == "null" && !hasFold(e.Values, "true") {
			effect, severity = "the statement never applies", Error
		}
		c.report(s, condition(e), severity, fmt.Sprintf("no request for %s has the key %s: %s", quoteList(names(s.actions)), e.Key, effect), "split the statement: the actions that have the key, and the others")
	}
}

func (c *checker) someActionHas(s *statement, key string) bool {
	for _, a := range s.actions {
		for _, name := range c.catalog.KeysOf(a) {
			if catalog.KeyMatches(name, key) {
				return true
			}
		}
	}
	return false
}

func names(actions []catalog.Action) []string {
	var list []string
	for _, a := range actions {
		list = append(list, a.String())
	}
	return list
}

// fits says which families of operators compare values of a type, the usual one first.
var fits = map[catalog.Type][]string{
	"String":    {"string", "arn", "null", "binary"},
	"ARN":       {"arn", "string", "null"},
	"Bool":      {"bool", "string", "null"},
	"Numeric":   {"numeric", "null"},
	"Date":      {"date", "numeric", "null"},
	"IPAddress": {"ip", "null"},
}

var article = map[string]string{"string": "a String", "arn": "an Arn", "bool": "a Bool", "numeric": "a Numeric", "date": "a Date", "ip": "an IpAddress"}

func wrongOperator(c *checker, s *statement) {
	for i := range s.Conditions {
		e := &s.Conditions[i]
		o := parseOperator(e.Operator)
		t, ok := c.catalog.Key("", e.Key)
		families, known := fits[t.Base()]
		if !ok || !known || !o.known || slices.Contains(families, o.family()) {
			continue
		}
		severity := Warning
		if o.family() != "string" && o.family() != "binary" {
			severity = Error
		}
		c.report(s, condition(e), severity, fmt.Sprintf("%s does not compare the key %s, whose values are of type %s", e.Operator, e.Key, t), "use "+article[families[0]]+" operator")
	}
}

func setOperator(c *checker, s *statement) {
	for i := range s.Conditions {
		e := &s.Conditions[i]
		o := parseOperator(e.Operator)
		t, ok := c.catalog.Key("", e.Key)
		if !ok || !o.known || o.base == "null" || o.set != "" || !t.Multi() {
			continue
		}
		c.report(s, condition(e), Error, fmt.Sprintf("%s never matches %s: the key has many values", e.Operator, e.Key), fmt.Sprintf("write ForAnyValue:%s or ForAllValues:%s", e.Operator, e.Operator))
	}
}

func setOnSingle(c *checker, s *statement) {
	for i := range s.Conditions {
		e := &s.Conditions[i]
		o := parseOperator(e.Operator)
		if t, ok := c.catalog.Key("", e.Key); !ok || t.Multi() || !o.known || o.set == "" {
			continue
		}
		severity, why := Suggestion, "the key has one value"
		if o.set == "forallvalues" && s.isAllow() {
			severity, why = Security, "the key has one value, and without it the condition holds"
		}
		_, plain, _ := strings.Cut(e.Operator, ":")
		c.report(s, condition(e), severity, fmt.Sprintf("%s on %s: %s", e.Operator, e.Key, why), "write "+plain)
	}
}

// unreadable is what holds policies, by its looks, that nobody has checked.
func unreadable(c *checker, p *policy) {
	if p.Type != "" || p.Err == nil {
		return
	}
	f := Finding{Severity: Error, Message: "this cannot be read, and may hold policies: " + p.Err.Error(), Statement: -1}
	if e, ok := asError(p.Err); ok {
		f.Message = "this cannot be read, and may hold policies: " + e.Message
		f.Hint, f.Position, f.Source = e.Hint, e.Position, e.Source
	}
	if f.Position.IsZero() {
		f.Position.File = p.File
	}
	c.add(p, nil, f)
}

// withoutVersion: AWS reads such a document in the older version of the language.
func withoutVersion(c *checker, p *policy) {
	if p.Document != nil && p.Document.Version == "" && len(p.Document.Statements) > 0 {
		c.add(p, nil, Finding{Severity: Suggestion, Message: "the document has no Version: AWS reads it by that of 2008, which has no variables", Hint: `put "Version": "2012-10-17" into the document`, Statement: -1})
	}
}

// invalid is what AWS refuses when the policy is put.
func invalid(c *checker, p *policy) {
	err := p.Err
	if p.Type == "" {
		return // see unreadable
	}
	if p.Document != nil {
		err = known(p.Document).Validate(p.Type)
	}
	if err == nil {
		return
	}
	f := Finding{Severity: Error, Message: err.Error(), Statement: -1}
	if e, ok := asError(err); ok {
		f.Message, f.Hint = e.Message, e.Hint
		if p.Place == nil || p.Document == nil {
			f.Position, f.Source = e.Position, e.Source
		}
		if p.Document != nil {
			f.Statement = statementAt(p.Document, e.Position.Line, e.Position.Col)
		}
	}
	path := []string{}
	if f.Statement >= 0 {
		path = []string{"Statement", itoa(f.Statement)}
		f.Sid = p.Document.Statements[f.Statement].Sid
	}
	if f.Position.Line > 0 && f.Source == "" {
		f.Source = p.line(f.Position.Line)
	}
	c.add(p, path, f)
}

// statementAt finds the statement that a position lies in, -1 for none.
func statementAt(d *iam.Document, line, col int) int {
	found := -1
	for i := range d.Statements {
		if at := d.Statements[i].Position; at.Line > 0 && (at.Line < line || at.Line == line && at.Col <= col) {
			found = i
		}
	}
	return found
}
