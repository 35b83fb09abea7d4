package cases

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// caseMembers are the members of a case; those from "name" on are for people.
var caseMembers = []string{
	"id", "request", "identityPolicies", "resourcePolicy", "boundary", "sessionPolicy", "scps", "rcps", "endpointPolicies",
	"settings", "expected", "expectedBlockedBy", "name", "tags", "source", "adjudicated", "disputed", "otherEngineSays", "blockedBy",
}

var requestMembers = []string{"principal", "action", "resource", "resourceAccount", "wildcardOnlyAction", "contextKeys"}

const shape = `a case is {"id": …, "request": {"principal": …, "action": …, "resource": …}, "identityPolicies": […], …}`

func (c *Case) read(whole part) error {
	members, err := whole.members()
	if err != nil {
		return err
	}
	var request part
	for _, m := range members {
		if m.key == "request" {
			request = m
		}
		if err := c.member(m); err != nil {
			return err
		}
	}
	if request.value == nil {
		return at(whole.at, "the case has no request").WithHint("%s", shape)
	}
	for _, must := range [...]struct{ name, value string }{
		{"principal", c.Request.Principal}, {"action", c.Request.Action}, {"resource", c.Request.Resource},
	} {
		if must.value == "" {
			return at(request.keyAt, "the request has no %s", must.name).WithHint("%s", shape)
		}
	}
	return nil
}

func (c *Case) member(m part) (err error) {
	if m.isNull() {
		return known(m, caseMembers)
	}
	switch m.key {
	case "id":
		c.ID, err = m.string()
	case "name":
		c.Name, err = m.string()
	case "request":
		err = c.Request.read(m)
	case "identityPolicies":
		c.Identity, err = m.documents()
	case "endpointPolicies":
		c.Endpoint, err = m.documents()
	case "resourcePolicy":
		c.Resource = m.value
	case "boundary":
		c.Boundary = m.value
	case "sessionPolicy":
		c.Session = m.value
	case "scps":
		c.SCPs, err = m.levels()
	case "rcps":
		c.RCPs, err = m.levels()
	case "settings":
		err = m.decode(&c.Settings, `an object such as {"s3": {"blockPublicAccess": true}}`)
	case "expected":
		if c.Expected, err = m.string(); err == nil && !slices.Contains(verdicts, c.Expected) {
			err = at(m.at, "%q is no verdict", c.Expected).WithHint("it takes %s", strings.Join(verdicts, ", "))
		}
	case "expectedBlockedBy":
		c.ExpectedBlockedBy, err = m.strings()
	case "tags":
		c.Tags, err = m.strings()
	default:
		if err = known(m, caseMembers); err == nil && !json.Valid(m.value) {
			err = at(m.at, "the value of %q is not JSON", m.key)
		}
	}
	return err
}

// verdicts are what a case can expect.
var verdicts = []string{string(iam.Allowed), string(iam.ImplicitlyDenied), string(iam.ExplicitlyDenied), "Denied"}

// known refuses a member that looks like a misspelt one: a policy that is
// silently left out would change the verdict. Others are let pass.
func known(m part, names []string) error {
	if slices.Contains(names, m.key) {
		return nil
	}
	if near := writ.Nearest(m.key, names); near != "" {
		return at(m.keyAt, "a case has no %q", m.key).WithHint("did you mean %q?", near)
	}
	return nil
}

func (r *Request) read(from part) error {
	members, err := from.members()
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.isNull() {
			continue
		}
		switch m.key {
		case "principal":
			r.Principal, err = m.string()
		case "action":
			r.Action, err = m.string()
		case "resource":
			r.Resource, err = m.string()
		case "resourceAccount":
			r.ResourceAccount, err = m.string()
		case "wildcardOnlyAction":
			err = m.decode(&r.WildcardOnly, "true or false")
		case "contextKeys":
			err = r.readContext(m)
		default:
			err = at(m.keyAt, "a request has no %q", m.key)
			if near := writ.Nearest(m.key, requestMembers); near != "" {
				err = at(m.keyAt, "a request has no %q", m.key).WithHint("did you mean %q?", near)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Request) readContext(from part) error {
	members, err := from.members()
	if err != nil {
		return err
	}
	r.Context = make(iam.Context, len(members))
	for _, m := range members {
		key := iam.Key(m.key)
		if _, twice := r.Context[key]; twice {
			return at(m.keyAt, "the context key %q is there twice: their names ignore case", m.key)
		}
		if r.Context[key], err = m.contextValue(); err != nil {
			return err
		}
	}
	return nil
}

// contextValue reads a string, or a list of strings for a multi-valued key.
func (p part) contextValue() (iam.Value, error) {
	if len(p.value) == 0 || p.value[0] != '[' {
		s, err := p.string()
		return iam.One(s), err
	}
	values, err := p.strings()
	return iam.Many(values...), err
}

// documents reads a list of policy documents, as text.
func (p part) documents() ([]json.RawMessage, error) {
	elements, err := p.elements()
	if err != nil {
		return nil, err
	}
	list := make([]json.RawMessage, 0, len(elements))
	for _, e := range elements {
		if !e.isNull() {
			list = append(list, e.value)
		}
	}
	return list, nil
}

func (p part) levels() ([]Level, error) {
	elements, err := p.elements()
	if err != nil {
		return nil, err
	}
	list := make([]Level, len(elements))
	for i, e := range elements {
		members, err := e.members()
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			switch m.key {
			case "target":
				list[i].Target, err = m.string()
			case "policies":
				list[i].Policies, err = m.documents()
			default:
				err = at(m.keyAt, "a level has no %q", m.key).WithHint("it has target and policies")
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}
