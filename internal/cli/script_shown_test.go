package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// progress is what a command says that takes longer than a second.
var progress = regexp.MustCompile(`(?m)^reading .* … \d+ s\n`)

// runShown runs the commands of a page's console blocks ("$ writ …") in a
// directory of the repository and compares with the output that the page shows:
// `runshown PAGE DIR`. With UPDATE_DOCS set it writes the page instead.
func runShown(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: runshown PAGE DIR")
	}
	repo := ts.Getenv("REPO")
	page := filepath.Join(repo, args[0])
	text, err := os.ReadFile(page)
	ts.Check(err)
	var out strings.Builder
	inBlock, ran := false, 0
	for line := range strings.Lines(string(text)) {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case strings.HasPrefix(line, "```"):
			inBlock = strings.HasPrefix(line, "```console")
			out.WriteString(line)
		case !inBlock:
			out.WriteString(line)
		case isCommand:
			out.WriteString(line)
			ts.Check(ts.Exec("sh", "-c", "cd "+filepath.Join(repo, args[1])+" && exec 2>&1; "+strings.TrimSpace(command)+"; true"))
			out.WriteString(progress.ReplaceAllString(ts.ReadFile("stdout"), ""))
			ran++
		}
	}
	if os.Getenv("UPDATE_DOCS") != "" {
		ts.Check(os.WriteFile(page, []byte(out.String()), 0o644))
		return
	}
	if ran == 0 {
		ts.Fatalf("%s shows no command", args[0])
	}
	ts.Logf("%d commands of %s were run", ran, args[0])
	if out.String() != string(text) {
		fresh := ts.MkAbs("fresh.md")
		ts.Check(os.WriteFile(fresh, []byte(out.String()), 0o644))
		_ = ts.Exec("diff", page, fresh) // its output is in the log
		ts.Fatalf("%s shows what the commands do not print: run the test with UPDATE_DOCS=1", args[0])
	}
}
