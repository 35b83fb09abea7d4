package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server"
)

// tupleFlags are those of all commands about tuples.
type tupleFlags struct {
	environment environmentFlag
	server      string
	// in is the tenant that roles are in, "" when tuples name their object.
	in     string
	format string
}

func newTuple(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tuple",
		Short: "Add, remove and list facts: who has which role or relation on what",
		Long: `Adds, removes and lists tuples, the facts that policies are asked about: of the server
that runs in DIR, or the one at --server URL (with a key of the role write in WRIT_API_KEY).

A tuple says that a subject has a role or a relation on an object. It is written as
answers print it, OBJECT#RELATION@SUBJECT, or as one says it, SUBJECT RELATION OBJECT; of
several each is one argument:

  writ tuple add 'document:budget#viewer@user:ann'       ann is viewer of the budget
  writ tuple add user:ann viewer document:budget         the same
  writ tuple add 'document:budget#viewer@team:legal#member'    all members of the team are
  writ tuple add 'folder:home parent document:budget'    the budget lies in the folder
  writ tuple add admin@user:ann --in acme                ann is admin in the tenant acme`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTupleAdd(sh), newTupleRemove(sh), newTupleList(sh))
	return cmd
}

func (f *tupleFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.in, "in", "", "the `TENANT` that roles are in, in place of an object: ROLE@SUBJECT")
	f.environment.register(cmd, "of the facts")
	flags.StringVar(&f.server, "server", "", "the `URL` of a server, with a key in WRIT_API_KEY")
	formatFlag(cmd, &f.format)
}

func newTupleAdd(sh *shell) *cobra.Command {
	var f tupleFlags
	var expires, condition, params string
	cmd := &cobra.Command{
		Use:   "add TUPLE... [DIR]",
		Short: "Add tuples: all of them, or none",
		Long: `Adds tuples to the facts of the server: all of them, or when one is wrong none. One that
is stored already stays, or gets the condition and the end that are given now. The end of
--expires is a time from now (30m, 8h, 30d, 2w), a day at whose beginning in UTC it counts no
more (2027-01-01), or a moment (2027-01-01T12:00:00Z).

  writ tuple add user:ann viewer document:budget --expires 8h
  writ tuple add 'document:budget#viewer@user:ann' --expires 2027-01-01
  writ tuple add admin@user:ann auditor@user:bob --in acme
  writ tuple add 'document:plan#viewer@user:ann' --condition office --params '{"net": "10.0.0.0/8"}'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			tuples, dir, err := f.tuples(args)
			if err != nil {
				return err
			}
			end, err := readEnd(expires, sh.now())
			if err != nil {
				return err
			}
			if params != "" && condition == "" {
				return writ.Errorf(writ.CodeUsage, "--params are those of a condition").WithHint("name it with --condition NAME")
			}
			values, err := jsonObject("--params", params, `{"net": "10.0.0.0/8"}`)
			if err != nil {
				return err
			}
			for i := range tuples {
				tuples[i].Condition, tuples[i].Params, tuples[i].Expires = condition, values, end
			}
			return f.write(cmd.Context(), sh, dir, server.TupleWrite{Add: tuples})
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&expires, "expires", "", "how long or until `WHEN` they are to count: 8h, 30d, 2027-01-01; for ever if not given")
	cmd.Flags().StringVar(&condition, "condition", "", "a condition of an OpenFGA model, by `NAME`, that must hold as well")
	cmd.Flags().StringVar(&params, "params", "", "values of the condition that are fixed now, a `JSON` object; others come with the question")
	return cmd
}

func newTupleRemove(sh *shell) *cobra.Command {
	var f tupleFlags
	cmd := &cobra.Command{
		Use:   "remove TUPLE... [DIR]",
		Short: "Remove tuples: all of them, or none",
		Long: `Removes tuples from the facts of the server. When one of them is not stored it says which,
and removes none.

  writ tuple remove 'document:budget#viewer@user:ann'
  writ tuple remove admin@user:ann --in acme`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			tuples, dir, err := f.tuples(args)
			if err != nil {
				return err
			}
			return f.write(cmd.Context(), sh, dir, server.TupleWrite{Remove: tuples})
		},
	}
	f.register(cmd)
	return cmd
}

func newTupleList(sh *shell) *cobra.Command {
	var f tupleFlags
	cmd := &cobra.Command{
		Use:   "list [OBJECT|OBJECT#RELATION|@SUBJECT] [DIR]",
		Short: "List tuples, all or those of one object or subject",
		Long: `Lists the tuples that are stored, in the order of their text.

  writ tuple list
  writ tuple list document:budget             who has what on the budget
  writ tuple list 'document:budget#viewer'    who is viewer of it by a tuple
  writ tuple list @user:ann                   what ann has
  writ tuple list --in acme                   who has which role in the tenant acme

What follows from them is another question: ` + "`writ check --list`" + `.`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			query, dir, err := f.filter(args)
			if err != nil {
				return err
			}
			return f.list(cmd.Context(), sh, dir, query)
		},
	}
	f.register(cmd)
	return cmd
}

// find gives the server whose facts are meant: facts are written by a server alone.
func (f *tupleFlags) find(sh *shell, dir string) (*remoteServer, error) {
	if err := checkFormat(f.format); err != nil {
		return nil, err
	}
	remote, err := findServer(sh, dir, f.server, &f.environment)
	if err == nil && remote == nil {
		return nil, writ.Errorf(writ.CodeNotFound, "no server is running in %s: facts are kept by one", dir).
			WithHint("start it with `writ serve %s`, or name another with --server URL", quoted(dir))
	}
	return remote, err
}

func (f *tupleFlags) write(ctx context.Context, sh *shell, dir string, w server.TupleWrite) error {
	remote, err := f.find(sh, dir)
	if err != nil {
		return err
	}
	body, err := json.Marshal(w)
	if err != nil {
		return writ.Errorf(writ.CodeInvalid, "the tuples cannot be written as JSON: %w", err)
	}
	var done server.TuplesWritten
	if err := remote.call(ctx, http.MethodPost, server.PathTuples, bytes.NewReader(body), &done); err != nil {
		return err
	}
	for _, told := range done.Notes {
		note(sh, told)
	}
	if f.server == "" {
		then := addThere
		if len(w.Remove) > 0 {
			then = removeThere
		}
		noteDeployedFacts(sh, dir, then)
	}
	if f.format == "json" {
		return writeJSON(sh.stdout, done)
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{done.Added, "added"}, {done.Removed, "removed"}, {done.Replaced, "replaced"}, {done.Unchanged, "stored already"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", counted(p.n, "tuple"), p.what))
		}
	}
	_, err = fmt.Fprintf(sh.stdout, "%s%s\n", strings.Join(parts, ", "), style{sh.colorOut}.faint("  at revision "+oneLine(done.Revision)))
	return err
}

// list goes through all pages.
func (f *tupleFlags) list(ctx context.Context, sh *shell, dir string, query url.Values) error {
	remote, err := f.find(sh, dir)
	if err != nil {
		return err
	}
	all := server.TuplePage{Tuples: []server.Tuple{}}
	for {
		var page server.TuplePage
		if err := remote.call(ctx, http.MethodGet, server.PathTuples+"?"+query.Encode(), nil, &page); err != nil {
			return err
		}
		if f.format == "json" {
			all.Revision, all.Tuples = page.Revision, append(all.Tuples, page.Tuples...)
		} else if _, err := fmt.Fprint(sh.stdout, tuplesText(style{sh.colorOut}, page.Tuples)); err != nil {
			return err
		}
		if page.Next == "" {
			break
		}
		query.Set("after", page.Next)
	}
	if f.format == "json" {
		return writeJSON(sh.stdout, all)
	}
	return nil
}

func tuplesText(st style, tuples []server.Tuple) string {
	var b strings.Builder
	for _, t := range tuples {
		b.WriteString(oneLine(t.Object + "#" + t.Relation + "@" + t.Subject))
		var more string
		if !t.Expires.IsZero() {
			more = "  until " + t.Expires.UTC().Format(time.RFC3339)
		}
		if t.Condition != "" {
			more += "  with " + t.Condition
			if params, err := json.Marshal(t.Params); err == nil && len(t.Params) > 0 {
				more += " " + string(params)
			}
		}
		b.WriteString(st.faint(oneLine(more)) + "\n")
	}
	return b.String()
}
