package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// missing is a permission that a role did not have. unmet says which statement
// would give it but for its conditions, "" where there is none: then a deploy
// brings nothing.
type missing struct{ role, action, resource, unmet string }

// unmetOf reads from a verdict which statement the role has, and what of it the
// call does not meet.
func unmetOf(v gate.Verdict) string {
	if v.Request == nil || v.Policies == nil || v.Decision.Verdict != iam.ImplicitlyDenied {
		return ""
	}
	misses := iam.Explain(v.Request, v.Policies).Unmet
	if len(misses) == 0 {
		return ""
	}
	text := misses[0].String()
	for _, f := range misses[0].Failures {
		if iam.Key(f.Key) == iam.Key("aws:ResourceTag/sandbox") && len(f.Found) == 0 {
			text += "; what is called does not exist, or does not bear the tag"
		}
	}
	return text
}

// fixLines shows the lines of the user's own file that would give what is
// missing, after a word such as "fix:". The topology is read anew for it: denials
// are rare, and the lines must be those that the user sees in the editor.
func (u *up) fixLines(t *topology.Topology, m missing, word string) string {
	var b strings.Builder
	switch fix, granted, edge := u.fix(t, m); {
	case granted != "" && m.unmet != "":
		fmt.Fprintf(&b, "  the topology grants this%s, and %s\n", edge, oneLine(m.unmet))
	case granted != "":
		fmt.Fprintf(&b, "%s the topology grants this already%s: run `%s`\n", word, edge, granted)
	case fix.Summary != "":
		fmt.Fprintf(&b, "%s %s\n", word, fix.Summary)
		fmt.Fprintf(&b, "  %s\n", u.style.faint(addAt(fix)+":"))
		b.WriteString(addedLines(fix, u.style))
	}
	return b.String()
}

// fix finds the grant. Where the topology allows the call already, granted is
// the command that deploys it; for the role of an API edge names the route that
// allows it.
func (u *up) fix(t *topology.Topology, m missing) (fix writ.Fix, granted, edge string) {
	if m.role == "" {
		return writ.Fix{}, "", ""
	}
	for _, node := range flatten(t) {
		sandbox := u.sandboxOf(node, m.role)
		if fix, ok := synth.Fix(node, sandbox, m.role, m.action, m.resource); ok {
			return fix, "", ""
		}
		route, pos, isRoute := synth.RouteEdge(node, sandbox, m.role, m.action, m.resource)
		if isRoute {
			edge = fmt.Sprintf(", by %s at %s", oneLine(route), place(pos))
		}
		if isRoute || synth.Granted(node, sandbox, m.role, m.action, m.resource) {
			command := "writ deploy " + quoted(u.dir)
			if sandbox != defaultSandbox {
				command += " -s " + sandbox
			}
			return writ.Fix{}, command, edge
		}
	}
	return writ.Fix{}, "", ""
}

// waitingFixes is how many denials may wait for their fix; a program that is
// denied more than that meets the same ones again.
const waitingFixes = 64

// isProgram says whether reading a topology runs a Go program.
func isProgram(systems []*system) bool {
	for _, s := range systems {
		if strings.HasSuffix(s.topology.Pos.File, ".go") || strings.HasSuffix(s.topology.File, ".go") {
			return true
		}
	}
	return false
}

// fixLater hands a denial to showFixes.
func (u *up) fixLater(m missing) {
	select {
	case u.later <- m:
	default:
	}
}

// showFixes shows the fixes of a topology that is a Go program: it takes a
// second or more to run, which a denied call must not wait for.
func (u *up) showFixes(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-u.later:
			t, err := topology.Load(u.dir)
			for more := true; more; {
				if err == nil {
					word := u.style.green("fix for") + " " + m.action + " on " + oneLine(m.resource) + ":"
					fmt.Fprint(u.log, u.fixLines(t, m, word))
				}
				select {
				case m = <-u.later:
				default:
					more = false
				}
			}
		}
	}
}
