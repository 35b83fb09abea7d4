package authorizer

import "testing"

// Two names that encoding/json takes for one field are one name twice, whichever letters they are written in.
func TestNamesFold(t *testing.T) {
	t.Parallel()
	const rest = `{"subject":{"type":"user","id":"mallory"},"action":{"name":"read"},"resource":{"type":"document","id":"1"}`
	if _, err := readQuestion([]byte(rest + "}")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"subject", "SUBJECT", "\u017fubject", `\u017fubject`} {
		if q, err := readQuestion([]byte(rest + `,"` + name + `":{"type":"user","id":"ann"}}`)); err == nil {
			t.Errorf("%q: the question is of %s", name, q.Subject.ID)
		}
	}
}
