package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ/topology"
)

// interpreter is how a language's functions run here, and how AWS's names of
// its runtimes look.
var interpreters = map[topology.Language]struct {
	command string
	runtime *regexp.Regexp
	version *regexp.Regexp
}{
	topology.LanguagePython: {"python3", regexp.MustCompile(`^python(\d+\.\d+)$`), regexp.MustCompile(`(\d+\.\d+)`)},
	topology.LanguageNode:   {"node", regexp.MustCompile(`^nodejs(\d+)\.x$`), regexp.MustCompile(`v(\d+)`)},
}

// foreignVersions says where a function runs on another version than AWS will
// run it on: what works here may not work there.
func foreignVersions(ctx context.Context, systems []*system) []string {
	var lines, seen []string
	for _, s := range systems {
		for _, f := range s.topology.Functions {
			known, ok := interpreters[f.Runtime.Language]
			wanted := known.runtime
			if !ok || slices.Contains(seen, f.Runtime.Identifier) {
				continue
			}
			seen = append(seen, f.Runtime.Identifier)
			match := wanted.FindStringSubmatch(f.Runtime.Identifier)
			if match == nil {
				continue
			}
			out, err := exec.CommandContext(ctx, known.command, "--version").Output()
			if err != nil {
				lines = append(lines, fmt.Sprintf("there is no %s on the PATH: functions of %s cannot run here", known.command, f.Runtime.Identifier))
				continue
			}
			text := strings.TrimSpace(string(out))
			if here := known.version.FindStringSubmatch(text); here != nil && here[1] != match[1] {
				lines = append(lines, fmt.Sprintf("%s runs here on %s", f.Runtime.Identifier, oneLine(text)))
			}
		}
	}
	return lines
}

// missingLibraries names functions whose libraries were declared and not
// installed.
func missingLibraries(systems []*system) []string {
	there := func(parts ...string) bool {
		_, err := os.Stat(filepath.Join(parts...))
		return err == nil
	}
	var lines []string
	for _, s := range systems {
		node := slices.ContainsFunc(s.topology.Functions, func(f *topology.Function) bool {
			return f.Runtime.Language == topology.LanguageNode
		})
		if dir := s.topology.Dir; node && there(dir, "package.json") && !there(dir, "node_modules") {
			lines = append(lines, fmt.Sprintf("%s is not installed: run `npm install` in %s", filepath.Join(dir, "package.json"), dir))
		}
		for _, source := range s.sources {
			if source.Language == topology.LanguageNode && there(source.Dir, "package.json") && !there(source.Dir, "node_modules") {
				lines = append(lines, fmt.Sprintf("%s is not installed: run `npm install` in %s", filepath.Join(source.Dir, "package.json"), source.Dir))
			}
		}
	}
	return lines
}
