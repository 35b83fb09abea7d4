package cli

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/harvest"
	"github.com/writ-dev/writ/iam/lint"
)

// policySource gathers policies from files and directories.
type policySource struct {
	kind iam.PolicyType // "" guesses
	load func(dir string) ([]*system, error)

	found   []lint.Input
	guesses []string // what was guessed of which document
	skipped []string // files of a directory that could not be read, and why
	others  int      // files of a directory that hold no policies
}

// add reads what the user names; a file without a policy is an error then.
func (s *policySource) add(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return writ.Errorf(writ.CodeNotFound, "read the policies: %w", err)
	}
	if info.IsDir() {
		return s.directory(path)
	}
	held, err := s.file(path)
	if err != nil {
		return err
	}
	if !held {
		return writ.Errorf(writ.CodeInvalid, "%s holds no policy", path).
			WithHint("a policy document has a Statement, a CloudFormation template has Resources")
	}
	return nil
}

// file reads one file and reports whether it holds a policy or is a template.
// A document that is broken is a finding, not an error.
func (s *policySource) file(path string) (held bool, err error) {
	src, err := readPolicyText(path)
	if err != nil {
		return false, err
	}
	t, err := cfn.Parse(src, path)
	isJSON := bytes.HasPrefix(bytes.TrimSpace(src), []byte("{"))
	switch {
	case err == nil && t.Root.Object("Resources") != nil && !holds(t.Root, "Statement"):
		s.found = append(s.found, harvest.Template(t)...)
		return true, nil
	case err == nil && !holds(t.Root, "Statement"):
		return false, nil
	case isJSON && bytes.Contains(src, []byte(`"Statement"`)):
		s.document(s.read(src, path))
		return true, nil
	case err != nil:
		return false, err
	}
	in := harvest.Document(t, cmp.Or(s.kind, iam.TypeIdentity))
	in.Name = filepath.Base(path)
	s.document(in)
	return true, nil
}

func holds(o *cfn.Object, key string) bool {
	_, ok := o.Get(key)
	return ok
}

// read parses a document of its own.
func (s *policySource) read(src []byte, path string) lint.Input {
	in := lint.Input{Type: cmp.Or(s.kind, iam.TypeIdentity), Name: filepath.Base(path), File: path, Source: src}
	in.Document, in.Err = iam.Parse(src)
	return in
}

// document adds a document of a type that is given or guessed.
func (s *policySource) document(in lint.Input) {
	if s.kind == "" && in.Document != nil {
		kind, why := guessType(in.Document)
		in.Type = kind
		s.guesses = append(s.guesses, in.File+": taken for a policy of type "+string(kind)+", for "+why+" (--type sets it)")
	}
	s.found = append(s.found, in)
}

// guessType tells the type of a document by what only that type has.
func guessType(d *iam.Document) (kind iam.PolicyType, why string) {
	kind, why = iam.TypeIdentity, "it names no Principal"
	for i := range d.Statements {
		st := &d.Statements[i]
		if st.Principal == nil && st.NotPrincipal == nil {
			continue
		}
		kind, why = iam.TypeResource, "it names a Principal"
		sts := func(a string) bool { return strings.HasPrefix(strings.ToLower(a), "sts:") }
		if st.Resource == nil && st.NotResource == nil && slices.ContainsFunc(st.Action, sts) {
			return iam.TypeTrust, "it names a Principal, sts actions and no Resource"
		}
		if all := func(a string) bool { return !strings.HasPrefix(strings.ToLower(a), "kms:") }; len(st.Action) > 0 && !slices.ContainsFunc(st.Action, all) {
			return iam.TypeKey, "it names a Principal and kms actions"
		}
	}
	return kind, why
}

// directory reads a topology, or else all policies and templates below.
func (s *policySource) directory(dir string) error {
	for _, name := range []string{"topology.yml", "topology.yaml", "main.go"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return s.topology(dir)
		}
	}
	before := len(s.found)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return writ.Errorf(writ.CodeNotFound, "read the policies: %w", err)
		case entry.IsDir() && path != dir && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case entry.Type()&fs.ModeSymlink != 0 && (isPolicyFile(path) || isDirectory(path)):
			s.skipped = append(s.skipped, path+": it is a symbolic link; name it to have it read")
			return nil
		case !entry.Type().IsRegular() || !isPolicyFile(path):
			return nil
		}
		held, err := s.file(path)
		switch {
		case err != nil:
			s.skipped = append(s.skipped, reason(path, err))
		case !held:
			s.others++
		}
		return nil
	})
	if err == nil && len(s.found) == before && len(s.skipped) == 0 {
		return writ.Errorf(writ.CodeNotFound, "there is no policy in %s", dir).
			WithHint("*.json, *.yml, *.yaml and *.template files are read, in all directories below")
	}
	return err
}

func isPolicyFile(path string) bool {
	return slices.Contains([]string{".json", ".yml", ".yaml", ".template"}, strings.ToLower(filepath.Ext(path)))
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func reason(path string, err error) string {
	var e *writ.Error
	if errors.As(err, &e) && !e.Position.IsZero() {
		return e.Error()
	}
	return path + ": " + err.Error()
}

// topology reads the templates that Writ makes of a topology.
func (s *policySource) topology(dir string) error {
	systems, err := s.load(dir)
	if err != nil {
		return err
	}
	for _, system := range systems {
		t, err := cfn.Parse(system.template, "template of "+system.stack)
		if err != nil {
			return err
		}
		s.found = append(s.found, harvest.Template(t)...)
	}
	return nil
}
