// Package iam holds IAM evaluation cases that others wrote, and runs them
// against anything that decides: the engine itself, the local cloud over HTTP,
// the command line. README.md names the source and licence of each file.
package iam

import "github.com/writ-dev/writ/iam/cases"

// Case is one case of a corpus.
type Case struct {
	cases.Case
	// File is the corpus that the case is from.
	File string
}
