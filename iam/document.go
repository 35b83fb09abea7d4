package iam

import (
	"bytes"
	"encoding/json"

	"github.com/writ-dev/writ"
)

// The two versions of the policy language. Policy variables exist only in the newer.
const (
	Version2012 = "2012-10-17"
	Version2008 = "2008-10-17"
)

// Effect is what a statement does when it matches.
type Effect string

// The two effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Document is a policy document as written. A list of one and a single string
// mean the same in the language and are not told apart.
type Document struct {
	Version    string // "" when it has none
	ID         string
	Statements []Statement
}

// Statement is one statement as written. A nil list is an element that is not there.
type Statement struct {
	Sid          string
	Effect       Effect
	Principal    *PrincipalElement
	NotPrincipal *PrincipalElement
	Action       []string
	NotAction    []string
	Resource     []string
	NotResource  []string
	Conditions   []ConditionElement
	// Position is where the statement starts in its source.
	Position writ.Position
	// The places of the elements and of their entries, for messages; they mean
	// nothing. SidAt and PrincipalAt (of Principal or NotPrincipal) are where the
	// value starts; ActionAt are the entries of Action or NotAction, ResourceAt
	// those of Resource or NotResource. All are zero in a document that was not parsed.
	SidAt       writ.Position
	PrincipalAt writ.Position
	ActionAt    []writ.Position
	ResourceAt  []writ.Position
}

// PrincipalElement is a Principal or NotPrincipal.
type PrincipalElement struct {
	// All is Principal: "*".
	All           bool
	AWS           []string
	Service       []string
	Federated     []string
	CanonicalUser []string
	// The places of the entries, nil in a document that was not parsed.
	AWSAt, ServiceAt, FederatedAt, CanonicalUserAt []writ.Position
}

// ConditionElement is one key under one operator. JSON numbers and booleans
// among the values are kept as their text.
type ConditionElement struct {
	Operator string
	Key      string
	Values   []string
	// Position is where the value, or the list of them, starts. OperatorAt, KeyAt
	// and ValueAt (one for each value) are zero in a document that was not parsed.
	Position   writ.Position
	OperatorAt writ.Position
	KeyAt      writ.Position
	ValueAt    []writ.Position
}

// list writes one string as a string, more as a list.
type list []string

// MarshalJSON keeps an empty list a list.
func (l list) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return encode(l[0])
	}
	if l == nil {
		return []byte("[]"), nil
	}
	return encode([]string(l))
}

// encode is json.Marshal without HTML escapes: policies are read by people.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// object writes JSON members in the order given.
type object struct {
	bytes.Buffer
	err error
}

func (o *object) add(key string, value any) {
	raw, err := encode(value)
	if err != nil {
		o.err = err
		return
	}
	name, err := encode(key)
	if err != nil {
		o.err = err
		return
	}
	if o.Len() == 0 {
		o.WriteByte('{')
	} else {
		o.WriteByte(',')
	}
	o.Write(name)
	o.WriteByte(':')
	o.Write(raw)
}

func (o *object) addList(key string, values []string) {
	if values != nil {
		o.add(key, list(values))
	}
}

func (o *object) finish() ([]byte, error) {
	if o.Len() == 0 {
		o.WriteByte('{')
	}
	o.WriteByte('}')
	return o.Bytes(), o.err
}

// MarshalJSON writes a document that means the same as the one that was parsed.
func (d *Document) MarshalJSON() ([]byte, error) {
	var o object
	if d.Version != "" {
		o.add("Version", d.Version)
	}
	if d.ID != "" {
		o.add("Id", d.ID)
	}
	statements := d.Statements
	if statements == nil {
		statements = []Statement{}
	}
	o.add("Statement", statements)
	return o.finish()
}

// MarshalJSON writes the elements in the order of AWS's documentation.
func (s Statement) MarshalJSON() ([]byte, error) {
	var o object
	if s.Sid != "" {
		o.add("Sid", s.Sid)
	}
	o.add("Effect", s.Effect)
	if s.Principal != nil {
		o.add("Principal", s.Principal)
	}
	if s.NotPrincipal != nil {
		o.add("NotPrincipal", s.NotPrincipal)
	}
	o.addList("Action", s.Action)
	o.addList("NotAction", s.NotAction)
	o.addList("Resource", s.Resource)
	o.addList("NotResource", s.NotResource)
	if len(s.Conditions) > 0 {
		raw, err := marshalConditions(s.Conditions)
		if err != nil {
			return nil, err
		}
		o.add("Condition", raw)
	}
	return o.finish()
}

// MarshalJSON writes "*" or the object of lists.
func (p *PrincipalElement) MarshalJSON() ([]byte, error) {
	if p.All {
		return []byte(`"*"`), nil
	}
	var o object
	o.addList("AWS", p.AWS)
	o.addList("Service", p.Service)
	o.addList("Federated", p.Federated)
	o.addList("CanonicalUser", p.CanonicalUser)
	return o.finish()
}

// marshalConditions groups by operator, in the order of first appearance.
func marshalConditions(conditions []ConditionElement) (json.RawMessage, error) {
	var operators []string
	byOperator := map[string]*object{}
	seen := map[[2]string]bool{}
	for _, c := range conditions {
		if seen[[2]string{c.Operator, c.Key}] {
			return nil, invalid("the condition operator %s has the key %q twice, which cannot be written", c.Operator, c.Key)
		}
		seen[[2]string{c.Operator, c.Key}] = true
		o := byOperator[c.Operator]
		if o == nil {
			o = &object{}
			byOperator[c.Operator] = o
			operators = append(operators, c.Operator)
		}
		o.add(c.Key, list(c.Values))
	}
	var all object
	for _, operator := range operators {
		raw, err := byOperator[operator].finish()
		if err != nil {
			return nil, err
		}
		all.add(operator, json.RawMessage(raw))
	}
	return all.finish()
}
