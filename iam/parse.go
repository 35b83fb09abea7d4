package iam

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/writ-dev/writ"
)

const (
	// MaxDocumentSize bounds what Parse reads, in bytes. AWS's own quotas are
	// far smaller; they depend on the kind of policy.
	MaxDocumentSize = 4 << 20
	maxSourceLine   = 64 << 10
)

// Parse reads a policy document. Errors are *writ.Error with line and column:
// JSON that is broken, an element that the language does not have, one that
// comes twice, a value of the wrong type. Whether a document suits its use is
// another question, see [Document.Validate].
func Parse(src []byte) (*Document, error) {
	if len(src) > MaxDocumentSize {
		return nil, tooLarge(len(src))
	}
	p := parser{scanner{src: src, line: 1}}
	return p.whole()
}

// whole reads a document and nothing after it.
func (p *parser) whole() (*Document, error) {
	if err := p.refuseMark(); err != nil {
		return nil, err
	}
	doc, err := p.document()
	if err != nil {
		return nil, err
	}
	if p.peek() != 0 || p.at < len(p.src) {
		return nil, p.fail("expected nothing after the policy document, not %s", p.what())
	}
	return doc, nil
}

func tooLarge(size int) error {
	return writ.Errorf(writ.CodeTooLarge, "the policy document has %d bytes, more than %d", size, MaxDocumentSize)
}

type parser struct{ scanner }

// refuseMark refuses a document that starts with a byte order mark: JSON over
// networks has none (RFC 8259, section 8.1), and AWS says no more than "Syntax errors".
func (p *parser) refuseMark() error {
	switch {
	case bytes.HasPrefix(p.src, []byte("\xef\xbb\xbf")):
		return p.failHere("the policy document starts with a byte order mark").WithHint("save it as UTF-8 without one")
	case bytes.HasPrefix(p.src, []byte("\xff\xfe")), bytes.HasPrefix(p.src, []byte("\xfe\xff")):
		return p.failHere("the policy document is UTF-16").WithHint("save it as UTF-8")
	}
	return nil
}

func (p *parser) document() (*Document, error) {
	doc := &Document{}
	seenStatement := false
	start := p.scanner
	err := p.object("a policy document", func(key string) error {
		at := p.scanner
		var err error
		switch key {
		case "Version":
			doc.Version, err = p.text(key)
			if err == nil && doc.Version != Version2012 && doc.Version != Version2008 {
				return at.fail("Version %q is not a version of the policy language", doc.Version).
					WithHint("the version is %q; it is no date of yours", Version2012)
			}
		case "Id":
			doc.ID, err = p.text(key)
		case "Statement":
			seenStatement = true
			err = p.statements(doc)
		default:
			return p.unknown(key, "a policy document", "Version", "Id", "Statement")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if !seenStatement {
		return nil, start.fail("the policy document has no Statement").WithHint(`add "Statement": [{"Effect": …, "Action": …, "Resource": …}]`)
	}
	return doc, nil
}

// unknown is the error for a key that does not belong here.
func (p *parser) unknown(key, where string, known ...string) error {
	err := invalid("%q is not an element of %s", key, where).At(p.keyAt, lineFrom(p.src, p.keyLine))
	if near := writ.Nearest(key, known); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	return err.WithHint("the elements are %s", strings.Join(known, ", "))
}

func (p *parser) statements(doc *Document) error {
	one := func() error {
		s, err := p.statement()
		if err != nil {
			return err
		}
		doc.Statements = append(doc.Statements, s)
		return nil
	}
	if p.peek() == '[' {
		return p.list("Statement", one)
	}
	return one()
}

func (p *parser) statement() (Statement, error) {
	p.skipSpace()
	start := p.scanner
	s := Statement{Position: p.position()}
	err := p.object("a statement", func(key string) error { return p.element(&s, key) })
	if err != nil {
		return s, err
	}
	switch {
	case s.Effect == "":
		return s, start.fail("the statement has no Effect").WithHint(`add "Effect": "Allow" or "Effect": "Deny"`)
	case s.Action == nil && s.NotAction == nil:
		return s, start.fail("the statement has neither Action nor NotAction").WithHint(`add "Action": "service:Name"`)
	}
	return s, nil
}

// rival is the element that s has already and that cannot stand beside key.
func (s *Statement) rival(key string) string {
	for _, pair := range []struct {
		one, other string
		has        bool
	}{
		{"Action", "NotAction", s.NotAction != nil},
		{"NotAction", "Action", s.Action != nil},
		{"Resource", "NotResource", s.NotResource != nil},
		{"NotResource", "Resource", s.Resource != nil},
		{"Principal", "NotPrincipal", s.NotPrincipal != nil},
		{"NotPrincipal", "Principal", s.Principal != nil},
	} {
		if pair.has && pair.one == key {
			return pair.other
		}
	}
	return ""
}

func (p *parser) element(s *Statement, key string) (err error) {
	p.skipSpace()
	if rival := s.rival(key); rival != "" {
		return invalid("the statement has both %s and %s", rival, key).At(p.keyAt, lineFrom(p.src, p.keyLine)).
			WithHint("write two statements")
	}
	at := p.scanner // for an error at the value
	switch key {
	case "Sid":
		s.SidAt = p.position()
		s.Sid, err = p.text(key)
	case "Effect":
		var effect string
		effect, err = p.text(key)
		s.Effect = Effect(effect)
		if err == nil && s.Effect != Allow && s.Effect != Deny {
			return at.fail("Effect must be \"Allow\" or \"Deny\", not %q", effect).WithHint("case counts")
		}
	case "Principal":
		s.PrincipalAt = p.position()
		s.Principal, err = p.principal(key)
	case "NotPrincipal":
		s.PrincipalAt = p.position()
		s.NotPrincipal, err = p.principal(key)
	case "Action":
		s.Action, s.ActionAt, err = p.strings(key)
	case "NotAction":
		s.NotAction, s.ActionAt, err = p.strings(key)
	case "Resource":
		s.Resource, s.ResourceAt, err = p.strings(key)
	case "NotResource":
		s.NotResource, s.ResourceAt, err = p.strings(key)
	case "Condition":
		s.Conditions, err = p.conditions()
	default:
		return p.unknown(key, "a statement", "Sid", "Effect", "Principal", "NotPrincipal",
			"Action", "NotAction", "Resource", "NotResource", "Condition")
	}
	return err
}

// strings reads a string or a list of strings, and where each of them stands.
func (p *parser) strings(name string) ([]string, []writ.Position, error) {
	return p.values(name, func(name string) (string, error) { return p.text(name) })
}

// values reads what one reads, or a list of that.
func (p *parser) values(name string, one func(name string) (string, error)) ([]string, []writ.Position, error) {
	if p.peek() != '[' {
		at := p.position()
		s, err := one(name)
		return []string{s}, []writ.Position{at}, err
	}
	values, places := []string{}, []writ.Position{}
	entry := "an entry of " + name
	err := p.list(name, func() error {
		p.skipSpace()
		places = append(places, p.position())
		s, err := one(entry)
		values = append(values, s)
		return err
	})
	return values, places, err
}

func (p *parser) principal(name string) (*PrincipalElement, error) {
	e := &PrincipalElement{}
	if p.peek() == '"' {
		at := p.scanner
		s, err := p.text(name)
		if err == nil && s != "*" {
			return nil, at.fail("%s must be \"*\" or an object such as {\"AWS\": …}, not %q", name, s).
				WithHint("an account is {\"AWS\": \"111122223333\"}, a service {\"Service\": \"lambda.amazonaws.com\"}")
		}
		e.All = true
		return e, err
	}
	err := p.object(name, func(key string) (err error) {
		switch key {
		case "AWS":
			e.AWS, e.AWSAt, err = p.strings(key)
		case "Service":
			e.Service, e.ServiceAt, err = p.strings(key)
		case "Federated":
			e.Federated, e.FederatedAt, err = p.strings(key)
		case "CanonicalUser":
			e.CanonicalUser, e.CanonicalUserAt, err = p.strings(key)
		default:
			return p.unknown(key, name, "AWS", "Service", "Federated", "CanonicalUser")
		}
		return err
	})
	return e, err
}

func (p *parser) conditions() ([]ConditionElement, error) {
	var all []ConditionElement
	err := p.object("Condition", func(operator string) error {
		operatorAt := p.keyAt
		return p.object("the condition operator "+operator, func(key string) error {
			p.skipSpace()
			c := ConditionElement{Operator: operator, Key: key, Position: p.position(), OperatorAt: operatorAt, KeyAt: p.keyAt}
			var err error
			c.Values, c.ValueAt, err = p.conditionValues(key)
			all = append(all, c)
			return err
		})
	})
	return all, err
}

func (p *parser) conditionValues(key string) ([]string, []writ.Position, error) {
	return p.values(key, func(string) (string, error) { return p.conditionValue(key) })
}

// conditionValue reads a string, or a number or boolean as its text.
func (p *parser) conditionValue(key string) (string, error) {
	switch c := p.peek(); {
	case c == '"':
		return p.text("a value of " + key)
	case c == 't', c == 'f', c == '-', c >= '0' && c <= '9':
		end := p.at
		for end < len(p.src) && strings.IndexByte("+-.0123456789abcdefghijklmnopqrstuvwxyzE", p.src[end]) >= 0 {
			end++
		}
		raw := p.src[p.at:end]
		if !json.Valid(raw) {
			return "", p.fail("%q is not JSON", string(raw))
		}
		p.at = end
		return string(raw), nil
	default:
		return "", p.fail("a value of %s must be a string, a number or a boolean, not %s", key, p.what())
	}
}
