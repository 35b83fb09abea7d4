package cli

import (
	"cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cover"
	"github.com/writ-dev/writ/iam/inventory"
)

// giveReal fills in what a role of the account has.
func giveReal(given *cover.Given, role awscloud.Role, account inventory.Account) (err error) {
	if given.Policies, err = policiesOf(role); err != nil {
		return err
	}
	given.Caller = iam.ParsePrincipal("arn:" + partition(account) + ":sts::" + account.ID + ":assumed-role/" + role.Name + "/writ")
	given.Caller.RoleARN = role.ARN
	giveTags(given, role.Tags)
	return nil
}

// giveMade fills in what a role of the template has.
func (j *judged) giveMade(given *cover.Given, inv *inventory.Inventory) error {
	p := inv.Principal(j.first().RoleName)
	if p == nil {
		return writ.Errorf(writ.CodeInternal, "role %s is not in its own template", j.first().RoleName)
	}
	given.Policies = &iam.Policies{Identity: p.Identity, Boundary: p.Boundary}
	given.Caller = p.Caller().Principal
	giveTags(given, p.Tags)
	return nil
}

func giveTags(given *cover.Given, tags map[string]string) {
	for key, value := range tags {
		given.Context[iam.Key("aws:PrincipalTag/"+key)] = iam.One(value)
	}
}

func partition(account inventory.Account) string { return cmp.Or(account.Partition, "aws") }
