package synth

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// writeFix writes a missing grant as it must stand in the user's file.
func writeFix(f *topology.Function, to destination, access, action string) writ.Fix {
	fix := writ.Fix{Summary: fmt.Sprintf("grant function %s %s on %s %s", f.Name, access, to.entity.kind(), to.name)}
	if access == "fullAccess" {
		fix.Summary += ", the only access that holds " + action
	}
	if strings.HasSuffix(f.Pos.File, ".go") {
		fix.Position, fix.Lines = goFix(f, to, access)
		fix.Summary += " (use your own names for the two values)"
		return fix
	}
	item := fmt.Sprintf("{%s: %s, access: %s}", to.entity.kind(), yamlText(to.name), access)
	switch {
	case f.GrantsIndent > 0:
		fix.Position = f.GrantsEnd
		fix.Lines = spaces(f.GrantsIndent) + "- " + item + "\n"
	case !f.GrantsEnd.IsZero():
		fix.Position = f.GrantsEnd
		fix.Lines = item
		fix.Summary += ": add it to the list in brackets"
	case f.Indent > 0:
		fix.Position = f.End
		fix.Lines = spaces(f.Indent) + "grants:\n" + spaces(f.Indent+2) + "- " + item + "\n"
	default:
		fix.Position = f.End
		if fix.Position.IsZero() {
			fix.Position = f.Pos
		}
		fix.Lines = "grants: [" + item + "]"
		fix.Summary += ": add it to the function's keys"
	}
	return fix
}

func spaces(n int) string { return strings.Repeat(" ", n) }

var plainYAML = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_/-]*$`)

// yamlText writes a name as a YAML scalar that is read back as this text.
func yamlText(name string) string {
	switch strings.ToLower(name) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return `"` + name + `"`
	}
	if plainYAML.MatchString(name) {
		return name
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// goFix writes a grant as a call of a construct's method. The variables are
// named after the constructs' ids; only the user's program knows what they are
// called there.
func goFix(f *topology.Function, to destination, access string) (writ.Position, string) {
	after := f.Pos
	if to.pos.File == after.File && to.pos.Line > after.Line {
		after = to.pos
	}
	for _, g := range f.Grants {
		if g.Pos.File == after.File && g.Pos.Line > after.Line {
			after = g.Pos
		}
	}
	return writ.Position{File: after.File, Line: after.Line},
		fmt.Sprintf("\t%s.Grant%s(%s)\n", goName(to.name), title(access), goName(f.Name))
}

// goName makes a variable's name of a construct's: the last of its ids.
func goName(name string) string {
	if i := strings.LastIndexByte(name, '-'); i >= 0 && i+1 < len(name) {
		name = name[i+1:]
	}
	name = camel(name)
	if name == "" {
		return "x"
	}
	return strings.ToLower(name[:1]) + name[1:]
}
