package iam

import (
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
)

func (s *Statement) checkConditions(PolicyType) error {
	for i := range s.Conditions {
		c := &s.Conditions[i]
		op, ok := parseOperator(c.Operator)
		if !ok {
			return s.unknownOperator(c)
		}
		if op.family != familyDate {
			continue
		}
		for j, v := range c.Values {
			if !isPutDate(v) {
				return s.invalidAt(placeOf(c.ValueAt, j), "the value %q of %s is not a date", v, c.Key).
					WithHint(`dates look like "2026-01-31", "2026-01-31T12:00:00Z", or are seconds since 1970`)
			}
		}
	}
	return nil
}

func (s *Statement) unknownOperator(c *ConditionElement) *writ.Error {
	at := c.OperatorAt
	if at.IsZero() {
		at = c.Position
	}
	err := s.invalidAt(at, "%q is not a condition operator", c.Operator)
	base, _, _ := strings.Cut(lowerASCII(c.Operator), "ifexists")
	switch near := writ.Nearest(c.Operator, OperatorNames()); {
	case base == "null" || strings.HasSuffix(base, ":null"):
		return err.WithHint("Null tells by itself whether a key exists: it takes no IfExists")
	case near != "":
		return err.WithHint("did you mean %q?", near)
	}
	return err.WithHint("it may start with ForAllValues: or ForAnyValue: and end with IfExists; between them stands one of %s", strings.Join(OperatorNames(), ", "))
}

// isPutDate reports whether IAM takes s as the value of a Date operator when a
// policy is put. That is more than can be compared later: "01T" passes, and
// never matches.
func isPutDate(s string) bool {
	if !strings.ContainsAny(s, "tT-") {
		_, err := strconv.ParseInt(s, 10, 64)
		return err == nil && digits(s)
	}
	date, clock, _ := strings.Cut(strings.ToLower(s), "t")
	date = strings.TrimPrefix(date, "-")
	fields := strings.Split(date, "-")
	if len(fields) > 3 || !inRange(fields[0], 0, 292278993) ||
		len(fields) > 1 && !inRange(fields[1], 1, 12) || len(fields) > 2 && !inRange(fields[2], 1, 31) {
		return false
	}
	return clock == "" || isPutClock(clock)
}

// isPutClock reads what stands behind the T of a date: hours, minutes, seconds
// with a fraction, and a zone.
func isPutClock(clock string) bool {
	clock, zone := strings.TrimSuffix(clock, "z"), ""
	if i := strings.LastIndexAny(clock, "+-"); i >= 0 {
		clock, zone = clock[:i], clock[i+1:]
		hours, minutes, both := strings.Cut(zone, ":")
		if len(hours) != 2 || !inRange(hours, 0, 23) || both && (len(minutes) != 2 || !inRange(minutes, 0, 59)) {
			return false
		}
	}
	fields := strings.Split(clock, ":")
	if len(fields) > 3 || !inRange(fields[0], 0, 23) || len(fields) > 1 && !inRange(fields[1], 0, 59) {
		return false
	}
	if len(fields) < 3 {
		return true
	}
	seconds, fraction, fractional := strings.Cut(fields[2], ".")
	return inRange(seconds, 0, 59) && (!fractional || inRange(fraction, 0, 999_999_999))
}

// inRange reports whether s is a number from low to high.
func inRange(s string, low, high int) bool {
	if s == "" || len(s) > 10 || !digits(s) {
		return false
	}
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n >= low && n <= high
}

// OperatorNames lists the condition operators of the language, without their
// set prefixes and IfExists.
func OperatorNames() []string {
	return []string{
		"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
		"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
	}
}
