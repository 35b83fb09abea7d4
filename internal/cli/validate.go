package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
	"github.com/writ-dev/writ/topology/guard"
)

// remark is a note of `writ validate`.
type remark struct {
	Kind string        `json:"kind"`
	Name string        `json:"name"`
	Pos  writ.Position `json:"pos,omitzero"`
	// Note is what to know of it.
	Note string `json:"note"`
}

// validatedDir is what `writ validate` prints as JSON.
type validatedDir struct {
	Valid      bool     `json:"valid"`
	Topologies []string `json:"topologies"`
	Notes      []remark `json:"notes"`
}

func newValidate(sh *shell) *cobra.Command {
	var format, sandbox string
	var role roleFlags
	cmd := &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Say what is wrong with a topology, and what to know of it",
		Long: `Reads all that the topology in DIR says, with the nested ones, its policy and its roles,
and makes its templates; no code is looked at and nothing is deployed. What is wrong is printed with its place, and the
status is 1. Notes name what is right and surprising: routes that let nobody in, routes whose answers API Gateway does not keep
and why, what is not synthesised, what the local cloud does not run.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			systems, err := sh.load(cmd.Context(), order{dir: dirArg(args), sandbox: sandbox, profile: localEnv, where: onAWS, roles: role, hash: noCode})
			if err != nil {
				return err
			}
			result := validatedDir{Valid: true, Topologies: []string{}, Notes: []remark{}}
			for _, s := range systems {
				if err := validatePolicy(s); err != nil {
					return err
				}
				result.Topologies = append(result.Topologies, s.topology.Name)
				result.Notes = append(result.Notes, remarks(s)...)
			}
			if format == "json" {
				return writeJSON(sh.stdout, result)
			}
			st := style{sh.colorOut}
			for _, r := range result.Notes {
				fmt.Fprintf(sh.stdout, "%s\n", st.yellow(oneLine(fmt.Sprintf("%s: note: %s %s: %s", r.Pos, r.Kind, r.Name, r.Note))))
			}
			_, err = fmt.Fprintf(sh.stdout, "%s valid, %s\n", strings.Join(result.Topologies, ", "), counted(len(result.Notes), "note"))
			return err
		},
	}
	role.register(cmd)
	cmd.Flags().StringVarP(&sandbox, "sandbox", "s", defaultSandbox, "the sandbox")
	formatFlag(cmd, &format)
	return cmd
}

// validatePolicy reads the policy of a topology, which nothing else that validate does needs.
func validatePolicy(s *system) error {
	if s.topology.Policy == nil {
		return nil
	}
	_, err := readPolicySection(s.topology.Policy)
	return err
}

// remarks gathers the notes of one system in the order of its file, each once.
func remarks(s *system) []remark {
	var all []remark
	add := func(kind, name string, pos writ.Position, note string) {
		r := remark{kind, name, pos, note}
		if !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	for _, n := range s.guards.Notes {
		add(n.Kind, n.Name, n.Pos, n.Why)
	}
	for _, n := range topology.Warnings(s.topology) {
		add(n.Kind, n.Name, n.Pos, n.Why)
	}
	for _, skipped := range s.output.Skipped {
		switch {
		case skipped.Kind == "node":
		case skipped.Made:
			add(skipped.Kind, skipped.Name, skipped.Pos, skipped.Why)
		default:
			add(skipped.Kind, skipped.Name, skipped.Pos, "not synthesised yet: "+skipped.Why)
		}
	}
	own := *s.topology
	own.Nodes = nil // each is a system of its own
	for _, n := range topology.NotRun(&own) {
		if n.Kind == "section" && n.Name == "policy" {
			continue
		}
		add(n.Kind, n.Name, n.Pos, "not run locally yet: "+n.Why)
	}
	slices.SortStableFunc(all, func(a, b remark) int {
		if a.Pos.File != b.Pos.File {
			return strings.Compare(a.Pos.File, b.Pos.File)
		}
		return a.Pos.Line - b.Pos.Line
	})
	return all
}

// guardLines are the notes of what stands before the routes of a system.
func guardLines(s *guard.Set) []string {
	if s == nil {
		return nil
	}
	var lines []string
	for _, n := range s.Notes {
		lines = append(lines, fmt.Sprintf("%s: note: %s %s: %s", n.Pos, n.Kind, n.Name, n.Why))
	}
	return lines
}
