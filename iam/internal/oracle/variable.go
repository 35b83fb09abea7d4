package oracle

import (
	"strings"

	"github.com/writ-dev/writ/iam"
)

// expand puts the values of policy variables into text. What is put in is
// literal. With wild, "*" and "?" of the text itself are wildcards. It fails
// when a variable has neither a value nor a default.
func expand(text string, ctx iam.Context, wild bool) ([]token, bool) {
	plain := literal
	if wild {
		plain = literalOrWild
	}
	var tokens []token
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			return append(tokens, plain(text)...), true
		}
		body, after, closed := strings.Cut(rest, "}")
		if !closed {
			return append(tokens, plain(text)...), true
		}
		value, ok := variable(body, ctx)
		if !ok {
			return nil, false
		}
		tokens = append(tokens, plain(before)...)
		tokens = append(tokens, literal(value)...)
		text = after
	}
}

// variable is the text for what stands between the braces.
func variable(body string, ctx iam.Context) (string, bool) {
	if body == "*" || body == "?" || body == "$" {
		return body, true
	}
	key, fallback, hasDefault := strings.Cut(body, ", '")
	if v, ok := ctx[strings.ToLower(key)]; ok && !v.Multi && len(v.Values) == 1 {
		return v.Values[0], true
	}
	if hasDefault && strings.HasSuffix(fallback, "'") {
		return strings.TrimSuffix(fallback, "'"), true
	}
	return "", false
}
