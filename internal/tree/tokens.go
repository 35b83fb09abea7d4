package tree

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// joinColons mends what the YAML library does to colons in braces, where one ends a key only before
// a space. It takes {may: [document:read]} for a list of a map, and {document:a: viewer} for the key "document".
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
		mended, next := token.Tokens{t}, i+1
		if len(open) > 0 && colonInside(tokens, i) {
			if open[len(open)-1] == token.SequenceStartType {
				mended, next = joinItem(tokens, i)
			} else {
				mended, next = joinKey(tokens, i)
			}
		}
		out = append(out, mended...)
		i = next - 1
	}
	for i, t := range out {
		t.Prev, t.Next = nil, nil
		if i > 0 {
			t.Prev, out[i-1].Next = out[i-1], t
		}
	}
	return out
}

// colonInside reports whether a plain word, a colon and more text follow each other without a space.
func colonInside(tokens token.Tokens, i int) bool {
	return i+2 < len(tokens) && word(tokens[i]) && tokens[i+1].Type == token.MappingValueType &&
		adjacent(tokens[i], tokens[i+1]) && adjacent(tokens[i+1], tokens[i+2])
}

// joinItem makes one word of an item such as document:read, document:* or a:b:c.
func joinItem(tokens token.Tokens, i int) (token.Tokens, int) {
	text, end := tokens[i].Value, i+1
	for end < len(tokens) && adjacent(tokens[end-1], tokens[end]) && inWord(tokens[end]) {
		text += tokens[end].Value
		end++
	}
	return token.Tokens{plain(text, tokens[i].Position, 0)}, end
}

// joinKey makes a key of a word, a colon, and text that goes on to the colon that ends the key.
func joinKey(tokens token.Tokens, i int) (token.Tokens, int) {
	first, rest := tokens[i], tokens[i+2]
	name, value, found := strings.Cut(rest.Value, ": ")
	if !found {
		name, found = strings.CutSuffix(rest.Value, ":")
	}
	if !found || !word(rest) {
		return token.Tokens{first}, i + 1 // {a:1} is taken as it is meant
	}
	key := first.Value + ":" + name
	colon := *tokens[i+1]
	p := *first.Position
	width := utf8.RuneCountInString(key)
	p.Column += width
	p.Offset += width
	colon.Position = &p
	mended := token.Tokens{plain(key, first.Position, 0), &colon}
	if trimmed := strings.TrimLeft(value, " "); trimmed != "" {
		mended = append(mended, plain(trimmed, &p, 2+len(value)-len(trimmed)))
	}
	return mended, i + 3
}

// plain is a token of plain text, some columns behind a place.
func plain(text string, at *token.Position, behind int) *token.Token {
	p := *at
	p.Column += behind
	p.Offset += behind
	t := token.New(text, text, &p)
	t.Type = token.StringType
	return t
}

// word reports whether a token is plain text.
func word(t *token.Token) bool {
	switch t.Type {
	case token.StringType, token.IntegerType, token.FloatType, token.BoolType, token.NullType:
		return true
	}
	return false
}

func inWord(t *token.Token) bool {
	return word(t) || t.Type == token.MappingValueType || t.Type == token.AliasType
}

// adjacent reports whether b follows a without a space.
func adjacent(a, b *token.Token) bool {
	return a.Position.Line == b.Position.Line && a.Position.Column+utf8.RuneCountInString(a.Value) == b.Position.Column
}
