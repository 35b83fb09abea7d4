package resource

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/gate"
)

func (c *Cloud) iam(ctx context.Context, operation string, pairs ...string) error {
	return c.iamOut(ctx, operation, nil, pairs...)
}

func (c *Cloud) iamOut(ctx context.Context, operation string, out any, pairs ...string) error {
	form := url.Values{"Version": {"2010-05-08"}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return c.query(ctx, "iam", operation, form, out)
}

func tagPairs(all map[string]string) []string {
	var pairs []string
	for i, key := range slices.Sorted(maps.Keys(all)) {
		n := strconv.Itoa(i + 1)
		pairs = append(pairs, "Tags.member."+n+".Key", key, "Tags.member."+n+".Value", all[key])
	}
	return pairs
}

// role is AWS::IAM::Role.
type role struct{}

func (role) Create(ctx context.Context, w *Work) (Result, error) {
	trust, err := document(w.Properties, "AssumeRolePolicyDocument")
	if err != nil {
		return Result{}, err
	}
	pairs := []string{"RoleName", w.Physical, "AssumeRolePolicyDocument", trust}
	for _, key := range words("Path Description MaxSessionDuration PermissionsBoundary") {
		if v, ok := text(w.Properties, key); ok {
			pairs = append(pairs, key, v)
		}
	}
	pairs = append(pairs, tagPairs(tags(w.Tags, w.Properties))...)
	var out struct {
		Role struct{ Arn, RoleId string } `xml:"CreateRoleResult>Role"`
	}
	if err := w.Cloud.iamOut(ctx, "CreateRole", &out, pairs...); err != nil {
		return Result{}, err
	}
	result := Result{Physical: w.Physical, Attributes: map[string]string{"Arn": out.Role.Arn, "RoleId": out.Role.RoleId}}
	for _, arn := range texts(w.Properties, "ManagedPolicyArns") {
		if err := w.Cloud.iam(ctx, "AttachRolePolicy", "RoleName", w.Physical, "PolicyArn", arn); err != nil {
			return result, err
		}
	}
	inline, err := inlinePolicies(w.Properties)
	if err != nil {
		return result, err
	}
	for _, name := range slices.Sorted(maps.Keys(inline)) {
		if err := w.Cloud.iam(ctx, "PutRolePolicy", "RoleName", w.Physical, "PolicyName", name, "PolicyDocument", inline[name]); err != nil {
			return result, err
		}
	}
	return result, nil
}

// inlinePolicies gives the documents of the Policies property by name.
func inlinePolicies(properties *cfn.Object) (map[string]string, error) {
	out := map[string]string{}
	for _, item := range properties.List("Policies") {
		policy, _ := item.(*cfn.Object)
		name, _ := text(policy, "PolicyName")
		body, err := document(policy, "PolicyDocument")
		if err != nil {
			return nil, err
		}
		out[name] = body
	}
	return out, nil
}

func (r role) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	if w.changed("AssumeRolePolicyDocument") {
		trust, err := document(w.Properties, "AssumeRolePolicyDocument")
		if err != nil {
			return result, err
		}
		if err := w.Cloud.iam(ctx, "UpdateAssumeRolePolicy", "RoleName", w.Physical, "PolicyDocument", trust); err != nil {
			return result, err
		}
	}
	if w.changed("Description MaxSessionDuration") {
		description, _ := text(w.Properties, "Description")
		duration, ok := text(w.Properties, "MaxSessionDuration")
		if !ok {
			duration = "3600"
		}
		if err := w.Cloud.iam(ctx, "UpdateRole", "RoleName", w.Physical, "Description", description, "MaxSessionDuration", duration); err != nil {
			return result, err
		}
	}
	return result, errors.Join(r.updateBoundary(ctx, w), r.updateManaged(ctx, w), r.updateInline(ctx, w), r.updateTags(ctx, w))
}

func (role) updateBoundary(ctx context.Context, w *Work) error {
	if !w.changed("PermissionsBoundary") {
		return nil
	}
	if arn, ok := text(w.Properties, "PermissionsBoundary"); ok {
		return w.Cloud.iam(ctx, "PutRolePermissionsBoundary", "RoleName", w.Physical, "PermissionsBoundary", arn)
	}
	return gone(w.Cloud.iam(ctx, "DeleteRolePermissionsBoundary", "RoleName", w.Physical))
}

func (role) updateManaged(ctx context.Context, w *Work) error {
	before, after := texts(w.Old, "ManagedPolicyArns"), texts(w.Properties, "ManagedPolicyArns")
	for _, arn := range after {
		if !slices.Contains(before, arn) {
			if err := w.Cloud.iam(ctx, "AttachRolePolicy", "RoleName", w.Physical, "PolicyArn", arn); err != nil {
				return err
			}
		}
	}
	for _, arn := range before {
		if !slices.Contains(after, arn) {
			if err := gone(w.Cloud.iam(ctx, "DetachRolePolicy", "RoleName", w.Physical, "PolicyArn", arn)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (role) updateInline(ctx context.Context, w *Work) error {
	before, err := inlinePolicies(w.Old)
	if err != nil {
		return err
	}
	after, err := inlinePolicies(w.Properties)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] == after[name] {
			continue
		}
		if err := w.Cloud.iam(ctx, "PutRolePolicy", "RoleName", w.Physical, "PolicyName", name, "PolicyDocument", after[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, ok := after[name]; ok {
			continue
		}
		if err := gone(w.Cloud.iam(ctx, "DeleteRolePolicy", "RoleName", w.Physical, "PolicyName", name)); err != nil {
			return err
		}
	}
	return nil
}

func (role) updateTags(ctx context.Context, w *Work) error {
	set, remove := w.tagChange()
	if len(set) > 0 {
		if err := w.Cloud.iam(ctx, "TagRole", append([]string{"RoleName", w.Physical}, tagPairs(set)...)...); err != nil {
			return err
		}
	}
	if len(remove) == 0 {
		return nil
	}
	pairs := []string{"RoleName", w.Physical}
	for i, key := range remove {
		pairs = append(pairs, "TagKeys.member."+strconv.Itoa(i+1), key)
	}
	return w.Cloud.iam(ctx, "UntagRole", pairs...)
}

func (role) Delete(ctx context.Context, w *Work) error {
	for _, arn := range texts(w.Properties, "ManagedPolicyArns") {
		if err := gone(w.Cloud.iam(ctx, "DetachRolePolicy", "RoleName", w.Physical, "PolicyArn", arn)); err != nil {
			return err
		}
	}
	inline, err := inlinePolicies(w.Properties)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(inline)) {
		if err := gone(w.Cloud.iam(ctx, "DeleteRolePolicy", "RoleName", w.Physical, "PolicyName", name)); err != nil {
			return err
		}
	}
	return gone(w.Cloud.iam(ctx, "DeleteRole", "RoleName", w.Physical))
}

// rolePolicies is AWS::IAM::Policy: one inline policy in several roles.
type rolePolicies struct{}

func (rolePolicies) Create(ctx context.Context, w *Work) (Result, error) {
	return putInRoles(ctx, w, texts(w.Properties, "Roles"), nil)
}

func (rolePolicies) Update(ctx context.Context, w *Work) (Result, error) {
	result, err := putInRoles(ctx, w, texts(w.Properties, "Roles"), nil)
	if err != nil {
		return result, err
	}
	oldName, _ := text(w.Old, "PolicyName")
	for _, name := range texts(w.Old, "Roles") {
		if w.changed("PolicyName") || !slices.Contains(texts(w.Properties, "Roles"), name) {
			if err := gone(w.Cloud.iam(ctx, "DeleteRolePolicy", "RoleName", name, "PolicyName", oldName)); err != nil {
				return result, err
			}
		}
	}
	return result, nil
}

// putInRoles writes the policy into roles.
func putInRoles(ctx context.Context, w *Work, roles []string, attributes map[string]string) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: attributes}
	if len(texts(w.Properties, "Users"))+len(texts(w.Properties, "Groups")) > 0 {
		return result, gate.Errorf("ValidationError", "the local cloud has roles only: Users and Groups of %s are not supported", w.LogicalID)
	}
	if len(roles) == 0 {
		return result, gate.Errorf("ValidationError", "At least one of [Groups,Roles,Users] must be non-empty.")
	}
	name, ok := text(w.Properties, "PolicyName")
	if !ok {
		return result, missing(w, "PolicyName")
	}
	body, err := document(w.Properties, "PolicyDocument")
	if err != nil {
		return result, err
	}
	for _, role := range roles {
		if err := w.Cloud.iam(ctx, "PutRolePolicy", "RoleName", role, "PolicyName", name, "PolicyDocument", body); err != nil {
			return result, err
		}
	}
	return result, nil
}

func (rolePolicies) Delete(ctx context.Context, w *Work) error {
	name, _ := text(w.Properties, "PolicyName")
	for _, role := range texts(w.Properties, "Roles") {
		if err := gone(w.Cloud.iam(ctx, "DeleteRolePolicy", "RoleName", role, "PolicyName", name)); err != nil {
			return err
		}
	}
	return nil
}

// rolePolicy is AWS::IAM::RolePolicy: one inline policy in one role.
type rolePolicy struct{}

func (rolePolicy) Create(ctx context.Context, w *Work) (Result, error) {
	return putInRoles(ctx, w, texts(w.Properties, "RoleName"), nil)
}

func (rolePolicy) Update(ctx context.Context, w *Work) (Result, error) {
	return putInRoles(ctx, w, texts(w.Properties, "RoleName"), w.Attributes)
}

func (rolePolicy) Delete(ctx context.Context, w *Work) error {
	name, _ := text(w.Properties, "PolicyName")
	role, _ := text(w.Properties, "RoleName")
	return gone(w.Cloud.iam(ctx, "DeleteRolePolicy", "RoleName", role, "PolicyName", name))
}
