// Package iam holds IAM evaluation cases that others wrote, and runs them
// against anything that decides: the engine itself, the local cloud over HTTP,
// the command line. README.md names the source and licence of each file.
package iam

import (
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cases"
)

// Case is one case of a corpus.
type Case struct {
	cases.Case
	// File is the corpus that the case is from.
	File string
	line []byte
}

// One gives the context key of a case that has one value; its name may be in any case.
func (c *Case) One(key string) (value string, ok bool) {
	v, ok := c.Request.Context[iam.Key(key)]
	if !ok || v.Multi || len(v.Values) != 1 {
		return "", false
	}
	return v.Values[0], true
}
