package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// documented finds `writ COMMAND …` in a page: in backquotes, or as lines of a block of
// code, up to a remark: a # that is in no quotes.
var documented = regexp.MustCompile("(?m)`(writ [a-z]+[^`]*)`|^(?:go run ./cmd/)?(writ [a-z](?:'[^'`\n]*'|[^`#|])*)|\\$\\((writ [a-z][^)`]*)\\)")

// walked is the section of a page that is run from its beginning to its end, in its own order: see walk.
var walked = regexp.MustCompile("(?s)\n## From nothing.*?(\n## )")

// commandsOfPages gives every command that the README and the pages of docs show.
func commandsOfPages(ts *testscript.TestScript) []string {
	repo := ts.Getenv("REPO")
	pages, err := filepath.Glob(filepath.Join(repo, "docs", "*.md"))
	ts.Check(err)
	var commands []string
	for _, page := range append(pages, filepath.Join(repo, "README.md")) {
		text, err := os.ReadFile(page)
		ts.Check(err)
		for _, m := range documented.FindAllStringSubmatch(walked.ReplaceAllString(string(text), "$1"), -1) {
			commands = append(commands, strings.TrimSpace(m[1]+m[2]+m[3]))
		}
	}
	// What takes the system away comes last.
	slices.SortFunc(commands, func(a, b string) int {
		return strings.Compare(rank(a)+a, rank(b)+b)
	})
	return slices.Compact(commands)
}

func rank(command string) string {
	if strings.HasPrefix(command, "writ destroy") {
		return "1"
	}
	return "0"
}

// placeholders are the words that stand for something of the reader's.
var placeholders = strings.NewReplacer(
	"examples/hitcounter-go", ".", "examples/hitcounter", ".", "init DIR", "init ../new", "DIR", ".", "FUNCTION", "hello",
	"--old A.json", "--old ../a.json", "--new B.json", "--new ../b.json", "--old A", "--old ../a.json", "--new B", "--new ../b.json",
	"PROFILE", "docs", "NAME", "docs", "SANDBOX", "dev", " --opa-port 8181", "",
)

// runDocs runs every documented command in a directory in which a cloud runs;
// those that go on for ever are stopped when they are ready, in another.
func runDocs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: rundocs DIR OTHERDIR")
	}
	commands := commandsOfPages(ts)
	if len(commands) < 10 {
		ts.Fatalf("only %d commands were found in the pages: %q", len(commands), commands)
	}
	until := func(file string) string {
		return ` & pid=$!; n=0; ` +
			`while [ ! -e ` + file + ` ] && kill -0 $pid && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done; ` +
			`[ -e ` + file + ` ]; ok=$?; kill -TERM $pid; wait $pid && [ $ok = 0 ]`
	}
	for _, command := range commands {
		line := strings.ReplaceAll(placeholders.Replace(command), "examples/documents", filepath.Join(ts.Getenv("REPO"), "examples", "documents"))
		switch words := strings.Fields(line); words[1] {
		case "up":
			line = "cd " + args[1] + "; exec 2>&1; " + line + " --aws-port 0 --http-port 0" + until(".writ/local.json")
		case "destroy":
			line = "cd " + args[0] + " && echo yes | " + line
		case "ledger": // of what is stored where no server runs
			line = "cd " + args[1] + " && writ key create --role read >/dev/null && " + line
		case "serve":
			line = "cd " + args[1] + "; exec 2>&1; " + line + " --server-port 0" + until(".writ/server.json")
		default:
			if strings.HasPrefix(line, "writ policy export") { // no server may have the store open, and what it builds is built from here
				line = "cd " + args[1] + " && " + strings.Replace(line, "authorizer build", "authorizer build --source "+ts.Getenv("REPO"), 1)
				break
			}
			line = "set -e; cd " + args[0] + "; " + line
		}
		if err := ts.Exec("sh", "-c", line); err != nil {
			ts.Fatalf("the pages show %q, which failed as %q: %v", command, line, err)
		}
	}
	ts.Logf("%d commands of the pages were run: %q", len(commands), commands)
}
