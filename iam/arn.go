package iam

import "strings"

// arn is an ARN in its six parts; the sixth keeps its colons.
type arn struct {
	parts [6]string
}

// splitARN cuts s at its first five colons; ok is false when there are fewer,
// or when s does not start with "arn:".
func splitARN(s string) (a arn, ok bool) {
	if !strings.HasPrefix(s, "arn:") {
		return a, false
	}
	rest := s
	for i := range 5 {
		colon := strings.IndexByte(rest, ':')
		if colon < 0 {
			return a, false
		}
		a.parts[i], rest = rest[:colon], rest[colon+1:]
	}
	a.parts[5] = rest
	return a, true
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
	parts [6]pattern
	// exact is the whole ARN where there is nothing special in it.
	exact string
	// prefix is what every match starts with, the whole rule if onlyPrefix.
	prefix     string
	onlyPrefix bool
}

// compileARN makes a pattern of six parts; syn applies to the parts from
// variablesFrom on, variables are literal text before.
func compileARN(parts []string, variables bool, variablesFrom int) arnPattern {
	var p arnPattern
	special := false
	for i, part := range parts {
		p.parts[i] = compilePattern(part, syntax{wildcards: true, variables: variables && i >= variablesFrom})
		special = special || !p.parts[i].isLiteral
	}
	p.prefix = literalPrefix(&p)
	if !special {
		p.exact = p.prefix
	}
	sixth := p.parts[5].tokens
	switch n := len(p.parts[5].variables); {
	case n > 0 || !literalParts(&p, 5):
	case len(sixth) == 1 && sixth[0].kind == tokenAny,
		len(sixth) == 2 && sixth[0].kind == tokenText && sixth[1].kind == tokenAny:
		p.onlyPrefix = true
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

// match compares with an ARN, given whole and in parts.
func (p *arnPattern) match(whole string, a *arn, ctx Context) bool {
	if p.exact != "" {
		return p.exact == whole
	}
	if !strings.HasPrefix(whole, p.prefix) {
		return false
	}
	if p.onlyPrefix {
		return true
	}
	for i := range p.parts {
		if !p.parts[i].match(a.parts[i], ctx) {
			return false
		}
	}
	return true
}
