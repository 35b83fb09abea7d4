package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/openfga"
	"github.com/writ-dev/writ/authz/policy"
)

func newPolicy(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Validate policies and run their tests",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicyValidate(sh), newPolicyTest(sh))
	return cmd
}

func newPolicyValidate(sh *shell) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "validate FILE|DIR...",
		Short: "Read policies and say what is wrong with them",
		Long: `Reads policies and says where they are wrong: the ` + "`policy:`" + ` section of a
topology in DIR, a policy file (.yml), an OpenFGA model (.fga, .json, fga.mod) or an
OpenFGA store test (.fga.yaml), whose tests it does not run.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			var all []validated
			for _, path := range args {
				p, err := openPolicy(path)
				if err != nil {
					return err
				}
				v, err := p.summary()
				if err != nil {
					return err
				}
				all = append(all, v)
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

// policyFile is a policy as a command finds it, with its tests.
type policyInput struct {
	path  string
	model *authz.Model
	store *openfga.Store // nil unless it is a store test
	// written is a policy in YAML; nil for all else.
	written *policy.Policy
}

// openPolicy reads the policy at a path by what it is.
func openPolicy(path string) (*policyInput, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "%s is not there", path)
	}
	if info.IsDir() {
		if mod := filepath.Join(path, "fga.mod"); fileThere(mod) && !fileThere(filepath.Join(path, "topology.yml")) {
			return openPolicy(mod)
		}
		return openPolicyDir(path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "%s cannot be read", path)
	}
	beside := func(name string) ([]byte, error) { return readBeside(filepath.Dir(path), name) }
	p := &policyInput{path: path}
	var doc *openfga.Document
	switch name := filepath.Base(path); {
	case name == "fga.mod":
		doc, err = openfga.ReadModules(path, text, beside)
	case strings.HasSuffix(name, ".fga"), strings.HasSuffix(name, ".json"):
		doc, err = openfga.Parse(path, text)
	case strings.HasSuffix(name, ".fga.yaml"), strings.HasSuffix(name, ".fga.yml"):
		if p.store, err = openfga.ReadStore(path, text, beside); err == nil {
			doc = p.store.Document
		}
	case name == "topology.yml":
		return openPolicyDir(filepath.Dir(path))
	case strings.HasSuffix(name, ".yml"), strings.HasSuffix(name, ".yaml"):
		start, err := parseStart(text, writ.Position{File: path, Line: 1, Col: 1})
		return start.input(path), err
	default:
		return nil, writ.Errorf(writ.CodeInvalid, "%s is no policy that is known by its name", path).
			WithHint("policies end in .yml, OpenFGA models in .fga or .json, its store tests in .fga.yaml")
	}
	if err != nil {
		return nil, err
	}
	p.model, err = doc.Model()
	return p, err
}

// openPolicyDir reads the policy of a directory.
func openPolicyDir(dir string) (*policyInput, error) {
	start, err := findPolicy(dir)
	if err == nil && start == nil {
		err = writ.Errorf(writ.CodeNotFound, "there is no policy in %s", dir).
			WithHint("write a policy.yml or the policy: section of a topology.yml")
	}
	if err != nil {
		return nil, err
	}
	return start.input(start.file), nil
}

// input is the policy as the commands of this file take it; nil of nil.
func (p *startPolicy) input(path string) *policyInput {
	if p == nil {
		return nil
	}
	return &policyInput{path: path, model: p.model, written: p.written}
}

func fileThere(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// readBeside reads a file that another names, below its directory or beside it.
func readBeside(dir, name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("it is not there")
	}
	return text, err
}

func (p *policyInput) summary() (validated, error) {
	v := validated{File: p.path, Types: len(p.model.Types), Conditions: len(p.model.Conditions)}
	for _, t := range p.model.Types {
		v.Relations += len(t.Relations)
		v.Actions += len(t.Actions)
	}
	switch {
	case p.store != nil:
		v.Tests = len(p.store.Tests)
	case p.written != nil:
		v.Tests = len(p.written.Tests)
		if s := p.written.Schema; s != nil {
			v.Rules = len(s.Rules)
		}
	}
	return v, nil
}
