package diff

import (
	"strings"
	"unicode/utf8"
)

// table prints a box. A line stands between two rows only where the second
// cell changes.
func (p *printer) table(header []string, rows []row) {
	sortRows(rows)
	shown := make([][]string, len(rows))
	for i, r := range rows {
		shown[i] = make([]string, len(r.cells))
		for j, text := range r.cells {
			shown[i][j] = visible(p.withPaths(text))
		}
	}
	widths := p.columnWidths(append([][]string{header}, shown...))
	p.border("┌", "┬", "┐", widths)
	p.row(header, widths, "")
	for i, cells := range shown {
		if i == 0 || rows[i].cells[1] != rows[i-1].cells[1] {
			p.border("├", "┼", "┤", widths)
		}
		color := map[string]string{"+": "32", "-": "31"}[rows[i].sign]
		p.row(cells, widths, color)
	}
	p.border("└", "┴", "┘", widths)
}

func (p *printer) border(left, middle, right string, widths []int) {
	parts := make([]string, len(widths))
	for i, w := range widths {
		parts[i] = strings.Repeat("─", w+2)
	}
	p.line(p.paint("90", left+strings.Join(parts, middle)+right))
}

// row prints the cells of one row, each over as many lines as it needs.
func (p *printer) row(cells []string, widths []int, color string) {
	wrapped := make([][]string, len(cells))
	height := 1
	for i, text := range cells {
		wrapped[i] = wrap(text, widths[i])
		height = max(height, len(wrapped[i]))
	}
	bar := p.paint("90", "│")
	for n := range height {
		var b strings.Builder
		b.WriteString(bar)
		for i := range cells {
			text := ""
			if n < len(wrapped[i]) {
				text = wrapped[i][n]
			}
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if color != "" {
				text = p.paint(color, text)
			}
			b.WriteString(" " + text + padding + " " + bar)
		}
		p.line(b.String())
	}
}

// wrap cuts lines that are wider than width, and what is left of them is
// trimmed.
func wrap(text string, width int) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		runes := []rune(line)
		for len(runes) > width {
			out = append(out, strings.TrimRight(string(runes[:width]), " "))
			runes = []rune(strings.TrimLeft(string(runes[width:]), " "))
		}
		out = append(out, string(runes))
	}
	return out
}

// columnWidths gives each column what its longest line needs. With a limit to
// the width, and when all lines of a cell added together do not fit, narrow
// columns keep what they need and the others share the rest.
func (p *printer) columnWidths(rows [][]string) []int {
	asked := make([]int, len(rows[0]))
	longest := make([]int, len(rows[0]))
	for _, cells := range rows {
		for i, text := range cells {
			sum := 0
			for line := range strings.SplitSeq(text, "\n") {
				n := utf8.RuneCountInString(line)
				sum += n
				longest[i] = max(longest[i], n)
			}
			asked[i] = max(asked[i], sum)
		}
	}
	if p.o.Width <= 0 {
		return longest
	}
	content := max(p.o.Width, 40) - 2 - 3*len(asked)
	if total(asked) <= content {
		return asked
	}
	if !p.o.CDK {
		// Lines of one cell stand below each other: only the longest counts.
		if total(longest) <= content {
			return longest
		}
		asked = longest
	}
	return share(asked, content)
}

func total(widths []int) int {
	sum := 0
	for _, w := range widths {
		sum += w
	}
	return sum
}

func share(asked []int, content int) []int {
	fair := float64(content) / float64(len(asked))
	left, wide := content, 0
	for _, w := range asked {
		if float64(w) < fair {
			left -= w
		} else {
			wide++
		}
	}
	each := left / wide
	widths := make([]int, len(asked))
	for i, w := range asked {
		switch {
		case float64(w) < fair:
			widths[i] = w
		case wide == 1:
			widths[i] = max(left, 1)
		default:
			widths[i] = max(each, 1)
			left -= each
			wide--
		}
	}
	return widths
}
