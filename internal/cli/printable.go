package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// printable makes text from elsewhere (logs, paths, messages of services) safe
// to show: what a terminal would obey, or would show as something else, is
// written as an escape. Line ends and tabs stay.
func printable(text string) string {
	if !strings.ContainsFunc(text, unsafeRune) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case !unsafeRune(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// unsafeRune reports control characters, and those that turn the direction of
// what follows.
func unsafeRune(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}

// oneLine is printable text that cannot begin a line of its own, and of which
// all can be seen: a name with a character of no width in it is another name.
func oneLine(text string) string {
	text = strings.ReplaceAll(printable(text), "\n", `\n`)
	if !strings.ContainsFunc(text, unseenRune) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unseenRune(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// eachLine is oneLine for every line of a text.
func eachLine(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = oneLine(lines[i])
	}
	return strings.Join(lines, "\n")
}

// unseenRune reports characters that show nothing, and those that some
// programs take for the end of a line.
func unseenRune(r rune) bool {
	return r > 0x7f && unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point)
}

// printableSource makes the text of a line safe, and moves the column to where
// the same character stands then.
func printableSource(at writ.Position, line string) (writ.Position, string) {
	number := 0
	for i := range line {
		if number++; number == at.Col {
			at.Col = utf8.RuneCountInString(oneLine(line[:i])) + 1
			break
		}
	}
	return at, oneLine(line)
}

// showError shows err to the user.
func showError(w io.Writer, err error) {
	addLines(err)
	var b bytes.Buffer
	writ.WriteError(&b, err)
	_, _ = io.WriteString(w, printable(b.String())) // there is nobody else to tell
}

// maxShownFile bounds the files whose lines are shown, in bytes.
const maxShownFile = 1 << 20

// addLines fills in the text of the line of each error that only knows its place:
// engines hold no files.
func addLines(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			addLines(e)
		}
		return
	}
	var e *writ.Error
	if errors.As(err, &e) && e.Source == "" && e.Position.Line > 0 {
		e.Source = lineAt(e.Position)
	}
}

// lineAt gives a line of a file, "" where it cannot be read.
func lineAt(at writ.Position) string {
	info, err := os.Stat(at.File)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxShownFile {
		return ""
	}
	text, err := os.ReadFile(at.File)
	if err != nil {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	if at.Line > len(lines) {
		return ""
	}
	return lines[at.Line-1]
}
