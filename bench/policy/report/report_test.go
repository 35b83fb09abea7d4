package main

import (
	"strings"
	"testing"
)

const output = `cpu: some
BenchmarkW1RBAC/hand-2   	 10	 100.0 ns/op	 65536 checked	 0 B/op	 0 allocs/op
BenchmarkW1RBAC/writ-reasons-2   	 10	 500.0 ns/op	 65536 checked	 0 B/op	 7 allocs/op
BenchmarkW1RBAC/opa-2   	 10	 20000 ns/op	 4000 checked	 0 B/op	 0 allocs/op
BenchmarkW4Listing/opa/documents/opa-2   	 10	 20000 ns/op
BenchmarkGrowth/rbac/10000-2   	 10	 344.8 ns/op	 167.1 bytes/fact	 10000 facts
`

func TestResults(t *testing.T) {
	t.Parallel()
	r, err := parse(output)
	if err != nil {
		t.Fatal(err)
	}
	all := results([]run{r}, "W1RBAC")
	if len(all) != 3 || all[1].engine != "writ-reasons" || all[1].timesHand != 5 || all[1].timesFastest != 0.025 || all[1].allocs != 7 {
		t.Errorf("got %+v", all)
	}
	if w, e := split(r.lines[3].name); w != "W4Listing/documents" || e != "opa" {
		t.Errorf("got %q, %q", w, e)
	}
	if svg := plot(growthOf([]run{r})); !strings.Contains(svg, `class="rbac" d="M`) || !strings.Contains(svg, "rbac") {
		t.Error("the plot has no curve")
	}
}

func TestNothingMeasured(t *testing.T) {
	t.Parallel()
	if _, err := parse("PASS\n"); err == nil {
		t.Error("a run of nothing gave figures")
	}
}
