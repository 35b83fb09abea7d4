package authorizer_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/writ-dev/writ/conformance/authorizer"
)

// The harness must not pass a reader that takes everything, or nothing.
func TestHarnessFails(t *testing.T) {
	t.Parallel()
	for _, c := range authorizer.Cases {
		takes := c.Check(func(json.RawMessage) (authorizer.Reading, error) { return authorizer.Reading{}, nil })
		refuses := c.Check(func(json.RawMessage) (authorizer.Reading, error) { return c.Want, errors.New("no") })
		if takes == nil || c.Refused == "" && refuses == nil {
			t.Errorf("%s passes with a reader that does not read", c.Name)
		}
	}
}
