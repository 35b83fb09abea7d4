package awscloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	"github.com/writ-dev/writ"
)

// maxInlineTemplate is CloudFormation's limit for a TemplateBody, in bytes.
const maxInlineTemplate = 51_200

// Stack is a deployed stack.
type Stack struct {
	Name    string            `json:"name"`
	ID      string            `json:"id"`
	Status  string            `json:"status"`
	Outputs map[string]string `json:"outputs,omitempty"`
	Tags    map[string]string `json:"-"`
}

// Reserved reports whether the stack is only a name with a change set that was
// never applied: it holds nothing, and may have no tags yet.
func (s Stack) Reserved() bool { return s.Status == string(types.StackStatusReviewInProgress) }

// Stack gives a stack; found is false when there is none.
func (a *Account) Stack(ctx context.Context, name string) (s Stack, found bool, err error) {
	out, err := a.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if noSuchStack(err) || err == nil && len(out.Stacks) == 0 {
		return Stack{}, false, nil
	}
	if err != nil {
		return Stack{}, false, explain(err, "read stack "+name)
	}
	described := out.Stacks[0]
	s = Stack{Name: name, ID: aws.ToString(described.StackId), Status: string(described.StackStatus), Outputs: map[string]string{}, Tags: map[string]string{}}
	for _, o := range described.Outputs {
		s.Outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	for _, tag := range described.Tags {
		s.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return s, true, nil
}

// Template gives the text of a stack's template; found is false when nothing is deployed.
func (a *Account) Template(ctx context.Context, name string) (body []byte, found bool, err error) {
	s, found, err := a.Stack(ctx, name)
	if err != nil || !found || s.Status == string(types.StackStatusReviewInProgress) || s.Status == string(types.StackStatusRollbackComplete) {
		return nil, false, err
	}
	out, err := a.stacks.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &name, TemplateStage: types.TemplateStageOriginal})
	if err != nil {
		return nil, false, explain(err, "read the template of stack "+name)
	}
	return []byte(aws.ToString(out.TemplateBody)), true, nil
}

// PhysicalIDs gives the physical ids of a stack's resources by their logical
// ones: a name, an id that AWS made up, an ARN or a URL, as the type has it. A
// stack that is not there has none.
func (a *Account) PhysicalIDs(ctx context.Context, name string) (map[string]string, error) {
	ids := map[string]string{}
	pages := cloudformation.NewListStackResourcesPaginator(a.stacks, &cloudformation.ListStackResourcesInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil && noSuchStack(err) {
			return nil, nil
		}
		if err != nil {
			return nil, explain(err, "list the resources of stack "+name)
		}
		for _, r := range page.StackResourceSummaries {
			if id := aws.ToString(r.PhysicalResourceId); id != "" {
				ids[aws.ToString(r.LogicalResourceId)] = id
			}
		}
	}
	return ids, nil
}

// noSuchStack knows the one way in which CloudFormation says so.
func noSuchStack(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist")
}

// Plan is a change set that waits to be applied.
type Plan struct {
	Stack string
	// Empty is set when the template changes nothing.
	Empty     bool
	changeSet string
	creates   bool
}

// Deployment is what Plan is asked for.
type Deployment struct {
	Stack    string
	Template []byte
	// Bucket takes a template that is too long to be sent inline.
	Bucket string
	Tags   map[string]string
}

// Plan makes a change set and waits until CloudFormation has read it.
func (a *Account) Plan(ctx context.Context, d Deployment) (*Plan, error) {
	existing, found, err := a.Stack(ctx, d.Stack)
	if err != nil {
		return nil, err
	}
	if err := refuse(existing, found); err != nil {
		return nil, err
	}
	if found && existing.Status == string(types.StackStatusRollbackComplete) {
		// The first deploy failed: such a stack holds nothing and can only be deleted.
		if err := a.Delete(ctx, d.Stack, nil); err != nil {
			return nil, err
		}
		found = false
	}
	plan := &Plan{Stack: d.Stack, changeSet: changeSetName(d.Template)}
	plan.creates = !found || existing.Status == string(types.StackStatusReviewInProgress)
	input := &cloudformation.CreateChangeSetInput{
		StackName: &d.Stack, ChangeSetName: &plan.changeSet,
		Capabilities:  []types.Capability{types.CapabilityCapabilityNamedIam},
		ChangeSetType: types.ChangeSetTypeUpdate,
	}
	if plan.creates {
		input.ChangeSetType = types.ChangeSetTypeCreate
	}
	for _, k := range slices.Sorted(maps.Keys(d.Tags)) {
		input.Tags = append(input.Tags, types.Tag{Key: aws.String(k), Value: aws.String(d.Tags[k])})
	}
	if err := a.attachTemplate(ctx, input, d); err != nil {
		return nil, err
	}
	return plan, a.createChangeSet(ctx, plan, input)
}

// refuse gives the reason why a stack cannot be deployed now, and what to do.
func refuse(s Stack, found bool) error {
	if !found {
		return nil
	}
	switch status := types.StackStatus(s.Status); status {
	case types.StackStatusReviewInProgress:
		return nil
	case types.StackStatusRollbackFailed, types.StackStatusCreateFailed, types.StackStatusDeleteFailed:
		return writ.Errorf(writ.CodeConflict, "stack %s is %s and can only be deleted", s.Name, status).
			WithHint("`writ destroy` deletes it; then deploy again")
	case types.StackStatusUpdateRollbackFailed:
		return writ.Errorf(writ.CodeConflict, "stack %s is %s: its last update could not be taken back", s.Name, status).
			WithHint("mend what it names, then `aws cloudformation continue-update-rollback --stack-name %s`", s.Name)
	}
	if strings.HasSuffix(s.Status, "_IN_PROGRESS") {
		return writ.Errorf(writ.CodeConflict, "stack %s is %s: another deploy is under way", s.Name, s.Status).
			WithHint("wait until it is done, then try again")
	}
	return nil
}

func changeSetName(template []byte) string {
	sum := sha256.Sum256(template)
	return "writ-" + hex.EncodeToString(sum[:6])
}

func (a *Account) attachTemplate(ctx context.Context, input *cloudformation.CreateChangeSetInput, d Deployment) error {
	if len(d.Template) <= maxInlineTemplate {
		input.TemplateBody = aws.String(string(d.Template))
		return nil
	}
	sum := sha256.Sum256(d.Template)
	key := "templates/" + hex.EncodeToString(sum[:]) + ".json"
	if err := a.PutAsset(ctx, d.Bucket, key, d.Template); err != nil {
		return err
	}
	host := "amazonaws.com"
	if strings.HasPrefix(a.Region, "cn-") {
		host += ".cn"
	}
	input.TemplateURL = aws.String(fmt.Sprintf("https://%s.s3.%s.%s/%s", d.Bucket, a.Region, host, key))
	return nil
}

func (a *Account) createChangeSet(ctx context.Context, plan *Plan, input *cloudformation.CreateChangeSetInput) error {
	name := cloudformation.DeleteChangeSetInput{StackName: &plan.Stack, ChangeSetName: &plan.changeSet}
	_, err := a.stacks.CreateChangeSet(ctx, input)
	var exists *types.AlreadyExistsException
	if errors.As(err, &exists) { // left by a deploy that was stopped
		if _, err := a.stacks.DeleteChangeSet(ctx, &name); err != nil {
			return explain(err, "remove an old change set of stack "+plan.Stack)
		}
		_, err = a.stacks.CreateChangeSet(ctx, input)
	}
	if err != nil {
		return explain(err, "make a change set for stack "+plan.Stack)
	}
	return a.awaitChangeSet(ctx, plan, &name)
}

// awaitChangeSet waits until CloudFormation has read the template.
func (a *Account) awaitChangeSet(ctx context.Context, plan *Plan, name *cloudformation.DeleteChangeSetInput) error {
	for {
		out, err := a.stacks.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{StackName: &plan.Stack, ChangeSetName: &plan.changeSet})
		if err != nil {
			return explain(err, "read the change set of stack "+plan.Stack)
		}
		switch reason := aws.ToString(out.StatusReason); out.Status {
		case types.ChangeSetStatusCreateComplete:
			return nil
		case types.ChangeSetStatusFailed:
			if _, err := a.stacks.DeleteChangeSet(ctx, name); err != nil {
				return explain(err, "remove the change set of stack "+plan.Stack)
			}
			if strings.Contains(reason, "didn't contain changes") || strings.Contains(reason, "No updates are to be performed") {
				plan.Empty = true
				return nil
			}
			return writ.Errorf(writ.CodeExternal, "CloudFormation refused the template of stack %s: %s", plan.Stack, reason)
		default:
		}
		if err := a.wait(ctx); err != nil {
			return writ.Errorf(writ.CodeCancelled, "stopped before stack %s was changed: %w", plan.Stack, err)
		}
	}
}
