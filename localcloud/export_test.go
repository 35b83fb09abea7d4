package localcloud

import (
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// Issue makes credentials of a role of the cloud that end at expiry, as only
// time makes them.
func (c *Cloud) Issue(role string, expiry time.Time) (Credentials, error) {
	caller, _ := c.directory.CallerOf(role, "tester")
	return c.vault.Issue(caller, expiry)
}

// IssueRoot makes credentials of the account's root, which no door gives out
// and GetSessionToken is for.
func (c *Cloud) IssueRoot() (Credentials, error) {
	now := c.cfg.Now()
	return c.vault.Issue(gate.Caller{
		Kind: iam.PrincipalRoot, ARN: "arn:aws:iam::" + DefaultAccount + ":root", Account: DefaultAccount, UserID: DefaultAccount, Issued: now,
	}, now.Add(time.Hour))
}
