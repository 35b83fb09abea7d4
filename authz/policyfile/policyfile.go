// Package policyfile reads policies as people write them: the `policy:` section of a topology, or a policy.yml. Beside
// the policy itself such a file may hold facts, which an environment starts with, and tests.
package policyfile

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/internal/tree"
)

// Policy is what a file says.
type Policy struct {
	// Schema is the policy; nil when the file names an OpenFGA model instead.
	Schema *schema.Schema
	// OpenFGA is the text of that model.
	OpenFGA string
	Facts   []Fact
	Tests   []Test

	model *authz.Model
	files []*tree.File
}

// Fact is a record or a tuple that an environment starts with, and where the file says so.
type Fact struct {
	authz.Change
	Position writ.Position
}

// Options are what reading a policy may need. The zero value reads a policy that names no other file.
type Options struct {
	// File reads another file that the policy names, by its path from where the policy is. nil: no other file may be named.
	File func(name string) ([]byte, error)
	// OpenFGA reads an OpenFGA model.
	OpenFGA func(file string, text []byte) (*authz.Model, error)
}

// parser reads one policy.
type parser struct {
	*tree.File
	o Options
	p *Policy
	s *schema.Schema
}

// policyKeys are the keys of a policy.
var policyKeys = []string{"model", "subjects", "users", "roles", "resources", "user_sets", "resource_sets", "rules", "facts", "tests"}

// Parse reads a policy. at is where the text begins: {File: "policy.yml", Line: 1, Col: 1}, or the
// place of a topology's section. The policy is given only when all of it is right: names are
// known, conditions compile, facts fit. Errors are *writ.Error, joined when there are several, with their places.
func Parse(text []byte, at writ.Position, o Options) (*Policy, error) {
	p := &parser{File: tree.Read(text, at), o: o, s: &schema.Schema{OnlyDeclared: true}}
	p.p = &Policy{Schema: p.s, files: []*tree.File{p.File}}
	if err := p.Err(); err != nil {
		return nil, err
	}
	root := p.Root
	// A policy.yml may have the same heading as the section of a topology.
	if len(root.Entries) == 1 && root.Entries[0].Key == "policy" {
		root = root.Entries[0].Value
	}
	if root.Empty() {
		_ = p.Problem(p.Start(), "the policy is empty").WithHint("its keys are %s", strings.Join(policyKeys, ", "))
		return nil, p.Err()
	}
	sections := map[string]*tree.Node{}
	for _, e := range p.Object(root, "the policy", policyKeys...) {
		sections[e.Key] = e.Value
	}
	p.read(sections)
	if err := p.p.problems(); err != nil {
		return nil, err
	}
	if _, err := p.p.Snapshot(); err != nil {
		return nil, err
	}
	return p.p, nil
}

func (p *parser) read(sections map[string]*tree.Node) {
	if n := sections["model"]; n != nil {
		p.openFGA(n, sections)
	} else {
		p.subjects(sections["subjects"])
		p.users(sections["users"])
		p.roles(sections["roles"])
		p.resources(sections["resources"])
		p.userSets(sections["user_sets"])
		p.resourceSets(sections["resource_sets"])
		p.rules(sections["rules"])
		p.compile()
	}
	p.facts(sections["facts"])
	if p.p.Schema != nil {
		p.defaultTenant()
	}
	p.tests(sections["tests"])
}

// openFGA reads the model that stands in a file of its own.
func (p *parser) openFGA(n *tree.Node, sections map[string]*tree.Node) {
	p.p.Schema = nil
	for _, key := range []string{"subjects", "users", "roles", "resources", "user_sets", "resource_sets", "rules"} {
		if other := sections[key]; other != nil {
			p.Problem(other.Pos, "the policy has a model in a file of its own and %s here", key).Hint = "keep one of the two"
		}
	}
	name, text, ok := p.other(n, "model")
	if !ok {
		return
	}
	if p.o.OpenFGA == nil {
		p.Problem(n.Pos, "models of OpenFGA cannot be read here")
		return
	}
	m, err := p.o.OpenFGA(beside(p.Name, name), text)
	if err != nil {
		p.Add(err)
		return
	}
	p.p.OpenFGA, p.p.model = string(text), m
}

// other reads another file that the policy names.
func (p *parser) other(n *tree.Node, what string) (name string, text []byte, ok bool) {
	name = p.String(n, what)
	switch {
	case name == "":
		return "", nil, false
	case p.o.File == nil:
		p.Problem(n.Pos, "%s: other files cannot be read here", what)
		return "", nil, false
	}
	text, err := p.o.File(name)
	if errors.Is(err, fs.ErrNotExist) {
		p.Problem(n.Pos, "%s: there is no file %q", what, tree.Short(name))
		return "", nil, false
	}
	if err != nil {
		p.Problem(n.Pos, "%s: %v", what, err)
		return "", nil, false
	}
	return name, text, true
}

// compile finds what is wrong with names and conditions.
func (p *parser) compile() {
	m, err := p.s.Model()
	if err != nil {
		p.Add(err)
		return
	}
	p.p.model = m
}

// problems gives what is wrong in any of the files.
func (p *Policy) problems() error {
	var all []error
	for _, f := range p.files {
		if err := f.Err(); err != nil {
			all = append(all, flat(err)...)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

func flat(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// Model is the model that the policy means. It must not be changed.
func (p *Policy) Model() (*authz.Model, error) { return p.model, nil }

// Source is the model as an environment stores it.
func (p *Policy) Source() (authz.Source, error) {
	if p.Schema == nil {
		return authz.Source{Format: "openfga", Text: p.OpenFGA}, nil
	}
	text, err := json.Marshal(p.Schema)
	if err != nil {
		return authz.Source{}, writ.Errorf(writ.CodeInternal, "write the policy: %w", err)
	}
	return authz.Source{Format: "policy", Text: string(text)}, nil
}

// Snapshot is the model with the file's facts, ready to answer.
func (p *Policy) Snapshot() (*authz.Snapshot, error) {
	s, err := authz.New(p.model)
	if err != nil {
		p.files[0].Add(err)
		return nil, p.problems()
	}
	edit := s.Edit()
	for _, f := range p.Facts {
		if err := edit.Apply(&f.Change); err != nil {
			p.fail(wrongWayRound(s, &f, err), f.Position)
		}
	}
	if err := p.problems(); err != nil {
		return nil, err
	}
	return edit.Done(), nil
}

// wrongWayRound says of a refused tuple that the model would take it the other way round.
func wrongWayRound(s *authz.Snapshot, f *Fact, err error) error {
	var e *writ.Error
	if f.Tuple == nil || !errors.As(err, &e) {
		return err
	}
	turned, ok := s.Turned(*f.Tuple.After)
	if !ok {
		return err
	}
	hinted := *e
	return hinted.WithHint("it is the wrong way round: write %s", tree.Short(turned.String()))
}

// fail notes an error about the fact at a place.
func (p *Policy) fail(err error, at writ.Position) {
	var e *writ.Error
	if !errors.As(err, &e) {
		e = writ.Errorf(writ.CodeInvalid, "%w", err)
	}
	placed := *e
	placed.Position, placed.Source = at, ""
	for _, f := range p.files {
		if f.Name == at.File {
			f.Add(&placed)
			return
		}
	}
}
