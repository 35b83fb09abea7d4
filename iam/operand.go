package iam

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// operand is one value of a condition, parsed for its operator.
type operand struct {
	// valid is false for text that the operator cannot read; it matches nothing.
	valid   bool
	pattern pattern
	arn     arnPattern
	number  decimal
	date    time.Time
	truth   bool
	bytes   []byte
	network netip.Prefix
	// late is for an ARN whose parts are known only when its variables are: text
	// is then the policy's value.
	late bool
	text string
}

// compileOperand parses a value of a policy. Variables are for String, ARN
// and Bool operators (IAM User Guide, "Condition operators" for Bool; the page
// on variables does not list it).
func compileOperand(s string, f family, variables bool) operand {
	o := operand{valid: true}
	switch f {
	case familyString, familyFold:
		o.pattern = compilePattern(s, syntax{variables: variables})
	case familyLike:
		o.pattern = compilePattern(s, syntax{wildcards: true, variables: variables})
	case familyNumeric:
		o.number, o.valid = parseDecimal(s)
	case familyDate:
		o.date, o.valid = parseDate(s)
	case familyBool:
		o.truth, o.valid = parseBool(s)
		o.pattern = compilePattern(s, syntax{variables: variables})
	case familyNull:
		o.truth, o.valid = parseBool(s)
	case familyBinary:
		decoded, err := base64.StdEncoding.DecodeString(s)
		o.bytes, o.valid = decoded, err == nil
	case familyIP:
		o.network, o.valid = parseNetwork(s)
	case familyARN:
		parts := splitPattern(s)
		if len(parts) != 6 {
			// Such as "${aws:PrincipalArn}": its variables may make it an ARN.
			return operand{late: variables && strings.Contains(s, "${"), text: s}
		}
		o.arn = compileARN(parts, variables, 0)
	}
	return o
}

func parseBool(s string) (value, ok bool) {
	switch {
	case sameFold("true", s):
		return true, true
	case sameFold("false", s):
		return false, true
	}
	return false, false
}

// parseNetwork reads a CIDR block; a bare address is a block of one.
func parseNetwork(s string) (netip.Prefix, bool) {
	if strings.IndexByte(s, '/') >= 0 {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err == nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

func (c *condition) anyPattern(value string, ctx Context) bool {
	for i := range c.values {
		if c.values[i].pattern.match(value, ctx) {
			return true
		}
	}
	return false
}

func (c *condition) anyFold(value string, ctx Context) bool {
	for i := range c.values {
		if c.values[i].pattern.equalFold(value, ctx) {
			return true
		}
	}
	return false
}

// equalFold compares a pattern without wildcards, in any case of any alphabet.
func (p *pattern) equalFold(s string, ctx Context) bool {
	for i := range p.tokens {
		text, ok := p.textOf(&p.tokens[i], ctx)
		if !ok {
			return false
		}
		n := 0 // as many characters as text has
		for range text {
			_, size := utf8.DecodeRuneInString(s[n:])
			n += size
		}
		if !strings.EqualFold(s[:n], text) {
			return false
		}
		s = s[n:]
	}
	return s == ""
}

// textOf is the text of a token that is no wildcard; ok is false for a
// variable without a value.
func (p *pattern) textOf(t *token, ctx Context) (text string, ok bool) {
	if t.kind == tokenVariable {
		return p.variables[t.variable].resolve(ctx)
	}
	return t.text, true
}

// expand gives the text of a pattern without wildcards.
func (p *pattern) expand(ctx Context) (string, bool) {
	if len(p.tokens) == 1 {
		return p.textOf(&p.tokens[0], ctx)
	}
	var b strings.Builder
	for i := range p.tokens {
		text, ok := p.textOf(&p.tokens[i], ctx)
		if !ok {
			return "", false
		}
		b.WriteString(text)
	}
	return b.String(), true
}

func (c *condition) anyBool(value string, ctx Context) bool {
	truth, ok := parseBool(value)
	if !ok {
		return false
	}
	for i := range c.values {
		o := &c.values[i]
		want, valid := o.truth, o.valid
		if !o.pattern.isLiteral {
			text, _ := o.pattern.expand(ctx)
			want, valid = parseBool(text)
		}
		if valid && want == truth {
			return true
		}
	}
	return false
}

// anyBinary compares the bytes of the value with those that the policy holds in base64.
func (c *condition) anyBinary(value string) bool {
	for i := range c.values {
		if o := &c.values[i]; o.valid && string(o.bytes) == value {
			return true
		}
	}
	return false
}

func (c *condition) anyNetwork(value string) bool {
	got, ok := parseNetwork(value)
	if !ok {
		return false
	}
	for i := range c.values {
		if o := &c.values[i]; o.valid && o.network.Bits() <= got.Bits() && o.network.Contains(got.Addr()) {
			return true
		}
	}
	return false
}

func (c *condition) anyARN(value string, ctx Context) bool {
	t := arnText{text: value}
	for i := range c.values {
		o := &c.values[i]
		if o.valid && o.arn.match(&t, ctx) || o.late && matchLateARN(o.text, &t, ctx) {
			return true
		}
	}
	return false
}

// matchLateARN puts the variables' values in, so written that nothing in them
// is a wildcard or a variable, and then takes the ARN apart.
func matchLateARN(text string, t *arnText, ctx Context) bool {
	var b strings.Builder
	for text != "" {
		v, size := parseVariable(text)
		switch {
		case size == 0:
			size = 1
			b.WriteByte(text[0])
		case v.isLiteral:
			b.WriteString(text[:size])
		default:
			resolved, ok := v.resolve(ctx)
			if !ok {
				return false
			}
			b.WriteString(literalText.Replace(resolved))
		}
		text = text[size:]
	}
	parts := splitPattern(b.String())
	if len(parts) != 6 {
		return false
	}
	arn := compileARN(parts, true, 0)
	return arn.match(t, ctx)
}

var literalText = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}")

func (c *condition) testNumbers(value string) bool {
	got, ok := parseDecimal(value)
	if !ok {
		return false
	}
	matched := false
	for i := range c.values {
		o := &c.values[i]
		if !o.valid && c.negated {
			return false
		}
		matched = matched || o.valid && c.relation.holds(got.compare(o.number))
	}
	return matched != c.negated
}

func (c *condition) testDates(value string) bool {
	got, ok := parseDate(value)
	if !ok {
		return false
	}
	matched := false
	for i := range c.values {
		o := &c.values[i]
		if !o.valid && c.negated {
			return false
		}
		matched = matched || o.valid && c.relation.holds(got.Compare(o.date))
	}
	return matched != c.negated
}

func (r relation) holds(order int) bool {
	switch r {
	case relationLess:
		return order < 0
	case relationLessEqual:
		return order <= 0
	case relationGreater:
		return order > 0
	case relationGreaterEqual:
		return order >= 0
	default:
		return order == 0
	}
}
