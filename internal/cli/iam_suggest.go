package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/observe"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

type suggestFlags struct {
	sandbox    string
	role       bool
	generalise bool
	format     string
}

func newIAMSuggest(sh *shell) *cobra.Command {
	var f suggestFlags
	cmd := &cobra.Command{
		Use:   "suggest FUNCTION [DIR]",
		Short: "Print the smallest grants that cover what a function was seen to do",
		Long: `Reads what "writ up --record" noted in DIR/.writ and prints, for one function: the
smallest grants that cover the calls that IAM allowed, statements for what no grant
of a topology can express, calls that were denied, and what is granted and was
never used. --format policy prints an IAM policy of exactly the allowed calls.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			return f.run(sh, args[0], dirArg(args[1:]))
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.sandbox, "sandbox", "s", defaultSandbox, "the sandbox")
	flags.BoolVar(&f.role, "role", false, "FUNCTION is the name of a role; no topology is read, so that all is statements")
	flags.BoolVar(&f.generalise, "generalise", false, "let one ARN that ends in * stand for ARNs that differ in their last segment alone")
	formatFlag(cmd, &f.format, "policy")
	return cmd
}

// advice is a suggestion with what is needed to show it.
type advice struct {
	*observe.Suggestion
	topology *topology.Topology // nil for a role without one
	function string             // as the topology calls it
	sandbox  string
	role     string
	record   *observe.Record
	seen     []observe.Observation
	world    observe.World
	// statements allow what no edge holds; general is where one pattern stands
	// for several resources, or could.
	statements []iam.Statement
	general    []observe.General
	generalise bool
}

func (f *suggestFlags) run(sh *shell, function, dir string) error {
	if err := checkFormat(f.format, "policy"); err != nil {
		return err
	}
	a, err := f.advise(function, dir)
	if err != nil {
		return err
	}
	switch f.format {
	case "json":
		return a.writeJSON(sh.stdout)
	case "policy":
		return a.writePolicy(sh)
	}
	return a.writeText(sh.stdout, style{sh.colorOut})
}

// advise reads the record and the topology, and compares them.
func (f *suggestFlags) advise(function, dir string) (*advice, error) {
	a := &advice{function: function, sandbox: f.sandbox, generalise: f.generalise}
	if err := f.find(a, dir); err != nil {
		return nil, err
	}
	var err error
	if a.record, err = readRecord(recordFile(dir)); errors.Is(err, fs.ErrNotExist) {
		return nil, noRecord(dir)
	} else if err != nil {
		return nil, withHint(err, "`writ up %s --record=fresh` begins a new record in its place", quoted(dir))
	}
	if a.seen = a.record.Of(a.role); len(a.seen) == 0 {
		return nil, a.neverCalled()
	}
	a.Suggestion = observe.Suggest(a.seen, a.world)
	a.statements, a.general = observe.Statements(a.Calls, f.generalise)
	return a, nil
}

// find settles whose role it is, and what it has and could have.
func (f *suggestFlags) find(a *advice, dir string) error {
	if f.role {
		a.role = a.function
		return nil
	}
	if err := checkSandbox(f.sandbox); err != nil {
		return err
	}
	t, err := topology.Load(dir)
	if err != nil {
		return err
	}
	var known []string
	for _, node := range flatten(t) {
		for _, fn := range node.Functions {
			known = append(known, fn.Name)
			if a.function != fn.Name && a.function != synth.FunctionName(node, fn.Name, f.sandbox) {
				continue
			}
			a.topology, a.function, a.role = node, fn.Name, synth.RoleName(node, fn.Name, f.sandbox)
			a.world, err = synth.Edges(node, f.sandbox, fn.Name)
			a.world = onlyHere(a.world)
			return err
		}
	}
	unknown := writ.Errorf(writ.CodeNotFound, "%s has no function %q", t.File, a.function)
	if near := writ.Nearest(a.function, known); near != "" {
		return unknown.WithHint("did you mean %s?", near)
	}
	return unknown.WithHint("it has %s", strings.Join(known, ", "))
}

// onlyHere keeps edges from holding what lies in another account or region: a
// topology's names there are another's.
func onlyHere(w observe.World) observe.World {
	here := func(holds func(action, resource string) bool) func(string, string) bool {
		return func(action, resource string) bool {
			if parts := strings.SplitN(resource, ":", 6); len(parts) == 6 {
				if parts[3] != "" && parts[3] != localcloud.DefaultRegion || parts[4] != "" && parts[4] != localcloud.DefaultAccount {
					return false
				}
			}
			return holds(action, resource)
		}
	}
	for _, edges := range [][]observe.Edge{w.Granted, w.Offered} {
		for i := range edges {
			edges[i].Holds = here(edges[i].Holds)
		}
	}
	w.Always = here(w.Always)
	return w
}

// neverCalled is the error for a role that made no call, not even for its log.
func (a *advice) neverCalled() error {
	roles := map[string]bool{}
	for _, o := range a.record.Rows {
		if o.Role != "" {
			roles[o.Role] = true
		}
	}
	names := slices.Sorted(maps.Keys(roles))
	err := writ.Errorf(writ.CodeNotFound, "no call of %s was recorded", a.subject())
	switch {
	case len(names) == 0:
		return err.WithHint("the record holds no call of any role: call the function while `writ up --record` runs")
	case a.topology == nil && writ.Nearest(a.role, names) != "":
		return err.WithHint("did you mean %s?", writ.Nearest(a.role, names))
	}
	return err.WithHint("call it while `writ up --record` runs; the record holds calls of %s", strings.Join(names[:min(len(names), 10)], ", "))
}

// subject says whose calls they are.
func (a *advice) subject() string {
	if a.topology == nil {
		return "role " + a.role
	}
	return fmt.Sprintf("function %s in sandbox %s (role %s)", a.function, a.sandbox, a.role)
}

// little says why too little was watched to take anything away, or "".
func (a *advice) little() string {
	const hour, enough = 60, 100
	minutes := int(a.record.Watched.Minutes())
	if minutes >= hour && a.Allowed >= enough {
		return ""
	}
	return fmt.Sprintf("little was observed (%s in %s): what happens rarely is not in it, so take nothing away for this alone",
		counted(a.Allowed+a.Denied, "call"), duration(a.record.Watched))
}

// added are the edges that are suggested and stand in the place of no other.
func (a *advice) added() []observe.Edge {
	var edges []observe.Edge
	for _, use := range a.Edges {
		if !use.Granted && use.Instead == nil {
			edges = append(edges, use.Edge)
		}
	}
	return edges
}

// maxInline is how long the inline policies of a role may be together, white
// space not counted (IAM User Guide, "IAM and AWS STS quotas").
const maxInline = 10_240

// writePolicy prints a document of exactly the allowed calls, those for the
// function's log with them.
func (a *advice) writePolicy(sh *shell) error {
	statements, general := observe.Statements(a.seen, a.generalise)
	doc, err := observe.Policy(statements)
	if err != nil {
		return withHint(err, "the record holds %s of it", counted(a.Denied, "denied call"))
	}
	st, notes := style{sh.colorErr}, append(a.notes(), a.generalNotes(general)...)
	if text, err := json.Marshal(doc); err == nil && len(text) > maxInline {
		notes = append(notes, fmt.Sprintf("the policy has %d characters, and AWS takes %d within a role", len(text), maxInline))
	}
	for _, line := range notes {
		fmt.Fprintln(sh.stderr, st.yellow(oneLine(line)))
	}
	return writeJSON(sh.stdout, doc)
}
