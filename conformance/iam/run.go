package iam

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cases"
)

//go:embed data/*.jsonl
var data embed.FS

// ErrNotExpressible is what decide answers for a case that its door cannot express.
var ErrNotExpressible = errors.New("the case cannot be expressed here")

// Answer is what a door answered. A nil BlockedBy is not compared.
type Answer struct {
	Verdict   iam.Verdict
	BlockedBy []iam.PolicyType
}

// Run puts every case of every corpus to decide: the copies beside this file,
// and the reference corpora where the checkout has them next to it. It prints
// how many cases ran and fails when none did.
func Run(t *testing.T, decide func(Case) (Answer, error)) {
	t.Helper()
	corpora, err := Corpora()
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, corpus := range corpora {
		ran, skipped := 0, 0
		t.Run(corpus.Name, func(t *testing.T) {
			for _, c := range corpus.Cases {
				answer, err := decide(c)
				switch {
				case errors.Is(err, ErrNotExpressible):
					skipped++
					continue
				case err != nil:
					t.Errorf("%s %s: %v", c.ID, c.Name, err)
				default:
					c.check(t, answer)
				}
				ran++
			}
			t.Logf("%s: %d cases ran, %d cannot be expressed here", corpus.Name, ran, skipped)
		})
		total += ran
	}
	t.Logf("%d cases ran in all", total)
	if total == 0 {
		t.Error("no cases ran")
	}
}

func (c *Case) check(t *testing.T, got Answer) {
	t.Helper()
	if !c.Agrees(got.Verdict) {
		t.Errorf("%s %s: got %s (blocked by %v), want %s", c.ID, c.Name, got.Verdict, got.BlockedBy, c.Expected)
	}
	if blocked := cases.BlockerNames(got.BlockedBy); got.BlockedBy != nil && !c.AgreesBlockedBy(blocked) {
		t.Errorf("%s %s: blocked by %v, want %v", c.ID, c.Name, blocked, c.ExpectedBlockedBy)
	}
}

// Corpus is one file of cases.
type Corpus struct {
	Name  string
	Cases []Case
}

// Corpora reads all corpora that there are. Disputed cases, and those whose
// request is itself a pattern, are no truth to run against.
func Corpora() ([]Corpus, error) {
	var all []Corpus
	for _, source := range sources() {
		names, err := fs.Glob(source.files, source.glob)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.Contains(name, ".disputed.") || strings.Contains(name, ".patterns.") {
				continue
			}
			corpus, err := read(source.files, name)
			if err != nil {
				return nil, err
			}
			corpus.Name = source.name + "/" + filepath.Base(name)
			all = append(all, corpus)
		}
	}
	return all, nil
}

type source struct {
	name  string
	files fs.FS
	glob  string
}

// sources are the copies here, and the reference folder beside the checkout.
func sources() []source {
	list := []source{{"copies", data, "data/*.jsonl"}}
	root, err := os.Getwd()
	for err == nil && root != filepath.Dir(root) {
		if _, missing := os.Stat(filepath.Join(root, "go.mod")); missing == nil {
			break
		}
		root = filepath.Dir(root)
	}
	reference := os.DirFS(filepath.Join(root, "..", "shared", "reference"))
	return append(list,
		source{"reference", reference, "iam-eval/*.jsonl"},
		source{"reference-only", reference, "iam-eval/agpl/*.jsonl"},
		source{"reference", reference, "iam-eval-random*.jsonl"})
}

func read(files fs.FS, name string) (Corpus, error) {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return Corpus{}, err
	}
	corpus := Corpus{}
	for line, err := range cases.Lines(bytes.NewReader(raw)) {
		if err != nil {
			return corpus, err
		}
		c, err := line.Case(name)
		if err != nil {
			return corpus, err
		}
		corpus.Cases = append(corpus.Cases, Case{Case: *c, File: name})
	}
	if len(corpus.Cases) == 0 {
		return corpus, fmt.Errorf("%s holds no cases", name)
	}
	return corpus, nil
}
