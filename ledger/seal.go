package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// Bounds of an event, in bytes.
const (
	MaxName = 1 << 10  // kind, and the type and ID of the actor
	MaxText = 16 << 10 // subject, and the actor's properties as JSON
	MaxData = 64 << 20 // data
)

const version = "writ.ledger.1\n"

// Seal makes e the entry after prev. The event is brought into the form that
// every store and every JSON encoder keeps: UTC time in whole microseconds, JSON
// without spaces. An event that has no such form (text that is not UTF-8, data that
// is not JSON) is a CodeInvalid error, one over the bounds CodeTooLarge.
func Seal(prev Head, e writ.Event) (Entry, error) {
	if err := checkTexts(&e); err != nil {
		return Entry{}, err
	}
	e.Time = time.UnixMicro(e.Time.UnixMicro()).UTC()
	if y := e.Time.Year(); y < 0 || y > 9999 {
		return Entry{}, writ.Errorf(writ.CodeInvalid, "the time of an event is in the year %d", y)
	}
	properties, err := canonicalProperties(&e.Actor)
	if err != nil {
		return Entry{}, err
	}
	if e.Data, err = canonicalData(e.Data); err != nil {
		return Entry{}, err
	}
	entry := Entry{Seq: prev.Seq + 1, Event: e, Prev: prev.Hash}
	entry.Hash = sum(&entry, properties)
	return entry, nil
}

func checkTexts(e *writ.Event) error {
	for _, f := range []struct {
		name, text string
		max        int
	}{
		{"kind", e.Kind, MaxName},
		{"actor's type", e.Actor.Type, MaxName},
		{"actor's ID", e.Actor.ID, MaxName},
		{"subject", e.Subject, MaxText},
	} {
		if len(f.text) > f.max {
			return writ.Errorf(writ.CodeTooLarge, "the event's %s has %d bytes, over the %d that are kept", f.name, len(f.text), f.max)
		}
		// PostgreSQL's text has no zero byte.
		if !utf8.ValidString(f.text) || strings.IndexByte(f.text, 0) >= 0 {
			return writ.Errorf(writ.CodeInvalid, "the event's %s is not UTF-8 without zero bytes", f.name)
		}
	}
	return nil
}

// canonicalProperties replaces the properties by what they are after a way
// through JSON (an int is a float64 then), so that the hash holds for the stored form.
func canonicalProperties(a *writ.Subject) ([]byte, error) {
	if len(a.Properties) == 0 {
		a.Properties = nil
		return nil, nil
	}
	text, err := json.Marshal(a.Properties)
	if err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the properties of the event's actor are not JSON: %w", err)
	}
	if len(text) > MaxText {
		return nil, writ.Errorf(writ.CodeTooLarge, "the properties of the event's actor have %d bytes, over the %d that are kept", len(text), MaxText)
	}
	a.Properties = nil
	if err := json.Unmarshal(text, &a.Properties); err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the properties of the event's actor are not JSON: %w", err)
	}
	return json.Marshal(a.Properties)
}

func canonicalData(data json.RawMessage) (json.RawMessage, error) {
	if len(data) == 0 {
		return nil, nil
	}
	if len(data) > MaxData {
		return nil, writ.Errorf(writ.CodeTooLarge, "the event's data has %d bytes, over the %d that are kept", len(data), MaxData)
	}
	if !utf8.Valid(data) {
		return nil, writ.Errorf(writ.CodeInvalid, "the event's data is not UTF-8")
	}
	var compact, escaped bytes.Buffer
	compact.Grow(len(data))
	if err := json.Compact(&compact, data); err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the event's data is not JSON: %w", err)
	}
	escaped.Grow(compact.Len())
	json.HTMLEscape(&escaped, compact.Bytes())
	return escaped.Bytes(), nil
}

// sum is the hash of an entry whose actor's properties have the given JSON.
func sum(e *Entry, properties []byte) Hash {
	b := make([]byte, 0, 512+len(e.Data))
	b = append(b, version...)
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Time.UnixMicro()))
	b = append(b, e.Prev[:]...)
	b = field(b, e.Actor.Type)
	b = field(b, e.Actor.ID)
	b = field(b, properties)
	b = field(b, e.Kind)
	b = field(b, e.Subject)
	b = field(b, e.Data)
	return sha256.Sum256(b)
}

func field[T string | []byte | json.RawMessage](b []byte, text T) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
	return append(b, text...)
}
