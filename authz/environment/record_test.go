package environment_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/ledger"
)

// FuzzDecodeChanges: what is read out of a log can be replayed, named, turned round and written
// again, whatever stands in it.
func FuzzDecodeChanges(f *testing.F) {
	for _, seed := range []string{
		`{"changes":[]}`,
		`{"changes":[{"model":{"after":{"format":"policy","text":"{}"}}}]}`,
		`{"changes":[{"tuple":{"after":{"object":{"type":"a","id":"b"},"relation":"r","subject":{"type":"u","id":"v","relation":"w"},"condition":"c","params":{"x":[1,null]},"expires":"2026-11-22T15:00:00Z"}}}]}`,
		`{"changes":[{"record":{"before":{"type":"a","id":"b","attributes":{"x":1e999}}}}]}`,
		`{"changes":[{"key":{"before":{"id":"k","hash":"AAE="},"after":{"id":"k","role":"admin"}}}]}`,
		`{"changes":[{}]}`, `{"changes":[{"tuple":{}}]}`, `null`, `[]`, `{"changes":{}}`, "",
		`{"changes":[{"record":{"before":{"type":"a","id":"b"},"after":{"type":"a","id":"c"}}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		changes, err := environment.DecodeChanges(data)
		if err != nil {
			if writ.CodeOf(err) != writ.CodeInvalid || changes != nil {
				t.Fatalf("%v with %v", err, changes)
			}
			return
		}
		text, err := json.Marshal(map[string]any{"changes": changes})
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := environment.DecodeChanges(text)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if second, err := json.Marshal(map[string]any{"changes": again}); err != nil || !bytes.Equal(text, second) {
			t.Fatalf("written a second time it is another: %v\n%s\n%s", err, text, second)
		}
		for _, c := range environment.Final([]environment.Commit{{Entry: ledger.Entry{Seq: 1}, Changes: changes}}) {
			_ = c.Inverse()
			if c.Tuple != nil && c.Tuple.After != nil {
				row, err := environment.RowOf(c.Tuple.After)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := row.Tuple(); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
