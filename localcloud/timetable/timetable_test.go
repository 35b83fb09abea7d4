package timetable_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/localcloud/timetable"
)

func Example() {
	t, err := timetable.ParseRule("cron(0 9 ? * MON-FRI *)")
	if err != nil {
		fmt.Println(err)
		return
	}
	friday := time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)
	next, _ := t.Next(friday, friday, time.UTC)
	fmt.Println(next.Format("Monday 2006-01-02 15:04"))
	// Output: Monday 2026-01-05 09:00
}

func TestNext(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		expression string
		after      string
		zone       *time.Location
		want       string // the next three times
	}{
		{"rate(5 minutes)", "2026-01-01T00:07:30", time.UTC, "2026-01-01T00:10:00 2026-01-01T00:15:00 2026-01-01T00:20:00"},
		{"rate(1 day)", "2026-02-28T00:00:00", time.UTC, "2026-03-01T00:00:00 2026-03-02T00:00:00 2026-03-03T00:00:00"},
		{"at(2026-01-02T03:04:05)", "2026-01-01T00:00:00", time.UTC, "2026-01-02T03:04:05 none none"},
		{"at(2026-07-02T03:04:05)", "2026-01-01T00:00:00", berlin, "2026-07-02T01:04:05 none none"},
		// The examples of the EventBridge User Guide, "Cron expressions".
		{"cron(0 10 * * ? *)", "2026-01-01T10:00:00", time.UTC, "2026-01-02T10:00:00 2026-01-03T10:00:00 2026-01-04T10:00:00"},
		{"cron(15 12 * * ? *)", "2026-01-01T00:00:00", time.UTC, "2026-01-01T12:15:00 2026-01-02T12:15:00 2026-01-03T12:15:00"},
		{"cron(0 18 ? * MON-FRI *)", "2026-01-01T19:00:00", time.UTC, "2026-01-02T18:00:00 2026-01-05T18:00:00 2026-01-06T18:00:00"},
		{"cron(0 8 1 * ? *)", "2026-01-01T19:00:00", time.UTC, "2026-02-01T08:00:00 2026-03-01T08:00:00 2026-04-01T08:00:00"},
		{"cron(0/15 * * * ? *)", "2026-01-01T23:31:00", time.UTC, "2026-01-01T23:45:00 2026-01-02T00:00:00 2026-01-02T00:15:00"},
		{"cron(0/5 8-17 ? * MON-FRI *)", "2026-01-02T17:54:00", time.UTC, "2026-01-02T17:55:00 2026-01-05T08:00:00 2026-01-05T08:05:00"},
		{"cron(0/30 20-23 ? * MON-FRI *)", "2026-01-02T23:00:00", time.UTC, "2026-01-02T23:30:00 2026-01-05T20:00:00 2026-01-05T20:30:00"},
		// L, W and #.
		{"cron(0 0 L * ? *)", "2026-01-31T01:00:00", time.UTC, "2026-02-28T00:00:00 2026-03-31T00:00:00 2026-04-30T00:00:00"},
		{"cron(0 0 3W * ? *)", "2026-01-01T00:00:00", time.UTC, "2026-01-02T00:00:00 2026-02-03T00:00:00 2026-03-03T00:00:00"},
		{"cron(0 0 1W * ? *)", "2026-07-02T00:00:00", time.UTC, "2026-08-03T00:00:00 2026-09-01T00:00:00 2026-10-01T00:00:00"},
		{"cron(0 0 LW * ? *)", "2026-01-01T00:00:00", time.UTC, "2026-01-30T00:00:00 2026-02-27T00:00:00 2026-03-31T00:00:00"},
		{"cron(0 0 ? * 3#2 *)", "2026-01-01T00:00:00", time.UTC, "2026-01-13T00:00:00 2026-02-10T00:00:00 2026-03-10T00:00:00"},
		{"cron(0 0 ? * 6L *)", "2026-01-01T00:00:00", time.UTC, "2026-01-30T00:00:00 2026-02-27T00:00:00 2026-03-27T00:00:00"},
		{"cron(0 0 ? * FRI-MON *)", "2026-01-01T00:00:00", time.UTC, "2026-01-02T00:00:00 2026-01-03T00:00:00 2026-01-04T00:00:00"},
		{"cron(0 0 29 FEB ? *)", "2026-01-01T00:00:00", time.UTC, "2028-02-29T00:00:00 2032-02-29T00:00:00 2036-02-29T00:00:00"},
		{"cron(0 0 30 2 ? *)", "2026-01-01T00:00:00", time.UTC, "none none none"},
		{"cron(0 0 1 1 ? 2025-2027)", "2026-01-01T00:00:00", time.UTC, "2027-01-01T00:00:00 none none"},
		// Summer time leaves 02:30 out on 29 March 2026 in Berlin; on 25 October it comes twice and is due once.
		{"cron(30 2 * * ? *)", "2026-03-28T00:00:00", berlin, "2026-03-28T01:30:00 2026-03-30T00:30:00 2026-03-31T00:30:00"},
		{"cron(30 2 * * ? *)", "2026-10-24T22:00:00", berlin, "2026-10-25T00:30:00 2026-10-26T01:30:00 2026-10-27T01:30:00"},
	} {
		table, err := timetable.ParseSchedule(c.expression)
		if err != nil {
			t.Errorf("%s: %v", c.expression, err)
			continue
		}
		after, err := time.Parse("2006-01-02T15:04:05", c.after)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for range 3 {
			next, ok := table.Next(after, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), c.zone)
			if !ok {
				got = append(got, "none")
				continue
			}
			after = next
			got = append(got, next.UTC().Format("2006-01-02T15:04:05"))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s after %s:\n got %s\nwant %s", c.expression, c.after, s, c.want)
		}
	}
}

func TestWhatIsNoExpression(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "rate", "rate()", "rate(0 minutes)", "rate(-1 minutes)", "rate(5 minute)", "rate(1 minutes)", "rate(1.5 hours)", "rate(5 seconds)",
		"rate(5  minutes)", "rate(999999999 days)", "at(2026-01-01T00:00:00)", "cron(* * * * * *)", "cron(0 0 ? * ? *)", "cron(0 0 * * ?)",
		"cron(60 0 * * ? *)", "cron(0 24 * * ? *)", "cron(0 0 0 * ? *)", "cron(0 0 32 * ? *)", "cron(0 0 * 13 ? *)", "cron(0 0 ? * 8 *)",
		"cron(0 0 * * ? 1969)", "cron(5-1 0 * * ? *)", "cron(0/0 0 * * ? *)", "cron(0 0 ? * 3#6 *)", "cron(0 0 ? * XYZ *)", "cron(+1 0 * * ? *)",
		"cron(0 0 W * ? *)", "cron(0 0 40W * ? *)", "every day",
	} {
		if _, err := timetable.ParseRule(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	for _, text := range []string{"at(2026-13-01T00:00:00)", "at(2026-01-01)", "at(2026-01-01T00:00:00Z)"} {
		if _, err := timetable.ParseSchedule(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// FuzzSchedule: nothing that is read makes Next go back or hang.
func FuzzSchedule(f *testing.F) {
	for _, seed := range []string{"rate(5 minutes)", "cron(0/5 8-17 ? * MON-FRI *)", "cron(0 0 LW 2 ? 2028/4)", "at(2030-01-01T00:00:00)", "cron(0 0 ? * 3#5,6L *)"} {
		f.Add(seed)
	}
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		table, err := timetable.ParseSchedule(text)
		if err != nil {
			return
		}
		after := begun
		for range 3 {
			next, ok := table.Next(after, begun, time.UTC)
			if !ok {
				return
			}
			if !next.After(after) {
				t.Fatalf("%s: %v is not after %v", text, next, after)
			}
			after = next
		}
	})
}
