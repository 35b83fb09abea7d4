package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/openfga"
	"github.com/writ-dev/writ/authz/policyfile"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/topology"
)

// startPolicy is the policy that an environment is to have, and the facts that it begins with.
type startPolicy struct {
	file   string
	source authz.Source
	model  *authz.Model
	facts  []policyfile.Fact
}

// Model makes it a document, as what is stored of it is one.
func (p *startPolicy) Model() (*authz.Model, error) { return p.model, nil }

// sourceReader reads stored models. What a file was read as is not read again: of an OpenFGA model the
// file's name, and where in its modules each thing stands, are not stored.
type sourceReader struct{ file atomic.Pointer[startPolicy] }

func (r *sourceReader) read(s authz.Source) (environment.Document, error) {
	if p := r.file.Load(); p != nil && s.Format == openfgaFormat && p.source == s {
		return p, nil
	}
	return parseSource(s)
}

// policyFormat is how Writ's own policies are stored.
const policyFormat = "policy"

// openfgaFormat is how models of OpenFGA are stored.
const openfgaFormat = "openfga"

// emptyPolicy is that of an environment that was given none: one to be written through the API.
func emptyPolicy() authz.Source { return authz.Source{Format: policyFormat, Text: "{}"} }

// parseSource reads a stored model.
func parseSource(s authz.Source) (environment.Document, error) {
	switch s.Format {
	case policyFormat:
		return schema.Parse([]byte(s.Text))
	case openfgaFormat:
		if strings.HasPrefix(strings.TrimSpace(s.Text), "module") {
			return openfga.ParseStored(s.Text)
		}
		return openfga.Parse("the stored model", []byte(s.Text))
	}
	return nil, writ.Errorf(writ.CodeInvalid, "the stored model is in the format %q, which this version does not know", s.Format)
}

// findPolicy reads the policy of a directory: the policy: section of its topology, or the
// first of policyFiles. nil when it has none of them. note, unless nil, hears of policies that do not count.
func findPolicy(dir string, note func(string)) (*startPolicy, error) {
	if fileThere(filepath.Join(dir, "topology.yml")) {
		t, err := topology.Load(dir)
		if err != nil {
			return nil, err
		}
		if note != nil {
			notServed(t, note)
		}
		if t.Policy != nil {
			return readPolicySection(t.Policy)
		}
	}
	for _, name := range policyFiles {
		if file := filepath.Join(dir, name); fileThere(file) {
			return readStart(file)
		}
	}
	return nil, nil
}

// policyFiles are the files of a directory that are looked at for its policy, after the
// policy: section of its topology, in this order.
var policyFiles = []string{"policy.yml", "fga.mod", "model.fga"}

// storeTest is the OpenFGA store test of a directory: it has tests and no facts that count.
const storeTest = "store.fga.yaml"

// policyPlaces names all places of a policy.
func policyPlaces() string {
	return "policy: of topology.yml, " + alternatives(policyFiles)
}

// notServed tells of the policies of nested topologies: one policy decides, that of the root.
func notServed(t *topology.Topology, note func(string)) {
	for _, n := range t.Nodes {
		if n.Policy != nil {
			note(fmt.Sprintf("%s: the policy of a nested topology is not served, only that of the root is", n.Policy.Pos))
		}
		notServed(n, note)
	}
}

// readPolicySection reads the policy: section of a topology.
func readPolicySection(s *topology.Section) (*startPolicy, error) {
	return parseStart([]byte(s.YAML), s.Pos)
}

// readStart reads a policy file: a policy in YAML, a topology that has one, or an OpenFGA model.
func readStart(file string) (*startPolicy, error) {
	if filepath.Base(file) == "topology.yml" && fileThere(file) {
		t, err := topology.Load(filepath.Dir(file))
		if err != nil {
			return nil, err
		}
		if t.Policy == nil {
			return nil, writ.Errorf(writ.CodeNotFound, "%s has no policy", file).WithHint("it is written below the key  policy:  or in a policy.yml")
		}
		return readPolicySection(t.Policy)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "the policy cannot be read: %w", err)
	}
	if name := filepath.Base(file); strings.HasSuffix(name, ".fga") || strings.HasSuffix(name, ".json") || name == "fga.mod" {
		return readOpenFGA(file, text)
	}
	if strings.HasSuffix(file, ".fga.yaml") {
		return nil, writ.Errorf(writ.CodeInvalid, "%s is a store test of OpenFGA: its tuples are for its own tests", file).
			WithHint("`writ policy test %s` runs it; a policy.yml with  model: FILE.fga  and  facts:  can be served and asked", quoted(file))
	}
	return parseStart(text, writ.Position{File: file, Line: 1, Col: 1})
}

func readOpenFGA(file string, text []byte) (*startPolicy, error) {
	var doc *openfga.Document
	var err error
	if filepath.Base(file) == "fga.mod" {
		doc, err = openfga.ReadModules(file, text, func(name string) ([]byte, error) { return readBeside(filepath.Dir(file), name) })
	} else {
		doc, err = openfga.Parse(file, text)
	}
	if err != nil {
		return nil, err
	}
	m, err := doc.Model()
	return &startPolicy{file: file, source: authz.Source{Format: openfgaFormat, Text: doc.Text}, model: m}, err
}

// parsePolicy reads a policy of Writ's own form, with the files that it names.
func parsePolicy(text []byte, at writ.Position) (*policyfile.Policy, error) {
	return parsePolicyIn(filepath.Dir(at.File), text, at)
}

// parsePolicyIn reads one whose files are in a directory, whatever it is to be called.
func parsePolicyIn(dir string, text []byte, at writ.Position) (*policyfile.Policy, error) {
	return policyfile.Parse(text, at, policyfile.Options{
		File: func(name string) ([]byte, error) { return readBeside(dir, name) },
		OpenFGA: func(file string, text []byte) (*authz.Model, error) {
			doc, err := openfga.Parse(file, text)
			if err != nil {
				return nil, err
			}
			return doc.Model()
		},
	})
}

func parseStart(text []byte, at writ.Position) (*startPolicy, error) {
	p, err := parsePolicy(text, at)
	if err != nil {
		return nil, err
	}
	return startOf(p, at)
}

func startOf(p *policyfile.Policy, at writ.Position) (*startPolicy, error) {
	source, err := p.Source()
	if err != nil {
		return nil, err
	}
	m, err := p.Model()
	return &startPolicy{file: at.File, source: source, model: m, facts: p.Facts}, err
}

// snapshot is the policy with its facts, for a question without a server.
func (p *startPolicy) snapshot() (*authz.Snapshot, error) {
	s, err := authz.New(p.model)
	if err != nil {
		return nil, err
	}
	edit := s.Edit()
	for _, f := range p.facts {
		if err := edit.Apply(&f.Change); err != nil {
			return nil, placed(err, f.Position)
		}
	}
	return edit.Done(), nil
}

// placed says where the cause of an error stands.
func placed(err error, at writ.Position) error {
	var e *writ.Error
	if errors.As(err, &e) && e.Position.IsZero() {
		e.Position = at
	}
	return err
}
