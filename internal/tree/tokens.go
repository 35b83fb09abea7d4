package tree

import (
	"github.com/goccy/go-yaml/token"
)

// joinColons mends what the YAML library does to a list in braces: in {may: [document:read]} it takes
// the colon for one that ends a key, which it is only before a space.
func joinColons(tokens token.Tokens) token.Tokens {
	var open []token.Type
	out := make(token.Tokens, 0, len(tokens))
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			open = append(open, t.Type)
		case token.SequenceEndType, token.MappingEndType:
			open = open[:max(len(open)-1, 0)]
		}
		if len(open) == 0 || open[len(open)-1] != token.SequenceStartType || !word(t) {
			out = append(out, t)
			continue
		}
		text, end := t.Value, i+1
		for end < len(tokens) && tokens[end].Type == token.MappingValueType && adjacent(tokens[end-1], tokens[end]) {
			after := end + 1
			if after == len(tokens) || !adjacent(tokens[end], tokens[after]) {
				break
			}
			joined := text + ":"
			for after < len(tokens) && adjacent(tokens[after-1], tokens[after]) && (word(tokens[after]) || tokens[after].Type == token.AliasType) {
				joined += tokens[after].Value
				after++
			}
			if after == end+1 {
				break
			}
			text, end = joined, after
		}
		if end > i+1 {
			t = token.New(text, text, t.Position)
			t.Type = token.StringType
		}
		out = append(out, t)
		i = end - 1
	}
	for i, t := range out {
		t.Prev, t.Next = nil, nil
		if i > 0 {
			t.Prev, out[i-1].Next = out[i-1], t
		}
	}
	return out
}

// word reports whether a token is plain text.
func word(t *token.Token) bool {
	switch t.Type {
	case token.StringType, token.IntegerType, token.FloatType, token.BoolType, token.NullType:
		return true
	}
	return false
}

// adjacent reports whether b follows a without a space.
func adjacent(a, b *token.Token) bool {
	return a.Position.Line == b.Position.Line && a.Position.Column+len([]rune(a.Value)) == b.Position.Column
}
