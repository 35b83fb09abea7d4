package topology_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// FuzzParse holds Parse to three promises on any text: it returns, every
// position lies within the file, and what it accepts survives JSON.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/errors/*.yml", "testdata/tc/*.yml", "../examples/*/topology.yml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds in %s: %v", pattern, err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	f.Add([]byte("name: a\r\nfunctions:\r\n  b:\r\n    grants:\r\n    - {key: k, access: decrypt}\r\n"))
	f.Add([]byte("? name\n: a\n? functions\n: ? b\n  : {function: b}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		got, err := topology.Parse(src, "topology.yml", "")
		if err != nil {
			checkPositions(t, err, src)
			return
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		again := &topology.Topology{}
		if err := json.Unmarshal(text, again); err != nil {
			t.Fatal(err)
		}
		lines := 1
		for _, c := range src {
			if c == '\n' {
				lines++
			}
		}
		eachPosition(reflect.ValueOf(again), func(p writ.Position) {
			if !p.IsZero() && (p.Line < 1 || p.Line > lines || p.Col < 1) {
				t.Errorf("position %v in a file of %d lines", p, lines)
			}
		})
	})
}

// eachPosition visits every position of a value.
func eachPosition(v reflect.Value, visit func(writ.Position)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachPosition(v.Elem(), visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachPosition(v.Index(i), visit)
		}
	case reflect.Struct:
		if p, ok := v.Interface().(writ.Position); ok {
			visit(p)
			return
		}
		for i := range v.NumField() {
			eachPosition(v.Field(i), visit)
		}
	}
}
