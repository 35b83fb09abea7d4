package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
	"github.com/writ-dev/writ/iam/inventory"
)

type whoCanFlags struct {
	context                  []string
	sandbox, account, region string
	format                   string
}

func newIAMWhoCan(sh *shell) *cobra.Command {
	f := &whoCanFlags{}
	cmd := &cobra.Command{
		Use:   "who-can ACTION RESOURCE [DIR]",
		Short: "List who may do something in a sandbox, by which statement and under which condition",
		Long: `Lists everybody who may do ACTION on RESOURCE in a sandbox of the topology in DIR:
its functions and roles, and whom the resource's own policy admits (services of AWS,
other accounts, everybody), each with the statement and the line of topology.yml.

ACTION may be a pattern such as dynamodb:*; then the actions of AWS that it matches
and that the resource takes are asked one by one. RESOURCE is an ARN, "*", or a store
or function by its name.

Where the answer hangs on a context key that is not known (aws:SourceIp, say), it is
"if", with the condition; --context sets keys.`,
		Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(f.format); err != nil {
				return err
			}
			found, err := f.ask(cmd.Context(), sh, args[0], args[1], dirArg(args[2:]))
			if err != nil {
				return err
			}
			if f.format == "json" {
				return writeJSON(sh.stdout, found)
			}
			return found.writeText(sh.stdout, style{sh.colorOut})
		},
	}
	cmd.Flags().StringArrayVar(&f.context, "context", nil, contextHelp)
	cmd.Flags().StringVarP(&f.sandbox, "sandbox", "s", defaultSandbox, "the sandbox")
	accountFlags(cmd, &f.account, &f.region)
	formatFlag(cmd, &f.format)
	return cmd
}

// whoCan is everybody who may; the names of its JSON are stable.
type whoCan struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
	// Actions is how many actions a pattern stands for here.
	Actions  int       `json:"actions"`
	Allowed  []allowed `json:"allowed"`
	Warnings []string  `json:"warnings,omitempty"`
}

// allowed is one who may do actions.
type allowed struct {
	// Principal is a role's or user's name, a service, an account, "*" for everybody.
	Principal string   `json:"principal"`
	ARN       string   `json:"arn,omitempty"`
	Functions []string `json:"functions,omitempty"`
	Actions   []string `json:"actions"`
	// May is "yes", or "conditionally" with the conditions.
	May        string            `json:"may"`
	Conditions []string          `json:"conditions,omitempty"`
	Statements []answerStatement `json:"statements"`
	Why        string            `json:"why,omitempty"`
}

func (f *whoCanFlags) ask(ctx context.Context, sh *shell, pattern, resource, dir string) (*whoCan, error) {
	if err := checkActionName(pattern); err != nil {
		return nil, err
	}
	w, err := sh.loadWorld(ctx, dir, f.sandbox, accountOf(f.account, f.region, "", resource))
	if err != nil {
		return nil, err
	}
	arn, err := w.resource(resource, pattern)
	if err != nil {
		return nil, err
	}
	out := &whoCan{Action: pattern, Resource: arn, Allowed: []allowed{}, Warnings: w.notKnown()}
	actions, err := actionsOn(pattern, arn)
	if err != nil {
		return nil, err
	}
	out.Actions = len(actions)
	for _, action := range actions {
		for _, c := range w.candidates(action, arn) {
			q := &question{caller: c.Caller, world: w}
			q.req, q.policies = w.inv.For(c.Caller, action, arn)
			q.checkAction()
			if err := q.setContext(f.context); err != nil {
				return nil, err
			}
			for _, warning := range q.warnings {
				if !slices.Contains(out.Warnings, warning) {
					out.Warnings = append(out.Warnings, warning)
				}
			}
			if one, ok := q.allowed(c); ok {
				out.add(one, action)
			}
		}
	}
	return out, nil
}

// actionsOn gives the actions that a pattern stands for, of those that the
// resource takes.
func actionsOn(pattern, arn string) ([]string, error) {
	if !strings.ContainsAny(pattern, "*?") {
		return []string{pattern}, nil
	}
	var actions []string
	for _, action := range catalog.AWS().Expand(pattern) {
		fits := arn == "*" || slices.ContainsFunc(action.Resources, func(use catalog.ResourceUse) bool { return use.Covers(arn) })
		if fits {
			actions = append(actions, action.String())
		}
	}
	if len(actions) == 0 {
		return nil, writ.Errorf(writ.CodeUsage, "no action of AWS that %s matches is asked on %s", pattern, arn)
	}
	return actions, nil
}

// candidate is somebody who may be allowed.
type candidate struct {
	inventory.Caller
	name string
}

// candidates are the account's principals, its root user, and whom the
// resource's own policy names.
func (w *world) candidates(action, arn string) []candidate {
	var list []candidate
	for _, p := range w.inv.Principals {
		callers := []inventory.Caller{p.Caller()}
		if len(p.Functions) > 1 {
			callers = nil
			for _, f := range p.Functions {
				c, _ := f.Run()
				callers = append(callers, c)
			}
		}
		for _, c := range callers {
			list = append(list, candidate{c, p.Name})
		}
	}
	root := "arn:" + w.inv.Account.Partition + ":iam::" + w.inv.Account.ID + ":root"
	list = append(list, candidate{inventory.Caller{Principal: iam.ParsePrincipal(root)}, "root user"})
	_, policies := w.inv.For(inventory.Caller{}, action, arn)
	for _, name := range policies.Resource.Named() {
		parsed := iam.ParsePrincipal(name)
		if p := w.inv.Principal(name); p != nil && parsed.Kind == iam.PrincipalSession && p.Caller().ARN != name {
			c := p.Caller() // this session alone
			c.ARN, c.Function = name, sessionFunction(p, name)
			list = append(list, candidate{c, name})
			continue
		}
		if name == w.inv.Account.ID || name == root || w.inv.Principal(name) != nil {
			continue // its principals are in the list
		}
		switch {
		case name == "*":
			list = append(list, candidate{inventory.Caller{Principal: parsed}, "everybody"})
			continue
		case len(name) == 12 && strings.Trim(name, "0123456789") == "":
			parsed = iam.ParsePrincipal("arn:" + w.inv.Account.Partition + ":iam::" + name + ":root")
		}
		list = append(list, candidate{inventory.Caller{Principal: parsed}, name})
	}
	return list
}

// allowed decides for one candidate, with the keys that are not known taken
// both ways.
func (q *question) allowed(c candidate) (allowed, bool) {
	out := allowed{Principal: c.name, ARN: c.ARN, May: "yes"}
	if q.caller.Function != nil {
		out.Functions = []string{q.world.functionName(q.caller.Function)}
	}
	favour := q.policies.Assume(q.unknown, true)
	// Of another account we know only what this one lets in.
	if c.Entity == nil && c.Account != "" && c.Account != q.world.inv.Account.ID {
		favour.Identity = []*iam.Policy{iam.FullAWSAccess(iam.TypeIdentity)}
		out.Why = "as far as this account decides; theirs must allow it too"
	}
	e := iam.Explain(q.req, favour)
	if e.Decision.Verdict != iam.Allowed {
		return out, false
	}
	against := q.policies.Assume(q.unknown, false)
	against.Identity = append(slices.Clip(against.Identity), favour.Identity[len(q.policies.Identity):]...)
	if iam.Decide(q.req, against) != iam.Allowed {
		out.May, out.Conditions = "conditionally", q.conditions()
	}
	for _, m := range e.Matched {
		if m.Effect == iam.Allow && m.Origin.ARN != iam.FullAWSAccess(iam.TypeIdentity).Origin.ARN {
			out.Statements = append(out.Statements, q.statement(m))
		}
	}
	if len(out.Statements) == 0 && c.Kind == iam.PrincipalRoot {
		out.Why = "the account's root user may do everything that nothing denies"
	}
	return out, true
}

// unknown reports keys that a call may have and the question does not give.
func (q *question) unknown(key string) bool {
	if _, given := q.req.Context[key]; given && !(q.isCrowd() && q.isOf(key)) {
		return false
	}
	service := q.caller.Kind == iam.PrincipalService
	switch {
	case strings.HasPrefix(key, "aws:principaltag/"), key == "lambda:sourcefunctionarn", key == "aws:username":
		return q.caller.Entity == nil && !service
	case strings.HasPrefix(key, "aws:resourcetag/"):
		return q.world.inv.Owner(q.req.Resource) == nil
	case key == "aws:sourcearn", key == "aws:sourceaccount", key == "aws:sourceowner":
		// Only services call on behalf of something; everybody includes them.
		return service || q.caller.Kind == iam.PrincipalAnonymous
	case key == "aws:multifactorauthpresent", key == "aws:multifactorauthage":
		return q.caller.Function == nil && !service
	}
	return true
}

// isCrowd reports a candidate that stands for many: another account for its
// users and roles, everybody for services too.
func (q *question) isCrowd() bool {
	return q.caller.Kind == iam.PrincipalAnonymous || q.caller.Kind == iam.PrincipalRoot && q.caller.Account != q.world.inv.Account.ID
}

// isOf reports a key that was filled in for the one who stands for the many.
func (q *question) isOf(key string) bool {
	switch key {
	case "aws:principalarn", "aws:principaltype", "aws:principalisawsservice":
		return slices.Contains(q.assumed, key)
	}
	return false
}

// conditions are what the answer hangs on: per kind of policy one of its
// Allows has to hold, and none of the Denies.
func (q *question) conditions() []string {
	var list []string
	ifs := map[iam.PolicyType][]string{}
	var kinds []iam.PolicyType
	for _, m := range iam.Explain(q.req, q.policies.Assume(q.unknown, true)).Matched {
		if m.Effect != iam.Allow {
			continue
		}
		if !slices.Contains(kinds, m.Origin.Type) {
			kinds = append(kinds, m.Origin.Type)
		}
		ifs[m.Origin.Type] = append(ifs[m.Origin.Type], q.hangsOn(m))
	}
	for _, kind := range kinds {
		if !slices.Contains(ifs[kind], "") { // one that allows in any case
			list = append(list, "only if "+strings.Join(slices.Compact(slices.Sorted(slices.Values(ifs[kind]))), ", or "))
		}
	}
	plain := iam.Explain(q.req, q.policies)
	denies := slices.DeleteFunc(slices.Clone(plain.Matched), func(m iam.Match) bool { return m.Effect != iam.Deny })
	for _, m := range plain.Spared {
		denies = append(denies, m.Match)
	}
	for _, m := range denies {
		if text := q.hangsOn(m); text != "" && !slices.Contains(list, "unless "+text) {
			list = append(list, "unless "+text)
		}
	}
	return list
}

// hangsOn gives a statement's conditions on keys that are not known.
func (q *question) hangsOn(m iam.Match) string {
	var parts []string
	for _, c := range m.Source().Conditions {
		if q.unknown(iam.Key(c.Key)) {
			parts = append(parts, c.Operator+" "+c.Key+" "+strings.Join(c.Values, " or "))
		}
	}
	return strings.Join(parts, " and ")
}

// add gathers the actions of one principal that rest on the same statements.
func (w *whoCan) add(one allowed, action string) {
	for i := range w.Allowed {
		if have := &w.Allowed[i]; have.sameGround(&one) {
			have.Actions = append(have.Actions, action)
			return
		}
	}
	one.Actions = []string{action}
	w.Allowed = append(w.Allowed, one)
}

func (a *allowed) sameGround(b *allowed) bool {
	same := func(x, y answerStatement) bool { return x.match == y.match }
	return a.Principal == b.Principal && a.ARN == b.ARN && a.May == b.May && slices.Equal(a.Functions, b.Functions) &&
		slices.Equal(a.Conditions, b.Conditions) && slices.EqualFunc(a.Statements, b.Statements, same)
}
