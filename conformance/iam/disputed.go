package iam

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed data/disputed/*.jsonl
var disputed embed.FS

// Disputed gives the cases on which a source, another engine and the AWS
// documentation do not agree: the copies beside this file, and those that may
// not be copied where a reference folder lies beside the checkout. Their
// Expected is what the source says, and no truth; what Writ answers, and why,
// stands in docs/iam-disputed.md.
func Disputed() ([]Corpus, error) {
	all, err := readAll(disputed, "data/disputed/*.jsonl")
	if err != nil {
		return nil, err
	}
	for _, s := range sources() {
		if s.name != "reference-only" {
			continue
		}
		more, err := readAll(s.files, path.Dir(s.glob)+"/*.disputed.jsonl")
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// readAll reads the files of a pattern as corpora, each named by its file up to the first dot.
func readAll(files fs.FS, glob string) ([]Corpus, error) {
	names, err := fs.Glob(files, glob)
	if err != nil {
		return nil, err
	}
	all := make([]Corpus, 0, len(names))
	for _, name := range names {
		corpus, err := read(files, name)
		if err != nil {
			return nil, err
		}
		corpus.Name, _, _ = strings.Cut(path.Base(name), ".")
		all = append(all, corpus)
	}
	return all, nil
}
