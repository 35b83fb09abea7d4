package iam_test

import (
	"testing"

	conformance "github.com/writ-dev/writ/conformance/iam"
	"github.com/writ-dev/writ/iam"
)

// The first door: the engine itself.
func TestEngine(t *testing.T) {
	t.Parallel()
	conformance.Run(t, func(c conformance.Case) (conformance.Answer, error) {
		req, policies, err := c.IAM()
		if err != nil {
			return conformance.Answer{}, err
		}
		d := iam.Evaluate(req, policies)
		if short := iam.Decide(req, policies); short != d.Verdict {
			t.Errorf("%s: Decide says %s, Evaluate %s", c.ID, short, d.Verdict)
		}
		return conformance.Answer{Verdict: d.Verdict, BlockedBy: d.BlockedBy}, nil
	})
}
