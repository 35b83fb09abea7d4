package oracle

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// operators is the table of the IAM User Guide by name in lower case.
var operators = map[string]operator{
	"stringequals":              {variables: true, equal: same},
	"stringnotequals":           {variables: true, equal: same, negated: true},
	"stringequalsignorecase":    {variables: true, equal: sameIgnoringCase},
	"stringnotequalsignorecase": {variables: true, equal: sameIgnoringCase, negated: true},
	"stringlike":                {variables: true, wild: true, equal: like},
	"stringnotlike":             {variables: true, wild: true, equal: like, negated: true},

	"numericequals":            {typed: isNumber, equal: numbers(func(c int) bool { return c == 0 })},
	"numericnotequals":         {typed: isNumber, equal: numbers(func(c int) bool { return c == 0 }), negated: true},
	"numericlessthan":          {typed: isNumber, equal: numbers(func(c int) bool { return c < 0 })},
	"numericlessthanequals":    {typed: isNumber, equal: numbers(func(c int) bool { return c <= 0 })},
	"numericgreaterthan":       {typed: isNumber, equal: numbers(func(c int) bool { return c > 0 })},
	"numericgreaterthanequals": {typed: isNumber, equal: numbers(func(c int) bool { return c >= 0 })},

	"dateequals":            {typed: isDate, equal: dates(func(c int) bool { return c == 0 })},
	"datenotequals":         {typed: isDate, equal: dates(func(c int) bool { return c == 0 }), negated: true},
	"datelessthan":          {typed: isDate, equal: dates(func(c int) bool { return c < 0 })},
	"datelessthanequals":    {typed: isDate, equal: dates(func(c int) bool { return c <= 0 })},
	"dategreaterthan":       {typed: isDate, equal: dates(func(c int) bool { return c > 0 })},
	"dategreaterthanequals": {typed: isDate, equal: dates(func(c int) bool { return c >= 0 })},

	"bool": {variables: true, equal: func(have string, want []token) bool {
		a, aok := boolean(have)
		b, bok := boolean(text(want))
		return aok && bok && a == b
	}},
	"binaryequals": {equal: func(have string, want []token) bool {
		b, err := base64.StdEncoding.DecodeString(text(want))
		return err == nil && string(b) == have
	}},
	"ipaddress":    {equal: inNetwork},
	"notipaddress": {equal: inNetwork, negated: true},
	"arnequals":    {variables: true, wild: true, parts: true},
	"arnlike":      {variables: true, wild: true, parts: true},
	"arnnotequals": {variables: true, wild: true, parts: true, negated: true},
	"arnnotlike":   {variables: true, wild: true, parts: true, negated: true},
}

func same(have string, want []token) bool { return text(want) == have }

func sameIgnoringCase(have string, want []token) bool { return strings.EqualFold(text(want), have) }

func like(have string, want []token) bool { return glob(want, have) }

func numbers(holds func(int) bool) func(string, []token) bool {
	return func(have string, want []token) bool {
		a, aok := number(have)
		b, bok := number(text(want))
		return aok && bok && holds(a.Cmp(b))
	}
}

func dates(holds func(int) bool) func(string, []token) bool {
	return func(have string, want []token) bool {
		a, aok := date(have)
		b, bok := date(text(want))
		return aok && bok && holds(a.Cmp(b))
	}
}

func isNumber(s string) bool { _, ok := number(s); return ok }
func isDate(s string) bool   { _, ok := date(s); return ok }

// number reads an integer or a decimal. There are no exponents.
func number(s string) (*big.Rat, bool) {
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	if len(s)-len(digits) > 1 || strings.Trim(digits, "0123456789.") != "" || strings.Count(digits, ".") > 1 || strings.Trim(digits, ".") == "" {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func boolean(s string) (value, ok bool) {
	switch lower(s) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// inNetwork compares addresses as numbers, each family on its own. A request
// value may itself be a block: it has to lie inside.
func inNetwork(have string, want []token) bool {
	inner, ok := block(have)
	outer, valid := block(text(want))
	return ok && valid && outer.Contains(inner.Addr()) && outer.Bits() <= inner.Bits()
}

func block(s string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), address.Zone() == ""
	}
	network, err := netip.ParsePrefix(s)
	return network, err == nil
}

// arnLike matches six parts each on its own. A value with six parts as written
// keeps them, whatever a variable holds; in any other, such as
// "${aws:PrincipalArn}", the variables make the parts.
func arnLike(have, want string, ctx iam.Context, variables bool) bool {
	parts, ok := requestARN(have)
	if !ok {
		return false
	}
	var patterns [][]token
	if written := splitPattern(want); len(written) == 6 {
		for _, part := range written {
			tokens := literalOrWild(part)
			if variables {
				tokens, _ = expand(part, ctx, true)
			}
			patterns = append(patterns, tokens)
		}
	} else if variables {
		tokens, _ := expand(want, ctx, true)
		patterns = splitTokens(tokens)
	}
	if len(patterns) != 6 {
		return false
	}
	for i := range parts {
		if !glob(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}

func splitTokens(tokens []token) [][]token {
	parts := [][]token{nil}
	for _, t := range tokens {
		last := len(parts) - 1
		if t.text == ":" && len(parts) < 6 {
			parts = append(parts, nil)
		} else {
			parts[last] = append(parts[last], t)
		}
	}
	return parts
}
