package cli

import (
	"testing"
	"time"
)

func TestReadEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 12, 0, 0, 5, time.UTC)
	for text, want := range map[string]string{
		"8h": "2026-05-04T20:00:00Z", "90m": "2026-05-04T13:30:00Z", "8d": "2026-05-12T12:00:00Z", "2w": "2026-05-18T12:00:00Z",
		"30d": "2026-06-03T12:00:00Z", "2027-01-01": "2027-01-01T00:00:00Z", "2027-01-01T12:00:00+02:00": "2027-01-01T10:00:00Z",
		"2026-05-04": "", "-1h": "", "0d": "", "0s": "", "tomorrow": "", "8 d": "", "1d2h": "", "999999w": "", "2027-13-01": "", "-8d": "",
		"1000000d": "", "999999d": "4764-03-30T12:00:00Z",
	} {
		got, err := readEnd(text, now)
		switch {
		case want == "" && err == nil:
			t.Errorf("%s: %s, want an error", text, got.Format(time.RFC3339))
		case want != "" && (err != nil || got.Format(time.RFC3339) != want):
			t.Errorf("%s: %s %v, want %s", text, got.Format(time.RFC3339), err, want)
		}
	}
	if end, err := readEnd("", now); err != nil || !end.IsZero() {
		t.Errorf("nothing given: %s %v, want never", end, err)
	}
}
