package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/openfga"
	"github.com/writ-dev/writ/authz/policyfile"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/topology"
)

func newPolicy(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Validate policies, run their tests, and write them into one file",
		Long: `Reads the policies that say who may do what in an application: says where they are wrong,
runs their tests, and writes them into one file for a function. No server is asked, and none is changed; ` + "`writ check`" + ` asks a question,
` + "`writ serve`" + ` answers an application. docs/policy.md tells of the language.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicyValidate(sh), newPolicyTest(sh), newPolicyExport(sh))
	return cmd
}

// policyOrder says which policy of a directory counts, in the help of the commands that look for one.
const policyOrder = `Of a DIR the first of these counts: the policy: section of its topology.yml, policy.yml,
fga.mod, model.fga. ` + "`writ check` and `writ serve`" + ` take the same.`

func newPolicyValidate(sh *shell) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "validate [FILE|DIR...]",
		Short: "Read policies and say what is wrong with them",
		Long: `Reads policies and says where they are wrong. A FILE is a policy (.yml), a topology.yml with a
` + "`policy:`" + ` section, an OpenFGA model (.fga, .json, fga.mod) or an OpenFGA store test (.fga.yaml),
whose tests it does not run.

` + policyOrder + `
Of a DIR it also says, in a note, when facts that are stored there would not fit the policy:
` + "`writ serve`" + ` would not start with it.

  writ policy validate
  writ policy validate examples/documents model.fga`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			var all []validated
			for _, path := range pathArgs(args) {
				p, err := openPolicy(path)
				if err != nil {
					return err
				}
				all = append(all, p.summary())
				defer noteMisfit(cmd.Context(), sh, path, p.model)
			}
			if format == "json" {
				return writeJSON(sh.stdout, all)
			}
			for _, v := range all {
				fmt.Fprintf(sh.stdout, "%s %s: %s\n", style{sh.colorOut}.green("ok"), v.File, v.text())
			}
			return nil
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

// pathArgs gives the PATH arguments, the directory one is in by default.
func pathArgs(args []string) []string {
	if len(args) == 0 {
		return []string{"."}
	}
	return args
}

// validated is what validate says of a policy that is right.
type validated struct {
	File       string `json:"file"`
	Types      int    `json:"types"`
	Relations  int    `json:"relations"`
	Actions    int    `json:"actions"`
	Conditions int    `json:"conditions"`
	Rules      int    `json:"rules,omitempty"`
	Tests      int    `json:"tests"`
}

func (v validated) text() string {
	parts := []string{counted(v.Types, "type")}
	for _, p := range []struct {
		n     int
		thing string
	}{{v.Relations, "relation"}, {v.Actions, "action"}, {v.Conditions, "condition"}, {v.Rules, "rule"}, {v.Tests, "test"}} {
		if p.n > 0 {
			parts = append(parts, counted(p.n, p.thing))
		}
	}
	return strings.Join(parts, ", ")
}

// policyInput is a policy as a command finds it, with its tests.
type policyInput struct {
	path   string
	model  *authz.Model
	store  *openfga.Store     // an OpenFGA store test
	policy *policyfile.Policy // a policy of Writ's own form
}

// openPolicy reads the policy at a path by what it is.
func openPolicy(path string) (*policyInput, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "%s is not there", path)
	}
	if info.IsDir() {
		return openPolicyDir(path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "%s cannot be read", path)
	}
	p := &policyInput{path: path}
	switch name := filepath.Base(path); {
	case name == "topology.yml":
		return openPolicyDir(filepath.Dir(path))
	case name == "fga.mod", strings.HasSuffix(name, ".fga"), strings.HasSuffix(name, ".json"):
		start, err := readOpenFGA(path, text)
		if err != nil {
			return nil, err
		}
		p.model = start.model
		return p, nil
	case strings.HasSuffix(name, ".fga.yaml"), strings.HasSuffix(name, ".fga.yml"):
		p.store, err = openfga.ReadStore(path, text, func(name string) ([]byte, error) { return readBeside(filepath.Dir(path), name) })
		if err != nil {
			return nil, err
		}
		p.model, err = p.store.Document.Model()
		return p, err
	case strings.HasSuffix(name, ".yml"), strings.HasSuffix(name, ".yaml"):
		return p, p.read(text, writ.Position{File: path, Line: 1, Col: 1})
	}
	return nil, writ.Errorf(writ.CodeInvalid, "%s is no policy that is known by its name", path).
		WithHint("policies end in .yml, OpenFGA models in .fga or .json, their store tests in .fga.yaml")
}

// openTests is openPolicy for the tests: those of an OpenFGA model in a directory are in the store test beside it.
func openTests(path string) (*policyInput, error) {
	p, err := openPolicy(path)
	if err != nil || p.policy != nil || p.store != nil || p.path == path {
		return p, err
	}
	if file := filepath.Join(path, storeTest); fileThere(file) {
		return openPolicy(file)
	}
	return p, nil
}

// openPolicyDir reads the policy of a directory: that of its topology, or a file of its own.
func openPolicyDir(dir string) (*policyInput, error) {
	if fileThere(filepath.Join(dir, "topology.yml")) {
		t, err := topology.Load(dir)
		if err != nil {
			return nil, err
		}
		if t.Policy != nil {
			p := &policyInput{path: t.Policy.Pos.File}
			return p, p.read([]byte(t.Policy.YAML), t.Policy.Pos)
		}
	}
	for _, name := range append(slices.Clone(policyFiles), storeTest) {
		if file := filepath.Join(dir, name); fileThere(file) {
			return openPolicy(file)
		}
	}
	return nil, writ.Errorf(writ.CodeNotFound, "there is no policy in %s", dir).
		WithHint("it is looked for in %s, and tests of OpenFGA in %s", policyPlaces(), storeTest)
}

// read reads a policy of Writ's own form.
func (p *policyInput) read(text []byte, at writ.Position) error {
	read, err := parsePolicy(text, at)
	if err != nil {
		return err
	}
	p.policy = read
	p.model, err = read.Model()
	return err
}

func fileThere(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

func (p *policyInput) summary() validated {
	v := validated{File: p.path, Types: len(p.model.Types), Conditions: len(p.model.Conditions)}
	for _, t := range p.model.Types {
		v.Relations += len(t.Relations)
		v.Actions += len(t.Actions)
	}
	switch {
	case p.store != nil:
		v.Tests = len(p.store.Tests)
	case p.policy != nil:
		v.Tests = len(p.policy.Tests)
		if p.policy.Schema != nil {
			v.Types, v.Rules = len(p.policy.Schema.Resources), writtenRules(p.policy.Schema.Rules)
		}
	}
	return v
}

// writtenRules counts rules as their author wrote them: one for several roles or permissions is stored as several.
func writtenRules(rules []schema.Rule) int {
	places := map[writ.Position]bool{}
	for i := range rules {
		places[rules[i].Position] = true
	}
	return len(places)
}
