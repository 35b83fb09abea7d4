// Package timetable reads the schedule expressions of EventBridge and says when
// they are due: rate(5 minutes), cron(0 9 ? * MON-FRI *), at(2030-01-01T09:00:00).
package timetable

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Table is a schedule expression. The zero Table is never due.
type Table struct {
	every time.Duration // of a rate
	cron  *cron
	once  string // the wall clock of an at expression
}

const wallClock = "2006-01-02T15:04:05"

var (
	form = regexp.MustCompile(`^(rate|cron|at)\(([^()]*)\)$`)
	rate = regexp.MustCompile(`^([1-9][0-9]{0,8}) (minute|minutes|hour|hours|day|days)$`)
)

// ParseRule reads the expression of a rule of EventBridge: a rate, whose unit
// is singular for 1 and plural for more, or a cron expression (EventBridge User
// Guide, "Creating a rule that runs on a schedule").
func ParseRule(text string) (Table, error) {
	t, err := ParseSchedule(text)
	switch {
	case err != nil:
		return t, err
	case t.Once():
		return t, fmt.Errorf("%s: a rule knows rate and cron expressions", text)
	case t.every > 0 && strings.HasPrefix(text, "rate(1 ") == strings.HasSuffix(text, "s)"):
		return t, fmt.Errorf("%s: the unit of 1 is singular, that of more is plural", text)
	}
	return t, nil
}

// ParseSchedule reads the expression of a schedule of EventBridge Scheduler: a
// rate, a cron expression, or at (EventBridge Scheduler User Guide, "Schedule types").
func ParseSchedule(text string) (Table, error) {
	m := form.FindStringSubmatch(text)
	if m == nil {
		return Table{}, fmt.Errorf("%q is no schedule expression", text)
	}
	switch m[1] {
	case "at":
		if _, err := time.Parse(wallClock, m[2]); err != nil {
			return Table{}, fmt.Errorf("%s: the time is to be written as yyyy-mm-ddThh:mm:ss", text)
		}
		return Table{once: m[2]}, nil
	case "cron":
		c, err := parseCron(m[2])
		if err != nil {
			return Table{}, fmt.Errorf("%s: %w", text, err)
		}
		return Table{cron: c}, nil
	}
	part := rate.FindStringSubmatch(m[2])
	if part == nil {
		return Table{}, fmt.Errorf("%s: a rate is a whole number above 0 and minutes, hours or days", text)
	}
	n, err := strconv.Atoi(part[1])
	if err != nil {
		return Table{}, err
	}
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[strings.TrimSuffix(part[2], "s")]
	if n > int(100*365*24*time.Hour/unit) {
		return Table{}, fmt.Errorf("%s: the rate is longer than a hundred years", text)
	}
	return Table{every: time.Duration(n) * unit}, nil
}

// Once says whether it is due at one time only.
func (t Table) Once() bool { return t.once != "" }

// Next gives the first time after a moment at which it is due. A rate counts
// from begun; the others are read in the zone. ok is false when there is none.
//
// A wall clock time that a change to summer time leaves out is left out, and
// one that comes twice is due the first time.
func (t Table) Next(after, begun time.Time, zone *time.Location) (next time.Time, ok bool) {
	switch {
	case t.every > 0:
		if after.Before(begun) {
			return begun, true
		}
		return begun.Add((after.Sub(begun)/t.every + 1) * t.every), true
	case t.cron != nil:
		return t.cron.next(after, zone)
	case t.once != "":
		at, err := time.ParseInLocation(wallClock, t.once, zone)
		return first(at), err == nil && first(at).After(after)
	}
	return next, false
}
