package schema_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/schema"
)

// TestTooMuch: a policy beyond the bounds is refused before it is compiled, by the name of what is too many.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	r := schema.Resource{Header: schema.Header{Key: "document"}}
	for i := range 50_000 {
		r.Actions = append(r.Actions, schema.Action{Header: schema.Header{Key: "a" + strconv.Itoa(i)}})
	}
	done := make(chan error, 1)
	go func() {
		_, err := (&schema.Schema{Resources: []schema.Resource{r}}).Model()
		done <- err
	}()
	select {
	case err := <-done:
		if writ.CodeOf(err) != writ.CodeTooLarge || err.Error() != "the policy has 50000 actions of document, more than 1000" {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("it took too long")
	}
}
