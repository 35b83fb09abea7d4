package cli

import (
	"os/exec"
	"strings"
	"testing"
)

func TestWordsForAShell(t *testing.T) {
	t.Parallel()
	shells := 0
	for word, want := range map[string]string{
		"document:budget@x=1": "document:budget@x=1",
		"":                    "''",
		"=ls":                 "'=ls'",
		"~ann":                "'~ann'",
		"a b":                 "'a b'",
		"o'neil":              `'o'\''neil'`,
		`a\b`:                 `'a'\\'b'`,
		`\'; ls; '\`:          `''\\''\''; ls; '\'''\\''`,
		"$(ls)`ls`!x\"":       "'$(ls)`ls`!x\"'",
	} {
		got := quoted(word)
		if got != want {
			t.Errorf("%q is quoted %s, want %s", word, got, want)
		}
		// In fish \\ and \' are escapes between single quotes too: none may stand there.
		inside := false
		for i := 0; i < len(got); i++ {
			switch {
			case got[i] == '\'':
				inside = !inside
			case got[i] == '\\' && inside:
				t.Errorf("%q: a backslash stands between quotes: %s", word, got)
			case got[i] == '\\':
				i++
			}
		}
		for _, shell := range []string{"sh", "bash", "zsh", "fish"} {
			path, err := exec.LookPath(shell)
			if err != nil {
				continue
			}
			shells++
			out, err := exec.CommandContext(t.Context(), path, "-c", "printf '%s.' "+got).Output()
			if err != nil || strings.TrimSuffix(string(out), ".") != word {
				t.Errorf("%s reads %s as %q: %v", shell, got, out, err)
			}
		}
	}
	if shells == 0 {
		t.Error("no shell was asked")
	}
}
