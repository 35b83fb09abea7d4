package iam

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/writ-dev/writ/iam/cases"
)

//go:embed data/*.jsonl
var data embed.FS

// Corpus is one file of cases.
type Corpus struct {
	Name  string
	Cases []Case
	sum   [sha256.Size]byte
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
	corpus := Corpus{sum: sha256.Sum256(raw)}
	for line, err := range cases.Lines(bytes.NewReader(raw)) {
		if err != nil {
			return corpus, err
		}
		c, err := line.Case(name)
		if err != nil {
			return corpus, err
		}
		corpus.Cases = append(corpus.Cases, Case{Case: *c, File: name, line: line.Text})
	}
	if len(corpus.Cases) == 0 {
		return corpus, fmt.Errorf("%s holds no cases", name)
	}
	return corpus, nil
}
