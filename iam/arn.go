package iam

import "strings"

// arn is an ARN and where its parts begin. The zero value has six empty parts.
type arn struct {
	whole  string
	starts [6]uint32
}

// splitARN cuts s at its first five colons; ok is false when there are fewer,
// or when s does not start with "arn:".
func splitARN(s string) (a arn, ok bool) {
	ok = a.cut(s)
	return a, ok
}

// cut is splitARN for the zero value.
func (a *arn) cut(s string) (ok bool) {
	if !strings.HasPrefix(s, "arn:") {
		return false
	}
	a.starts[1] = 4 // after "arn:"
	next := 2
	for i := 4; i < len(s); i++ {
		if s[i] != ':' {
			continue
		}
		a.starts[next] = uint32(i + 1)
		if next++; next == len(a.starts) {
			a.whole = s
			return true
		}
	}
	a.starts = [6]uint32{}
	return false
}

// part gives one of the six parts, from 0; the sixth keeps its colons.
func (a *arn) part(i int) string {
	if i == len(a.starts)-1 || a.whole == "" {
		return a.whole[a.starts[i]:]
	}
	return a.whole[a.starts[i] : a.starts[i+1]-1]
}

// arnText is text that may be an ARN. It is cut when its parts are first asked for.
type arnText struct {
	text  string
	arn   arn
	isCut bool
}

// split gives the parts; ok is false for text that is no ARN, which has six empty ones.
func (t *arnText) split() (a *arn, ok bool) {
	if !t.isCut {
		t.isCut = true
		t.arn.cut(t.text)
	}
	return &t.arn, t.arn.whole != ""
}

// splitPattern cuts an ARN pattern into up to six parts. A colon inside a
// variable (the one of ${aws:username}) does not cut.
func splitPattern(s string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s) && len(parts) < 5; i++ {
		switch s[i] {
		case '$':
			if _, size := parseVariable(s[i:]); size > 0 {
				i += size - 1
			}
		case ':':
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// arnPattern matches ARNs part by part.
type arnPattern struct {
	form arnForm
	// prefix is what every match starts with, up to the first wildcard or
	// variable, and suffix what every match ends with.
	prefix, suffix string
	// tail is the prefix's last eight bytes, where ARNs differ soonest; 0 for a shorter one.
	tail    uint64
	parts   *[6]pattern
	sixthAt int // where the sixth part begins, for formSixth
}

// arnForm says how much has to be compared.
type arnForm uint8

const (
	formParts arnForm = iota // each part on its own
	formExact                // the prefix is the whole
	formAffix                // prefix, then one star in the sixth part, then suffix
	formSixth                // five literal parts, and a sixth that is matched on its own
)

// compileARN makes a pattern of six parts; variables are literal text in the
// parts before variablesFrom.
func compileARN(parts []string, variables bool, variablesFrom int) arnPattern {
	p := arnPattern{parts: &[6]pattern{}}
	for i, part := range parts {
		p.parts[i] = compilePattern(part, syntax{wildcards: true, variables: variables && i >= variablesFrom})
	}
	p.prefix = literalPrefix(&p)
	if n := len(p.prefix); n >= 8 {
		p.tail = load8(p.prefix[n-8:])
	}
	sixth := &p.parts[5]
	if n := len(sixth.tokens); n > 0 && sixth.tokens[n-1].kind == tokenText {
		p.suffix = sixth.tokens[n-1].text
	}
	// Only ARNs are compared: what would match other text has to look at the parts.
	if parts[0] != "arn" || !literalParts(&p, 5) {
		return p
	}
	switch {
	case sixth.isLiteral:
		p.form = formExact
	case sixth.isAny || sixth.isAffix:
		p.form = formAffix
	default:
		p.form = formSixth
		for i := range p.parts[:5] { // as they match, which "${*}" does as "*"
			p.sixthAt += len(p.parts[i].literal) + 1
		}
	}
	return p
}

func literalParts(p *arnPattern, n int) bool {
	for i := range n {
		if !p.parts[i].isLiteral {
			return false
		}
	}
	return true
}

// literalPrefix is the text up to the first wildcard or variable.
func literalPrefix(p *arnPattern) string {
	var b strings.Builder
	for i := range p.parts {
		if i > 0 {
			b.WriteByte(':')
		}
		part := &p.parts[i]
		if part.isLiteral {
			b.WriteString(part.literal)
			continue
		}
		if part.tokens[0].kind == tokenText {
			b.WriteString(part.tokens[0].text)
		}
		break
	}
	return b.String()
}

// match decides on a text, which is cut into parts only where that is needed.
func (p *arnPattern) match(t *arnText, ctx Context) bool {
	s, n := t.text, len(p.prefix)
	if len(s) < n || n >= 8 && load8(s[n-8:]) != p.tail || s[:n] != p.prefix {
		return false
	}
	switch p.form {
	case formExact:
		return len(s) == n
	case formAffix:
		return strings.HasSuffix(s[n:], p.suffix)
	case formSixth:
		return strings.HasSuffix(s, p.suffix) && p.parts[5].match(s[p.sixthAt:], ctx)
	}
	a, ok := t.split()
	if !ok {
		return false
	}
	for i := range p.parts {
		if !p.parts[i].match(a.part(i), ctx) {
			return false
		}
	}
	return true
}
