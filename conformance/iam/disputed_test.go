package iam_test

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	conformance "github.com/writ-dev/writ/conformance/iam"
	"github.com/writ-dev/writ/iam"
)

// row is a line of the page's tables: case, corpus, our answer.
var row = regexp.MustCompile("(?m)^\\| `([0-9a-z]+)` \\| ([a-z-]+) \\| ([A-Za-z]+) \\|$")

// The page says what we answer in each disputed case, and that is what we
// answer. Cases that are not in the repository are checked where a reference
// folder lies beside the checkout.
func TestDisputed(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/iam-disputed.md")
	if err != nil {
		t.Fatal(err)
	}
	corpora, err := conformance.Disputed()
	if err != nil {
		t.Fatal(err)
	}
	stated := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		id := m[2] + " " + m[1]
		if stated[id] != "" {
			t.Errorf("the page has %s twice", id)
		}
		stated[id] = m[3]
	}
	ran, with := 0, map[string]bool{}
	for _, corpus := range corpora {
		with[corpus.Name] = true
		for _, c := range corpus.Cases {
			id := corpus.Name + " " + c.ID
			if got := answer(t, &c); got != stated[id] {
				t.Errorf("%s: we answer %s, the page says %q", id, got, stated[id])
			}
			delete(stated, id)
			ran++
		}
	}
	left := 0
	for id := range stated {
		if corpus, _, _ := strings.Cut(id, " "); with[corpus] {
			t.Errorf("%s is on the page and in no file", id)
		} else {
			left++
		}
	}
	t.Logf("%d disputed cases are answered as the page says, %d are not here", ran, left)
	if ran == 0 {
		t.Error("no cases ran")
	}
}

// answer is the verdict, or "refused" for a document that cannot be read.
func answer(t *testing.T, c *conformance.Case) string {
	t.Helper()
	req, policies, err := c.IAM()
	var refused *writ.Error
	if errors.As(err, &refused) {
		return "refused"
	}
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	d := iam.Evaluate(req, policies)
	if short := iam.Decide(req, policies); short != d.Verdict {
		t.Errorf("%s: Decide says %s, Evaluate %s", c.ID, short, d.Verdict)
	}
	return string(d.Verdict)
}
