package cover

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// token is one place of a pattern: a character, or a wildcard.
type token struct {
	kind tokenKind
	char rune
	// never is a character that the wildcard does not take, 0 for none: those of
	// the first five parts of an ARN take no colon.
	never rune
}

type tokenKind uint8

const (
	tokenChar tokenKind = iota
	tokenOne            // one character
	tokenRun            // any run of characters, also none
)

type pattern []token

// anyText is one character or more.
var anyText = pattern{{kind: tokenOne}, {kind: tokenRun}}

func (t token) takes(r rune) bool {
	if t.kind == tokenChar {
		return t.char == r
	}
	return t.never == 0 || t.never != r
}

// variables gives the text that a policy variable stands for; ok is false where
// it is not known, and then it may be any.
type variables func(key string) (text string, ok bool)

func unknownVariables(string) (string, bool) { return "", false }

// text reads a text of a policy as its operator does.
func text(s string, wildcards bool, known variables) pattern {
	return appendText(nil, s, wildcards, 0, known)
}

func literal(s string) pattern { return text(s, false, nil) }

func appendText(p pattern, s string, wildcards bool, never rune, known variables) pattern {
	for s != "" {
		if size := iam.VariableLen(s); size > 0 && known != nil {
			p = appendVariable(p, s[2:size-1], never, known)
			s = s[size:]
			continue
		}
		r, rest := firstRune(s)
		switch {
		case wildcards && r == '*':
			p = append(p, token{kind: tokenRun, never: never})
		case wildcards && r == '?':
			p = append(p, token{kind: tokenOne, never: never})
		default:
			p = append(p, token{char: r})
		}
		s = rest
	}
	return p
}

func firstRune(s string) (r rune, rest string) {
	for i, next := range s {
		if i > 0 {
			return r, s[i:]
		}
		r = next
	}
	return r, ""
}

func appendVariable(p pattern, inner string, never rune, known variables) pattern {
	if inner == "*" || inner == "?" || inner == "$" {
		return append(p, token{char: rune(inner[0])})
	}
	key, _, _ := strings.Cut(inner, ",")
	if value, ok := known(iam.Key(strings.TrimSpace(key))); ok {
		return appendText(p, value, false, 0, nil)
	}
	return append(p, token{kind: tokenRun, never: never})
}

// resource reads an entry of Resource. What is no ARN of six parts is completed
// with wildcards: the engine has the last word on what it matches.
func resource(s string, known variables) pattern {
	if s == "*" {
		return pattern{{kind: tokenRun}}
	}
	parts := iam.ARNParts(s)
	if len(parts) < 6 && !strings.HasPrefix(s, "arn:") && s != "arn" {
		return literal(s)
	}
	for len(parts) < 6 {
		parts = append(parts, "*")
	}
	var p pattern
	for i, part := range parts {
		if i == 5 {
			return appendText(p, part, true, 0, known)
		}
		p = append(appendText(p, part, true, ':', nil), token{char: ':'})
	}
	return p
}

// names are placeholders of the catalogue whose values hold no slash, where
// that tells a thing from what it holds: a bucket from its objects.
var names = []string{"BucketName", "TableName", "GlobalTableName", "IndexName", "StreamLabel"}

// resourceType reads the pattern of a resource type's ARNs in the catalogue:
// a placeholder is one character or more.
func resourceType(arn, partition, account string) pattern {
	arn = strings.NewReplacer("${Partition}", partition, "${Account}", account).Replace(arn)
	var p pattern
	colons := 0
	for arn != "" {
		never := ':'
		if colons >= 5 {
			never = 0
		}
		if inner, rest, ok := placeholder(arn); ok {
			if slices.Contains(names, inner) {
				never = '/'
			}
			p = append(p, token{kind: tokenOne, never: never}, token{kind: tokenRun, never: never})
			arn = rest
			continue
		}
		r, rest := firstRune(arn)
		if r == ':' {
			colons++
		}
		if r == '*' {
			p = append(p, token{kind: tokenRun, never: never})
		} else {
			p = append(p, token{char: r})
		}
		arn = rest
	}
	return p
}

func placeholder(s string) (name, rest string, ok bool) {
	inner, ok := strings.CutPrefix(s, "${")
	if !ok {
		return "", "", false
	}
	return strings.Cut(inner, "}")
}

// isLiteral reports a pattern that one text alone matches, and gives it.
func (p pattern) isLiteral() (string, bool) {
	var b strings.Builder
	for _, t := range p {
		if t.kind != tokenChar {
			return "", false
		}
		b.WriteRune(t.char)
	}
	return b.String(), true
}

// shortest is a text that matches, with any for the characters that are open.
func (p pattern) shortest(anything rune) string {
	var b strings.Builder
	for _, t := range p {
		switch t.kind {
		case tokenChar:
			b.WriteRune(t.char)
		case tokenOne:
			b.WriteRune(anything)
		}
	}
	return b.String()
}
