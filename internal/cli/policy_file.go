package cli

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// readPolicyText reads a file that may hold a policy.
func readPolicyText(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err == nil && info.Size() > iam.MaxDocumentSize {
		return nil, writ.Errorf(writ.CodeTooLarge, "%s has %d bytes, more than %d: it is no policy", file, info.Size(), iam.MaxDocumentSize)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "read the policy: %w", err)
	}
	return text, nil
}

// loadPolicy reads, validates and compiles a file. Errors point into it.
func loadPolicy(file string, t iam.PolicyType) (*iam.Policy, *iam.Document, error) {
	text, err := readPolicyText(file)
	if err != nil {
		return nil, nil, err
	}
	doc, err := iam.Parse(text)
	if err == nil {
		err = doc.Validate(t)
	}
	if err != nil {
		return nil, nil, inFile(err, file, text)
	}
	for i := range doc.Statements {
		doc.Statements[i].Position.File = file
	}
	return iam.Compile(doc, iam.Origin{Type: t, Name: file}), doc, nil
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

// scpLevel is one --scp FILE: a level of the organisation.
type scpLevel struct {
	file       string
	statements int
	// alone says that the file allows by itself, so that FullAWSAccess is not beside it.
	alone    bool
	policies []*iam.Policy
}

// loadSCP reads one level. AWS attaches FullAWSAccess to every level; who
// writes what is allowed takes it away. So a file without an Allow has it
// beside it, and one with an Allow stands alone.
func loadSCP(file string) (scpLevel, error) {
	policy, doc, err := loadPolicy(file, iam.TypeSCP)
	if err != nil {
		return scpLevel{}, err
	}
	level := scpLevel{file: file, statements: len(doc.Statements), policies: []*iam.Policy{policy}}
	level.alone = slices.ContainsFunc(doc.Statements, func(s iam.Statement) bool { return s.Effect == iam.Allow })
	if !level.alone {
		level.policies = append(level.policies, iam.FullAWSAccess(iam.TypeSCP))
	}
	return level, nil
}
