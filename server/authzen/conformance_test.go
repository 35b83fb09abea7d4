package authzen_test

import (
	"testing"

	conformance "github.com/writ-dev/writ/conformance/authzen"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
)

// TestCorpora puts the published cases of each scenario to the policies of examples/authzen, over HTTP.
func TestCorpora(t *testing.T) {
	t.Parallel()
	for _, scenario := range conformance.Scenarios() {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			p := start(t, example(scenario), authzen.Config{}, server.Limits{})
			conformance.Run(t, scenario, func(path string, body []byte) (int, []byte, error) {
				r := p.send(t, path, string(body))
				return r.status, r.body, nil
			})
		})
	}
}
