package iam_test

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

func TestQuotas(t *testing.T) {
	t.Parallel()
	const spaced = "{ \"é\" :\t\"a b\"\r\n}\u00a0"
	for _, row := range []struct {
		quota iam.Quota
		want  int
	}{
		{iam.QuotaManaged, 10}, // white space does not count, wherever it is
		{iam.QuotaSCP, 17},     // characters as they are
		{iam.QuotaBucket, 19},  // bytes as they are
	} {
		if got := row.quota.Size([]byte(spaced)); got != row.want {
			t.Errorf("%s: %d, want %d", row.quota.Name, got, row.want)
		}
	}
	document := func(n int) []byte { return []byte(strings.Repeat("x", n)) }
	for _, kind := range []iam.PolicyType{
		iam.TypeIdentity, iam.TypeBoundary, iam.TypeTrust, iam.TypeSession, iam.TypeSCP, iam.TypeRCP, iam.TypeEndpoint, iam.TypeKey,
	} {
		q, ok := iam.QuotaOf(kind)
		if !ok || q.Page == "" {
			t.Fatalf("%s has no quota", kind)
		}
		if err := q.Check(document(q.Max)); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if err := q.Check(document(q.Max), document(1)); writ.CodeOf(err) != writ.CodeTooLarge || !strings.Contains(err.Error(), ", 1 more than AWS takes") {
			t.Errorf("%s, one too many: %v", kind, err)
		}
	}
	if _, ok := iam.QuotaOf(iam.TypeResource); ok {
		t.Error("there is no quota for the policies of all resources")
	}
}
