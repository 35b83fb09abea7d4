package oracle

import (
	"strings"
	"unicode/utf8"

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
	for text != "" {
		body, size, ok := variableAt(text)
		if !ok {
			_, size = utf8.DecodeRuneInString(text)
			tokens = append(tokens, plain(text[:size])...)
			text = text[size:]
			continue
		}
		value, ok := variable(body, ctx)
		if !ok {
			return nil, false
		}
		tokens = append(tokens, literal(value)...)
		text = text[size:]
	}
	return tokens, true
}

// variableAt reads a variable at the start of s: what stands between its braces
// and how long it is. A brace in a quoted default does not close.
func variableAt(s string) (body string, size int, ok bool) {
	if !strings.HasPrefix(s, "${") {
		return "", 0, false
	}
	s = s[:min(len(s), 2048)] // what is longer is no variable
	end := strings.IndexByte(s, '}')
	for i := 2; i < len(s); i++ {
		if s[i] == '}' && strings.Count(s[:i], "'")%2 == 0 {
			end = i
			break
		}
	}
	if end < 0 {
		return "", 0, false
	}
	return s[2:end], end + 1, true
}

// variable is the text for what stands between the braces. White space around
// the key and the default does not count. What is written otherwise than the
// guide has it, and a key of many values, have no value.
func variable(body string, ctx iam.Context) (string, bool) {
	if body == "*" || body == "?" || body == "$" {
		return body, true
	}
	key, fallback, hasDefault := strings.Cut(body, ",")
	key, fallback = lower(strings.TrimSpace(key)), strings.TrimSpace(fallback)
	if hasDefault && (len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'') {
		return "", false
	}
	if v, present := ctx[key]; present && key != "" {
		if v.Multi || len(v.Values) != 1 {
			return "", false
		}
		return v.Values[0], true
	}
	if !hasDefault {
		return "", false
	}
	return fallback[1 : len(fallback)-1], true
}
