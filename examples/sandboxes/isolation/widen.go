package main

import (
	"context"
	"encoding/json"
)

// widen gives a role by hand what it has on the resource "*", lets it try all
// again on other stacks, and takes it back. Each try must go through now, on the
// very target that it was denied on: so the role's policy was what denied it,
// the request is a good one, and the check would have seen a hole there. Then
// each is denied again.
func widen(ctx context.Context, dev *cloud, by *role, on []*stack, opened, closed *tally) error {
	var actions []string
	for _, st := range by.statements {
		actions = append(actions, st.Action...)
	}
	document, err := json.Marshal(m{"Version": "2012-10-17", "Statement": []m{{"Effect": "Allow", "Action": actions, "Resource": "*"}}})
	if err != nil {
		return err
	}
	named := []string{"RoleName", by.name, "PolicyName", "by-hand"}
	if err := dev.query(ctx, "iam", iamVersion, nil, append(named, "Action", "PutRolePolicy", "PolicyDocument", string(document))...); err != nil {
		return err
	}
	for _, s := range on {
		all, err := tries(by, s)
		if err != nil {
			return err
		}
		answers, err := directly(ctx, by, requestsOf(all))
		if err != nil {
			return err
		}
		for i, a := range answers {
			opened.n++
			if all[i].denied(a) || !all[i].went(a) {
				opened.fail("%s is allowed by hand and did not go through: %d %s\n  request %s", all[i], a.Status, a.Body, all[i].request)
			}
		}
	}
	if err := dev.query(ctx, "iam", iamVersion, nil, append(named, "Action", "DeleteRolePolicy")...); err != nil {
		return err
	}
	only := &stack{roles: []*role{by}}
	for _, s := range on {
		if err := attack(ctx, directly, only, s, closed); err != nil {
			return err
		}
	}
	return nil
}
