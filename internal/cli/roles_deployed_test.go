package cli

import (
	"testing"

	"github.com/writ-dev/writ/awscloud"
)

// Who takes the version of a policy back turns its variables into text: a Deny
// with one denies nothing any more, and that is a difference.
func TestAttackVersionOfADeployedPolicy(t *testing.T) {
	t.Parallel()
	read := func(version, resource string) []statementReport {
		all, err := reportPolicy(awscloud.RolePolicy{Name: "p", Document: `{"Version": "` + version + `", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "` + resource + `"}]}`})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	const variable, plain = "arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::team/*"
	for _, c := range []struct {
		version, resource string
		drift             int
	}{{"2012-10-17", variable, 0}, {"2008-10-17", variable, 2}, {"2008-10-17", plain, 0}} {
		drift := 0
		for _, s := range merged(read("2012-10-17", c.resource), read(c.version, c.resource), true) {
			if s.Drift != "" {
				drift++
			}
		}
		if drift != c.drift {
			t.Errorf("%s %s: %d statements differ, want %d", c.version, c.resource, drift, c.drift)
		}
	}
}
