package authz

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/internal/expr"
)

// maxShownBytes is how many bytes of a value or a name a message shows.
const maxShownBytes = 200

// brief cuts what is long between two characters.
func brief(s string) string {
	if len(s) <= maxShownBytes {
		return s
	}
	end := maxShownBytes
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}

// who is the subject of the question.
func (x *explanation) who() string {
	if x.subject == "" {
		begun := x.begin()
		x.holder(Holder{Entity{x.a.q.Subject.Type, x.a.q.Subject.ID}, x.a.q.SubjectRelation})
		x.subject = x.end(begun)
	}
	return x.subject
}

// may is the answer in one sentence.
func (x *explanation) may(allowed bool) string {
	x.who() // texts do not overlap
	begun := x.begin()
	x.addMay(allowed)
	return x.end(begun)
}

func (x *explanation) addMay(allowed bool) {
	relation := x.a.goal != nil && x.a.goal.Rel != 0
	x.add(x.who())
	switch action := brief(x.a.q.Action.Name); {
	case allowed && relation:
		x.add(" has ", action, " on ")
	case allowed:
		x.add(" may ", action, " ")
	case relation:
		x.add(" does not have ", action, " on ")
	default:
		x.add(" may not ", action, " ")
	}
	x.entity(requested(x.a.q))
}

// entityText is type:id, or the type alone of what has no ID.
func entityText(e Entity) string {
	if e.ID == "" {
		return brief(e.Type)
	}
	return brief(e.String())
}

// has says that the subject has a relation to an object or has it not.
func (x *explanation) has(s step, v engine.Verdict) string {
	if s.r.Rel == 0 {
		doing := brief(s.r.source.Name) + " " + entityText(x.a.name(s.object))
		switch v {
		case engine.Yes:
			return x.who() + " may " + doing
		case engine.No:
			return x.who() + " may not " + doing
		}
		return "whether " + x.who() + " may " + doing + " has no answer"
	}
	switch v {
	case engine.Yes:
		return x.who() + " is " + x.placeOf(s)
	case engine.No:
		return x.who() + " is not " + x.placeOf(s)
	}
	return "whether " + x.who() + " is " + x.placeOf(s) + " has no answer"
}

// placeOf is a relation of an object: "viewer of document:budget", "admin in tenant acme".
func (x *explanation) placeOf(s step) string { return placeText(x.a.name(s.object), s.r.source.Name) }

func placeText(object Entity, relation string) string {
	var w wording
	w.place(object, relation)
	return w.b.String()
}

// stands is a tuple as a sentence.
func (x *explanation) stands(t *Tuple, r *relation) string {
	begun := x.begin()
	x.holder(t.Subject)
	x.add(" is ")
	x.place(t.Object, r.source.Name)
	return x.end(begun)
}

// not says that what would exclude the subject does not.
func (x *explanation) not(s step, w Exclusion, minus *engine.Node) string {
	switch {
	case w.Deny != "":
		return ruleName(w.Deny) + " does not deny it"
	case minus.Op == engine.OpComputed:
		return x.has(step{s.object, x.a.c.from(minus.To)}, engine.No)
	case minus.Op == engine.OpDirect:
		return x.has(step{s.object, x.a.c.from(minus.Tuples)}, engine.No)
	}
	return "nothing takes it from " + x.who()
}

// userSet begins the name of a condition that says whom a rule is for.
const userSet = "user set "

func ruleName(name string) string {
	switch {
	case name == "":
		return "the rule"
	case strings.HasPrefix(name, userSet), strings.HasPrefix(name, "resource set "):
		return brief(name) // a condition inside of a rule
	}
	return "rule " + brief(name)
}

// conditionText says what a condition saw and what came of it.
func conditionText(name string, p *expr.Program, from expr.Source, ok bool, err error) (string, map[string]any) {
	var b strings.Builder
	source := brief(strings.Join(strings.Fields(p.String()), " ")) // on one line, however it was written
	seen := p.Values(from)
	b.Grow(len(name) + len(source) + 32 + 40*len(seen))
	b.WriteString(name)
	var missing *expr.Missing
	switch {
	case errors.As(err, &missing):
		b.WriteString(" has no answer, because " + missing.Error() + ": ")
	case err != nil:
		b.WriteString(" has no answer, because " + brief(err.Error()) + ": ")
	case ok:
		b.WriteString(" holds: ")
	default:
		b.WriteString(" does not hold: ")
	}
	b.WriteString(source)
	values := make(map[string]any, len(seen))
	sep := " ("
	for _, v := range seen {
		path := pathText(v.Path)
		b.WriteString(sep)
		b.WriteString(path)
		if v.Found {
			values[path] = v.Value
			b.WriteString(" is ")
			writeValue(&b, v.Value)
		} else {
			b.WriteString(" is not given")
		}
		sep = ", "
	}
	if sep == ", " {
		b.WriteString(")")
	}
	return b.String(), values
}

func pathText(p expr.Path) string {
	if p.Field == "" {
		return p.Variable
	}
	return p.Variable + "." + p.Field
}

// writeValue writes valueText; the frequent ones without encoding them.
func writeValue(b *strings.Builder, v any) {
	switch x := v.(type) {
	case string:
		if len(x) < maxShownBytes-2 && isPlain(x) {
			b.WriteByte('"')
			b.WriteString(x)
			b.WriteByte('"')
			return
		}
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1e15 && (x != 0 || !math.Signbit(x)) {
			var digits [20]byte
			b.Write(strconv.AppendInt(digits[:0], int64(x), 10))
			return
		}
	case bool:
		b.WriteString(strconv.FormatBool(x))
		return
	case []any:
		if len(x) > 0 && len(x) <= 8 && writeNames(b, x) {
			return
		}
	}
	b.WriteString(valueText(v))
}

// writeNames writes a short list of plain strings.
func writeNames(b *strings.Builder, list []any) bool {
	size := 1
	for _, v := range list {
		text, ok := v.(string)
		if size += len(text) + 3; !ok || size > maxShownBytes || !isPlain(text) {
			return false
		}
	}
	sep := `["`
	for _, v := range list {
		text, _ := v.(string)
		b.WriteString(sep)
		b.WriteString(text)
		sep = `","`
	}
	b.WriteString(`"]`)
	return true
}

// isPlain reports whether a string stands in JSON as it is.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// valueText is a value as JSON, cut where it is long.
func valueText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "a value that cannot be shown"
	}
	return brief(string(text))
}

// list joins names as a sentence does; after five it counts.
func list(names []string, last string) string {
	if len(names) > 5 {
		names = []string{names[0], names[1], names[2], names[3], plural(len(names)-4, "other")}
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + last + " " + names[len(names)-1]
}

func plural(n int, what string) string {
	digits, _ := json.Marshal(n)
	if n == 1 {
		return "1 " + what
	}
	return string(digits) + " " + what + "s"
}

// maxStory is how many steps a sentence tells; the first ones of a longer proof are left out.
const maxStory = 12

// story adds a proof in one sentence, from the subject on: "user:ann is member of
// group:eng, which is viewer of folder:finance, which is parent of document:budget".
func (w *wording) story(n *Node, left int) {
	if left == 0 {
		w.add("...")
		return
	}
	var last *Node
	var also string
	for _, p := range n.Parts {
		if p.Kind == "condition" {
			also = p.Message
		} else {
			last = p
		}
	}
	switch {
	case last == nil:
		w.add(n.Message)
	case n.Kind == "tuple", n.Kind == "from":
		w.story(last, left-1)
		w.add(", which is ")
		w.place(n.Tuple.Object, n.Tuple.Relation)
	case n.Kind == "rule":
		w.story(last, left-1)
		w.add(", and ", n.Message)
		return
	case n.Kind == "intersection":
		for i, p := range n.Parts {
			if i > 0 {
				w.add("; and ")
			}
			w.story(p, left-1)
		}
		return
	case n.Kind == "exclusion" && n.Verdict == engine.Yes.String():
		w.story(n.Parts[0], left) // that nothing takes it away again goes without saying
		return
	default:
		w.story(last, left-1)
		return
	}
	if also != "" {
		w.add(", and ", also)
	}
}

func story(n *Node) string {
	var w wording
	w.story(n, maxStory)
	return w.b.String()
}
