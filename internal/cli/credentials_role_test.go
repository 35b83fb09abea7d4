package cli

import (
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/localcloud/impersonate"
)

// The developer's signature is for this machine, whatever stands in local.json.
func TestRolesAreAskedForOnThisMachine(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "http://", "http://192.0.2.1:4566", "https://sts.amazonaws.com", "http://localhost.example:4566", "http://127.0.0.1.example", "::"} {
		_, err := takeRole(t.Context(), runningCloud{AWS: address, Region: "us-east-1"}, impersonate.Request{Role: "reader"})
		if writ.CodeOf(err) != writ.CodeInvalid {
			t.Errorf("%q: %v", address, err)
		}
	}
}
