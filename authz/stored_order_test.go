package authz_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ/authz"
)

// Pages are parts of what Records gives, however they are come by.
func TestPagesArePartsOfTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, err := authz.New(&authz.Model{Types: []authz.Type{{Name: "user"}, {Name: "document"}}})
		if err != nil {
			t.Fatal(err)
		}
		edit := s.Edit()
		// More than the pages that are found without sorting, at times.
		n := rapid.SampledFrom([]int{0, 1, 7, 1500}).Draw(t, "records")
		for i := range n {
			r := authz.Record{Entity: authz.Entity{Type: "user", ID: fmt.Sprint(i * 7919 % 10007)}, Attributes: map[string]any{"n": float64(i)}, Profile: map[string]string{"email": fmt.Sprint(i)}}
			if err := edit.Apply(&authz.Change{Record: &authz.Step[authz.Record]{After: &r}}); err != nil {
				t.Fatal(err)
			}
		}
		s = edit.Done()
		var all, seen []authz.Record
		s.Records("user", "", func(r authz.Record) bool { all = append(all, r); return true })
		for range 4 {
			from := rapid.SampledFrom([]int{0, 1, 6, 30, 1020, 1023, 1024, 1490, 5000}).Draw(t, "from")
			most := rapid.SampledFrom([]int{0, 1, 30, 100}).Draw(t, "most")
			page, total := s.RecordPage("user", from, most)
			var want []authz.Record
			if from < len(all) {
				want = slices.Clone(all[from:min(len(all), from+most)])
			}
			if total != len(all) || cmp.Diff(want, page) != "" && len(want)+len(page) > 0 {
				t.Fatalf("records %d to %d of %d: total %d\n%s", from, from+most, len(all), total, cmp.Diff(want, page))
			}
		}
		s.Look("user", func(v *authz.RecordView) bool {
			r := v.Record()
			if n, _ := v.Attribute("n"); n != r.Attributes["n"] || v.Profile("email") != r.Profile["email"] || v.Tenant() != r.Tenant {
				t.Errorf("%s looks different: %v", v.ID, n)
			}
			seen = append(seen, r)
			return true
		})
		if diff := cmp.Diff(all, seen); diff != "" {
			t.Error(diff)
		}
		if page, total := s.RecordPage("document", 0, 10); len(page)+total != 0 {
			t.Errorf("%d documents, %d in all", len(page), total)
		}
	})
}
