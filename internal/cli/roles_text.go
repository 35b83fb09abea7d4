package cli

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/roles"
)

// writeRoles prints the roles of all namespaces for people.
func writeRoles(out io.Writer, st style, reports []*rolesReport) error {
	t := &rolesText{st: st}
	for i, r := range reports {
		if i > 0 {
			t.line("")
		}
		t.line("%s", st.bold(fmt.Sprintf("%s in sandbox %s, roles %s", oneLine(r.Namespace), r.Sandbox, r.mode())))
		for _, role := range r.Roles {
			t.role(role)
		}
		if len(r.Roles) == 0 {
			t.line("  nothing acts, so there are no roles")
		}
		t.findings(r.Findings)
		t.total(r)
	}
	_, err := out.Write(t.b.Bytes())
	return err
}

func (r *rolesReport) mode() string {
	if r.Way != "" {
		return r.Mode + " (" + r.Way + ")"
	}
	return r.Mode
}

type rolesText struct {
	b  bytes.Buffer
	st style
}

func (t *rolesText) line(format string, args ...any) {
	t.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	t.b.WriteByte('\n')
}

// field writes one labelled line of a statement.
func (t *rolesText) field(label, text string) {
	t.line("  %s  %s", t.st.faint(fmt.Sprintf("%8s", label)), text)
}

func (t *rolesText) role(r roleReport) {
	t.line("")
	t.line("%s  %s", t.st.bold(who(r.Kind, r.Name)), t.st.cyan(oneLine(r.Role)))
	switch {
	case r.Source == string(roles.Provided), r.Source == string(roles.Account):
		word := "exists"
		if r.trust == nil && r.Drift != nil {
			word = "wanted"
		}
		t.field(word, "it is not made here; "+oneLine(r.Service)+" takes it on")
		fallthrough
	default:
		for _, s := range r.trust {
			t.field("trusts", oneLine(strings.Join(trusted(s), ", ")))
			t.conditions(s)
		}
	}
	for _, drift := range r.Drift {
		t.field("but", t.st.yellow(drift))
	}
	for _, s := range r.Statements {
		t.statement(s)
	}
	if len(r.Boundary) > 0 {
		t.field("at most", "what the boundary allows:")
	}
	for _, s := range r.Boundary {
		t.statement(s)
	}
	if r.trust != nil && len(r.Statements) == 0 {
		t.field("", "may do nothing")
	}
	t.tc(r.TC)
}

// who names what acts: "function hello", "the schedules".
func who(kind, name string) string {
	if name == "" {
		return "the " + kind + "s"
	}
	return kind + " " + oneLine(name)
}

func (t *rolesText) statement(s statementReport) {
	effect, paint := "allow", t.st.green
	if s.Statement.Effect == iam.Deny {
		effect, paint = "deny", t.st.red
	}
	verb := fmt.Sprintf("%8s", effect)
	actions := withoutService(s.Statement.Action)
	if s.Statement.NotAction != nil {
		actions = "all but " + withoutService(s.Statement.NotAction)
	}
	t.line("  %s  %s", paint(verb), actions)
	for _, r := range s.Statement.Resource {
		t.field("on", oneLine(r))
	}
	for _, r := range s.Statement.NotResource {
		t.field("not on", oneLine(r))
	}
	t.conditions(s.Statement)
	for _, e := range s.Edges {
		t.field("for", t.st.cyan(place(e.Position))+" "+oneLine(e.Edge))
	}
	if s.Drift != "" {
		t.field("but", t.st.yellow(s.Drift))
	}
}

func (t *rolesText) conditions(s iam.Statement) {
	for _, c := range s.Conditions {
		t.field("if", fmt.Sprintf("%s %s %s", oneLine(c.Operator), oneLine(c.Key), oneLine(strings.Join(c.Values, ", "))))
	}
}

// withoutService writes actions with the service's prefix where it changes:
// "dynamodb:GetItem, Query, sqs:SendMessage".
func withoutService(actions []string) string {
	var b strings.Builder
	last := ""
	for i, action := range actions {
		if i > 0 {
			b.WriteString(", ")
		}
		service, name, ok := strings.Cut(action, ":")
		if ok && service == last {
			action = name
		}
		last = service
		b.WriteString(oneLine(action))
	}
	return b.String()
}

// trusted lists whom a statement of a trust policy lets in.
func trusted(s iam.Statement) []string {
	p := s.Principal
	switch {
	case s.NotPrincipal != nil:
		return []string{"all but a few (NotPrincipal)"}
	case p == nil:
		return nil
	case p.All:
		return []string{"*"}
	}
	return slices.Concat(p.Service, p.AWS, p.Federated, p.CanonicalUser)
}
