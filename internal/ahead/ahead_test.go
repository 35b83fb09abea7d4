package ahead_test

import (
	"errors"
	"testing"

	"github.com/writ-dev/writ/internal/ahead"
)

var errProduce, errUse = errors.New("produce"), errors.New("use")

// TestRun: all values in their order, however many; the error of either side, and both have ended.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 255, 256, 257, 10_000} {
		for _, c := range []struct {
			stop int // use fails at this value
			fail error
			want error
		}{{-1, nil, nil}, {-1, errProduce, errProduce}, {0, nil, errUse}, {n / 2, errProduce, errUse}, {n - 1, nil, errUse}} {
			used, ended := 0, false
			err := ahead.Run(func(yield func(int) error) error {
				defer func() { ended = true }()
				for i := range n {
					if err := yield(i); err != nil {
						return err
					}
				}
				return c.fail
			}, func(v int) error {
				if v != used {
					t.Fatalf("of %d, value %d comes as number %d", n, v, used)
				}
				if used++; v == c.stop {
					return errUse
				}
				return nil
			})
			want, all := c.want, n
			if c.stop >= 0 && c.stop < n {
				all = c.stop + 1
			} else {
				want = c.fail
			}
			if !errors.Is(err, want) || err == nil != (want == nil) || used != all || !ended {
				t.Errorf("of %d, stopped at %d: %v, %d used, ended %v", n, c.stop, err, used, ended)
			}
		}
	}
}
