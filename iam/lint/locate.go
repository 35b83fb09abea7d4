package lint

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// maxLine is how much of a line is kept: more than the largest policy that AWS
// takes.
const maxLine = 32 << 10

// place gives the place of a value of the document, and its line. The nearest
// place above is taken where the value has none.
func (p *policy) place(path []string) (writ.Position, string) {
	if p.Place != nil {
		return p.Place(path...)
	}
	at := p.position(path)
	at.File = p.File
	return at, p.line(at.Line)
}

// position looks a path up in what the parser has seen.
func (p *policy) position(path []string) writ.Position {
	document := writ.Position{}
	if len(p.Source) > 0 {
		document = writ.Position{Line: 1, Col: 1}
	}
	if p.Document == nil || len(path) < 2 || path[0] != "Statement" {
		return document
	}
	n, err := strconv.Atoi(path[1])
	if err != nil || n < 0 || n >= len(p.Document.Statements) {
		return document
	}
	s := &p.Document.Statements[n]
	at := s.Position
	if len(path) > 2 {
		at = orElse(elementAt(s, path[2], path[3:]), at)
	}
	return orElse(at, document)
}

// elementAt gives the place of an element, or of the entry that rest names.
func elementAt(s *iam.Statement, element string, rest []string) writ.Position {
	switch element {
	case "Sid":
		return s.SidAt
	case "Action", "NotAction":
		return entryAt(s.ActionAt, rest)
	case "Resource", "NotResource":
		return entryAt(s.ResourceAt, rest)
	case "Principal", "NotPrincipal":
		return principalAt(s, rest)
	case "Condition":
		return conditionAt(s, rest)
	}
	return writ.Position{}
}

// entryAt is the place of the entry that rest names, the first without a name.
func entryAt(places []writ.Position, rest []string) writ.Position {
	n := 0
	if len(rest) > 0 {
		n, _ = strconv.Atoi(rest[0])
	}
	if n < 0 || n >= len(places) {
		return writ.Position{}
	}
	return places[n]
}

func principalAt(s *iam.Statement, rest []string) writ.Position {
	p := s.Principal
	if p == nil {
		p = s.NotPrincipal
	}
	if p == nil || len(rest) == 0 {
		return s.PrincipalAt
	}
	places := map[string][]writ.Position{"AWS": p.AWSAt, "Service": p.ServiceAt, "Federated": p.FederatedAt, "CanonicalUser": p.CanonicalUserAt}
	return orElse(entryAt(places[rest[0]], rest[1:]), s.PrincipalAt)
}

// conditionAt takes operator, key and the number of a value.
func conditionAt(s *iam.Statement, rest []string) writ.Position {
	for i := range s.Conditions {
		e := &s.Conditions[i]
		if len(rest) < 2 || e.Operator != rest[0] || e.Key != rest[1] {
			continue
		}
		if len(rest) > 2 {
			return orElse(entryAt(e.ValueAt, rest[2:]), e.KeyAt)
		}
		return orElse(e.KeyAt, e.Position)
	}
	return writ.Position{}
}

func orElse(at, other writ.Position) writ.Position {
	if at.IsZero() {
		return other
	}
	return at
}

func lineStarts(src []byte) []int {
	starts := []int{0}
	for i, b := range src {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// line gives the text of a line of the document's source. The findings of a
// line share it: a document may be one long line.
func (p *policy) line(n int) string {
	if n < 1 || n > len(p.lines) {
		return ""
	}
	if text, ok := p.texts[n]; ok {
		return text
	}
	line := p.Source[p.lines[n-1]:]
	line = line[:min(len(line), maxLine)]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	if p.texts == nil {
		p.texts = map[int]string{}
	}
	p.texts[n] = strings.TrimSuffix(string(line), "\r")
	return p.texts[n]
}

func asError(err error) (*writ.Error, bool) {
	var e *writ.Error
	return e, errors.As(err, &e)
}
