package cli

import (
	"errors"
	"testing"
	"time"
)

// One save is one error, however often an editor writes; another save with the same mistake shows it again.
func TestFailureIsToldOncePerSave(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var f failure
	for _, step := range []struct {
		text  string
		after time.Duration
		news  bool
	}{
		{"a", 0, true},
		{"a", 3300 * time.Millisecond, false},
		{"b", 6400 * time.Millisecond, true},
		{"a", 9500 * time.Millisecond, true},
		{"a", 15 * time.Second, true},
	} {
		if got := f.news(errors.New(step.text), start.Add(step.after), start.Add(step.after+3*time.Second)); got != step.news {
			t.Errorf("%s after %s: news %t, want %t", step.text, step.after, got, step.news)
		}
	}
}
