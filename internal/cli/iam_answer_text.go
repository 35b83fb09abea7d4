package cli

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// answerText writes an answer for people.
type answerText struct {
	a  *answer
	st style
	b  bytes.Buffer
}

func (a *answer) writeText(w io.Writer, st style) error {
	t := &answerText{a: a, st: st}
	t.head()
	t.types()
	t.misses("Nearest statements", "of those that could allow it", a.Misses)
	if a.Verdict != iam.ExplicitlyDenied {
		t.misses("Deny statements that do not apply", "but for this", a.Spared)
	}
	t.advice()
	t.assumed()
	_, err := w.Write(t.b.Bytes())
	return err
}

func (t *answerText) line(format string, args ...any) { fmt.Fprintf(&t.b, format+"\n", args...) }

func (t *answerText) section(title string) { t.line("\n%s", t.st.bold(title)) }

func (t *answerText) head() {
	a, verdict := t.a, ""
	switch a.Verdict {
	case iam.Allowed:
		verdict = t.st.green("ALLOWED")
	case iam.ExplicitlyDenied:
		verdict = t.st.red("DENIED") + ", by an explicit deny"
	default:
		verdict = t.st.red("DENIED") + ", for nothing allows it"
	}
	t.line("%s", verdict)
	who := oneLine(a.Principal.ARN)
	if who == "" {
		who = "anonymous"
	}
	if a.Principal.Function != "" {
		who = "function " + oneLine(a.Principal.Function) + ", " + who
	}
	t.line("  who   %s", who)
	t.line("  does  %s", oneLine(a.Action))
	t.line("  on    %s", oneLine(a.Resource))
	for _, sentence := range []string{a.Sentence, a.SentenceWithARN} {
		if sentence != "" {
			t.line("\n  %s", oneLine(sentence))
		}
	}
	for _, warning := range a.Warning {
		t.line("\n  %s %s", t.st.yellow("warning:"), oneLine(warning))
	}
}

func (t *answerText) types() {
	t.section("What each kind of policy says")
	width := 0
	for _, row := range t.a.Types {
		if row.Blocks || row.Said != iam.SaidAbsent && row.Said != iam.SaidUnbound {
			width = max(width, len(typeName(row.Type)))
		}
	}
	var absent, unbound []string
	for _, row := range t.a.Types {
		switch {
		case row.Said == iam.SaidAbsent && !row.Blocks:
			absent = append(absent, typeName(row.Type))
			continue
		case row.Said == iam.SaidUnbound:
			unbound = append(unbound, typeName(row.Type))
			continue
		}
		text := fmt.Sprintf("  %-*s  %s", width, typeName(row.Type), t.said(row))
		if row.Blocks {
			text += t.st.red("  <- denies the request")
		}
		t.line("%s", text)
		for _, s := range row.Statements {
			t.line("  %-*s    %s", width, "", t.statement(s))
		}
	}
	if len(absent) > 0 {
		t.line("  %s", t.st.faint("not there: "+strings.Join(absent, ", ")))
	}
	if len(unbound) > 0 {
		t.line("  %s", t.st.faint("do not bind this caller: "+strings.Join(unbound, ", ")))
	}
}

func (t *answerText) said(row answerType) string {
	switch row.Said {
	case iam.SaidDenies:
		return t.st.red("denies")
	case iam.SaidAllows:
		return t.st.green("allows")
	case iam.SaidDelegates:
		return t.st.green("allows") + " the caller's account: its own policies must allow as well"
	case iam.SaidAbsent:
		return t.st.faint("not there")
	}
	if row.Level > 0 {
		return t.st.yellow(fmt.Sprintf("silent at level %d", row.Level))
	}
	return t.st.yellow("silent")
}

// statement names a statement, its place and the edge that it comes from.
func (t *answerText) statement(s answerStatement) string {
	text := statementName(s.Statement, s.Sid)
	if s.Policy != "" && s.Policy != s.Position.File {
		text += " of " + oneLine(s.Policy)
	}
	if !s.Position.IsZero() {
		text += "  " + t.st.cyan(shortPath(s.Position))
	} else if s.ARN != "" {
		text += "  " + oneLine(s.ARN)
	}
	for _, edge := range s.Edges {
		text += "  " + oneLine(edge)
	}
	return text
}

func (t *answerText) misses(title, which string, list []answerMiss) {
	if len(list) == 0 {
		return
	}
	t.section(title + ", " + which)
	for _, m := range list {
		t.line("  %s", t.statement(m.answerStatement))
		for _, f := range m.Failures {
			t.failure(f)
		}
	}
}

// failure shows what was wanted and found, one under the other.
func (t *answerText) failure(f answerFailure) {
	head := f.Element
	if f.Key != "" {
		head += " " + oneLine(f.Operator) + " " + oneLine(f.Key)
	}
	t.line("    %s %s", t.st.red("x"), head)
	t.line("        wanted  %s", t.values(f.Wanted, f.Found, "nobody"))
	t.line("        found   %s", t.values(f.Found, f.Found, "nothing"))
	if f.Note != "" {
		t.line("        %s", t.st.yellow(oneLine(f.Note)))
	}
}

// values shows a list, cut short, what is most like the found first.
func (t *answerText) values(list, found []string, none string) string {
	const most = 4
	if len(list) == 0 {
		return none
	}
	list = slices.Clone(list)
	if len(found) == 1 {
		slices.SortStableFunc(list, func(a, b string) int { return shared(b, found[0]) - shared(a, found[0]) })
	}
	shown := make([]string, 0, most)
	for _, v := range list[:min(len(list), most)] {
		shown = append(shown, oneLine(v))
	}
	text := strings.Join(shown, ", ")
	if len(list) > most {
		text += fmt.Sprintf(", … (%d in all)", len(list))
	}
	return text
}

// shared is how many bytes two texts begin with in common.
func shared(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func (t *answerText) advice() {
	a := t.a
	if f := a.Fix; f != nil {
		t.section("Fix")
		t.line("  %s", oneLine(f.Summary))
		t.line("  %s", t.st.faint(addAt(*f)+":"))
		t.b.WriteString(addedLines(*f, t.st))
	}
	if m := a.Missing; m != nil {
		t.section("The smallest statement that is missing, in the " + typeName(m.Where))
		t.line("  %s", statementText(m.Statement))
	}
	if len(a.Advice) > 0 {
		t.line("")
	}
	for _, text := range a.Advice {
		t.line("  %s", oneLine(text))
	}
}

func (t *answerText) assumed() {
	if len(t.a.Context) == 0 {
		return
	}
	t.section("Context")
	keys := make([]string, 0, len(t.a.Context))
	width := 0
	for key := range t.a.Context {
		keys = append(keys, key)
		width = max(width, len(key))
	}
	slices.Sort(keys)
	for _, key := range keys {
		text := fmt.Sprintf("  %-*s = %s", width, oneLine(key), oneLine(strings.Join(t.a.Context[key], ", ")))
		if slices.Contains(t.a.Assumed, key) {
			text += t.st.faint("  (assumed)")
		}
		t.line("%s", text)
	}
}
