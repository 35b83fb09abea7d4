package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
)

// hasResources reports whether a statement's resources can be held against its
// actions: both are written out and known.
func (s *statement) hasResources() bool {
	return len(s.Resource) > 0 && !slices.ContainsFunc(s.Resource, func(r string) bool {
		return arnParts(r) == nil && (hasUnknown(r) || strings.HasPrefix(r, "execute-api:/") || strings.HasPrefix(r, "arn:") && strings.ContainsAny(r, "*?"))
	})
}

// takes reports whether an action can be about an entry of Resource.
func takes(a catalog.Action, s *statement, entry string) bool {
	if entry == "*" {
		return true
	}
	if parts := arnParts(entry); parts != nil && slices.ContainsFunc(parts[:5], mayHoldColons) {
		return true
	}
	if !s.variables && isVariable(entry) && !hasUnknown(entry) {
		entry = strings.NewReplacer("${", "?", "}", "?").Replace(entry) // literal text, which Covers would take for a variable
	}
	entry = withNames(entry)
	return slices.ContainsFunc(a.Resources, func(u catalog.ResourceUse) bool { return u.Covers(entry) })
}

// eachExact calls visit with the entries of Action that name one action.
func (c *checker) eachExact(s *statement, visit func(path []string, a catalog.Action)) {
	for i, entry := range s.Action {
		if a, ok := c.catalog.Action(entry); ok {
			visit([]string{"Action", itoa(i)}, a)
		}
	}
}

func actionNeedsStar(c *checker, s *statement) {
	if !s.hasResources() || slices.Contains(s.Resource, "*") {
		return
	}
	c.eachExact(s, func(path []string, a catalog.Action) {
		if a.WildcardOnly() {
			severity, hint := Error, `put it into a statement of its own with "Resource": "*"`
			if c.isBallast(s, a) {
				severity, hint = Suggestion, "the other actions of the statement have an effect: tools put this one into every grant of the kind"
			}
			c.report(s, path, severity, fmt.Sprintf("%s has no effect here: it takes no resource but \"*\"", a), hint)
		}
	})
}

func actionWithoutResource(c *checker, s *statement) {
	if !s.hasResources() {
		return
	}
	c.eachExact(s, func(path []string, a catalog.Action) {
		if a.WildcardOnly() || slices.ContainsFunc(s.Resource, func(r string) bool { return takes(a, s, r) }) {
			return
		}
		var patterns []string
		for _, u := range a.Resources {
			patterns = append(patterns, u.ARN)
		}
		severity, hint := Error, "it takes "+quoteList(patterns)
		if c.isBallast(s, a) {
			severity, hint = Suggestion, "the other actions of the statement have an effect: tools put this one into every grant of the kind"
		}
		c.report(s, path, severity, fmt.Sprintf("%s has no effect here: none of the resources is one that it takes", a), hint)
	})
}

// ballast are actions that the AWS CDK and AWS SAM put beside others that have
// an effect, on resources that they do not take: nobody has written them, and
// nothing breaks for want of them. Any other action without an effect was
// meant, and is missing when it is called: it stays an error, also in a
// statement whose other actions work (s3:ListBucket on "arn:aws:s3:::box/*").
var ballast = map[string][]string{
	"dynamodb:GetRecords":       {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"},
	"dynamodb:GetShardIterator": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"},
	"dynamodb:ListStreams":      {"dynamodb:GetRecords"},
	// Stream.grantRead and grantReadWrite name the stream alone.
	"kinesis:ListStreams":            {"kinesis:GetRecords", "kinesis:PutRecord", "kinesis:PutRecords"},
	"kinesis:SubscribeToShard":       {"kinesis:GetRecords"},
	"kinesis:DescribeStreamConsumer": {"kinesis:GetRecords"},
}

func (c *checker) isBallast(s *statement, a catalog.Action) bool {
	return slices.ContainsFunc(ballast[a.String()], func(beside string) bool {
		other, known := c.catalog.Action(beside)
		return known && s.mayBeAbout(beside) && slices.ContainsFunc(s.Resource, func(r string) bool { return takes(other, s, r) })
	})
}

func resourceUnused(c *checker, s *statement) {
	if s.open || len(s.actions) == 0 || !s.hasResources() {
		return
	}
	exact := func(entry string) bool { return !strings.ContainsAny(entry, "*?") }
	if all(s.Action, exact) && !slices.ContainsFunc(s.Resource, func(r string) bool { return c.taken(s, r) }) {
		return // every action is reported
	}
	for _, entry := range s.Action {
		if _, ok := c.catalog.Action(entry); exact(entry) && !ok {
			return // it may be meant for the action that is not known
		}
	}
	for i, entry := range s.Resource {
		if !c.taken(s, entry) {
			c.report(s, []string{"Resource", itoa(i)}, Warning, fmt.Sprintf("none of the statement's actions takes the resource %q", entry), "remove it, or add the actions that were meant for it")
		}
	}
}

// taken reports whether some action of the statement takes an entry of Resource.
func (c *checker) taken(s *statement, entry string) bool {
	return slices.ContainsFunc(s.actions, func(a catalog.Action) bool { return takes(a, s, entry) })
}

// passing are actions that hand a role to a service, and so need iam:PassRole
// on it. The data of the catalogue has no dependent actions at present.
var passing = []string{
	"backup:StartBackupJob", "bedrock-agentcore:CreateAgentRuntime", "codebuild:CreateProject", "codepipeline:CreatePipeline",
	"elasticmapreduce:RunJobFlow", "firehose:CreateDeliveryStream", "glue:CreateJob", "iot:CreateTopicRule", "kinesisanalytics:CreateApplication",
	"lambda:CreateFunction", "pipes:CreatePipe", "s3:PutReplicationConfiguration", "sagemaker:CreateModel", "sagemaker:CreateNotebookInstance",
	"sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob", "scheduler:CreateSchedule", "states:CreateStateMachine",
}

func dependents(a catalog.Action) []string {
	needs := slices.Clone(a.Dependent)
	if slices.Contains(passing, a.String()) && !slices.Contains(needs, "iam:PassRole") {
		needs = append(needs, "iam:PassRole")
	}
	return needs
}

// dependentMissing finds actions that need others, which nothing allows.
func dependentMissing(c *checker, s *statement) {
	if !s.grants() {
		return
	}
	granted := c.set.statements(iam.TypeIdentity)
	c.eachExact(s, func(path []string, a catalog.Action) {
		var missing []string
		for _, need := range dependents(a) {
			if _, known := c.catalog.Action(need); known && !slices.ContainsFunc(granted, func(g *statement) bool { return g.isAllow() && g.mayBeAbout(need) }) {
				missing = append(missing, need)
			}
		}
		if len(missing) > 0 {
			c.report(s, path, Suggestion, fmt.Sprintf("%s also needs %s, which no policy of the owner allows", a, quoteList(missing)), "allow it here, or in another policy of the owner")
		}
	})
}

// mayBeAbout reports whether the statement's Action matches an action.
func (s *statement) mayBeAbout(action string) bool {
	one := &statement{Statement: &iam.Statement{Action: []string{action}}, policy: s.policy}
	if hasUnknownIn(s.Action, s.NotAction) {
		return true
	}
	return actionsWithin(one, s)
}

// literalVariables finds variables in a document whose version has none.
func literalVariables(c *checker, s *statement) {
	if s.variables {
		return
	}
	check := func(path []string, text string) {
		if hasVariable(text) {
			c.report(s, path, Warning, fmt.Sprintf("%q is literal text here: variables need the newer version of the language", text), `put "Version": "2012-10-17" into the document`)
		}
	}
	for i, r := range s.Resource {
		check([]string{"Resource", itoa(i)}, r)
	}
	for i, r := range s.NotResource {
		check([]string{"NotResource", itoa(i)}, r)
	}
	for i := range s.Conditions {
		e := &s.Conditions[i]
		for j, v := range e.Values {
			check(append(condition(e), itoa(j)), v)
		}
	}
}
