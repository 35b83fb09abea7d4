package logs

import (
	"regexp"
	"strings"
)

// maxPattern is the longest filter pattern, in bytes.
const maxPattern = 1024

// Pattern is a filter pattern for unstructured log events. The zero value
// matches everything.
//
// The rules are those of the CloudWatch Logs User Guide, "Filter pattern
// syntax": all plain terms must occur, one of the ?terms if there are any and
// no plain ones, none of the -terms; "quotes" keep a phrase together; %...% is
// a regular expression. Terms are case-sensitive parts of the message.
type Pattern struct {
	all, any, none []term
}

type term struct {
	text string
	re   *regexp.Regexp
}

func (t term) in(message string) bool {
	if t.re != nil {
		return t.re.MatchString(message)
	}
	return strings.Contains(message, t.text)
}

// ParsePattern reads a filter pattern. Patterns for JSON ({ ... }) and for
// columns ([ ... ]) are refused: InvalidParameterException, as is bad syntax.
func ParsePattern(text string) (Pattern, error) {
	var p Pattern
	if len(text) > maxPattern {
		return p, constraint("filterPattern", text[:64]+"...", "Member must have length less than or equal to 1024")
	}
	rest := strings.TrimSpace(text)
	if strings.HasPrefix(rest, "{") || strings.HasPrefix(rest, "[") {
		return p, invalid("Invalid filter pattern: the local cloud knows terms, \"phrases\", ?alternatives, -exclusions and %%regular expressions%%, not patterns for JSON or columns: %s", text)
	}
	for rest != "" {
		list := &p.all
		switch rest[0] {
		case '?':
			list, rest = &p.any, rest[1:]
		case '-':
			list, rest = &p.none, rest[1:]
		}
		var t term
		var err error
		if t, rest, err = readTerm(rest, text); err != nil {
			return Pattern{}, err
		}
		*list = append(*list, t)
		rest = strings.TrimLeft(rest, " \t\r\n")
	}
	return p, nil
}

// readTerm reads one term and gives what follows it.
func readTerm(rest, whole string) (term, string, error) {
	bad := func(why string) (term, string, error) {
		return term{}, "", invalid("Invalid filter pattern: %s: %s", why, whole)
	}
	if rest == "" {
		return bad("a term is missing")
	}
	switch quote := rest[0]; quote {
	case '"', '%':
		text, after, ok := cutQuoted(rest[1:], quote)
		if !ok {
			return bad("a quote is not closed")
		}
		if after != "" && !strings.ContainsRune(" \t\r\n", rune(after[0])) {
			return bad("white space is missing after a quote")
		}
		if quote == '"' {
			return term{text: text}, after, nil
		}
		re, err := regexp.Compile(text)
		if err != nil || text == "" {
			return bad("the regular expression cannot be read")
		}
		return term{re: re}, after, nil
	}
	end := strings.IndexAny(rest, " \t\r\n")
	if end < 0 {
		end = len(rest)
	}
	word := rest[:end]
	for i := range len(word) {
		c := word[i]
		if c < 0x80 && c != '_' && c != '.' && c != '-' && c != '/' && c != ':' && c != '=' && c != '@' && c != '#' && c != '*' && !alphanumeric(c) {
			return bad("a term with special characters must stand in double quotes")
		}
	}
	return term{text: word}, rest[end:], nil
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// cutQuoted cuts at the closing quote; a backslash takes a quote or a
// backslash in double quotes literally.
func cutQuoted(rest string, quote byte) (text, after string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == quote:
			return b.String(), rest[i+1:], true
		case c == '\\' && quote == '"' && i+1 < len(rest) && (rest[i+1] == '"' || rest[i+1] == '\\'):
			i++
			b.WriteByte(rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// Match says whether a message matches.
func (p Pattern) Match(message string) bool {
	for _, t := range p.none {
		if t.in(message) {
			return false
		}
	}
	for _, t := range p.all {
		if !t.in(message) {
			return false
		}
	}
	if len(p.any) == 0 || len(p.all) > 0 { // beside plain terms, ?terms are ignored
		return true
	}
	for _, t := range p.any {
		if t.in(message) {
			return true
		}
	}
	return false
}
