package timetable

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cron is a cron expression of AWS: minutes, hours, day of month, month, day
// of week and year.
type cron struct {
	minutes, hours, months []int // sorted
	years                  []int // nil for all
	days                   []dayRule
	weekly                 bool // days are days of the week
}

// dayRule is one entry of a day field. of says what the numbers mean.
type dayRule struct {
	of   dayKind
	days []int // plain: days of the month 1-31, or of the week 1 (Sunday) to 7
	n    int   // of the others
	nth  int   // which one of the month, for nth
}

type dayKind int

const (
	plain       dayKind = iota
	last                // L: the last day of the month; 5L: its last Thursday
	nearest             // 15W: the weekday nearest to the 15th
	lastWeekday         // LW
	nth                 // 3#2: the second Tuesday
)

const (
	firstYear = 1970
	lastYear  = 2199
)

var (
	monthNames = strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	dayNames   = strings.Fields("SUN MON TUE WED THU FRI SAT")
)

func parseCron(text string) (*cron, error) {
	f := strings.Fields(text)
	if len(f) != 6 {
		return nil, fmt.Errorf("a cron expression has 6 fields, not %d", len(f))
	}
	c := &cron{}
	for _, field := range []struct {
		name     string
		text     string
		low, top int
		names    []string
		to       *[]int
	}{
		{"minutes", f[0], 0, 59, nil, &c.minutes},
		{"hours", f[1], 0, 23, nil, &c.hours},
		{"month", f[3], 1, 12, monthNames, &c.months},
		{"year", f[5], firstYear, lastYear, nil, &c.years},
	} {
		var err error
		if *field.to, err = numbers(field.text, field.low, field.top, field.names); err != nil {
			return nil, fmt.Errorf("%s: %w", field.name, err)
		}
	}
	var err error
	switch {
	case (f[2] == "?") == (f[4] == "?"):
		return nil, fmt.Errorf("one of day of month and day of week must be ?")
	case f[4] == "?":
		c.days, err = dayRules(f[2], 1, 31, nil)
	default:
		c.weekly = true
		c.days, err = dayRules(f[4], 1, 7, dayNames)
	}
	return c, err
}

// numbers reads a list of numbers, ranges and steps.
func numbers(text string, low, top int, names []string) ([]int, error) {
	var out []int
	for item := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(item, "/")
		from, to, step := low, top, 1
		var err error
		if stepped {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > top {
				return nil, fmt.Errorf("%q is no step", item)
			}
		}
		if span != "*" {
			first, second, ranged := strings.Cut(span, "-")
			if from, err = number(first, low, top, names); err != nil {
				return nil, err
			}
			switch {
			case ranged:
				to, err = number(second, low, top, names)
			case !stepped:
				to = from
			}
			if err != nil {
				return nil, err
			}
		}
		if from > to { // FRI-MON
			if names == nil {
				return nil, fmt.Errorf("the range %q goes backwards", item)
			}
			to += top - low + 1
		}
		for n := from; n <= to; n += step {
			out = append(out, (n-low)%(top-low+1)+low)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func number(text string, low, top int, names []string) (int, error) {
	if i := slices.Index(names, strings.ToUpper(text)); i >= 0 {
		return i + low, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > top || strings.HasPrefix(text, "+") {
		return 0, fmt.Errorf("%q is not between %d and %d", text, low, top)
	}
	return n, nil
}

// dayRules reads a day field: numbers, and what only days have.
func dayRules(text string, low, top int, names []string) ([]dayRule, error) {
	var rules []dayRule
	for item := range strings.SplitSeq(text, ",") {
		rule, err := dayRuleOf(item, low, top, names)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

func dayRuleOf(item string, low, top int, names []string) (dayRule, error) {
	weekly := names != nil
	day, place, counted := strings.Cut(item, "#")
	switch {
	case weekly && item == "L":
		return dayRule{of: plain, days: []int{7}}, nil
	case item == "L":
		return dayRule{of: last}, nil
	case !weekly && item == "LW":
		return dayRule{of: lastWeekday}, nil
	case weekly && counted:
		n, err := number(day, low, top, names)
		which, bad := strconv.Atoi(place)
		if err != nil || bad != nil || which < 1 || which > 5 {
			return dayRule{}, fmt.Errorf("%q is no day of a month", item)
		}
		return dayRule{of: nth, n: n, nth: which}, nil
	case weekly && strings.HasSuffix(item, "L"):
		n, err := number(strings.TrimSuffix(item, "L"), low, top, names)
		return dayRule{of: last, n: n}, err
	case !weekly && strings.HasSuffix(item, "W"):
		n, err := number(strings.TrimSuffix(item, "W"), low, top, names)
		return dayRule{of: nearest, n: n}, err
	}
	days, err := numbers(item, low, top, names)
	return dayRule{days: days}, err
}

// next goes through the days from that of after on, at most to the last year.
func (c *cron) next(after time.Time, zone *time.Location) (time.Time, bool) {
	after = after.In(zone)
	for year := max(after.Year(), firstYear); year <= lastYear; year++ {
		if !slices.Contains(c.years, year) {
			continue
		}
		for _, month := range c.months {
			if year == after.Year() && month < int(after.Month()) {
				continue
			}
			for day := 1; day <= length(year, month); day++ {
				if !c.due(year, month, day) || year == after.Year() && month == int(after.Month()) && day < after.Day() {
					continue
				}
				if at, ok := c.timeOn(year, month, day, after, zone); ok {
					return at, true
				}
			}
		}
	}
	return time.Time{}, false
}

// timeOn finds the first time of a day after a moment.
func (c *cron) timeOn(year, month, day int, after time.Time, zone *time.Location) (time.Time, bool) {
	for _, hour := range c.hours {
		for _, minute := range c.minutes {
			at := first(time.Date(year, time.Month(month), day, hour, minute, 0, 0, zone))
			if at.After(after) && at.Hour() == hour && at.Minute() == minute {
				return at, true
			}
		}
	}
	return time.Time{}, false
}

// first gives the earlier of the two times that a wall clock shows twice.
func first(at time.Time) time.Time {
	for _, shift := range []time.Duration{time.Hour, time.Hour / 2} {
		if before := at.Add(-shift); before.Hour() == at.Hour() && before.Minute() == at.Minute() {
			return before
		}
	}
	return at
}

func length(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// weekday is 1 for Sunday.
func weekday(year, month, day int) int {
	return int(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Weekday()) + 1
}

func (c *cron) due(year, month, day int) bool {
	return slices.ContainsFunc(c.days, func(r dayRule) bool { return r.due(c.weekly, year, month, day) })
}

func (r dayRule) due(weekly bool, year, month, day int) bool {
	end, week := length(year, month), weekday(year, month, day)
	switch r.of {
	case last:
		if r.n > 0 {
			return week == r.n && day > end-7
		}
		return day == end
	case lastWeekday:
		return day == nearestWeekday(year, month, end)
	case nearest:
		return r.n <= end && day == nearestWeekday(year, month, r.n)
	case nth:
		return week == r.n && (day-1)/7+1 == r.nth
	case plain:
	}
	if weekly {
		return slices.Contains(r.days, week)
	}
	return slices.Contains(r.days, day)
}

// nearestWeekday stays within the month.
func nearestWeekday(year, month, day int) int {
	switch weekday(year, month, day) {
	case 1:
		if day == length(year, month) {
			return day - 2
		}
		return day + 1
	case 7:
		if day == 1 {
			return 3
		}
		return day - 1
	}
	return day
}
