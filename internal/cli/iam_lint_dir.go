package cli

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/harvest"
	"github.com/writ-dev/writ/iam/lint"
	"github.com/writ-dev/writ/synth"
)

// directory reads the topology of dir and of every directory below, and all
// policies and templates beside them. A topology that is a Go program is only
// built where the user names it.
func (s *policySource) directory(dir string) error {
	before := len(s.found)
	read := map[string]bool{} // the directories of topologies that are read
	if hasTopology(dir) || isFile(filepath.Join(dir, "main.go")) {
		if err := s.topology(dir, read); err != nil {
			return err
		}
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			s.unread(path, writ.Errorf(writ.CodeNotFound, "read the policies: %w", err))
			return nil
		case entry.IsDir() && path != dir && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case entry.IsDir() && path != dir && hasTopology(path) && !read[absolute(path)]:
			if err := s.topology(path, read); err != nil {
				s.unread(path, err)
			}
			return nil
		case entry.Type()&fs.ModeSymlink != 0 && (isPolicyFile(path) || isDirectory(path)):
			s.skipped = append(s.skipped, path+": it is a symbolic link; name it to have it read")
			return nil
		case !entry.Type().IsRegular() || !isPolicyFile(path) || slices.Contains(topologyFiles, entry.Name()):
			return nil
		}
		s.below(path)
		return nil
	})
	if err == nil && len(s.found) == before && len(s.skipped) == 0 {
		return writ.Errorf(writ.CodeNotFound, "there is no policy in %s", dir).
			WithHint("*.json, *.yml, *.yaml and *.template files are read, in all directories below")
	}
	return err
}

// below reads a file that the user has not named.
func (s *policySource) below(path string) {
	held, err := s.file(path)
	switch {
	case err != nil && !looksUnlike(path):
		s.unread(path, err)
	case err != nil:
		s.skipped = append(s.skipped, reason(path, err))
	case !held:
		s.others++
	}
}

// unread makes a finding of what nobody could check.
func (s *policySource) unread(path string, err error) {
	s.found = append(s.found, lint.Input{File: path, Err: err})
	s.unchecked++
}

// policyKeys are keys that policies and templates have.
var policyKeys = regexp.MustCompile(`\b(Statement|PolicyDocument|AssumeRolePolicyDocument|AWSTemplateFormatVersion)\b["']?\s*:|\bAWS::[A-Za-z0-9]+::`)

// looksUnlike reports a file that can be read, and has no key of a policy or a
// template in what it begins with.
func looksUnlike(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() // only read
	head, err := io.ReadAll(io.LimitReader(f, iam.MaxDocumentSize))
	return err == nil && !policyKeys.Match(head)
}

var topologyFiles = []string{"topology.yml", "topology.yaml"}

func hasTopology(dir string) bool {
	return slices.ContainsFunc(topologyFiles, func(name string) bool { return isFile(filepath.Join(dir, name)) })
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// topology reads the templates that Writ makes of a topology, its nested ones
// too. Findings stand at the edges of the topology that statements come from.
func (s *policySource) topology(dir string, read map[string]bool) error {
	systems, err := s.load(dir)
	if err != nil {
		return err
	}
	for _, system := range systems {
		t, err := cfn.Parse(system.template, "template of "+system.stack)
		if err != nil {
			return err
		}
		read[absolute(system.topology.Dir)] = true
		for _, in := range harvest.Template(t) {
			s.found = append(s.found, atEdge(in, system.output))
		}
	}
	return nil
}

// atEdge gives a policy of a template the places of the topology, as far as its
// statements come from there.
func atEdge(in lint.Input, out *synth.Output) lint.Input {
	policy, _, _ := strings.Cut(in.Name, "/")
	inTemplate := in.Place
	in.Place = func(path ...string) (writ.Position, string) {
		if len(path) >= 2 && path[0] == "Statement" {
			for _, p := range slices.Concat(out.Statements, out.Permissions) {
				if p.Policy == policy && strconv.Itoa(p.Index) == path[1] && !p.Position.IsZero() {
					return p.Position, lineOf(p.Position)
				}
			}
		}
		return inTemplate(path...)
	}
	return in
}

// lineOf reads the line of a place, "" where that cannot be.
func lineOf(at writ.Position) string {
	text, _, err := (&policyReader{}).read(at.File, iam.MaxDocumentSize)
	lines := strings.Split(string(text), "\n")
	if err != nil || at.Line < 1 || at.Line > len(lines) {
		return ""
	}
	return strings.ToValidUTF8(strings.TrimSuffix(lines[at.Line-1], "\r"), "\uFFFD")
}
