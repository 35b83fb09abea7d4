package resource

import (
	"context"
	"slices"
)

// managedPolicy is AWS::IAM::ManagedPolicy. Its physical id is its ARN.
type managedPolicy struct{}

func (managedPolicy) Create(ctx context.Context, w *Work) (Result, error) {
	body, err := document(w.Properties, "PolicyDocument")
	if err != nil {
		return Result{}, err
	}
	pairs := []string{"PolicyName", w.Physical, "PolicyDocument", body}
	for _, key := range words("Path Description") {
		if v, ok := text(w.Properties, key); ok {
			pairs = append(pairs, key, v)
		}
	}
	var out struct {
		Policy struct{ Arn, PolicyId string } `xml:"CreatePolicyResult>Policy"`
	}
	if err := w.Cloud.iamOut(ctx, "CreatePolicy", &out, pairs...); err != nil {
		return Result{}, err
	}
	arn := out.Policy.Arn
	result := Result{Physical: arn, Attributes: map[string]string{"PolicyArn": arn, "PolicyId": out.Policy.PolicyId}}
	for _, role := range texts(w.Properties, "Roles") {
		if err := w.Cloud.iam(ctx, "AttachRolePolicy", "RoleName", role, "PolicyArn", arn); err != nil {
			return result, err
		}
	}
	return result, nil
}

// Intended gives the physical id that Create will give for a name, so that a
// policy can be found again after a crash.
func (managedPolicy) intended(w *Work) string {
	path, ok := text(w.Properties, "Path")
	if !ok {
		path = "/"
	}
	return w.Cloud.arn("iam", "", "policy"+path+w.Physical)
}

func (managedPolicy) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	if w.changed("PolicyDocument") {
		if err := newVersion(ctx, w); err != nil {
			return result, err
		}
	}
	before, after := texts(w.Old, "Roles"), texts(w.Properties, "Roles")
	for _, role := range after {
		if !slices.Contains(before, role) {
			if err := w.Cloud.iam(ctx, "AttachRolePolicy", "RoleName", role, "PolicyArn", w.Physical); err != nil {
				return result, err
			}
		}
	}
	for _, role := range before {
		if !slices.Contains(after, role) {
			if err := gone(w.Cloud.iam(ctx, "DetachRolePolicy", "RoleName", role, "PolicyArn", w.Physical)); err != nil {
				return result, err
			}
		}
	}
	return result, nil
}

type policyVersions struct {
	Versions []struct {
		VersionId        string
		IsDefaultVersion bool
	} `xml:"ListPolicyVersionsResult>Versions>member"`
}

// newVersion makes the document the default version and removes all others: a
// policy keeps five versions at most.
func newVersion(ctx context.Context, w *Work) error {
	body, err := document(w.Properties, "PolicyDocument")
	if err != nil {
		return err
	}
	if err := dropVersions(ctx, w); err != nil {
		return err
	}
	err = w.Cloud.iam(ctx, "CreatePolicyVersion", "PolicyArn", w.Physical, "PolicyDocument", body, "SetAsDefault", "true")
	if err != nil {
		return err
	}
	return dropVersions(ctx, w)
}

// dropVersions removes all versions but the default.
func dropVersions(ctx context.Context, w *Work) error {
	var out policyVersions
	if err := w.Cloud.iamOut(ctx, "ListPolicyVersions", &out, "PolicyArn", w.Physical); err != nil {
		return err
	}
	for _, v := range out.Versions {
		if v.IsDefaultVersion {
			continue
		}
		if err := gone(w.Cloud.iam(ctx, "DeletePolicyVersion", "PolicyArn", w.Physical, "VersionId", v.VersionId)); err != nil {
			return err
		}
	}
	return nil
}

func (p managedPolicy) Delete(ctx context.Context, w *Work) error {
	arn := w.Physical
	if len(arn) < 4 || arn[:4] != "arn:" { // Create was cut short before it could say
		arn = p.intended(w)
	}
	for _, role := range texts(w.Properties, "Roles") {
		if err := gone(w.Cloud.iam(ctx, "DetachRolePolicy", "RoleName", role, "PolicyArn", arn)); err != nil {
			return err
		}
	}
	at := *w
	at.Physical = arn
	if err := gone(dropVersions(ctx, &at)); err != nil {
		return err
	}
	return gone(w.Cloud.iam(ctx, "DeletePolicy", "PolicyArn", arn))
}
