package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
)

// shownActions is how many actions of a finding people are shown.
const shownActions = 6

// findings writes what is wrong with roles.
func (t *rolesText) findings(list []roleFinding) {
	for _, f := range list {
		t.line("")
		paint, word := t.st.yellow, f.Kind
		if f.Fails {
			paint = t.st.red
		}
		t.line("%s  %s: %s", paint(fmt.Sprintf("%-9s", word)), t.st.cyan(oneLine(f.Role)), oneLine(f.Message))
		if len(f.Actions) > 0 {
			t.field("", oneLine(f.actions()))
		}
		if f.Resource != "" {
			t.field("on", oneLine(f.Resource))
		}
		for _, e := range f.Edges {
			t.field("for", t.st.cyan(place(e.Position))+" "+oneLine(e.Edge))
		}
		if len(f.Edges) == 0 && len(f.For) > 0 {
			t.field("for", oneLine(strings.Join(f.For, ", ")))
		}
		if !f.Position.IsZero() && f.Kind != findExcess { // a statement beyond need names itself
			t.field("see", t.st.cyan(place(f.Position)))
		}
	}
}

// actions names the first actions of a finding and counts the others.
func (f roleFinding) actions() string {
	shown := f.Actions
	if f.Kind == findExcess { // those may be hundreds
		shown = shown[:min(len(shown), shownActions)]
	}
	text := withoutService(shown)
	if more := f.Count - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// checkRoles tries the edges of systems against roles that are not made from
// them, before anything is deployed. What does not work is an error, unless
// missing rights are accepted.
func (sh *shell) checkRoles(ctx context.Context, w io.Writer, o order, systems []*system, accept bool) error {
	if !slices.ContainsFunc(systems, func(s *system) bool { return len(judgedRoles(s.output)) > 0 }) {
		return nil
	}
	identity, err := o.account.Identity(ctx)
	if err != nil {
		return err
	}
	account := cloudAccount(o.account, identity)
	t := &rolesText{st: style{sh.colorErr}}
	var failed []roleFinding
	for _, s := range systems {
		found, err := sh.examine(ctx, o, s, account)
		if err != nil {
			return err
		}
		shown := slices.DeleteFunc(slices.Clone(found), func(f roleFinding) bool { return f.Kind == findExcess })
		t.findings(shown)
		if excess := len(found) - len(shown); excess > 0 {
			t.line("")
			t.line("%s", t.st.faint(fmt.Sprintf("more is allowed than the edges of %s need, by %s: `writ roles` lists it", s.topology.Name, counted(excess, "statement"))))
		}
		for _, f := range shown {
			if f.Fails && (f.Kind != findMissing || !accept) {
				failed = append(failed, f)
			}
		}
	}
	if _, err := w.Write(t.b.Bytes()); err != nil {
		return err
	}
	if len(failed) == 0 {
		return nil
	}
	failure := writ.Errorf(writ.CodeInvalid, "roles that are not made here do not allow what the topology needs: %s", counted(len(failed), "finding"))
	return failure.WithHint("%s", o.whatHelps(failed))
}

// whatHelps says what to do about roles that stop a deploy.
func (o order) whatHelps(failed []roleFinding) string {
	every := func(holds func(roleFinding) bool) bool {
		return !slices.ContainsFunc(failed, func(f roleFinding) bool { return !holds(f) })
	}
	hint := "nothing was deployed; ask the owner of the roles, or make them from the edges with --roles dynamic"
	if every(func(f roleFinding) bool { return f.named }) {
		hint = "nothing was deployed; ask the owner of the role, or take role: out of the function's runtime"
	}
	if every(func(f roleFinding) bool { return f.Kind == findMissing }) {
		hint += "; --allow-missing deploys all the same"
	}
	if o.where == onLocalCloud && slices.ContainsFunc(failed, func(f roleFinding) bool { return f.Kind == findNoRole }) {
		hint += "\nto make a role in the local cloud first: `writ up --bare DIR`, aws iam create-role, `writ deploy DIR`"
		hint = strings.ReplaceAll(hint, "DIR", quoted(o.dir))
	}
	return hint
}

// cloudAccount is an open account as package inventory has it.
func cloudAccount(cloud *awscloud.Account, who awscloud.Identity) inventory.Account {
	account := inventory.Account{ID: who.Account, Region: cloud.Region}
	if parts := iam.ARNParts(who.ARN); len(parts) == 6 {
		account.Partition = parts[1]
	}
	return account
}
