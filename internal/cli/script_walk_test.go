package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// walk runs a block of code of the section "From nothing" of a page as it stands: `walk PAGE NUMBER`. The remark behind a
// question says its answer, "allowed" or "denied"; the command below a denial must be among what it prints.
func walk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: walk PAGE NUMBER")
	}
	number, err := strconv.Atoi(args[1])
	ts.Check(err)
	page, err := os.ReadFile(filepath.Join(ts.Getenv("REPO"), "docs", args[0]))
	ts.Check(err)
	blocks := shellBlock.FindAllStringSubmatch(walked.FindString(string(page)), -1)
	if number < 1 || number > len(blocks) {
		ts.Fatalf("%s has %d blocks to walk through, no block %d", args[0], len(blocks), number)
	}
	steps := walkSteps(blocks[number-1][1])
	for i, step := range steps {
		err := ts.Exec("sh", "-c", step)
		said := ts.ReadFile("stdout")
		answer, _, _ := strings.Cut(said, "\n")
		_, remark, _ := strings.Cut(step, "  # ")
		wantsDenied := strings.HasPrefix(remark, "denied")
		switch {
		case strings.Contains(step, "<<"): // a remark in the file is none of the command
			ts.Check(err)
		case (err != nil) != wantsDenied:
			ts.Fatalf("%s: %v", step, err)
		case wantsDenied && !strings.HasPrefix(answer, "denied"), strings.HasPrefix(remark, "allowed") && !strings.HasPrefix(answer, "allowed"):
			ts.Fatalf("%s: the answer is %q", step, answer)
		case wantsDenied && i+1 < len(steps) && !strings.Contains(said, "      "+steps[i+1]+"\n"):
			ts.Fatalf("the denial does not print %q:\n%s", steps[i+1], said)
		}
	}
	ts.Logf("%d commands of %s were run", len(steps), args[0])
}

// walkSteps gives the commands of a block: lines, but a file that is written is one.
func walkSteps(block string) (steps []string) {
	file := ""
	for line := range strings.Lines(block) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case file != "":
			if file += "\n" + line; line == "END" {
				steps, file = append(steps, file), ""
			}
		case strings.HasSuffix(line, "<<'END'"):
			file = line
		case line != "":
			steps = append(steps, line)
		}
	}
	return steps
}
