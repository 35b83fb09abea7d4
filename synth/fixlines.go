package synth

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// access is a verb on an entity.
type access struct {
	to   destination
	verb string
}

// writeFix writes a missing grant as it must stand in the user's file.
func writeFix(f *topology.Function, a access, action string) writ.Fix {
	fix := writ.Fix{Summary: fmt.Sprintf("grant function %s %s on %s %s", f.Name, a.verb, a.to.entity.kind(), a.to.name)}
	if a.verb == "fullAccess" {
		fix.Summary += ", the only access that holds " + action
	}
	place := grantLines(f, []access{a})
	fix.Position, fix.Lines, fix.Summary = place.Position, place.Lines, fix.Summary+place.Summary
	return fix
}

// grantLines writes grants as they must stand in the user's file together; the
// summary is a remark that goes with them, or "".
func grantLines(f *topology.Function, list []access) writ.Fix {
	if strings.HasSuffix(f.Pos.File, ".go") {
		fix := writ.Fix{Summary: " (use your own names for the two values)"}
		for _, a := range list {
			position, line := goFix(f, a.to, a.verb)
			if fix.Lines += line; position.Line > fix.Position.Line {
				fix.Position = position
			}
		}
		return fix
	}
	items := make([]string, len(list))
	for i, a := range list {
		items[i] = grantText(string(a.to.entity.kind()), a.to.name, a.verb)
	}
	asList := func(indent int) string {
		before := spaces(indent) + "- "
		return before + strings.Join(items, "\n"+before) + "\n"
	}
	switch {
	case f.GrantsIndent > 0:
		return writ.Fix{Position: f.GrantsEnd, Lines: asList(f.GrantsIndent)}
	case !f.GrantsEnd.IsZero():
		return writ.Fix{Position: f.GrantsEnd, Lines: strings.Join(items, ", "), Summary: ": add it to the list in brackets"}
	case f.Indent > 0:
		return writ.Fix{Position: f.End, Lines: spaces(f.Indent) + "grants:\n" + asList(f.Indent+2)}
	}
	fix := writ.Fix{Position: f.End, Lines: "grants: [" + strings.Join(items, ", ") + "]", Summary: ": add it to the function's keys"}
	if fix.Position.IsZero() {
		fix.Position = f.Pos
	}
	return fix
}

// grantText is a grant as YAML. What an import allows is said elsewhere.
func grantText(kind, name, verb string) string {
	if kind == string(entityImport) {
		return fmt.Sprintf("{import: %s}", yamlText(name))
	}
	return fmt.Sprintf("{%s: %s, access: %s}", kind, yamlText(name), verb)
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
		fmt.Sprintf("\t%s.Grant%s(%s)\n", goName(to.name), goMethod(to.entity, access), goName(f.Name))
}

// goMethod gives the end of a construct's method: CDK's words, where they are
// longer than the verb's.
func goMethod(e entity, access string) string {
	switch {
	case e == entityImport:
		return ""
	case e == entityQueue && access != "purge":
		return title(access) + "Messages"
	case e == entityBus:
		return "PutEventsTo"
	}
	return strings.NewReplacer("Url", "URL", "Acl", "ACL", "Mac", "MAC").Replace(title(access))
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
