package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/observe"
	"github.com/writ-dev/writ/synth"
)

// writeText prints the suggestion for a person. Text from the record is
// another's, and shown as such.
func (a *advice) writeText(w io.Writer, st style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", st.bold(oneLine(a.subject())))
	fmt.Fprintf(&b, "observed %s, %s of them denied, %d different, from %s to %s; recorded for %s since %s\n",
		counted(a.Allowed+a.Denied, "call"), fmt.Sprint(a.Denied), a.Distinct, stamp(a.First), stamp(a.Last), duration(a.record.Watched), stamp(a.record.Since))
	for _, line := range a.notes() {
		fmt.Fprintf(&b, "%s\n", st.yellow(oneLine(line)))
	}
	a.textEdges(&b, st)
	a.textStatements(&b, st)
	a.textUnused(&b, st)
	a.textRefused(&b, st)
	a.textCallers(&b, st)
	_, err := io.WriteString(w, b.String())
	return err
}

// notes are what a reader must know before believing the rest.
func (a *advice) notes() []string {
	var lines []string
	if little := a.little(); little != "" {
		lines = append(lines, "warning: "+little)
	}
	if a.record.Dropped > 0 {
		lines = append(lines, fmt.Sprintf("warning: %s found no place in the record and are not known here", counted(a.record.Dropped, "call")))
	}
	for _, o := range a.seen {
		switch {
		case o.Allowed() && o.Extent == observe.ExtentAny:
			lines = append(lines, fmt.Sprintf("warning: the resources of %s of %s were too many to keep", counted(o.Count, "call"), o.Action))
		case o.Allowed() && o.Extent == observe.ExtentPrefix:
			lines = append(lines, fmt.Sprintf("warning: the resources of %s of %s were too many to keep one by one: they are under %s", counted(o.Count, "call"), o.Action, o.Resource))
		}
	}
	return lines
}

// generalNotes say where one ARN stands for several, or could.
func (a *advice) generalNotes(general []observe.General) []string {
	var lines []string
	for _, g := range general {
		if a.generalise {
			lines = append(lines, "wider than what was seen: "+g.String())
		} else {
			lines = append(lines, g.String()+"; --generalise writes them as one")
		}
	}
	return lines
}

func (a *advice) textEdges(b *strings.Builder, st style) {
	if a.topology == nil {
		return
	}
	fmt.Fprintf(b, "\n%s\n", st.bold("grants that cover what was allowed"))
	if len(a.Edges) == 0 {
		b.WriteString("  none: it made no call that a grant is for\n")
	}
	for _, use := range a.Edges {
		text := a.edgeText(use.Edge)
		switch {
		case use.Granted:
			fmt.Fprintf(b, "  %s  %s\n", text, st.faint(place(use.Edge.Position)+" has it"))
		case use.Instead != nil:
			fmt.Fprintf(b, "  %s  %s\n", st.yellow(text), st.faint("instead of "+a.edgeText(*use.Instead)+" at "+place(use.Instead.Position)))
		default:
			fmt.Fprintf(b, "  %s  %s\n", st.green(text), st.faint("new"))
		}
		fmt.Fprintf(b, "      used: %s\n", usedText(use.Used))
	}
	if added := a.added(); len(added) > 0 {
		fix := synth.GrantLines(a.topology, a.function, added)
		remark := ""
		if fix.Summary != "" {
			remark = " (" + strings.Trim(fix.Summary, "()") + ")"
		}
		fmt.Fprintf(b, "  %s%s:\n", addAt(fix), remark)
		b.WriteString(addedLines(fix, st))
	}
}

// edgeText is an edge as the topology has it: an entry of YAML, or words.
func (a *advice) edgeText(e observe.Edge) string {
	if strings.HasSuffix(e.Position.File, ".go") || strings.HasSuffix(a.topology.File, ".go") {
		return e.String()
	}
	return synth.GrantText(e)
}

func (a *advice) textStatements(b *strings.Builder, st style) {
	if len(a.Calls)+len(a.Inexact) == 0 {
		return
	}
	title := "statements for what no grant of a topology expresses"
	if a.topology == nil {
		title = "statements that cover what was allowed"
	}
	fmt.Fprintf(b, "\n%s\n", st.bold(title))
	for _, s := range a.statements {
		fmt.Fprintf(b, "  %s\n", statementText(s))
	}
	for _, line := range a.generalNotes(a.general) {
		fmt.Fprintf(b, "  %s\n", st.yellow(oneLine(line)))
	}
	for _, o := range a.Inexact {
		fmt.Fprintf(b, "  %s\n", st.yellow(oneLine(fmt.Sprintf("not written: %s, %s, whose resources were not kept", o.Action, counted(o.Count, "call")))))
	}
}

func (a *advice) textUnused(b *strings.Builder, st style) {
	if len(a.Unused) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", st.bold("granted and never used"))
	for _, u := range a.Unused {
		fmt.Fprintf(b, "  %s: %s\n", place(u.Edge.Position), a.edgeText(u.Edge))
		if len(u.Used) > 0 {
			fmt.Fprintf(b, "      used: %s\n", usedText(u.Used))
		}
		if len(u.Actions) > 0 {
			fmt.Fprintf(b, "      never used: %s\n", strings.Join(u.Actions, ", "))
		}
		if advice := unusedAdvice(&u); advice != "" {
			fmt.Fprintf(b, "      %s\n", st.yellow(advice))
		}
	}
}

// unusedAdvice says what could become of a grant, "" where it is the smallest.
func unusedAdvice(u *observe.Unused) string {
	switch {
	case len(u.Used) == 0 && u.Edge.Drawn:
		return "not used, but drawn by the topology for another reason too"
	case len(u.Used) == 0:
		return "not used at all"
	case u.Spare && len(u.Weaker) == 0:
		return "it stands there twice"
	case u.Spare:
		var verbs []string
		for _, e := range u.Weaker {
			verbs = append(verbs, e.Access)
		}
		return strings.Join(verbs, " and ") + " would be enough"
	}
	return ""
}

func (a *advice) textRefused(b *strings.Builder, st style) {
	if len(a.Refused) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", st.bold("denied: no reason by itself to grant it"))
	for _, r := range a.Refused {
		fmt.Fprintf(b, "  %s on %s, %s\n", oneLine(r.Action), resourceText(&r.Observation), counted(r.Count, "call"))
		switch {
		case r.NewlyAllowedBy != nil:
			fmt.Fprintf(b, "      %s\n", st.yellow("would be allowed from now on, by "+a.edgeText(*r.NewlyAllowedBy)))
		case r.Needs != nil:
			fmt.Fprintf(b, "      if it is meant to be allowed, it takes %s\n", a.edgeText(*r.Needs))
		case r.Granted:
			b.WriteString("      the topology grants it by now\n")
		case r.Verdict == iam.ExplicitlyDenied:
			fmt.Fprintf(b, "      an explicit deny stands in the way (%s): no grant helps\n", typeNames(r.BlockedBy))
		case a.topology != nil && slices.Equal(r.BlockedBy, []iam.PolicyType{iam.TypeIdentity}):
			b.WriteString("      no grant of a topology expresses it\n")
		default:
			fmt.Fprintf(b, "      not allowed by: %s\n", typeNames(r.BlockedBy))
		}
	}
}

// textCallers says who called the function: what its own policy, and the
// policies of other roles, are there for.
func (a *advice) textCallers(b *strings.Builder, st style) {
	if a.topology == nil {
		return
	}
	end, heading := ":function:"+synth.FunctionName(a.topology, a.function, a.sandbox), false
	for _, o := range a.record.Rows {
		if !strings.HasSuffix(o.Resource, end) || o.Action != "lambda:InvokeFunction" {
			continue
		}
		if !heading {
			fmt.Fprintf(b, "\n%s\n", st.bold("who called it"))
			heading = true
		}
		who := "role " + o.Role
		if o.Role == "" {
			who = strings.TrimSpace(o.Principal + " " + o.Source)
		}
		verdict := ""
		if !o.Allowed() {
			verdict = ", denied"
		}
		fmt.Fprintf(b, "  %s, %s%s\n", oneLine(who), counted(o.Count, "call"), verdict)
	}
}

// typeNames names kinds of policy.
func typeNames(blocked []iam.PolicyType) string {
	var names []string
	for _, t := range blocked {
		names = append(names, oneLine(typeName(t)))
	}
	return strings.Join(names, ", ")
}

func resourceText(o *observe.Observation) string {
	if o.Extent == observe.ExtentAny {
		return "many resources"
	}
	return oneLine(o.Resource)
}

// usedText lists actions with their counts: "dynamodb:GetItem (3)".
func usedText(used []observe.Used) string {
	var parts []string
	for _, u := range used {
		parts = append(parts, fmt.Sprintf("%s (%d)", oneLine(u.Action), u.Count))
	}
	return strings.Join(parts, ", ")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// duration says a time as a person would: "12s", "5m", "3h20m", "4d2h".
func duration(d time.Duration) string {
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd%dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh%dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm", minutes)
	}
	return fmt.Sprintf("%ds", int(d.Seconds()))
}
