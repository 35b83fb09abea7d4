package oracle

import (
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ/iam"
)

// matches says whether every element of a statement meets the request.
func (e *evaluation) matches(kind iam.PolicyType, doc *iam.Document, s *iam.Statement) bool {
	variables := doc.Version == iam.Version2012
	return e.principalMatches(kind, s) &&
		e.actionMatches(s) &&
		e.resourceMatches(kind, s, variables) &&
		e.conditionsMatch(s, variables)
}

func (e *evaluation) actionMatches(s *iam.Statement) bool {
	switch {
	case s.Action != nil:
		return anyOf(s.Action, func(p string) bool { return matchAction(p, e.req.Action) })
	case s.NotAction != nil:
		return !anyOf(s.NotAction, func(p string) bool { return matchAction(p, e.req.Action) })
	}
	return false
}

// matchAction: a lone "*", or service:name with wildcards, letter case aside.
func matchAction(pattern, action string) bool {
	if pattern != "" && strings.Trim(pattern, "*") == "" {
		return true
	}
	if !strings.Contains(pattern, ":") || strings.ContainsAny(pattern, " \t\r\n") {
		return false
	}
	return glob(literalOrWild(lower(pattern)), lower(action))
}

func (e *evaluation) resourceMatches(kind iam.PolicyType, s *iam.Statement, variables bool) bool {
	switch {
	case s.Resource != nil:
		return anyOf(s.Resource, func(p string) bool { return e.matchResource(kind, p, variables) == yes })
	case s.NotResource != nil:
		for _, p := range s.NotResource {
			if e.matchResource(kind, p, variables) != no {
				return false
			}
		}
		return true
	}
	// The resource that the policy hangs on is meant, if it hangs on one.
	return kind == iam.TypeTrust || kind == iam.TypeResource || kind == iam.TypeKey
}

// answer is yes, no, or that the question makes no sense.
type answer int

const (
	no answer = iota
	yes
	senseless
)

// matchResource matches part by part. A pattern that is not a whole ARN is
// completed or refused, depending on the kind of policy, and when completed is
// never a reason for NotResource to apply; found by others, and not documented.
func (e *evaluation) matchResource(kind iam.PolicyType, pattern string, variables bool) answer {
	if pattern == "*" {
		return yes
	}
	parts, mismatch := splitPattern(pattern), no
	have, isARN := requestARN(e.req.Resource)
	if len(parts) < 6 && parts[0] != "arn" { // no ARN at all: only the same text
		if !isARN && !e.req.WildcardOnly && e.req.Resource != "*" && pattern == e.req.Resource {
			return yes
		}
		return no
	}
	if len(parts) < 6 {
		last := parts[len(parts)-1]
		switch kind {
		case iam.TypeIdentity, iam.TypeSession, iam.TypeBoundary:
		case iam.TypeSCP:
			if !strings.HasSuffix(last, "*") {
				return senseless
			}
		case iam.TypeRCP:
			return senseless
		default:
			if !strings.ContainsAny(pattern, "*?") {
				return no
			}
		}
		mismatch = senseless
		for len(parts) < 6 {
			parts = append(parts, "*")
		}
	}
	if e.req.WildcardOnly || !isARN {
		return mismatch
	}
	for i := range 5 {
		if !glob(literalOrWild(parts[i]), have[i]) {
			return mismatch
		}
	}
	tokens, ok := literalOrWild(parts[5]), true
	if variables {
		tokens, ok = expand(parts[5], e.req.Context, true)
	}
	if ok && glob(tokens, have[5]) {
		return yes
	}
	return mismatch
}

// splitARN gives at most six parts; the sixth keeps its colons.
func splitARN(s string) []string { return strings.SplitN(s, ":", 6) }

// requestARN gives the six parts of an ARN.
func requestARN(s string) ([]string, bool) {
	parts := splitARN(s)
	return parts, len(parts) == 6 && parts[0] == "arn"
}

// splitPattern is splitARN for a policy: the colon in a variable parts nothing.
func splitPattern(s string) []string {
	parts := []string{""}
	for s != "" {
		n := 1
		if _, size, ok := variableAt(s); ok {
			n = size
		}
		if s[:n] == ":" && len(parts) < 6 {
			parts = append(parts, "")
		} else {
			parts[len(parts)-1] += s[:n]
		}
		s = s[n:]
	}
	return parts
}

func anyOf(list []string, holds func(string) bool) bool {
	for _, s := range list {
		if holds(s) {
			return true
		}
	}
	return false
}

// token is one character of a pattern: text, or one of the two wildcards.
type token struct {
	text string
	wild bool
}

// characters splits text. A byte that is no UTF-8 is a character of its own.
func characters(s string) []string {
	var list []string
	for len(s) > 0 {
		_, n := utf8.DecodeRuneInString(s)
		list = append(list, s[:n])
		s = s[n:]
	}
	return list
}

func literal(s string) []token {
	var list []token
	for _, c := range characters(s) {
		list = append(list, token{text: c})
	}
	return list
}

func literalOrWild(s string) []token {
	list := literal(s)
	for i := range list {
		list[i].wild = list[i].text == "*" || list[i].text == "?"
	}
	return list
}

// Glob reports whether a text matches a pattern with the wildcards "*" and "?".
func Glob(pattern, s string) bool { return glob(literalOrWild(pattern), s) }

// glob fills the whole table: reached[j] says that the tokens so far match the
// first j characters.
func glob(pattern []token, s string) bool {
	have := characters(s)
	reached := make([]bool, len(have)+1)
	reached[0] = true
	for _, t := range pattern {
		next := make([]bool, len(have)+1)
		for j := range next {
			switch {
			case t.wild && t.text == "*":
				next[j] = reached[j] || j > 0 && next[j-1]
			case j > 0:
				next[j] = reached[j-1] && (t.wild || t.text == have[j-1])
			}
		}
		reached = next
	}
	return reached[len(have)]
}

// lower lowers A to Z and nothing else: no service, action or key has more.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
