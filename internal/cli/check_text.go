package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// decisionText says a decision with its reasons, how to follow its fixes, and its tree if there is one.
func decisionText(st style, d *writ.Decision, tree *authz.Node, how remedy) string {
	var b strings.Builder
	verdict := st.red(st.bold("denied"))
	if d.Allowed {
		verdict = st.green(st.bold("allowed"))
	}
	b.WriteString(verdict)
	if d.Revision != "" {
		b.WriteString(st.faint("  at revision " + d.Revision))
	}
	b.WriteByte('\n')
	for _, r := range d.Reasons {
		reasonText(&b, st, &r, how)
	}
	if tree != nil {
		b.WriteByte('\n')
		treeText(&b, st, tree, "", "")
	}
	return b.String()
}

func reasonText(b *strings.Builder, st style, r *writ.Reason, how remedy) {
	mark := map[writ.Effect]string{writ.EffectAllow: st.green("+"), writ.EffectDeny: st.red("-"), writ.EffectMissing: st.yellow("?")}[r.Effect]
	fmt.Fprintf(b, "  %s %s", mark, oneLine(r.Message))
	if at := r.Position.String(); at != "" {
		b.WriteString("  " + st.faint(oneLine(at)))
	}
	b.WriteByte('\n')
	if r.Fix == nil {
		return
	}
	fmt.Fprintf(b, "    %s %s", st.cyan("fix:"), oneLine(r.Fix.Summary))
	if at := r.Fix.Position.String(); at != "" {
		b.WriteString("  " + st.faint("after "+oneLine(at)))
	}
	b.WriteByte('\n')
	for line := range strings.Lines(r.Fix.Lines) {
		b.WriteString("      " + printable(strings.TrimRight(line, "\r\n")) + "\n")
	}
	for _, line := range how.text(r.Fix) {
		b.WriteString("      " + st.cyan(line) + "\n")
	}
}

// treeText draws a node and what it stands on.
func treeText(b *strings.Builder, st style, n *authz.Node, first, rest string) {
	mark := st.yellow("?")
	switch n.Verdict {
	case "yes":
		mark = st.green("✓")
	case "no":
		mark = st.red("✗")
	}
	fmt.Fprintf(b, "%s%s %s", st.faint(first), mark, oneLine(n.Message))
	if n.Tuple != nil && !strings.Contains(n.Message, n.Tuple.String()) {
		b.WriteString("  " + st.cyan(oneLine(n.Tuple.String())))
	}
	if at := n.Position.String(); at != "" {
		b.WriteString("  " + st.faint(oneLine(at)))
	}
	b.WriteByte('\n')
	for _, name := range slices.Sorted(maps.Keys(n.Values)) {
		stem := "  "
		if len(n.Parts) > 0 {
			stem = "│ "
		}
		fmt.Fprintf(b, "%s  %s = %s\n", st.faint(rest+stem), oneLine(name), oneLine(fmt.Sprintf("%#v", n.Values[name])))
	}
	for i, part := range n.Parts {
		if i == len(n.Parts)-1 {
			treeText(b, st, part, rest+"└─ ", rest+"   ")
		} else {
			treeText(b, st, part, rest+"├─ ", rest+"│  ")
		}
	}
}
