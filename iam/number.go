package iam

import (
	"strings"
	"time"
)

// decimal is a number as text, of any length: digits without leading zeros,
// fraction without trailing zeros. Comparing text keeps integers exact that a
// float64 would round.
type decimal struct {
	negative        bool
	whole, fraction string
}

// parseDecimal reads an integer or a decimal number: no exponent, no white space.
func parseDecimal(s string) (d decimal, ok bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.negative = s[0] == '-'
		s = s[1:]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if whole == "" && fraction == "" || !digits(whole) || !digits(fraction) {
		return decimal{}, false
	}
	d.whole = strings.TrimLeft(whole, "0")
	d.fraction = strings.TrimRight(fraction, "0")
	if d.whole == "" && d.fraction == "" {
		d.negative = false
	}
	return d, true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func (d decimal) compare(e decimal) int {
	if d.negative != e.negative {
		if d.negative {
			return -1
		}
		return 1
	}
	order := len(d.whole) - len(e.whole)
	if order == 0 {
		order = strings.Compare(d.whole, e.whole)
	}
	if order == 0 {
		order = strings.Compare(d.fraction, e.fraction)
	}
	if d.negative {
		return -order
	}
	return order
}

// parseDate reads the W3C profile of ISO 8601, from a bare year to fractions
// of a second, or UNIX time in seconds. Four digits are a year.
func parseDate(s string) (time.Time, bool) {
	if count := strings.TrimPrefix(s, "-"); count != "" && len(s) < 19 && digits(count) && (len(s) != 4 || s[0] == '-') {
		return epoch(s)
	}
	r := dateReader{s: s}
	year := r.number(4)
	month, day, hour, minute, second, nanosecond := 1, 1, 0, 0, 0, 0
	if r.take('-') {
		month = r.number(2)
		if r.take('-') {
			day = r.number(2)
			if r.take('T') {
				hour = r.number(2)
				r.need(':')
				minute = r.number(2)
				if r.take(':') {
					second = r.number(2)
					if r.take('.') {
						nanosecond = r.fraction()
					}
				}
				r.zone()
			}
		}
	}
	if r.bad || r.s != "" || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nanosecond, time.UTC).Add(-r.offset), true
}

func epoch(s string) (time.Time, bool) {
	var n int64
	for i := range len(s) {
		if s[i] != '-' {
			n = n*10 + int64(s[i]-'0')
		}
	}
	if s[0] == '-' {
		n = -n
	}
	return time.Unix(n, 0).UTC(), true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// dateReader eats a date from the left; bad is set by the first thing amiss.
type dateReader struct {
	s      string
	bad    bool
	offset time.Duration // east of UTC
}

func (r *dateReader) number(width int) int {
	if len(r.s) < width || !digits(r.s[:width]) {
		r.bad = true
		return 0
	}
	n := 0
	for i := range width {
		n = n*10 + int(r.s[i]-'0')
	}
	r.s = r.s[width:]
	return n
}

func (r *dateReader) take(c byte) bool {
	if r.s == "" || r.s[0] != c {
		return false
	}
	r.s = r.s[1:]
	return true
}

func (r *dateReader) need(c byte) { r.bad = !r.take(c) || r.bad }

// fraction reads digits as nanoseconds, ignoring those beyond.
func (r *dateReader) fraction() int {
	n, scale, count := 0, 100_000_000, 0
	for r.s != "" && r.s[0] >= '0' && r.s[0] <= '9' {
		n += int(r.s[0]-'0') * scale
		scale /= 10
		count++
		r.s = r.s[1:]
	}
	r.bad = r.bad || count == 0
	return n
}

// zone reads Z, +hh:mm or -hh:mm; none at all is UTC.
func (r *dateReader) zone() {
	sign := time.Duration(1)
	switch {
	case r.s == "" || r.take('Z'):
		return
	case r.take('-'):
		sign = -1
	default:
		r.need('+')
	}
	hours := r.number(2)
	r.need(':')
	minutes := r.number(2)
	r.bad = r.bad || hours > 23 || minutes > 59
	r.offset = sign * (time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute)
}
