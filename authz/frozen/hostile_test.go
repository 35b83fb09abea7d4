package frozen_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/authz/schema"
)

// A file that says it holds much costs no more memory than what it shows. Not parallel: it measures.
func TestManyWordsAtItsWord(t *testing.T) {
	parse := func(s authz.Source) (environment.Document, error) { return schema.Parse([]byte(s.Text)) }
	const size = 8 << 20
	for what, counts := range map[string][]uint64{"words": {size - 16}, "fewer words": {size / 4}, "entities": {0, size - 16}} {
		var b bytes.Buffer
		b.WriteString("writ frozen 1\n")
		put := func(n uint64) { b.Write(binary.AppendUvarint(nil, n)) }
		put(0)
		put(0)
		for _, text := range []string{"policy", `{"resources":[{"key":"d","actions":[{"key":"read"}]}]}`} {
			put(uint64(len(text)))
			b.WriteString(text)
		}
		for _, n := range counts {
			put(n)
		}
		b.Write(make([]byte, size))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := frozen.Read(b.Bytes(), parse)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "word") && !strings.Contains(err.Error(), "entities") {
			t.Errorf("%s: %v", what, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > size/4 {
			t.Errorf("%s: %d bytes were taken for a file of %d", what, took, b.Len())
		}
	}
}
