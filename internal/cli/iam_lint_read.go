package cli

import (
	"bytes"
	"cmp"
	"errors"
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
	in   policyReader // for "-"

	found   []lint.Input
	guesses []string // what was guessed of which document
	skipped []string // files of a directory that could not be read, and why
	others  int      // files of a directory that hold no policies
	// unchecked are those of found that stand for files which could not be read.
	unchecked int
}

// add reads what the user names; a file without a policy is an error then.
func (s *policySource) add(path string) error {
	if path == "-" {
		src, name, err := s.in.read(path, iam.MaxDocumentSize)
		if err != nil {
			return err
		}
		return s.named(name, func() (bool, error) { return s.text(src, name) })
	}
	info, err := os.Stat(path)
	if err != nil {
		return writ.Errorf(writ.CodeNotFound, "read the policies: %w", err)
	}
	if info.IsDir() {
		return s.directory(path)
	}
	return s.named(path, func() (bool, error) { return s.file(path) })
}

// named reads what the user names: it has to hold a policy.
func (*policySource) named(path string, read func() (bool, error)) error {
	held, err := read()
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
	src, _, err := (&policyReader{}).read(path, iam.MaxDocumentSize)
	if err != nil {
		return false, err
	}
	return s.text(src, path)
}

// text reads a document, a template, or what the AWS CLI prints around a document.
func (s *policySource) text(src []byte, path string) (held bool, err error) {
	if w := iam.Unwrap(src); w.IsWrapped() {
		doc, err := w.Parse()
		if err == nil || bytes.Contains(src, []byte("Statement")) {
			s.document(lint.Input{
				Type: cmp.Or(s.kind, w.Type, iam.TypeIdentity), Name: cmp.Or(w.Name, filepath.Base(path)), File: path, Source: src, Document: doc, Err: err,
			}, w.Type != "")
			return true, nil
		}
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
		s.document(s.read(src, path), false)
		return true, nil
	case err != nil:
		return false, err
	}
	in := harvest.Document(t, cmp.Or(s.kind, iam.TypeIdentity))
	in.Name = filepath.Base(path)
	s.document(in, false)
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

// document adds a document of a type that is given, told or guessed.
func (s *policySource) document(in lint.Input, told bool) {
	if s.kind == "" && !told && in.Document != nil {
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

func isPolicyFile(path string) bool {
	return slices.Contains([]string{".json", ".yml", ".yaml", ".template"}, strings.ToLower(filepath.Ext(path)))
}

func reason(path string, err error) string {
	var e *writ.Error
	if errors.As(err, &e) && !e.Position.IsZero() {
		return e.Error()
	}
	return path + ": " + err.Error()
}
