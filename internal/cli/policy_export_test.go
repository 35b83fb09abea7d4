package cli

import (
	"strings"
	"testing"
)

// The secrets of proxy configs are no part of a snapshot, and a policy without any stays as it is written.
func TestWithoutSecrets(t *testing.T) {
	t.Parallel()
	const policy = `{"resources": [{"key": "document", "actions": [{"key": "read"}]}],
		"proxy_configs": [{"key": "api", "auth_mechanism": "Bearer", "secret": "hush", "mapping_rules": [{"url": "/d/{id}", "http_method": "get", "resource": "document", "action": "read"}]}]}`
	got, err := withoutSecrets(policyFormat, policy)
	if err != nil || strings.Contains(got, "hush") || !strings.Contains(got, "/d/{id}") {
		t.Errorf("%v: %s", err, got)
	}
	open := strings.Replace(policy, `"secret": "hush", `, "", 1)
	if got, err := withoutSecrets(policyFormat, open); err != nil || got != open {
		t.Errorf("%v: %s", err, got)
	}
	if got, err := withoutSecrets("openfga", "model"); err != nil || got != "model" {
		t.Errorf("%v: %s", err, got)
	}
}
