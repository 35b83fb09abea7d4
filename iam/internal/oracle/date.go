package oracle

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The forms of W3C's note on ISO 8601, "Date and Time Formats". A time without a
// zone is UTC.
var dateForm = regexp.MustCompile(`^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$`)

// date gives seconds since 1970. Four digits are a year, any other whole
// number is seconds.
func date(s string) (*big.Rat, bool) {
	m := dateForm.FindStringSubmatch(s)
	if m == nil {
		// Longer than eighteen characters is no time, it is a mistake.
		if digits := strings.TrimPrefix(s, "-"); digits == "" || len(s) > 18 || strings.Trim(digits, "0123456789") != "" {
			return nil, false
		}
		return number(s)
	}
	year, month, day := atoi(m[1], 0), atoi(m[2], 1), atoi(m[3], 1)
	hour, minute, second := atoi(m[4], 0), atoi(m[5], 0), atoi(m[6], 0)
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	// What is not on the calendar or the clock is moved by time.Date: no date.
	if t.Year() != year || int(t.Month()) != month || t.Day() != day || t.Hour() != hour || t.Minute() != minute || t.Second() != second {
		return nil, false
	}
	at := new(big.Rat).SetInt64(t.Unix())
	if m[7] != "" {
		fraction, _ := new(big.Rat).SetString("0" + m[7][:min(len(m[7]), 10)]) // to the nanosecond
		at.Add(at, fraction)
	}
	if zone := m[8]; zone != "" && zone != "Z" {
		hours, minutes := atoi(zone[1:3], 0), atoi(zone[4:], 0)
		if hours > 23 || minutes > 59 {
			return nil, false
		}
		offset := int64(hours*3600 + minutes*60)
		if zone[0] == '+' {
			offset = -offset
		}
		at.Add(at, new(big.Rat).SetInt64(offset))
	}
	return at, true
}

func atoi(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return otherwise
}
