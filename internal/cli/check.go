package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

type checkFlags struct {
	context, tenant, list, asOf, atLeast string
	subjectProperties                    string
	resourceProperties                   string
	server, policy                       string
	environment                          environmentFlag
	explain                              bool
	format                               string
}

func newCheck(sh *shell) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check SUBJECT ACTION RESOURCE [DIR]",
		Short: "Ask who may do what: allowed or denied, and why",
		Long: `Asks the policy whether SUBJECT (ann, or user:ann) may do ACTION (read) on RESOURCE
(document:budget, or a type alone: document). It prints the answer with its
reasons, and for a denial what would allow it, down to the command that does; exit
status 0 is allowed, 3 denied. A type or an action that the policy does not have is denied
too, with what was likely meant; with --list it is an error.

Who answers: the server that runs in DIR, or the one at --server URL (with a key in
WRIT_API_KEY); when none runs, what is stored in DIR/.writ/policy, or else the policy of
DIR (or --policy FILE) with the facts beside it. The answer of a server says "at revision N".

  writ check ann read document:budget --explain
  writ check ann read document:budget --context '{"ip": "10.0.0.7"}' --tenant acme
  writ check ann read document:budget --resource-properties '{"classified": true}'
  writ check ann read document:budget --policy shop.yml
  writ check ann read document --list resources           which documents may ann read?
  writ check user read document:budget --list subjects    who may read it?
  writ check ann document:budget --list actions           what may ann do with it?`,
		Args: cobra.RangeArgs(2, 4),
		RunE: func(cmd *cobra.Command, args []string) error {
			q, dir, err := f.question(args)
			if err != nil {
				return err
			}
			source, err := f.open(cmd.Context(), sh, dir)
			if err != nil {
				return err
			}
			defer source.close()
			show := f.showCheck
			if f.list != "" {
				show = f.showList
			}
			err = show(cmd.Context(), sh, source, q)
			var answered exitError
			if err == nil || errors.As(err, &answered) {
				source.note(cmd.Context()) // after the answer, which must not want for what the note costs
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.context, "context", "", "the context of the request, a `JSON` object")
	flags.StringVar(&f.subjectProperties, "subject-properties", "", "properties of the subject, a `JSON` object")
	flags.StringVar(&f.resourceProperties, "resource-properties", "", "properties of the resource, a `JSON` object")
	flags.StringVar(&f.tenant, "tenant", "", "the `TENANT` that roles count in; the resource's own if not given")
	flags.StringVar(&f.list, "list", "", "list what is allowed instead: resources, subjects or actions")
	flags.BoolVar(&f.explain, "explain", false, "show the whole tree of the answer")
	flags.StringVar(&f.asOf, "as-of", "", "answer as of a `TIME`, such as 2026-05-04T12:00:00Z")
	flags.StringVar(&f.atLeast, "at-least", "", "answer at a `REVISION` or later, and wait for it")
	f.environment.register(cmd, "to ask")
	flags.StringVar(&f.server, "server", "", "the `URL` of a server, with a key in WRIT_API_KEY")
	flags.StringVar(&f.policy, "policy", "", "ask the policy in a `FILE`, and no server: .yml, .fga, .json")
	formatFlag(cmd, &f.format)
	return cmd
}

// The lists that can be asked for.
const (
	listResources = "resources"
	listSubjects  = "subjects"
	listActions   = "actions"
)

// question reads the arguments and flags.
func (f *checkFlags) question(args []string) (q authz.Query, dir string, err error) {
	if err := checkFormat(f.format); err != nil {
		return q, "", err
	}
	if f.list != "" {
		if err := checkChoice("list", f.list, []string{listResources, listSubjects, listActions}); err != nil {
			return q, "", err
		}
	}
	if f.policy != "" && (f.environment.given() || f.server != "") {
		return q, "", writ.Errorf(writ.CodeUsage, "--policy asks a file, which has no environments and no server").
			WithHint("leave out --policy, or --environment and --server")
	}
	if f.asOf != "" && f.atLeast != "" {
		return q, "", writ.Errorf(writ.CodeUsage, "--as-of and --at-least exclude one another")
	}
	if f.list == listActions {
		args = append([]string{args[0], ""}, args[1:]...)
	}
	if len(args) < 3 || len(args) > 4 {
		return q, "", writ.Errorf(writ.CodeUsage, "a question has a subject, an action and a resource").
			WithHint("writ check ann read document:budget; with --list actions there is no action")
	}
	if len(args) == 4 {
		dir = args[3]
	} else {
		dir = "."
	}
	q.Subject.Type, q.Subject.ID = splitName(args[0], "user", f.list != listSubjects)
	q.Resource.Type, q.Resource.ID = splitName(args[2], "", false)
	q.Action.Name = args[1]
	// "document:read" is how roles name it; the resource says the type already.
	if kind, action, ok := strings.Cut(args[1], ":"); ok && kind == q.Resource.Type {
		q.Action.Name = action
	}
	if f.tenant != "" {
		q.Tenant = f.tenant
	}
	if (f.list == listActions || f.list == listSubjects) && q.Resource.ID == "" {
		return q, "", writ.Errorf(writ.CodeUsage, "%q has no ID: %s are listed of one resource", oneLine(args[2]), f.list).
			WithHint("write it as %s:ID", oneLine(args[2]))
	}
	return q, dir, f.given(&q)
}

// given reads what comes with the question.
func (f *checkFlags) given(q *authz.Query) (err error) {
	for _, one := range []struct {
		flag, text, example string
		into                *map[string]any
	}{
		{"--context", f.context, `{"ip": "10.0.0.7"}`, &q.Context},
		{"--subject-properties", f.subjectProperties, `{"department": "sales"}`, &q.Subject.Properties},
		{"--resource-properties", f.resourceProperties, `{"classified": true}`, &q.Resource.Properties},
	} {
		if *one.into, err = jsonObject(one.flag, one.text, one.example); err != nil {
			return err
		}
	}
	if named := q.Resource.Properties[tenantProperty]; f.tenant != "" && named != nil && named != f.tenant {
		return writ.Errorf(writ.CodeUsage, "--tenant and the tenant of --resource-properties are two").WithHint("name one of them")
	}
	return nil
}

// splitName reads type:id, or a word alone: an ID of the default type, else a type.
func splitName(text, kind string, id bool) (string, string) {
	if before, after, ok := strings.Cut(text, ":"); ok {
		return before, after
	}
	if id {
		return kind, text
	}
	return text, ""
}

// checkedAnswer is what `writ check --format json` prints.
type checkedAnswer struct {
	writ.Decision
	Tree *authz.Node `json:"tree,omitempty"`
}

func (f *checkFlags) showCheck(ctx context.Context, sh *shell, source checkSource, q authz.Query) error {
	d, tree, err := source.check(ctx, q, f.explain)
	if err != nil {
		return err
	}
	if f.format == "json" {
		err = writeJSON(sh.stdout, checkedAnswer{d, tree})
	} else {
		how := source.remedy()
		if !d.Allowed && q.Tenant == "" && q.Resource.Properties[tenantProperty] == nil {
			info, err := source.model(ctx)
			if err != nil {
				return err
			}
			if info.Tenants > 0 {
				how.home = info.DefaultTenant
			}
		}
		_, err = fmt.Fprint(sh.stdout, decisionText(style{sh.colorOut}, &d, tree, how))
	}
	if err == nil && !d.Allowed {
		return exitError(writ.CodeDenied.ExitStatus())
	}
	return err
}

// listed is what `writ check --list --format json` prints.
type listed struct {
	IDs      []string `json:"ids"`
	Everyone bool     `json:"everyone,omitempty"`
}

func (f *checkFlags) showList(ctx context.Context, sh *shell, source checkSource, q authz.Query) error {
	all := listed{IDs: []string{}}
	err := source.list(ctx, f.list, q, func(ids []string, everyone bool) {
		all.IDs, all.Everyone = append(all.IDs, ids...), all.Everyone || everyone
	})
	if err == nil && len(all.IDs) == 0 && !all.Everyone {
		err = nothingKnown(ctx, source, &q)
	}
	if err != nil {
		return err
	}
	if f.format == "json" {
		return writeJSON(sh.stdout, all)
	}
	var b strings.Builder
	for _, id := range all.IDs {
		switch f.list {
		case listResources:
			id = q.Resource.Type + ":" + id
		case listSubjects:
			id = q.Subject.Type + ":" + id
		}
		b.WriteString(oneLine(id) + "\n")
	}
	if all.Everyone {
		fmt.Fprintf(&b, "%s:*\n", q.Subject.Type)
	}
	_, err = fmt.Fprint(sh.stdout, b.String())
	return err
}

// moment reads --as-of.
func (f *checkFlags) moment() (time.Time, error) {
	t, err := time.Parse(time.RFC3339, f.asOf)
	if err != nil {
		return t, writ.Errorf(writ.CodeUsage, "--as-of %q is no time", oneLine(f.asOf)).WithHint("write it as 2026-05-04T12:00:00Z")
	}
	return t, nil
}

// revision reads --at-least.
func (f *checkFlags) revision() (uint64, error) {
	n, err := strconv.ParseUint(f.atLeast, 10, 64)
	if err != nil {
		return 0, writ.Errorf(writ.CodeUsage, "--at-least %q is no revision", oneLine(f.atLeast)).WithHint("decisions carry theirs: `writ check --format json`")
	}
	return n, nil
}
