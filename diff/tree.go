package diff

import (
	"fmt"
	"strings"

	"github.com/writ-dev/writ/cfn"
)

// contextLines is how much of the unchanged text stands around a change.
const contextLines = 3

func (p *printer) property(part Property, last bool) {
	words := ""
	if !part.Attribute {
		switch part.Impact {
		case WillReplace:
			words = " (requires replacement)"
		case MayReplace:
			words = " (may cause replacement)"
		default:
		}
	}
	branch, below := " ├─ ", " │"
	if last {
		branch, below = " └─ ", "  "
	}
	p.line(branch + p.mark(part.Change) + " " + p.inline(part.Name) + words)
	switch part.Change {
	case Added:
		p.line(below + "   └─ " + p.paint("32", p.inline(oneLine(part.New))))
	case Removed:
		p.line(below + "   └─ " + p.paint("31", p.inline(oneLine(part.Old))))
	default:
		p.valueDiff(part.Old, part.New, below)
	}
}

func oneLine(v any) string {
	if text, ok := scalar(v); ok {
		return text
	}
	return compact(v)
}

// valueDiff prints how a value changes: objects key by key, scalars as a pair
// of lines, all else as a diff of its indented JSON.
func (p *printer) valueDiff(old, now any, prefix string) {
	objectOld, okOld := old.(*cfn.Object)
	objectNow, okNow := now.(*cfn.Object)
	if okOld && okNow {
		p.objectDiff(objectOld, objectNow, prefix)
		return
	}
	textOld, okOld := scalar(old)
	textNow, okNow := scalar(now)
	if okOld && okNow {
		p.line(prefix + "   ├─ " + p.paint("31", "[-] "+p.inline(textOld)))
		p.line(prefix + "   └─ " + p.paint("32", "[+] "+p.inline(textNow)))
		return
	}
	p.unified(pretty(old), pretty(now), prefix)
}

func (p *printer) objectDiff(old, now *cfn.Object, prefix string) {
	var names []string
	for _, name := range union(old, now) {
		a, okA := old.Get(name)
		b, okB := now.Get(name)
		if !okA || !okB || !equal(a, b) {
			names = append(names, name)
		}
	}
	for i, name := range names {
		branch, below := "   ├─ ", prefix+"   │"
		if i == len(names)-1 {
			branch, below = "   └─ ", prefix+"    "
		}
		a, okA := old.Get(name)
		b, okB := now.Get(name)
		switch {
		case !okA:
			p.line(prefix + branch + p.mark(Added) + " Added: ." + p.inline(name))
		case !okB:
			p.line(prefix + branch + p.mark(Removed) + " Removed: ." + p.inline(name))
		default:
			p.line(prefix + branch + p.mark(Updated) + " ." + p.inline(name) + ":")
			p.valueDiff(a, b, below)
		}
	}
}

// unified prints the hunks of a line diff.
func (p *printer) unified(old, now, prefix string) {
	hunks := hunksOf(strings.Split(old, "\n"), strings.Split(now, "\n"))
	for i, h := range hunks {
		branch, below := "   ├─ ", prefix+"   │  "
		if i == len(hunks)-1 {
			branch, below = "   └─ ", prefix+"      "
		}
		p.line(prefix + branch + p.paint("36", fmt.Sprintf("@@ -%d,%d +%d,%d @@", h.oldStart, h.oldCount, h.newStart, h.newCount)))
		indent := h.indent()
		for _, e := range h.edits {
			text := p.inline(strings.TrimPrefix(e.text, indent))
			switch e.kind {
			case Added:
				p.line(below + p.paint("32", "[+] "+text))
			case Removed:
				p.line(below + p.paint("31", "[-] "+text))
			default:
				p.line(below + "[ ] " + text)
			}
		}
	}
}
