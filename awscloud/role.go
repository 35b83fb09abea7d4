package awscloud

import (
	"context"
	"errors"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Role is a role of the account with all that decides what it may do.
type Role struct {
	Name, ARN string
	// Trust is the document that says who may take the role on.
	Trust string
	// Policies are the inline and the attached policies, Boundary the permissions
	// boundary, nil for none.
	Policies []RolePolicy
	Boundary *RolePolicy
	Tags     map[string]string
}

// RolePolicy is one policy of a role; ARN is "" for an inline one.
type RolePolicy struct{ Name, ARN, Document string }

// Role reads a role by its name; found is false when the account has none.
func (a *Account) Role(ctx context.Context, name string) (role Role, found bool, err error) {
	got, err := a.roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	var missing *types.NoSuchEntityException
	if errors.As(err, &missing) {
		return role, false, nil
	}
	if err != nil {
		return role, false, explain(err, "read role "+name)
	}
	role = Role{Name: aws.ToString(got.Role.RoleName), ARN: aws.ToString(got.Role.Arn), Trust: unescaped(got.Role.AssumeRolePolicyDocument), Tags: map[string]string{}}
	for _, tag := range got.Role.Tags {
		role.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	if role.Policies, err = a.policiesOf(ctx, name); err != nil {
		return role, true, err
	}
	if b := got.Role.PermissionsBoundary; b != nil {
		boundary, err := a.managed(ctx, aws.ToString(b.PermissionsBoundaryArn))
		if err != nil {
			return role, true, err
		}
		role.Boundary = &boundary
	}
	return role, true, nil
}

func (a *Account) policiesOf(ctx context.Context, role string) ([]RolePolicy, error) {
	var all []RolePolicy
	for pages := iam.NewListRolePoliciesPaginator(a.roles, &iam.ListRolePoliciesInput{RoleName: &role}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain(err, "list the policies of role "+role)
		}
		for _, name := range page.PolicyNames {
			p, err := a.roles.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
			if err != nil {
				return nil, explain(err, "read policy "+name+" of role "+role)
			}
			all = append(all, RolePolicy{Name: name, Document: unescaped(p.PolicyDocument)})
		}
	}
	for pages := iam.NewListAttachedRolePoliciesPaginator(a.roles, &iam.ListAttachedRolePoliciesInput{RoleName: &role}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain(err, "list the policies attached to role "+role)
		}
		for _, attached := range page.AttachedPolicies {
			p, err := a.managed(ctx, aws.ToString(attached.PolicyArn))
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// managed reads the version of a managed policy that holds.
func (a *Account) managed(ctx context.Context, arn string) (RolePolicy, error) {
	p, err := a.roles.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if err != nil {
		return RolePolicy{}, explain(err, "read policy "+arn)
	}
	v, err := a.roles.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: p.Policy.DefaultVersionId})
	if err != nil {
		return RolePolicy{}, explain(err, "read policy "+arn)
	}
	return RolePolicy{Name: aws.ToString(p.Policy.PolicyName), ARN: arn, Document: unescaped(v.PolicyVersion.Document)}, nil
}

// unescaped gives a document as it was put: IAM answers in URL encoding (RFC 3986).
func unescaped(document *string) string {
	text, err := url.PathUnescape(aws.ToString(document))
	if err != nil {
		return aws.ToString(document)
	}
	return text
}

// HasRole reports whether the account has a role of a name.
func (a *Account) HasRole(ctx context.Context, name string) (bool, error) {
	_, err := a.roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	var missing *types.NoSuchEntityException
	switch {
	case errors.As(err, &missing):
		return false, nil
	case err != nil:
		return false, explain(err, "read role "+name)
	}
	return true, nil
}
