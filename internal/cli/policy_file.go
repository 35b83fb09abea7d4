package cli

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/lint"
)

// policyReader reads files that may hold policies. One of them may be "-",
// standard input, where there is any.
type policyReader struct {
	stdin io.Reader
	used  bool
}

// read gives a file's text, of at most so many bytes, and its name for messages.
func (r *policyReader) read(file string, most int) (text []byte, name string, err error) {
	in := r.stdin
	if name = file; file == "-" && in != nil {
		if name = "standard input"; r.used {
			return nil, name, writ.Errorf(writ.CodeUsage, "standard input can be read only once")
		}
		r.used = true
	} else {
		f, err := os.Open(file)
		if err != nil {
			return nil, name, writ.Errorf(writ.CodeNotFound, "read the policy: %w", err)
		}
		defer f.Close() // only read
		if info, err := f.Stat(); err == nil && info.Size() > int64(most) {
			return nil, name, writ.Errorf(writ.CodeTooLarge, "%s has %d bytes, more than %d: it is no policy", file, info.Size(), most)
		}
		in = f
	}
	text, err = io.ReadAll(io.LimitReader(in, int64(most)+1))
	switch {
	case err != nil:
		return nil, name, writ.Errorf(writ.CodeNotFound, "read the policy: %w", err)
	case len(text) > most:
		return nil, name, writ.Errorf(writ.CodeTooLarge, "%s has more than %d bytes: it is no policy", name, most)
	}
	return text, name, nil
}

// load reads, validates and compiles a file: a document, or what the AWS CLI
// prints around one. Errors point into it.
func (r *policyReader) load(file string, t iam.PolicyType) (*iam.Policy, *iam.Document, error) {
	text, name, err := r.read(file, iam.MaxDocumentSize)
	if err != nil {
		return nil, nil, err
	}
	doc, err := iam.Unwrap(text).Parse()
	if err == nil {
		err = doc.Validate(t)
	}
	if err != nil {
		return nil, nil, inFile(err, name, text)
	}
	for i := range doc.Statements {
		doc.Statements[i].Position.File = name
	}
	return iam.Compile(doc, iam.Origin{Type: t, Name: name}), doc, nil
}

// inFile puts the name of the file, and the line where it is missing, into an
// error about its text.
func inFile(err error, file string, text []byte) error {
	var known *writ.Error
	if !errors.As(err, &known) {
		return err
	}
	known.Position.File = file
	if lines := strings.Split(string(text), "\n"); known.Source == "" && known.Position.Line > 0 && known.Position.Line <= len(lines) {
		known.Source = strings.ToValidUTF8(lines[known.Position.Line-1], "\uFFFD")
	}
	return known
}

// doubtText is a finding in one line, with its place.
func doubtText(f *lint.Finding) string {
	text := f.Position.String() + ": " + f.Message
	if f.Hint != "" {
		text += "; " + f.Hint
	}
	return text
}

// scpLevel is one --scp FILE: a level of the organisation.
type scpLevel struct {
	file       string
	statements int
	// alone says that the file allows by itself, so that FullAWSAccess is not beside it.
	alone    bool
	policies []*iam.Policy
	// doubts are what AWS does not know in it, such as a misspelt action: it then
	// guards nothing.
	doubts []lint.Finding
}

// scp reads one level. AWS attaches FullAWSAccess to every level; who
// writes what is allowed takes it away. So a file without an Allow has it
// beside it, and one with an Allow stands alone.
func (r *policyReader) scp(file string) (scpLevel, error) {
	policy, doc, err := r.load(file, iam.TypeSCP)
	if err != nil {
		return scpLevel{}, err
	}
	level := scpLevel{file: file, statements: len(doc.Statements), policies: []*iam.Policy{policy}}
	level.alone = slices.ContainsFunc(doc.Statements, func(s iam.Statement) bool { return s.Effect == iam.Allow })
	level.doubts = slices.DeleteFunc(lint.Policies([]lint.Input{{Document: doc, Type: iam.TypeSCP, Name: level.file, File: policy.Origin.Name}}), func(f lint.Finding) bool {
		return f.Severity != lint.Error
	})
	if !level.alone {
		level.policies = append(level.policies, iam.FullAWSAccess(iam.TypeSCP))
	}
	return level, nil
}
