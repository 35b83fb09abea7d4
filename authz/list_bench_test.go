package authz_test

import (
	"fmt"
	"testing"

	"github.com/writ-dev/writ/authz"
)

// BenchmarkReasons is W1 to W3 with reasons.
func BenchmarkReasons(b *testing.B) {
	for name, w := range workloads(b, 200_000) {
		for i, what := range []string{"allow", "deny"} {
			b.Run(name+"/"+what, func(b *testing.B) {
				b.ReportAllocs()
				for n := 0; b.Loop(); n++ {
					d, err := w.snapshot.Check(w.questions[(2*n+i)%asked])
					if err != nil || d.Allowed != (what == "allow") {
						b.Fatal(d, err)
					}
				}
			})
		}
	}
}

// BenchmarkW4 is listing on W2: the documents of a user, the users of a document.
func BenchmarkW4(b *testing.B) {
	for _, documents := range []int{10_000, 100_000} {
		s := byRelation(b, documents).snapshot
		b.Run(fmt.Sprintf("documents of a user/%d", documents), func(b *testing.B) {
			b.ReportAllocs()
			found := 0
			n := 0
			for ; b.Loop(); n++ {
				l := &authz.List{Query: *ask(b, fmt.Sprintf("document:x#viewer@user:u%d", n%(documents/10))), Type: "document", Limit: documents}
				p, err := s.Resources(l)
				if err != nil {
					b.Fatal(err)
				}
				found += len(p.IDs)
			}
			b.ReportMetric(float64(found)/float64(n), "found/op")
		})
		b.Run(fmt.Sprintf("users of a document/%d", documents), func(b *testing.B) {
			b.ReportAllocs()
			found := 0
			n := 0
			for ; b.Loop(); n++ {
				l := &authz.List{Query: *ask(b, fmt.Sprintf("document:d%d#viewer@user:x", n%documents)), Type: "user", Limit: documents}
				p, err := s.Subjects(l)
				if err != nil {
					b.Fatal(err)
				}
				found += len(p.IDs)
			}
			b.ReportMetric(float64(found)/float64(n), "found/op")
		})
	}
}
