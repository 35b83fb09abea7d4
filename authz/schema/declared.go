package schema

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
)

// What there is of a thing without being declared: what it is, and what [authz.Record] says beside attributes.
var (
	ofRecords   = []string{"name", "description", "email", "first_name", "last_name"}
	ofAll       = append([]string{"key", "id", "type"}, ofRecords...)
	ofUsers     = append([]string{"roles", "tenants"}, ofAll...)
	ofResources = append([]string{"tenant"}, ofAll...)
)

// attributes gives what is declared of a type: of users as themselves, and as a type of resource.
func (s *Schema) attributes(kind string) []Attribute {
	var own []Attribute
	if r := s.Resource(kind); r != nil {
		own = r.Attributes
	}
	if kind == UserType {
		return slices.Concat(s.UserAttributes, own)
	}
	return own
}

// Declared is an error when a type declares attributes and not the one of this name. Beside what it declares there are
// the fields of a record's profile.
func (s *Schema) Declared(kind, name string) error {
	if err := undeclared(kind, s.attributes(kind), ofRecords, name); err != nil {
		return err
	}
	return nil
}

// declared finds the first attribute that a condition on resources of a type names and that is not declared, where any is.
func (c *compiler) declared(p *expr.Program, kind string) error {
	if !c.s.OnlyDeclared {
		return nil
	}
	variables := c.scope(kind).Variables
	for i, use := range p.Uses() {
		var err *writ.Error
		switch use.Variable {
		case variables[authz.VarUser].Name:
			err = undeclared(UserType, c.s.attributes(UserType), ofUsers, use.Field)
		case variables[authz.VarResource].Name:
			err = undeclared(kind, c.s.attributes(kind), ofResources, use.Field)
		}
		if err != nil {
			err.Position = p.PlaceOf(i)
			return err
		}
	}
	return nil
}

func undeclared(kind string, declared []Attribute, always []string, name string) *writ.Error {
	if name == "" || len(declared) == 0 || Find(declared, name) != nil || slices.Contains(always, name) {
		return nil
	}
	e := writ.Errorf(writ.CodeInvalid, "%s declares no attribute %q", kind, short(name))
	names := keys(declared)
	list := ""
	if len(names) <= 40 {
		list = kind + " declares " + strings.Join(names, ", ")
	}
	if near := writ.Nearest(short(name), append(names, always...)); near != "" {
		return e.WithHint("%s", strings.TrimSuffix("did you mean "+near+"? "+list, " "))
	}
	return e.WithHint("%s", list)
}
