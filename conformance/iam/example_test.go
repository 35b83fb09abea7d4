package iam_test

import (
	"fmt"

	conformance "github.com/writ-dev/writ/conformance/iam"
	"github.com/writ-dev/writ/iam"
)

// A door other than a test can go through the cases itself.
func ExampleCorpora() {
	corpora, err := conformance.Corpora()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, corpus := range corpora {
		if corpus.Name != "copies/politest.jsonl" {
			continue
		}
		c := corpus.Cases[0]
		req, policies, err := c.IAM()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(corpus.Cases), "cases; the first one agrees:", string(iam.Evaluate(req, policies).Verdict) == string(c.Expected))
	}
	// Output: 84 cases; the first one agrees: true
}
