package value_test

import (
	"encoding/json"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/internal/expr/value"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	times := value.Type{Kind: value.KindTime}
	noon := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		given any
		to    value.Type
		want  any // nil: an error
	}{
		{"2027-01-01T12:00:00Z", times, noon},
		{value.Read("2027-01-01T12:00:00Z", times), times, noon},
		{value.Read("2027-01-01T12:00:00Z", times), value.Type{Kind: value.KindString}, "2027-01-01T12:00:00Z"},
		{value.Read("2027-01-01T12:00:00Z", times), value.Type{Kind: value.KindDuration}, nil},
		{"noon", times, nil},
		{7.0, times, nil},
		{"90m", value.Type{Kind: value.KindDuration}, 90 * time.Minute},
		{"::ffff:10.0.0.1", value.Type{Kind: value.KindIP}, netip.MustParseAddr("10.0.0.1")},
		{"10.0.0", value.Type{Kind: value.KindIP}, nil},
		{json.Number("7"), value.Type{Kind: value.KindInt}, int64(7)},
		{7.5, value.Type{Kind: value.KindInt}, nil},
		{"9223372036854775807", value.Type{Kind: value.KindInt}, int64(math.MaxInt64)},
		{-1.0, value.Type{Kind: value.KindUint}, nil},
		{int64(3), value.Type{Kind: value.KindNumber}, 3.0},
		{[]any{"2027-01-01T12:00:00Z"}, value.Type{Kind: value.KindList, Elem: &times}, []any{noon}},
		{[]any{"x"}, value.Type{Kind: value.KindList, Elem: &times}, nil},
		{"x", value.Type{}, "x"},
	} {
		got, err := value.Convert(c.given, c.to)
		if (err != nil) != (c.want == nil) {
			t.Errorf("%v to %s: error %v", c.given, c.to, err)
			continue
		}
		if diff := cmp.Diff(c.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); err == nil && diff != "" {
			t.Errorf("%v to %s (-want +got):\n%s", c.given, c.to, diff)
		}
	}
}

// TestBudget compares what is large: that is no answer, not a wrong one, once the budget is gone.
func TestBudget(t *testing.T) {
	t.Parallel()
	list := make([]any, 1000)
	for i := range list {
		list[i] = []any{float64(i)}
	}
	if b := value.Budget(5000); !b.Equal(list, list) || b < 0 {
		t.Errorf("equal lists are not equal, with %d steps left", b)
	}
	if b := value.Budget(500); b.Equal(list, list) || b >= 0 {
		t.Errorf("%d steps are left after too many", b)
	}
	if w := value.Weight(list, 100); w < 100 || w > 1100 {
		t.Errorf("a weight of %d, counted up to 100", w)
	}
	if w := value.Weight(list, 100_000); w < 2000 {
		t.Errorf("a weight of %d", w)
	}
}
