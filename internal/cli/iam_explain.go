package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
)

type explainFlags struct {
	principal, action, resource string
	resourceAccount             string
	context                     []string
	files                       policyFlags
	sandbox, account, region    string
	format                      string
}

func newIAMExplain(sh *shell) *cobra.Command {
	f := &explainFlags{}
	cmd := &cobra.Command{
		Use:   "explain [DIR]",
		Short: "Say why a request is allowed or denied, and what would allow it",
		Long: `Decides one request and says why: AWS's own sentence, what each kind of policy
said, the statements that came nearest and on which element they failed, and the
smallest change that would allow it.

The policies come from files (--policy and the flags beside it), or with -s from
the topology in DIR, synthesised for that sandbox: then --principal may be a
function's name and --resource a store's or a function's ("hits", "files/KEY"),
and the answer points at the lines of topology.yml. Files given as well are added.

Context keys that follow from the caller and the resource are filled in as in a
real call, and the answer lists them; --context sets others or overrides them.
Ends with status 0 when the request is allowed and 3 when it is denied.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args); err != nil {
				return err
			}
			q, err := f.question(cmd.Context(), sh, dirArg(args))
			if err != nil {
				return err
			}
			return q.answer(sh, f.format)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.principal, "principal", "", "who asks: an ARN, a service (\"s3.amazonaws.com\"), \"anonymous\"; with -s also a function or role by its name, or states, routes, schedules, event:NAME, mutation:NAME, channel:NAME")
	flags.StringVar(&f.action, "action", "", "what is to be done, such as dynamodb:PutItem")
	flags.StringVar(&f.resource, "resource", "", "an ARN or \"*\"; with -s also a store or function by its name, or states, mutation:NAME, channel:NAME")
	flags.StringVar(&f.resourceAccount, "resource-account", "", "the account that owns the resource (default: as in its ARN, else the caller's)")
	flags.StringArrayVar(&f.context, "context", nil, contextHelp)
	f.files.register(cmd)
	flags.StringVarP(&f.sandbox, "sandbox", "s", "", "the sandbox (default \""+defaultSandbox+"\" when DIR is given)")
	accountFlags(cmd, &f.account, &f.region)
	formatFlag(cmd, &f.format)
	return cmd
}

func accountFlags(cmd *cobra.Command, account, region *string) {
	cmd.Flags().StringVar(account, "account", "", "the account that the sandbox is in (default: as in the ARNs given, else the local cloud's)")
	cmd.Flags().StringVar(region, "region", "", "the region that the sandbox is in (default: as in the ARNs given, else the local cloud's)")
}

func (f *explainFlags) check(args []string) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	for _, flag := range []struct{ name, value string }{{"principal", f.principal}, {"action", f.action}, {"resource", f.resource}} {
		if flag.value == "" {
			return writ.Errorf(writ.CodeUsage, "--%s is missing", flag.name).
				WithHint("a question is --principal WHO --action SERVICE:NAME --resource ARN")
		}
	}
	if err := checkActionName(f.action); err != nil {
		return err
	}
	if len(args) > 0 && f.sandbox == "" {
		f.sandbox = defaultSandbox
	}
	if f.sandbox == "" && len(f.files.identity) == 0 && f.files.resource == "" {
		return writ.Errorf(writ.CodeUsage, "there are no policies to decide by").
			WithHint("--policy FILE names a policy, -s SANDBOX takes those of the topology in DIR")
	}
	return nil
}

func checkActionName(action string) error {
	service, name, ok := strings.Cut(action, ":")
	if !ok || service == "" || name == "" || strings.ContainsAny(action, " \t\n") {
		return writ.Errorf(writ.CodeUsage, "%q is not an action", action).WithHint("actions look like dynamodb:PutItem")
	}
	return nil
}

// question puts the request and its policies together.
func (f *explainFlags) question(ctx context.Context, sh *shell, dir string) (*question, error) {
	account := accountOf(f.account, f.region, f.principal, f.resource)
	q := &question{caller: inventory.Caller{Principal: iam.ParsePrincipal(f.principal)}}
	inv, resource := &inventory.Inventory{Account: account}, f.resource
	if f.sandbox != "" {
		w, err := sh.loadWorld(ctx, dir, f.sandbox, account)
		if err != nil {
			return nil, err
		}
		if q.caller, err = w.caller(f.principal); err != nil {
			return nil, err
		}
		if resource, err = w.resource(f.resource, f.action); err != nil {
			return nil, err
		}
		q.world, inv = w, w.inv
		q.warnings = append(q.warnings, w.notKnown()...)
		if q.caller.Entity == nil && q.caller.Kind != iam.PrincipalRoot && q.caller.Account != "" && len(f.files.identity) == 0 {
			q.warnings = append(q.warnings, "the policies of "+q.caller.ARN+" are not in this topology; --policy FILE gives them")
		}
	} else if resource != "*" && !arnText.MatchString(resource) {
		return nil, writ.Errorf(writ.CodeUsage, "%q is neither an ARN nor \"*\"", resource).
			WithHint("with -s SANDBOX it may be the name of a store or function")
	}
	q.req, q.policies = inv.For(q.caller, f.action, resource)
	if f.resourceAccount != "" {
		q.req.ResourceAccount = f.resourceAccount
		q.req.Context["aws:resourceaccount"] = iam.One(f.resourceAccount)
	}
	q.checkAction()
	if err := q.setContext(f.context); err != nil {
		return nil, err
	}
	return q, f.files.into(q.policies, f.action, resource)
}

// notKnown says what of the templates could not be resolved.
func (w *world) notKnown() []string {
	var list []string
	for _, u := range w.inv.Unknown {
		list = append(list, "not known, and so taken to allow nothing: "+u.LogicalID+": "+u.What)
	}
	return list
}

// answer decides, prints and gives the status.
func (q *question) answer(sh *shell, format string) error {
	a := q.explain()
	if format == "json" {
		if err := writeJSON(sh.stdout, a); err != nil {
			return err
		}
	} else if err := a.writeText(sh.stdout, style{sh.colorOut}); err != nil {
		return err
	}
	if a.Verdict != iam.Allowed {
		return exitError(writ.CodeDenied.ExitStatus())
	}
	return nil
}
