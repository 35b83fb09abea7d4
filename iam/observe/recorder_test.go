package observe_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/observe"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// call is one allowed call of role r, seconds after noon.
func call(action, resource string, seconds int) observe.Observation {
	at := noon.Add(time.Duration(seconds) * time.Second)
	return observe.Observation{Role: "r", Function: "f", Action: action, Resource: resource, Verdict: iam.Allowed, Count: 1, First: at, Last: at}
}

// denied is the same call, denied by kinds of policy.
func denied(o observe.Observation, by ...iam.PolicyType) observe.Observation {
	o.Verdict, o.BlockedBy = iam.ImplicitlyDenied, by
	return o
}

func record(t testing.TB, limits observe.Limits, calls ...observe.Observation) *observe.Record {
	t.Helper()
	c := observe.NewRecorder(nil, limits, noon)
	for _, o := range calls {
		c.Note(o)
	}
	return c.Snapshot(noon.Add(time.Hour), time.Hour)
}

func TestOneRowForEachDistinctCall(t *testing.T) {
	t.Parallel()
	get := call("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:000000000000:table/a", 5)
	earlier := call("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:000000000000:table/a", 1)
	other := call("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:000000000000:table/b", 2)
	refused := denied(get, iam.TypeIdentity)
	byOrganisation := denied(get, iam.TypeSCP, iam.TypeIdentity)
	r := record(t, observe.DefaultLimits, get, earlier, other, refused, byOrganisation, refused)
	want := []observe.Observation{get, refused, byOrganisation, other}
	want[0].Count, want[0].First = 2, earlier.First
	want[1].Count = 2
	// Of one call, the verdicts stand in the order of their names.
	if diff := cmp.Diff([]observe.Observation{want[0], want[1], want[2], want[3]}, r.Rows); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if r.Watched != time.Hour || !r.Since.Equal(noon) {
		t.Errorf("%v since %v", r.Watched, r.Since)
	}
}

// Lambda gives each process a log stream of its own: they are one thing.
func TestMintedNamesAreOneRow(t *testing.T) {
	t.Parallel()
	const group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:log-stream:"
	r := record(t, observe.DefaultLimits,
		call("logs:PutLogEvents", group+"2026/11/22/[$LATEST]91b31d57d8c4969d724605da7d6e52d6", 0),
		call("logs:PutLogEvents", group+"2026/11/23/[7]32d3c14dc1c2dfb2a47a2d5a0ffb2814", 1),
		call("logs:PutLogEvents", group+"mine", 1))
	if len(r.Rows) != 2 || r.Rows[0].Resource != group+"*" || r.Rows[0].Extent != observe.ExtentMinted || r.Rows[0].Count != 2 || r.Rows[1].Resource != group+"mine" {
		t.Errorf("%+v", r.Rows)
	}
}

// What is over the limits is put together, then counted; nothing is lost
// without a word.
func TestLimits(t *testing.T) {
	t.Parallel()
	limits := observe.Limits{Rows: 8, All: 1000}
	var calls []observe.Observation
	for i := range 20 { // 8 exact; 12 more under two prefixes
		calls = append(calls, call("s3:GetObject", fmt.Sprintf("arn:aws:s3:::bucket%d/key%d", i%2, i), i))
	}
	calls = append(calls, call("s3:GetObject", "arn:aws:s3:::bucket7/key", 20)) // no prefix is left
	for i := range 3 {
		calls = append(calls, call(fmt.Sprintf("s3:Get%d", i), "arn:aws:s3:::bucket8/key", 21)) // one action is left
	}
	r := record(t, limits, calls...)
	var got []string
	total := r.Dropped
	for _, o := range r.Rows {
		total += o.Count
		if o.Extent != observe.ExtentExact {
			got = append(got, fmt.Sprintf("%s %s %s %d", o.Action, o.Resource, o.Extent, o.Count))
		}
	}
	want := []string{
		"s3:Get0  any 1",
		"s3:GetObject  any 1",
		"s3:GetObject arn:aws:s3:::bucket0/* prefix 6",
		"s3:GetObject arn:aws:s3:::bucket1/* prefix 6",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if r.Dropped != 2 || total != int64(len(calls)) {
		t.Errorf("%d dropped, %d of %d calls counted", r.Dropped, total, len(calls))
	}
	if len(r.Rows) > 8+2+2 {
		t.Errorf("%d rows", len(r.Rows))
	}
	if r := record(t, observe.Limits{Rows: 8, All: 3}, calls...); len(r.Rows) != 3 {
		t.Errorf("%d rows in all, want 3", len(r.Rows))
	}
}

func TestPrefixes(t *testing.T) {
	t.Parallel()
	for resource, want := range map[string]string{
		"arn:aws:s3:::bucket/a/b":                                    "arn:aws:s3:::bucket/*",
		"arn:aws:s3:::bucket":                                        "arn:aws:s3:::*",
		"arn:aws:dynamodb:us-east-1:000000000000:table/t":            "arn:aws:dynamodb:us-east-1:000000000000:table/*",
		"arn:aws:dynamodb:us-east-1:000000000000:table/t/index/i":    "arn:aws:dynamodb:us-east-1:000000000000:table/t/*",
		"arn:aws:lambda:us-east-1:000000000000:function:f":           "arn:aws:lambda:us-east-1:000000000000:function:*",
		"arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream": "arn:aws:logs:us-east-1:000000000000:log-group:g:*",
	} {
		r := record(t, observe.Limits{Rows: 1, All: 9}, call("a:B", "arn:aws:x:::first", 0), call("a:B", resource, 1))
		found := false
		for _, o := range r.Rows {
			found = found || o.Resource == want && o.Extent == observe.ExtentPrefix
		}
		if !found {
			t.Errorf("%s: %+v", resource, r.Rows)
		}
	}
}

func TestWrittenAndReadBack(t *testing.T) {
	t.Parallel()
	service := call("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:000000000000:function:f", 3)
	service.Role, service.Function, service.Principal, service.Source = "", "", "apigateway.amazonaws.com", "arn:aws:execute-api:us-east-1:000000000000:x/prod/GET/"
	odd := call("s3:GetObject", "arn:aws:s3:::b/ü\n<&>\u202e", 4)
	r := record(t, observe.DefaultLimits, call("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:000000000000:table/a", 5), service, odd,
		denied(odd, iam.TypeBoundary, iam.TypeIdentity))
	r.Dropped = 3
	var b bytes.Buffer
	if err := observe.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != 5 {
		t.Errorf("%d lines:\n%s", n, b.String())
	}
	again, err := observe.Read(bytes.NewReader(b.Bytes()), "observed.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, again); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
	// A recorder goes on where the record ends.
	more := observe.NewRecorder(again, observe.DefaultLimits, noon.Add(2*time.Hour))
	more.Note(service)
	next := more.Snapshot(noon.Add(3*time.Hour), time.Minute)
	if len(next.Rows) != len(r.Rows) || next.Rows[0].Count != 2 || !next.Since.Equal(noon) || next.Watched != time.Hour+time.Minute || next.Dropped != 3 {
		t.Errorf("%+v", next)
	}
}

func TestDamagedRecords(t *testing.T) {
	t.Parallel()
	const head = `{"format":"writ observed access 1","since":"2026-11-22T12:00:00Z","until":"2026-11-22T13:00:00Z","seconds":3600}` + "\n"
	const row = `{"role":"r","action":"a:B","resource":"*","verdict":"Allowed","count":1,"first":"2026-11-22T12:00:00Z","last":"2026-11-22T12:00:00Z"}`
	if _, err := observe.Read(strings.NewReader(head+row+"\n"), "f"); err != nil {
		t.Fatal(err)
	}
	change := func(old, text string) string { return head + strings.Replace(row, old, text, 1) + "\n" }
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "f:1: the record is empty"},
		{"another file", "{\"a\": 1}\n", "f:1: this is no record"},
		{"another version", strings.Replace(head, "access 1", "access 2", 1), "its format is not"},
		{"cut short", head + row[:40], "f:2: the row cannot be read"},
		{"two values", head + row + row, "f:2: the row cannot be read: there is more than one value"},
		{"an unknown key", change(`"role"`, `"who":"x","role"`), `unknown field "who"`},
		{"nobody", change(`"role":"r",`, ``), "it needs a role or a principal"},
		{"a pattern as action", change(`a:B`, `a:*`), "its action is not"},
		{"no resource", change(`"*"`, `""`), "does not fit its extent"},
		{"an unknown extent", change(`"resource"`, `"extent":"half","resource"`), "its extent is not known"},
		{"a prefix without an end", change(`"resource":"*"`, `"extent":"prefix","resource":"x"`), `a prefix ends in "*"`},
		{"an unknown verdict", change(`"Allowed"`, `"Maybe"`), "its verdict is not known"},
		{"no calls", change(`"count":1`, `"count":0`), "its count is out of range"},
		{"backwards", change(`"last":"2026`, `"last":"2025`), "last seen before it was first seen"},
		{"a long line", head + strings.Repeat(" ", 70_000), "f:2: the record cannot be read"},
		{"time out of range", strings.Replace(head, "3600", "-1", 1), "out of range"},
	} {
		if _, err := observe.Read(strings.NewReader(c.text), "f"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestManyWriters(t *testing.T) {
	t.Parallel()
	c := observe.NewRecorder(nil, observe.DefaultLimits, noon)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 1000 {
				c.Note(call("a:B", fmt.Sprintf("arn:aws:a:::x/%d", i%10), i))
				if i%100 == 0 {
					c.Snapshot(noon, 0)
				}
			}
		})
	}
	wg.Wait()
	total := int64(0)
	for _, o := range c.Snapshot(noon, 0).Rows {
		total += o.Count
	}
	if total != 4000 {
		t.Errorf("%d calls, want 4000", total)
	}
}

// A call that is known costs the gate no memory.
func TestNoteAllocatesNothing(t *testing.T) {
	c := observe.NewRecorder(nil, observe.DefaultLimits, noon)
	o := call("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:000000000000:table/a", 0)
	refused := denied(o, iam.TypeIdentity)
	if n := testing.AllocsPerRun(100, func() { c.Note(o); c.Note(refused) }); n > 2 { // of the first run
		t.Errorf("%.0f allocations", n)
	}
}

// BenchmarkNote is what recording adds to a call of a role with 500 rows.
func BenchmarkNote(b *testing.B) {
	c := observe.NewRecorder(nil, observe.DefaultLimits, noon)
	var calls []observe.Observation
	for i := range 500 {
		calls = append(calls, call("dynamodb:GetItem", fmt.Sprintf("arn:aws:dynamodb:us-east-1:000000000000:table/t%d", i), 0))
		c.Note(calls[i])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Note(calls[i%len(calls)])
	}
}

// BenchmarkSave is what a full record costs once a second.
func BenchmarkSave(b *testing.B) {
	c := observe.NewRecorder(nil, observe.DefaultLimits, noon)
	for role := range 20 {
		for i := range 1000 {
			o := call("s3:GetObject", fmt.Sprintf("arn:aws:s3:::bucket/%d", i), 0)
			o.Role = fmt.Sprint("role", role)
			c.Note(o)
		}
	}
	for b.Loop() {
		var out bytes.Buffer
		if err := observe.Write(&out, c.Snapshot(noon, 0)); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(out.Len()), "bytes")
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := observe.Write(&b, record(f, observe.DefaultLimits, call("a:B", "*", 0), denied(call("a:C", "arn:aws:a:::x", 1), iam.TypeIdentity))); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := observe.Read(bytes.NewReader(text), "f")
		if err != nil {
			return
		}
		// What can be read can be gone on with, written, and read again.
		next := observe.NewRecorder(r, observe.DefaultLimits, noon).Snapshot(noon, 0)
		var b bytes.Buffer
		if err := observe.Write(&b, next); err != nil {
			return // a year that JSON does not take
		}
		if _, err := observe.Read(&b, "f"); err != nil {
			t.Fatalf("written and not read: %v\n%s", err, b.Bytes())
		}
	})
}

// Whatever a caller names, what is written can be read: a resource that is no
// ARN when its rows are full, and one longer than any of AWS's.
func TestHostileResourcesCanBeReadBack(t *testing.T) {
	t.Parallel()
	r := record(t, observe.Limits{Rows: 2, All: 100},
		call("s3:GetObject", "arn:aws:s3:::b/1", 1), call("s3:GetObject", "arn:aws:s3:::b/2", 2), call("s3:ListAllMyBuckets", "*", 3),
		call("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:000000000000:table/"+strings.Repeat("x", 100_000), 4),
		call("dynamodb:GetItem", strings.Repeat("\x00", 100_000), 5),
	)
	var b bytes.Buffer
	if err := observe.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	back, err := observe.Read(&b, "f")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, back); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
	count := int64(0)
	for _, o := range back.Rows {
		count += o.Count
	}
	if count+back.Dropped != 5 {
		t.Errorf("%d calls and %d dropped of 5: %v", count, back.Dropped, back.Rows)
	}
}
