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
	keys                        keyFlags
	files                       policyFlags
	source                      sourceFlags
	format                      string
	topology                    bool
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
the topology in DIR, synthesised for that sandbox without building any code: then
--principal may be a function's name and --resource a store's or a function's
("hits", "files/KEY"), and the answer points at the lines of topology.yml. Instead
or beside it --template takes CloudFormation templates and --account-details what
the AWS CLI tells of an account; their principals and resources may be named by
name or logical id. Policies of files are added. A FILE may be what the AWS CLI
prints around a document (get-role-policy, get-bucket-policy, ...), and - is
standard input.

Context keys that follow from the caller and the resource, or that every call has,
are filled in as in a real call, and the answer lists them; --context sets others or
overrides them, --absent says that the call has none. Where the verdict hangs on a
key that a call may have and that was not given, the answer says so under the verdict.
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
	flags.StringVar(&f.principal, "principal", "", "who asks: an ARN, a service (\"s3.amazonaws.com\"), \"anonymous\"; with -s, --template or --account-details also a function, role or user by its name; with -s also states, routes, schedules, event:NAME, mutation:NAME, channel:NAME")
	flags.StringVar(&f.action, "action", "", "what is to be done, such as dynamodb:PutItem")
	flags.StringVar(&f.resource, "resource", "", "an ARN or \"*\"; with -s or --template also a store, function or resource by its name; with -s also states, mutation:NAME, channel:NAME")
	flags.StringVar(&f.resourceAccount, "resource-account", "", "the account that owns the resource (default: as in its ARN, else the caller's)")
	f.keys.register(cmd)
	f.files.register(cmd)
	f.source.register(cmd, "")
	formatFlag(cmd, &f.format)
	return cmd
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
	if strings.ContainsAny(f.action, "*?") {
		return writ.Errorf(writ.CodeUsage, "--action %s is a pattern: a call is one action", f.action).
			WithHint("`writ iam who-can` takes patterns")
	}
	for _, err := range []error{f.source.check(), checkAccount("--resource-account", f.resourceAccount), checkARN("--resource", f.resource)} {
		if err != nil {
			return err
		}
	}
	if len(args) > 0 && f.source.sandbox == "" {
		f.source.sandbox = defaultSandbox
	}
	f.topology = f.source.sandbox != ""
	if f.inFiles() && len(f.files.identity) == 0 && f.files.resource == "" {
		return writ.Errorf(writ.CodeUsage, "there are no policies to decide by").
			WithHint("--policy FILE names a policy, -s SANDBOX takes those of the topology in DIR, --template those of a CloudFormation template, --account-details those of an account")
	}
	if f.inFiles() {
		return checkPrincipal(f.principal)
	}
	return nil
}

// inFiles reports whether all policies come from files: then nobody is known by name.
func (f *explainFlags) inFiles() bool { return !f.topology && !f.source.any() }

func checkActionName(action string) error {
	service, name, ok := strings.Cut(action, ":")
	if !ok || service == "" || name == "" || strings.ContainsAny(action, " \t\n") {
		return writ.Errorf(writ.CodeUsage, "%q is not an action", action).WithHint("actions look like dynamodb:PutItem")
	}
	return nil
}

// question puts the request and its policies together.
func (f *explainFlags) question(ctx context.Context, sh *shell, dir string) (*question, error) {
	account := accountOf(f.source.account, f.source.region, f.principal, f.resource)
	q := &question{caller: inventory.Caller{Principal: iam.ParsePrincipal(f.principal)}, guessed: map[string]bool{}}
	inv, resource := &inventory.Inventory{Account: account}, f.resource
	if f.inFiles() {
		if resource != "*" && !arnText.MatchString(resource) {
			return nil, writ.Errorf(writ.CodeUsage, "%q is neither an ARN nor \"*\"", resource).
				WithHint("with -s SANDBOX it may be the name of a store or function")
		}
	} else if err := f.inWorld(ctx, sh, dir, account, q); err != nil {
		return nil, err
	} else {
		inv, resource = q.world.inv, q.resource
	}
	q.req, q.policies = inv.For(q.caller, f.action, resource)
	if f.resourceAccount != "" {
		q.req.ResourceAccount = f.resourceAccount
		q.req.Context["aws:resourceaccount"] = iam.One(f.resourceAccount)
	}
	if parts := strings.SplitN(resource, ":", 6); !f.topology && f.source.region == "" && (len(parts) < 4 || parts[3] == "") && q.req.Context["aws:requestedregion"].Values[0] == account.Region {
		q.guessed["aws:requestedregion"] = true // nothing says where the call goes
	}
	q.checkAction()
	if err := q.setContext(f.keys); err != nil {
		return nil, err
	}
	files, err := f.files.read(sh.stdin, f.action, resource)
	if err != nil {
		return nil, err
	}
	files.into(q.policies)
	q.warnings = append(q.warnings, files.doubts...)
	q.setTime(sh.now())
	q.checkOwner()
	return q, nil
}

// inWorld finds caller and resource among all that is given.
func (f *explainFlags) inWorld(ctx context.Context, sh *shell, dir string, account inventory.Account, q *question) error {
	w, err := f.source.load(ctx, sh, dir, f.topology, account)
	if err != nil {
		return err
	}
	if q.caller, err = w.caller(f.principal); err != nil {
		return err
	}
	if q.resource, err = w.resource(f.resource, f.action); err != nil {
		return err
	}
	q.world = w
	q.warnings = append(q.warnings, w.notKnown()...)
	if q.caller.Entity == nil && q.caller.Kind != iam.PrincipalRoot && q.caller.Account != "" && len(f.files.identity) == 0 {
		q.warn("the policies of " + q.caller.ARN + " are not in what was given; --policy FILE gives them")
	}
	return nil
}

// checkOwner warns where the verdict hangs on whose the resource is, and
// nothing says it: the ARN of a bucket has no account.
func (q *question) checkOwner() {
	parts := strings.SplitN(q.req.Resource, ":", 6)
	if q.req.ResourceAccount != "" || q.caller.Account == "" || len(parts) < 6 || parts[4] != "" {
		return
	}
	theirs := *q.req
	theirs.ResourceAccount = "another account"
	if iam.Decide(q.req, q.policies) == iam.Decide(&theirs, q.policies) {
		return
	}
	q.warn("this ARN names no account: the resource is taken for one of the caller's own (" + q.caller.Account + "), and of another account the answer would differ; --resource-account says whose it is")
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
