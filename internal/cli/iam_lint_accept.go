package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam/lint"
)

// acceptance is what the user has taken note of, and does not want to be told.
type acceptance struct {
	codes    []string // --ignore
	baseline string   // --baseline: the JSON of an earlier run
}

// maxBaseline bounds what is read of an earlier run.
const maxBaseline = 64 << 20

func (a *acceptance) check() error {
	var known []string
	for _, r := range lint.Rules() {
		known = append(known, r.Code)
	}
	for _, code := range a.codes {
		if !slices.Contains(known, code) {
			err := writ.Errorf(writ.CodeUsage, "--ignore: there is no check %q", code)
			if near := writ.Nearest(code, known); near != "" {
				return err.WithHint("did you mean %q?", near)
			}
			return err.WithHint("the codes are those of the findings, such as %q", known[0])
		}
	}
	return nil
}

// sighting tells findings apart between runs: by what they say, not by lines,
// which move.
type sighting struct{ code, file, policy, sid, message string }

func sightingOf(f *lint.Finding) sighting {
	return sighting{f.Code, filepath.ToSlash(filepath.Clean(f.Position.File)), f.Policy, f.Sid, f.Message}
}

// accepted counts the findings that were left out, by reason.
type accepted struct{ ignored, known int }

// apply gives the findings that are left. A finding that the baseline has once
// is accepted once.
func (a *acceptance) apply(found []lint.Finding) ([]lint.Finding, accepted, error) {
	before, err := a.read()
	if err != nil {
		return nil, accepted{}, err
	}
	var left []lint.Finding
	var out accepted
	for i := range found {
		at := sightingOf(&found[i])
		switch {
		case slices.Contains(a.codes, found[i].Code):
			out.ignored++
		case before[at] > 0:
			before[at]--
			out.known++
		default:
			left = append(left, found[i])
		}
	}
	return left, out, nil
}

func (a *acceptance) read() (map[sighting]int, error) {
	if a.baseline == "" {
		return nil, nil
	}
	info, err := os.Stat(a.baseline)
	if err == nil && info.Size() > maxBaseline {
		return nil, writ.Errorf(writ.CodeTooLarge, "the baseline %s has %d bytes, more than %d", a.baseline, info.Size(), maxBaseline)
	}
	text, err := os.ReadFile(a.baseline)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "read the baseline: %w", err)
	}
	var earlier []lint.Finding
	if err := json.Unmarshal(text, &earlier); err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the baseline %s is no list of findings: %w", a.baseline, err).
			WithHint("writ iam lint DIR --format json > %s", a.baseline)
	}
	count := map[sighting]int{}
	for i := range earlier {
		count[sightingOf(&earlier[i])]++
	}
	return count, nil
}
