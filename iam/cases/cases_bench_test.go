package cases_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cases"
)

func BenchmarkLine(b *testing.B) {
	raw, err := os.ReadFile("../../conformance/iam/data/random.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	var lines []cases.Line
	for l := range cases.Lines(bytes.NewReader(raw)) {
		lines = append(lines, l)
	}
	b.SetBytes(int64(len(raw) / len(lines)))
	var cache cases.Cache
	for i := 0; b.Loop(); i++ {
		c, err := lines[i%len(lines)].Case("x")
		if err != nil {
			b.Fatal(err)
		}
		req, p, err := cache.IAM(c)
		if err != nil {
			b.Fatal(err)
		}
		_ = iam.Evaluate(req, p)
	}
}
