package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

func (w *whoCan) writeText(out io.Writer, st style) error {
	t := &answerText{a: &answer{}, st: st}
	t.line("%s", st.bold(oneLine(w.Action))+" on "+oneLine(w.Resource))
	if w.Actions != 1 {
		t.line("%s", st.faint(fmt.Sprintf("%d actions of AWS are asked", w.Actions)))
	}
	for _, warning := range w.Warnings {
		t.line("%s %s", st.yellow("warning:"), oneLine(warning))
	}
	width := 0
	for _, a := range w.Allowed {
		width = max(width, len(a.who()))
	}
	list := slices.Clone(w.Allowed)
	slices.SortStableFunc(list, func(a, b allowed) int { return rankOf(a) - rankOf(b) })
	for _, a := range list {
		mark := st.green("yes")
		if a.May != "yes" {
			mark = st.yellow("if ")
		}
		t.line("  %s  %-*s  %s", mark, width, oneLine(a.who()), t.ground(a, w.Actions != 1))
		for _, condition := range a.Conditions {
			t.line("       %-*s  %s", width, "", st.yellow(oneLine(condition)))
		}
	}
	if len(list) == 0 {
		t.line("  nobody")
	}
	_, err := out.Write(t.b.Bytes())
	return err
}

// rankOf puts the account's own before others, and what always holds first.
func rankOf(a allowed) int {
	switch {
	case len(a.Functions) > 0:
		return 0
	case a.Principal == "root user":
		return 2
	}
	return 1
}

func (a allowed) who() string {
	if len(a.Functions) > 0 {
		return "function " + strings.Join(a.Functions, ", ") + " (" + a.Principal + ")"
	}
	return a.Principal
}

// ground is by what somebody may.
func (t *answerText) ground(a allowed, several bool) string {
	var parts []string
	if several {
		parts = append(parts, t.values(a.Actions, nil, ""))
	}
	for _, s := range a.Statements {
		parts = append(parts, t.statement(s))
	}
	if a.Why != "" {
		parts = append(parts, a.Why)
	}
	return strings.Join(parts, "; ")
}
