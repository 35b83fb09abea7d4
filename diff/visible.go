package diff

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible writes what a terminal would obey (control characters, but line ends
// and tabs) or show in another order as escapes: a template from anywhere must
// not be able to hide a row of its own diff.
func visible(text string) string {
	if !strings.ContainsFunc(text, obeyed) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		if obeyed(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func obeyed(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}

// inline is visible text that cannot begin a line of its own; what cdk prints
// over several lines stays so.
func (p *printer) inline(text string) string {
	text = visible(text)
	if p.o.CDK {
		return text
	}
	return strings.ReplaceAll(text, "\n", `\n`)
}
