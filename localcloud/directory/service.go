package directory

import (
	"context"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// operation is one operation of the IAM API. ask gives the questions beyond
// "iam:OPERATION on the entity"; do answers, with nil for an empty answer.
type operation struct {
	on  entity
	ask func(d *Directory, c *gate.Call, base gate.Ask) ([]gate.Ask, error)
	do  func(d *Directory, c *gate.Call) (any, error)
}

// entity is what an operation is about.
type entity int

const (
	onAccount   entity = iota // no resource level
	onRole                    // RoleName
	onNewRole                 // RoleName and Path
	onPolicy                  // PolicyArn
	onNewPolicy               // PolicyName and Path
	onSource                  // PolicySourceArn
)

// operations is the API that there is.
var operations = map[string]operation{
	"CreateRole":                    {onNewRole, askCreateRole, (*Directory).createRole},
	"GetRole":                       {onRole, nil, (*Directory).getRole},
	"ListRoles":                     {onAccount, nil, (*Directory).listRoles},
	"DeleteRole":                    {onRole, nil, (*Directory).deleteRole},
	"UpdateRole":                    {onRole, nil, (*Directory).updateRole},
	"UpdateRoleDescription":         {onRole, nil, (*Directory).updateRoleDescription},
	"UpdateAssumeRolePolicy":        {onRole, nil, (*Directory).updateTrust},
	"TagRole":                       {onRole, askTags, (*Directory).tagRole},
	"UntagRole":                     {onRole, askTagKeys, (*Directory).untagRole},
	"ListRoleTags":                  {onRole, nil, (*Directory).listRoleTags},
	"ListInstanceProfilesForRole":   {onRole, nil, (*Directory).listInstanceProfiles},
	"PutRolePermissionsBoundary":    {onRole, askBoundary, (*Directory).putBoundary},
	"DeleteRolePermissionsBoundary": {onRole, nil, (*Directory).deleteBoundary},

	"PutRolePolicy":            {onRole, nil, (*Directory).putRolePolicy},
	"GetRolePolicy":            {onRole, nil, (*Directory).getRolePolicy},
	"ListRolePolicies":         {onRole, nil, (*Directory).listRolePolicies},
	"DeleteRolePolicy":         {onRole, nil, (*Directory).deleteRolePolicy},
	"AttachRolePolicy":         {onRole, askAttach, (*Directory).attachRolePolicy},
	"DetachRolePolicy":         {onRole, askAttach, (*Directory).detachRolePolicy},
	"ListAttachedRolePolicies": {onRole, nil, (*Directory).listAttached},

	"CreatePolicy":            {onNewPolicy, askCreatePolicy, (*Directory).createPolicy},
	"GetPolicy":               {onPolicy, nil, (*Directory).getPolicy},
	"ListPolicies":            {onAccount, nil, (*Directory).listPolicies},
	"DeletePolicy":            {onPolicy, nil, (*Directory).deletePolicy},
	"CreatePolicyVersion":     {onPolicy, nil, (*Directory).createPolicyVersion},
	"GetPolicyVersion":        {onPolicy, nil, (*Directory).getPolicyVersion},
	"ListPolicyVersions":      {onPolicy, nil, (*Directory).listPolicyVersions},
	"SetDefaultPolicyVersion": {onPolicy, nil, (*Directory).setDefaultVersion},
	"DeletePolicyVersion":     {onPolicy, nil, (*Directory).deletePolicyVersion},
	"ListEntitiesForPolicy":   {onPolicy, nil, (*Directory).listEntities},

	"SimulatePrincipalPolicy": {onSource, nil, (*Directory).simulatePrincipal},
	"SimulateCustomPolicy":    {onAccount, nil, (*Directory).simulateCustom},
	"GetAccountSummary":       {onAccount, nil, (*Directory).accountSummary},
}

// Info describes the service to the gate.
func (d *Directory) Info() gate.Info {
	return gate.Info{
		Name: "iam", Protocol: gate.Query, Version: "2010-05-08",
		XMLNamespace: "https://iam.amazonaws.com/doc/2010-05-08/",
	}
}

// Describe says what IAM has to decide.
func (d *Directory) Describe(c *gate.Call) ([]gate.Ask, error) {
	op, ok := operations[c.Operation]
	if !ok {
		return nil, gate.UnknownOperation(d.Info(), c)
	}
	ask, err := d.subject(c, op.on)
	if err != nil {
		return nil, err
	}
	if op.ask == nil {
		return []gate.Ask{ask}, nil
	}
	return op.ask(d, c, ask)
}

// Handle does the call.
func (d *Directory) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	result, err := operations[c.Operation].do(d, c)
	if err != nil {
		return nil, err
	}
	return gate.XMLReply(d.Info(), c, result)
}

// subject is the question "may the caller do the operation on the entity?".
func (d *Directory) subject(c *gate.Call, on entity) (gate.Ask, error) {
	ask := gate.Ask{Action: "iam:" + c.Operation, Resource: "*", Context: iam.Context{}}
	now := d.current.Load()
	switch on {
	case onRole, onNewRole:
		name := c.Form.Get("RoleName")
		if err := checkName("roleName", name, maxRoleName); err != nil {
			return ask, err
		}
		path := "/"
		if on == onNewRole {
			var err error
			if path, err = pathOf(c); err != nil {
				return ask, err
			}
		}
		ask.Resource = d.roleARN(path, name)
		if r, ok := now.roles[name]; ok && on == onRole {
			ask.Resource = r.ARN
			describeTags(&ask, r.Tags)
			if r.Boundary != "" && knowsBoundary[c.Operation] {
				ask.Context["iam:permissionsboundary"] = iam.One(r.Boundary)
			}
		}
	case onPolicy:
		arn := c.Form.Get("PolicyArn")
		if err := checkPolicyARN(arn); err != nil {
			return ask, err
		}
		ask.Resource = arn
		if p, ok := now.policies[arn]; ok {
			describeTags(&ask, p.Tags)
		}
		if strings.HasPrefix(arn, "arn:aws:iam::aws:") && writes(c.Operation) {
			return ask, gate.Errorf("AccessDenied", "User: %s is not authorized to perform: %s on resource: policy %s", c.Caller.ARN, ask.Action, arn).WithStatus(403)
		}
	case onNewPolicy:
		if err := checkName("policyName", c.Form.Get("PolicyName"), maxPolicyName); err != nil {
			return ask, err
		}
		path, err := pathOf(c)
		if err != nil {
			return ask, err
		}
		ask.Resource = d.policyARN(path, c.Form.Get("PolicyName"))
	case onSource:
		ask.Resource = c.Form.Get("PolicySourceArn")
		if !strings.HasPrefix(ask.Resource, "arn:aws:iam::") {
			return ask, gate.Errorf("InvalidInput", "Invalid Entity Arn: %s", ask.Resource)
		}
	case onAccount:
	}
	return ask, nil
}

func writes(operation string) bool {
	return !strings.HasPrefix(operation, "Get") && !strings.HasPrefix(operation, "List")
}

func describeTags(ask *gate.Ask, tags []tag) {
	ask.ResourceTags = map[string]string{}
	for _, t := range tags {
		ask.ResourceTags[t.Key] = t.Value
		ask.Context["iam:resourcetag/"+iam.Key(t.Key)] = iam.One(t.Value)
	}
}

// requestTags adds the keys that speak of tags in the request.
func requestTags(ask *gate.Ask, tags []tag) {
	keys := make([]string, len(tags))
	for i, t := range tags {
		keys[i] = t.Key
		ask.Context["aws:requesttag/"+iam.Key(t.Key)] = iam.One(t.Value)
	}
	if len(keys) > 0 {
		ask.Context["aws:tagkeys"] = iam.Many(keys...)
	}
}

// withTagging adds the question for tagging at once what is created.
func withTagging(ask gate.Ask, tags []tag, action string) []gate.Ask {
	requestTags(&ask, tags)
	if len(tags) == 0 {
		return []gate.Ask{ask}
	}
	second := ask
	second.Action = action
	return []gate.Ask{ask, second}
}

func askCreateRole(_ *Directory, c *gate.Call, ask gate.Ask) ([]gate.Ask, error) {
	if arn := c.Form.Get("PermissionsBoundary"); arn != "" {
		ask.Context["iam:permissionsboundary"] = iam.One(arn)
	}
	tags, err := tagsOf(c)
	return withTagging(ask, tags, "iam:TagRole"), err
}

func askCreatePolicy(_ *Directory, c *gate.Call, ask gate.Ask) ([]gate.Ask, error) {
	tags, err := tagsOf(c)
	return withTagging(ask, tags, "iam:TagPolicy"), err
}

func askTags(_ *Directory, c *gate.Call, ask gate.Ask) ([]gate.Ask, error) {
	tags, err := tagsOf(c)
	requestTags(&ask, tags)
	return []gate.Ask{ask}, err
}

func askTagKeys(_ *Directory, c *gate.Call, ask gate.Ask) ([]gate.Ask, error) {
	if keys := members(c, "TagKeys"); len(keys) > 0 {
		ask.Context["aws:tagkeys"] = iam.Many(keys...)
	}
	return []gate.Ask{ask}, nil
}

// knowsBoundary are the operations on a role whose key iam:PermissionsBoundary
// speaks of the boundary that the role has (Service Authorization Reference,
// "AWS Identity and Access Management").
var knowsBoundary = map[string]bool{
	"AttachRolePolicy": true, "DetachRolePolicy": true, "PutRolePolicy": true, "DeleteRolePolicy": true, "DeleteRolePermissionsBoundary": true,
	"GetRole": true, "DeleteRole": true, "UpdateAssumeRolePolicy": true, "UpdateRole": true, "UpdateRoleDescription": true,
}

// askBoundary is for PutRolePermissionsBoundary, where the boundary that is
// being set counts. No other operation takes it from the request: a caller
// could name there the boundary that its policy demands.
func askBoundary(_ *Directory, c *gate.Call, ask gate.Ask) ([]gate.Ask, error) {
	if arn := c.Form.Get("PermissionsBoundary"); arn != "" {
		ask.Context["iam:permissionsboundary"] = iam.One(arn)
	}
	return []gate.Ask{ask}, nil
}

func askAttach(_ *Directory, c *gate.Call, ask gate.Ask) ([]gate.Ask, error) {
	arn := c.Form.Get("PolicyArn")
	if err := checkPolicyARN(arn); err != nil {
		return nil, err
	}
	ask.Context["iam:policyarn"] = iam.One(arn)
	return []gate.Ask{ask}, nil
}
