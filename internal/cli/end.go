package cli

import (
	"regexp"
	"strconv"
	"time"

	"github.com/writ-dev/writ"
)

// days are times in days and weeks, which Go's durations do not have.
var days = regexp.MustCompile(`^([0-9]{1,6})([dw])$`)

// readEnd reads --expires: a time from now (8h, 30d, 2w), a day (at its beginning in UTC), or a moment of
// RFC 3339. "" is never, the zero time.
func readEnd(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	end, ok := endOf(text, now)
	if !ok {
		return end, writ.Errorf(writ.CodeUsage, "--expires %q is neither a time from now nor a date", oneLine(text)).
			WithHint("write it as 8h, 30d, 2027-01-01 or 2027-01-01T12:00:00Z")
	}
	end = end.UTC().Truncate(time.Second)
	if !end.After(now) {
		return end, writ.Errorf(writ.CodeUsage, "--expires %s is in the past", oneLine(text))
	}
	return end, nil
}

func endOf(text string, now time.Time) (time.Time, bool) {
	if parts := days.FindStringSubmatch(text); parts != nil {
		n, err := strconv.Atoi(parts[1])
		if parts[2] == "w" {
			n *= 7
		}
		return now.AddDate(0, 0, n), err == nil && n <= mostDays
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(d), true
	}
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(form, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// mostDays keeps the end a year that RFC 3339 can write.
const mostDays = 1_000_000
