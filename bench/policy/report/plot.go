package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The plot's frame, in SVG units.
const (
	left, right, top, bottom = 70.0, 560.0, 30.0, 290.0
)

// plot draws ns/op over facts, both logarithmic. Colours come from the reader's scheme.
func plot(points []point) string {
	var s strings.Builder
	s.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 340" role="img" aria-label="Time of a check by number of facts">
<style>
  svg { background: #ffffff; } text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .grid { stroke: #d0d7de; stroke-width: 1; } .rbac { stroke: #0969da; fill: #0969da; } .rebac { stroke: #bc4c00; fill: #bc4c00; }
  path { fill: none !important; stroke-width: 2; } text.rbac, text.rebac { stroke: none; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; } text { fill: #e6edf3; } .grid { stroke: #30363d; }
    .rbac { stroke: #58a6ff; fill: #58a6ff; } .rebac { stroke: #f0883e; fill: #f0883e; }
  }
</style>
`)
	if len(points) == 0 {
		return s.String() + "</svg>\n"
	}
	low, high, most := math.Inf(1), 0.0, 0.0
	for _, p := range points {
		low, high, most = min(low, p.facts), max(high, p.facts), max(most, p.ns)
	}
	from, to := math.Floor(math.Log10(low)+0.1), math.Ceil(math.Log10(high)-0.1)
	round := strings.NewReplacer(".00 ", " ", ".0 ", " ")
	floor, roof := 1.0, math.Ceil(math.Log10(most))
	x := func(facts float64) float64 { return left + (right-left)*(math.Log10(facts)-from)/(to-from) }
	y := func(ns float64) float64 { return bottom - (bottom-top)*(math.Log10(ns)-floor)/(roof-floor) }
	for e := from; e <= to; e++ {
		at := x(math.Pow(10, e))
		fmt.Fprintf(&s, "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.0f\" y2=\"%.0f\"/>\n", at, at, top, bottom)
		fmt.Fprintf(&s, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\">%s</text>\n", at, bottom+20, short(math.Pow(10, e)))
	}
	for e := floor; e <= roof; e++ {
		at := y(math.Pow(10, e))
		fmt.Fprintf(&s, "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.0f\" y2=\"%.0f\"/>\n", left, right, at, at)
		fmt.Fprintf(&s, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n", left-8, at+4, round.Replace(duration(math.Pow(10, e))))
	}
	fmt.Fprintf(&s, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\">facts</text>\n", (left+right)/2, bottom+42)
	fmt.Fprintf(&s, "<text x=\"%.0f\" y=\"%.0f\">time of one check</text>\n", left, top-12)
	for _, kind := range []string{"rbac", "rebac"} {
		curve(&s, kind, points, x, y)
	}
	return s.String() + "</svg>\n"
}

func curve(s *strings.Builder, kind string, points []point, x, y func(float64) float64) {
	var own []point
	for _, p := range points {
		if p.kind == kind {
			own = append(own, p)
		}
	}
	if len(own) == 0 {
		return
	}
	slices.SortFunc(own, func(a, b point) int { return int(a.facts - b.facts) })
	var d strings.Builder
	for i, p := range own {
		fmt.Fprintf(&d, "%c%.1f %.1f", "ML"[min(i, 1)], x(p.facts), y(p.ns))
		fmt.Fprintf(s, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>\n", kind, x(p.facts), y(p.ns))
	}
	last := own[len(own)-1]
	fmt.Fprintf(s, "<path class=\"%s\" d=\"%s\"/>\n", kind, d.String())
	fmt.Fprintf(s, "<text class=\"%s\" x=\"%.0f\" y=\"%.0f\">%s</text>\n", kind, x(last.facts)+8, y(last.ns)+4,
		map[string]string{"rbac": "roles", "rebac": "relations"}[kind])
}

// short is a number of facts in words that fit under an axis.
func short(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.3g million", n/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.3g thousand", n/1e3)
	}
	return fmt.Sprintf("%.0f", n)
}

// duration is nanoseconds in the unit that reads best.
func duration(ns float64) string {
	switch {
	case ns >= 1e9:
		return figure(ns/1e9) + " s"
	case ns >= 1e6:
		return figure(ns/1e6) + " ms"
	case ns >= 1e3:
		return figure(ns/1e3) + " µs"
	}
	return figure(ns) + " ns"
}

// figure keeps three digits: more would be noise.
func figure(v float64) string {
	switch {
	case v >= 10_000:
		return fmt.Sprintf("%.0f thousand", v/1000)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
