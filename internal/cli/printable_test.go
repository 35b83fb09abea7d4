package cli

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain text, ünïcode ✓": "plain text, ünïcode ✓",
		"tab\tand\nline":        "tab\tand\nline",
		"\x1b[31mred\x1b[0m":    `\x1b[31mred\x1b[0m`,
		"\r\b\x07\x7f\x00":      `\x0d\x08\x07\x7f\x00`,
		"C1 \u009b31m":          `C1 \u009b31m`,
		"\u202eexe.gnp\u2066":   `\u202eexe.gnp\u2066`,
		"not UTF-8 \xff\xfe":    `not UTF-8 \xff\xfe`,
		"a real \uFFFD stays":   "a real \uFFFD stays",
	} {
		if got := printable(text); got != want {
			t.Errorf("printable(%q) = %q, want %q", text, got, want)
		}
	}
	if got := oneLine("a\nDENIED"); got != `a\nDENIED` {
		t.Errorf("oneLine: %q", got)
	}
}

func TestShowError(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	showError(&b, writ.Errorf(writ.CodeInvalid, "bad \x1b[2J").At(writ.Position{File: "t\x07.yml", Line: 1, Col: 1}, "x\x1b").WithHint("see\x1b"))
	if got := b.String(); strings.ContainsAny(got, "\x1b\x07") || !strings.Contains(got, `bad \x1b[2J`) || !strings.Contains(got, "\n  hint: ") {
		t.Errorf("%q", got)
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b[31m\u202e\xff\n")
	f.Fuzz(func(t *testing.T, text string) {
		got := printable(text)
		if strings.ContainsFunc(got, unsafeRune) {
			t.Errorf("%q gives %q", text, got)
		}
		if printable(got) != got {
			t.Errorf("%q is not settled: %q", got, printable(got))
		}
	})
}

// A step that takes its time says so; one that does not is silent.
func TestWorking(t *testing.T) {
	t.Parallel()
	var mu lockedBuffer
	working(&mu, style{}, "waiting")()
	if mu.String() != "" {
		t.Errorf("a quick step said %q", mu.String())
	}
	done := working(&mu, style{}, "waiting")
	time.Sleep(patience + patience/5)
	done()
	if got := mu.String(); !regexp.MustCompile(`^waiting … \d+ s\n$`).MatchString(got) {
		t.Errorf("a slow step said %q", got)
	}
}

// lockedBuffer is a lockedWriter that can be read.
type lockedBuffer struct {
	writer lockedWriter
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.writer.mu.Lock()
	defer b.writer.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.writer.mu.Lock()
	defer b.writer.mu.Unlock()
	return b.buffer.String()
}

func TestLabels(t *testing.T) {
	t.Parallel()
	var l labels
	if label, _ := l.of("shop_hello_dev"); label != "shop_hello_dev" {
		t.Errorf("before any system: %q", label)
	}
}
