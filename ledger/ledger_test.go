package ledger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/ledger"
)

func Example() {
	var head ledger.Head
	var entries []ledger.Entry
	for _, subject := range []string{"user:ann", "user:bob"} {
		e, err := ledger.Seal(head, writ.Event{
			Time:  time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC),
			Actor: writ.Subject{Type: "key", ID: "deploy"}, Kind: "records.write", Subject: subject,
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		entries, head = append(entries, e), e.Head()
	}
	read, err := ledger.Verify(ledger.Head{}, stream(entries))
	fmt.Println(read == head, err)

	entries[0].Subject = "user:eve"
	_, err = ledger.Verify(ledger.Head{}, stream(entries))
	fmt.Println(err)
	_, err = ledger.Verify(ledger.Head{}, stream(entries[1:]))
	fmt.Println(err)
	// Output:
	// true <nil>
	// the ledger is broken: entry 1 was altered: its content does not have its hash
	// the ledger is broken: entry 1 is missing: after entry 0 comes entry 2
}

func stream(entries []ledger.Entry) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// events draws events with text that lies about where a field ends.
func events() *rapid.Generator[writ.Event] {
	text := rapid.OneOf(rapid.StringMatching(`[a-c:"<\\]{0,6}`), rapid.Map(rapid.StringN(0, 8, -1), func(s string) string { return strings.ReplaceAll(s, "\x00", "") }))
	return rapid.Custom(func(t *rapid.T) writ.Event {
		e := writ.Event{
			Time:  time.UnixMicro(rapid.Int64Range(-62e15, 250e15).Draw(t, "time")),
			Actor: writ.Subject{Type: text.Draw(t, "type"), ID: text.Draw(t, "id")},
			Kind:  text.Draw(t, "kind"), Subject: text.Draw(t, "subject"),
		}
		if rapid.Bool().Draw(t, "properties") {
			e.Actor.Properties = map[string]any{text.Draw(t, "key"): text.Draw(t, "value"), "n": rapid.IntRange(0, 9).Draw(t, "n")}
		}
		if rapid.Bool().Draw(t, "data") {
			e.Data, _ = json.Marshal(map[string]string{text.Draw(t, "field"): text.Draw(t, "content")})
		}
		return e
	})
}

func chain(t *rapid.T) ([]ledger.Entry, ledger.Head) {
	var head ledger.Head
	var entries []ledger.Entry
	for range rapid.IntRange(2, 6).Draw(t, "length") {
		e, err := ledger.Seal(head, events().Draw(t, "event"))
		if err != nil {
			t.Fatal(err)
		}
		entries, head = append(entries, e), e.Head()
	}
	return entries, head
}

// TestAnyChangeIsDetected makes one change to a chain that is known to hold.
func TestAnyChangeIsDetected(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries, head := chain(t)
		if got, err := ledger.Verify(ledger.Head{}, stream(entries)); err != nil || got != head {
			t.Fatalf("an untouched chain: %v, %v", got, err)
		}
		i := rapid.IntRange(0, len(entries)-1).Draw(t, "at")
		e := &entries[i]
		switch change := rapid.IntRange(0, 13).Draw(t, "change"); change {
		case 0:
			e.Seq = rapid.Uint64().Filter(func(n uint64) bool { return n != e.Seq }).Draw(t, "seq")
		case 1:
			e.Time = e.Time.Add(time.Duration(rapid.Int64().Filter(func(n int64) bool { return n != 0 }).Draw(t, "by")))
		case 2:
			e.Actor.Type += "x"
		case 3: // the same bytes in a row, cut elsewhere
			if e.Actor.ID == "" {
				t.Skip("nothing to move")
			}
			e.Actor.Type, e.Actor.ID = e.Actor.Type+e.Actor.ID, ""
		case 4:
			e.Actor.Properties = map[string]any{"forged": true}
		case 5:
			e.Kind += "x"
		case 6:
			if e.Subject == "" {
				t.Skip("nothing to move")
			}
			e.Kind, e.Subject = e.Kind+e.Subject, ""
		case 7:
			e.Subject = "x" + e.Subject
		case 8:
			e.Data = append(json.RawMessage(nil), append(e.Data, ' ')...)
		case 9:
			e.Prev[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case 10:
			e.Hash[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case 11:
			entries = append(entries[:i:i], entries[i+1:]...)
		case 12:
			j := (i + 1) % len(entries)
			entries[i], entries[j] = entries[j], entries[i]
		case 13: // a forger who can count hashes as well
			before := ledger.Head{}
			if i > 0 {
				before = entries[i-1].Head()
			}
			ev := e.Event
			ev.Kind += "x"
			forged, err := ledger.Seal(before, ev)
			if err != nil {
				t.Fatal(err)
			}
			*e = forged
		}
		if got, err := ledger.Verify(ledger.Head{}, stream(entries)); err == nil && got == head {
			t.Fatalf("the change was not seen: %+v", entries)
		}
	})
}

// TestJSONKeepsEntries: an entry that went through JSON still has its hash.
func TestJSONKeepsEntries(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries, head := chain(t)
		text, err := json.Marshal(entries)
		if err != nil {
			t.Fatal(err)
		}
		var read []ledger.Entry
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(entries, read); d != "" {
			t.Fatal(d)
		}
		if got, err := ledger.Verify(ledger.Head{}, stream(read)); err != nil || got != head {
			t.Fatalf("%v, %v", got, err)
		}
	})
}

// TestTheBytesStayTheSame holds the encoding fast: ledgers that were written must stay readable.
func TestTheBytesStayTheSame(t *testing.T) {
	t.Parallel()
	e, err := ledger.Seal(ledger.Head{Seq: 6, Hash: ledger.Hash{1, 2, 3}}, writ.Event{
		Time:  time.Date(2026, 11, 22, 16, 0, 0, 123456789, time.FixedZone("", 3600)),
		Actor: writ.Subject{Type: "user", ID: "ann", Properties: map[string]any{"b": 1, "a": "<é>"}},
		Kind:  "tuples.write", Subject: "document:budget", Data: json.RawMessage(`{ "b": [1, 2],  "a": "<é>" }`),
	})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(e)
	want := `{"seq":7,"time":"2026-11-22T15:00:00.123456Z","actor":{"type":"user","id":"ann","properties":{"a":"\u003cé\u003e","b":1}},` +
		`"kind":"tuples.write","subject":"document:budget","data":{"b":[1,2],"a":"\u003cé\u003e"},` +
		`"prev":"0102030000000000000000000000000000000000000000000000000000000000","hash":"df9e7107defb319db4318b87f16ce2988dc60429abcb0feda90096a29e41d413"}`
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Error(d)
	}
}

func TestEventsWithoutAFormAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		event writ.Event
		want  writ.Code
	}{
		"kind with a zero":  {writ.Event{Kind: "a\x00"}, writ.CodeInvalid},
		"kind not UTF-8":    {writ.Event{Kind: "a\xff"}, writ.CodeInvalid},
		"subject not UTF-8": {writ.Event{Subject: "a\xff"}, writ.CodeInvalid},
		"data not UTF-8":    {writ.Event{Data: json.RawMessage("\"\xff\"")}, writ.CodeInvalid},
		"data not JSON":     {writ.Event{Data: json.RawMessage("{")}, writ.CodeInvalid},
		"properties":        {writ.Event{Actor: writ.Subject{Properties: map[string]any{"x": math.NaN()}}}, writ.CodeInvalid},
		"year":              {writ.Event{Time: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)}, writ.CodeInvalid},
		"long kind":         {writ.Event{Kind: strings.Repeat("k", ledger.MaxName+1)}, writ.CodeTooLarge},
		"long subject":      {writ.Event{Subject: strings.Repeat("k", ledger.MaxText+1)}, writ.CodeTooLarge},
		"long properties":   {writ.Event{Actor: writ.Subject{Properties: map[string]any{"x": strings.Repeat("k", ledger.MaxText)}}}, writ.CodeTooLarge},
		"long data":         {writ.Event{Data: make(json.RawMessage, ledger.MaxData+1)}, writ.CodeTooLarge},
	} {
		if _, err := ledger.Seal(ledger.Head{}, c.event); writ.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHashText(t *testing.T) {
	t.Parallel()
	var h ledger.Hash
	for _, bad := range []string{"", "00", strings.Repeat("0", 63), strings.Repeat("g", 64), strings.Repeat("0", 66)} {
		if err := h.UnmarshalText([]byte(bad)); writ.CodeOf(err) != writ.CodeInvalid {
			t.Errorf("%q was read: %v", bad, err)
		}
	}
	if err := h.UnmarshalText([]byte(strings.Repeat("0A", 32))); err != nil || h.String() != strings.Repeat("0a", 32) {
		t.Errorf("%s, %v", h, err)
	}
}

func TestVerifyPassesOnTheErrorOfItsSource(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	_, err := ledger.Verify(ledger.Head{}, func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{}, lost) })
	if !errors.Is(err, lost) {
		t.Error(err)
	}
}
