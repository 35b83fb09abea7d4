package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// escalation is a combination of actions with which a caller gets more than
// its policies say.
type escalation struct {
	// needs are all needed. The actions of one entry, separated by "|", do alike.
	needs []string
	// service gets the role, for those with iam:PassRole.
	service string
	gives   string
}

// escalations are the known ways, by what they start with.
var escalations = []escalation{
	// A caller that changes what policies say.
	{needs: []string{"iam:CreatePolicyVersion"}, gives: "can write a new version of a managed policy that it holds, and make it the default"},
	{needs: []string{"iam:SetDefaultPolicyVersion"}, gives: "can go back to an older, wider version of a managed policy"},
	{needs: []string{"iam:AttachUserPolicy"}, gives: "can attach AdministratorAccess to a user"},
	{needs: []string{"iam:AttachGroupPolicy"}, gives: "can attach AdministratorAccess to a group that it is in"},
	{needs: []string{"iam:AttachRolePolicy"}, gives: "can attach AdministratorAccess to a role"},
	{needs: []string{"iam:PutUserPolicy"}, gives: "can write any policy into a user"},
	{needs: []string{"iam:PutGroupPolicy"}, gives: "can write any policy into a group that it is in"},
	{needs: []string{"iam:PutRolePolicy"}, gives: "can write any policy into a role"},
	{needs: []string{"iam:DeleteRolePermissionsBoundary|iam:PutRolePermissionsBoundary"}, gives: "can lift the permissions boundary of a role"},
	{needs: []string{"iam:DeleteUserPermissionsBoundary|iam:PutUserPermissionsBoundary"}, gives: "can lift the permissions boundary of a user"},
	{needs: []string{"iam:DetachRolePolicy|iam:DeleteRolePolicy"}, gives: "can take away a policy that denies a role something"},
	{needs: []string{"iam:DetachUserPolicy|iam:DeleteUserPolicy"}, gives: "can take away a policy that denies a user something"},
	// A caller that becomes somebody else.
	{needs: []string{"iam:UpdateAssumeRolePolicy"}, gives: "can let itself assume a role"},
	{needs: []string{"iam:CreateAccessKey"}, gives: "can make an access key of another user"},
	{needs: []string{"iam:CreateLoginProfile"}, gives: "can set a console password for a user without one"},
	{needs: []string{"iam:UpdateLoginProfile"}, gives: "can change another user's console password"},
	{needs: []string{"iam:AddUserToGroup"}, gives: "can put a user into a group with more rights"},
	{needs: []string{"iam:ResyncMFADevice|iam:DeactivateMFADevice", "iam:UpdateLoginProfile|iam:CreateLoginProfile"}, gives: "can take over a user that has a second factor"},
	{needs: []string{"iam:CreateServiceSpecificCredential|iam:ResetServiceSpecificCredential"}, gives: "can make credentials of another user for a service"},
	{needs: []string{"iam:UpdateSAMLProvider|iam:UpdateOpenIDConnectProviderThumbprint|iam:AddClientIDToOpenIDConnectProvider"}, gives: "can sign in through an identity provider that it has changed"},
	// A caller that hands a role to code of its own.
	{needs: []string{"iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction|lambda:CreateEventSourceMapping|lambda:AddPermission|lambda:CreateFunctionUrlConfig"}, service: "lambda", gives: "can run code of its own with the role in a new function"},
	{needs: []string{"iam:PassRole", "lambda:CreateFunction"}, service: "lambda", gives: "can put code of its own with the role into a new function, which something else may start"},
	{needs: []string{"iam:PassRole", "lambda:UpdateFunctionConfiguration"}, service: "lambda", gives: "can give a function another role"},
	{needs: []string{"iam:PassRole", "ec2:RunInstances"}, service: "ec2", gives: "can start a machine with the role and read its credentials there"},
	{needs: []string{"iam:PassRole", "ec2:AssociateIamInstanceProfile|ec2:ReplaceIamInstanceProfileAssociation"}, service: "ec2", gives: "can give a running machine the role"},
	{needs: []string{"iam:PassRole", "ec2:RequestSpotInstances|ec2:RequestSpotFleet"}, service: "ec2", gives: "can start a spot machine with the role"},
	{needs: []string{"iam:PassRole", "autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup|autoscaling:UpdateAutoScalingGroup"}, service: "ec2", gives: "can start machines with the role in a group"},
	{needs: []string{"iam:PassRole", "cloudformation:CreateStack|cloudformation:UpdateStack|cloudformation:CreateChangeSet|cloudformation:CreateStackSet"}, service: "cloudformation", gives: "can let CloudFormation make anything with the role"},
	{needs: []string{"iam:PassRole", "glue:CreateDevEndpoint|glue:CreateSession"}, service: "glue", gives: "can open a Glue session with the role"},
	{needs: []string{"iam:PassRole", "glue:CreateJob|glue:UpdateJob", "glue:StartJobRun|glue:CreateTrigger"}, service: "glue", gives: "can run code of its own with the role in a Glue job"},
	{needs: []string{"iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask|ecs:StartTask|ecs:CreateService|ecs:UpdateService"}, service: "ecs-tasks", gives: "can run a container of its own with the role"},
	{needs: []string{"iam:PassRole", "ecs:RunTask|ecs:StartTask"}, service: "ecs-tasks", gives: "can run a task with another role and another command"},
	{needs: []string{"iam:PassRole", "sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"}, service: "sagemaker", gives: "can open a notebook with the role"},
	{needs: []string{"iam:PassRole", "sagemaker:CreateTrainingJob|sagemaker:CreateProcessingJob|sagemaker:CreateAutoMLJob|sagemaker:CreateHyperParameterTuningJob"}, service: "sagemaker", gives: "can run code of its own with the role in a SageMaker job"},
	{needs: []string{"iam:PassRole", "codebuild:CreateProject|codebuild:UpdateProject", "codebuild:StartBuild|codebuild:StartBuildBatch"}, service: "codebuild", gives: "can run a build of its own with the role"},
	{needs: []string{"iam:PassRole", "codepipeline:CreatePipeline|codepipeline:UpdatePipeline"}, service: "codepipeline", gives: "can run a pipeline of its own with the role"},
	{needs: []string{"iam:PassRole", "states:CreateStateMachine|states:UpdateStateMachine", "states:StartExecution|states:StartSyncExecution"}, service: "states", gives: "can let a state machine call any API with the role"},
	{needs: []string{"iam:PassRole", "scheduler:CreateSchedule|scheduler:UpdateSchedule"}, service: "scheduler", gives: "can let a schedule call any API with the role"},
	{needs: []string{"iam:PassRole", "events:PutRule", "events:PutTargets"}, service: "events", gives: "can let a rule start things with the role"},
	{needs: []string{"iam:PassRole", "pipes:CreatePipe|pipes:UpdatePipe"}, service: "pipes", gives: "can let a pipe read and send with the role"},
	{needs: []string{"iam:PassRole", "ssm:StartAutomationExecution"}, service: "ssm", gives: "can let an automation call any API with the role"},
	{needs: []string{"iam:PassRole", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "datapipeline:ActivatePipeline"}, service: "datapipeline", gives: "can run a pipeline of its own with the role"},
	{needs: []string{"iam:PassRole", "elasticmapreduce:RunJobFlow"}, service: "elasticmapreduce", gives: "can start a cluster with the role"},
	{needs: []string{"iam:PassRole", "batch:RegisterJobDefinition", "batch:SubmitJob"}, service: "ecs-tasks", gives: "can run a container of its own with the role in a batch job"},
	{needs: []string{"iam:PassRole", "apprunner:CreateService|apprunner:UpdateService"}, service: "tasks.apprunner", gives: "can run a container of its own with the role"},
	{needs: []string{"iam:PassRole", "bedrock-agentcore:CreateCodeInterpreter", "bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter"}, service: "bedrock-agentcore", gives: "can run code of its own with the role in a code interpreter"},
	{needs: []string{"iam:PassRole", "bedrock-agentcore:CreateAgentRuntime", "bedrock-agentcore:InvokeAgentRuntime"}, service: "bedrock-agentcore", gives: "can run an agent of its own with the role"},
	{needs: []string{"iam:PassRole", "cognito-identity:SetIdentityPoolRoles"}, service: "cognito-identity", gives: "can let an identity pool give out the role"},
	// A caller that changes code which runs with a role.
	{needs: []string{"lambda:UpdateFunctionCode"}, gives: "can run code of its own with the roles of functions"},
	{needs: []string{"lambda:UpdateFunctionConfiguration", "lambda:PublishLayerVersion|lambda:GetLayerVersion"}, gives: "can slip code of its own into functions as a layer"},
	{needs: []string{"ssm:SendCommand"}, gives: "can run commands on machines, with their roles"},
	{needs: []string{"ssm:StartSession"}, gives: "can open a shell on machines, with their roles"},
	{needs: []string{"ec2-instance-connect:SendSSHPublicKey|ec2-instance-connect:SendSerialConsoleSSHPublicKey"}, gives: "can sign in to machines, with their roles"},
	{needs: []string{"ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"}, gives: "can change what machines run when they start, with their roles"},
	{needs: []string{"ecs:ExecuteCommand"}, gives: "can run commands in containers, with their roles"},
	{needs: []string{"glue:UpdateDevEndpoint"}, gives: "can sign in to a Glue endpoint, with its role"},
	{needs: []string{"codebuild:StartBuild|codebuild:StartBuildBatch"}, gives: "can run a build with other commands, with the roles of projects"},
	{needs: []string{"sagemaker:CreatePresignedNotebookInstanceUrl|sagemaker:CreatePresignedDomainUrl"}, gives: "can open notebooks of others, with their roles"},
	{needs: []string{"sagemaker:UpdateNotebookInstance|sagemaker:CreateNotebookInstanceLifecycleConfig", "sagemaker:StartNotebookInstance"}, gives: "can change what notebooks run when they start, with their roles"},
	{needs: []string{"cloudformation:UpdateStack|cloudformation:SetStackPolicy"}, gives: "can change stacks that are deployed with a role of their own"},
	{needs: []string{"states:UpdateStateMachine"}, gives: "can change what state machines call, with their roles"},
}

// escalate looks for the combinations in the union of an owner's policies.
func escalate(c *checker) {
	for i := range escalations {
		e := &escalations[i]
		found := c.findAll(e)
		if found == nil || slices.ContainsFunc(found, func(g grant) bool { return g.all }) {
			continue // allow-all or allow-not-action says so already
		}
		if i+1 < len(escalations) && e.includedInEarlier(c, i) {
			continue
		}
		severity := Security
		for _, g := range found {
			if g.narrow && severity == Security {
				severity = Warning
			}
		}
		var with []string
		for _, g := range found {
			with = append(with, g.action)
		}
		s := found[len(found)-1].statement
		whose := "the holder"
		if c.set.owner != "" {
			whose = c.set.owner
		}
		message := fmt.Sprintf("with %s %s %s", strings.Join(with, " and "), whose, e.gives)
		hint := "name the resources that it may do this to, or keep it to a deployer"
		if e.service != "" {
			hint = "name the roles that may be passed"
		}
		c.report(s, []string{"Action", itoa(max(0, s.entryFor(with[len(with)-1])))}, severity, message, hint)
	}
}

// includedInEarlier reports whether a combination with the same beginning and
// more to it has been found.
func (e *escalation) includedInEarlier(c *checker, i int) bool {
	return slices.ContainsFunc(escalations[:i], func(other escalation) bool {
		return len(other.needs) > len(e.needs) && allIn(e.needs, other.needs) && c.findAll(&other) != nil
	})
}

func (s *statement) entryFor(action string) int {
	return slices.IndexFunc(s.Action, func(entry string) bool {
		return !neverMatches(entry) && within(actionTokens(action), actionTokens(entry))
	})
}

// grant is an Allow of one action that nothing denies.
type grant struct {
	action    string
	statement *statement
	all       bool // by "*" or NotAction on "*", which has a finding of its own
	narrow    bool // named resources only, or under a condition
}

func (c *checker) findAll(e *escalation) []grant {
	var found []grant
	for _, need := range e.needs {
		var best *grant
		for action := range strings.SplitSeq(need, "|") {
			if g := c.findGrant(action, e.service); g != nil && (best == nil || best.narrow && !g.narrow) {
				best = g
			}
		}
		if best == nil {
			return nil
		}
		found = append(found, *best)
	}
	return found
}

// findGrant finds the widest Allow of an action. Deny statements with
// conditions are not counted upon; a boundary has to allow it too.
func (c *checker) findGrant(action, service string) *grant {
	if !c.bounded(action) {
		return nil
	}
	var best *grant
	one := &statement{Statement: &iam.Statement{Action: []string{action}}}
	for _, s := range c.set.statements(iam.TypeIdentity) {
		if !s.isAllow() || s.dead || s.cut().unknown || !actionsWithin(one, s) {
			continue
		}
		if action == "iam:PassRole" && !s.passesTo(service) {
			continue
		}
		left := c.notDenied(s, action)
		if len(left) == 0 && s.NotResource == nil {
			continue
		}
		wide := s.NotResource != nil || slices.ContainsFunc(left, func(r string) bool { return everyResource(r) || everyOfType(r) })
		g := grant{action: action, statement: s, narrow: !wide || s.limited(action), all: (s.NotAction != nil || slices.ContainsFunc(s.Action, everyAction)) && slices.Contains(s.Resource, "*")}
		if best == nil || best.narrow && !g.narrow {
			best = &g
		}
	}
	return best
}

// everyOfType: "…:role/*", "…:function:*".
func everyOfType(entry string) bool {
	parts := arnParts(entry)
	if parts == nil {
		return false
	}
	rest := strings.TrimLeft(parts[5], "abcdefghijklmnopqrstuvwxyz-")
	return strings.Trim(rest, ":/*") == "" && strings.HasSuffix(rest, "*")
}

// limited reports whether conditions narrow the statement; where a role may be
// passed to does not.
func (s *statement) limited(action string) bool {
	return slices.ContainsFunc(s.Conditions, func(e iam.ConditionElement) bool {
		return action != "iam:PassRole" || !strings.EqualFold(e.Key, "iam:PassedToService")
	})
}

// passesTo reports whether conditions on iam:PassedToService let a service have the role.
func (s *statement) passesTo(service string) bool {
	for i := range s.Conditions {
		e := &s.Conditions[i]
		if o := parseOperator(e.Operator); !strings.EqualFold(e.Key, "iam:PassedToService") || !exactText(o) || o.negated() {
			continue
		}
		if !slices.ContainsFunc(e.Values, func(v string) bool {
			p, ok := syntax{wildcards: true, variables: true}.read(v)
			q, _ := syntax{wildcards: true}.read(service + ".amazonaws.com*")
			return !ok || !disjoint(p, q)
		}) {
			return false
		}
	}
	return true
}

// notDenied gives the resources of an Allow that an action takes, and that no
// Deny without conditions covers for it.
func (c *checker) notDenied(s *statement, action string) []string {
	var left []string
	known, _ := c.catalog.Action(action)
	for _, r := range s.Resource {
		if !takes(known, s, r) {
			continue
		}
		one := &statement{Statement: &iam.Statement{Action: []string{action}, Resource: []string{r}}, policy: s.policy, variables: s.variables}
		if !slices.ContainsFunc(c.set.statements(iam.TypeIdentity, iam.TypeBoundary), func(d *statement) bool {
			return d.Effect == iam.Deny && len(d.Conditions) == 0 && covers(d, one)
		}) {
			left = append(left, r)
		}
	}
	return left
}

// bounded reports whether the owner's boundary, if there is one, allows an action.
func (c *checker) bounded(action string) bool {
	limits := c.set.statements(iam.TypeBoundary)
	return len(limits) == 0 || slices.ContainsFunc(limits, func(s *statement) bool { return s.isAllow() && s.mayBeAbout(action) })
}
