package topology_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/topology"
)

// TestAbsurdInput keeps the cost of hostile files bounded.
func TestAbsurdInput(t *testing.T) {
	const size = 1<<20 - 64
	fill := func(unit string) string { return "name: a\nconfig: " + strings.Repeat(unit, size/len(unit)-16) }
	for name, text := range map[string]string{
		"too large":       strings.Repeat("a", 1<<20+1),
		"one word":        fill("a"),
		"lines":           fill("\n"),
		"brackets":        fill("["),
		"braces":          fill("{a: "),
		"dashes":          fill("\n- "),
		"nested dashes":   fill("- "),
		"question marks":  fill("? "),
		"tags":            fill("!a "),
		"anchors":         fill("&a "),
		"aliases":         "name: a\nb: &b x\nconfig: [" + strings.Repeat("*b,", size/12) + "]\n",
		"quotes":          fill("'' "),
		"commas":          fill(","),
		"comments":        fill("\n#"),
		"keys":            "name: a\nenv:\n" + strings.Repeat(" k: v\n", size/6-32),
		"flow keys":       "name: a\nconfig: {" + numbered(60_000, "k%d: v, ") + "}\n",
		"keys to spare":   "name: a\nfunctions:\n" + numbered(10_000, "  f%d: {function: g%[1]d}\n"),
		"documents":       fill("\n---\n"),
		"colons":          fill(": "),
		"literal":         "name: a\nconfig: |\n" + strings.Repeat(" a\n", size/3-32),
		"stairs":          stairs(size),
		"spaces":          fill(" "),
		"carriage return": fill("\r"),
		"tabs":            fill("\t"),
		"escapes":         "name: a\nconfig: \"" + strings.Repeat(`\n`, size/2-32) + "\"",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := topology.Parse([]byte(text), "topology.yml", "")
			took := time.Since(start)
			t.Logf("%v, error %t", took.Round(time.Millisecond), err != nil)
			if limit := time.Minute; took > limit {
				t.Errorf("took %v, more than %v", took, limit)
			}
		})
	}
}

// numbered repeats a line with a number in it.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// stairs nests a map one deeper each line.
func stairs(size int) string {
	var b strings.Builder
	b.WriteString("name: a\nconfig:\n")
	for depth := 1; b.Len()+depth < size; depth++ {
		b.WriteString(strings.Repeat(" ", depth) + "a:\n")
	}
	return b.String()
}
