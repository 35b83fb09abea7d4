package lambda

import "testing"

// TestLineage: the header counts for each function, and keeps what else it says.
func TestLineage(t *testing.T) {
	t.Parallel()
	header := "Root=1-2;Parent=3;Sampled=0"
	for _, row := range []struct {
		function string
		times    int
	}{{"a", 1}, {"b", 1}, {"a", 2}, {"c", 1}, {"a", 3}, {"b", 2}} {
		var times int
		if header, times = lineage(header, row.function); times != row.times {
			t.Errorf("%s came %d times, want %d: %s", row.function, times, row.times, header)
		}
	}
	if want := "Root=1-2;Parent=3;Sampled=0;Lineage=e60c2c52:1|e40c292c:3|e70c2de5:2"; header != want {
		t.Errorf("header %s, want %s", header, want)
	}
	if _, times := lineage("Lineage=e40c292c:many", "a"); times != 1 {
		t.Errorf("a count that is no number: %d", times)
	}
}
