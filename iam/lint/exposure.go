package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam/catalog"
)

// exposing are the actions that hand out contents, not only names and settings.
// The levels of access of AWS's reference do not tell them: kms:Decrypt is of
// level Write there, and s3:GetObject of the same level as s3:GetBucketTagging.
var exposing = []struct {
	actions  []string
	severity Severity
	can      string
}{
	{[]string{"secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"}, Security, "can read every secret"},
	{[]string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:GetParameterHistory"}, Security, "can read every parameter, also those that are secrets"},
	{[]string{"kms:Decrypt", "kms:ReEncryptFrom"}, Security, "can decrypt with every key whose policy leaves that to the account"},
	{[]string{"s3:GetObject", "s3:GetObjectVersion"}, Security, "can read every object of every bucket"},
	{[]string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:ExportTableToPointInTime"}, Security, "can read every item of every table"},
	{[]string{"rds-db:connect", "redshift:GetClusterCredentials", "redshift:GetClusterCredentialsWithIAM", "rds-data:ExecuteStatement", "rds-data:BatchExecuteStatement"}, Security, "can sign in to every database, or query it"},
	{[]string{"ebs:GetSnapshotBlock", "ec2:GetPasswordData", "ec2:GetConsoleOutput"}, Security, "can read what is on every machine's disk or console"},
	// What passes through; the functions that poll it often have AWS's own policies, which name no queue.
	{[]string{"sqs:ReceiveMessage", "kinesis:GetRecords", "kinesis:SubscribeToShard", "dynamodb:GetRecords"}, Warning, "can read the messages or records of every queue or stream"},
	{[]string{"logs:GetLogEvents", "logs:FilterLogEvents", "logs:StartQuery", "logs:StartLiveTail"}, Warning, "can read the logs of everything"},
	{[]string{"lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:GetLayerVersion"}, Warning, "can read the code or the environment variables of every function"},
	{[]string{"ecr:GetDownloadUrlForLayer", "codecommit:GitPull", "codecommit:GetFile"}, Warning, "can read the images or sources of every repository"},
	{[]string{"athena:GetQueryResults", "cloudformation:GetTemplate", "states:GetExecutionHistory", "glacier:GetJobOutput"}, Warning, "can read the results, templates or histories of all"},
}

func exposes(a catalog.Action) bool {
	for i := range exposing {
		if slices.Contains(exposing[i].actions, a.String()) {
			return true
		}
	}
	return false
}

// dataExposure finds reading of contents that names nothing.
func dataExposure(c *checker, s *statement) {
	if !s.grants() || len(s.Conditions) > 0 || slices.ContainsFunc(s.Action, everyAction) {
		return
	}
	for i := range exposing {
		row := &exposing[i]
		var found []string
		wide := -1
		for _, a := range s.actions {
			if !slices.Contains(row.actions, a.String()) {
				continue
			}
			at := slices.IndexFunc(s.Resource, func(r string) bool {
				return everyResource(r) && takes(a, s, r) || c.everyOfItsType(r) && takes(a, s, r)
			})
			if at >= 0 {
				wide, found = at, append(found, a.String())
			}
		}
		if len(found) > 0 {
			c.report(s, []string{"Resource", itoa(wide)}, row.severity, quoteList(found)+" "+row.can, "name the resources")
		}
	}
}

// everyOfItsType: "…:secret:*", "…:table/*", where the ARNs of the service
// begin with a word for the type.
func (c *checker) everyOfItsType(entry string) bool {
	parts := arnParts(entry)
	if parts == nil || !c.isTyped(parts[2]) {
		return false
	}
	word, name, found := cutType(parts[5])
	return found && isWord(word) && strings.HasSuffix(name, "*") && strings.Trim(name, ":/*") == ""
}

// isTyped reports whether all ARNs of a service have a word for the type
// before the name: those of functions do, those of buckets and queues do not.
func (c *checker) isTyped(service string) bool {
	s, ok := c.catalog.Service(service)
	if !ok || len(s.Resources) == 0 {
		return false
	}
	for _, r := range s.Resources {
		parts := arnParts(r.ARN)
		if parts == nil || parts[2] != service {
			continue
		}
		word, _, found := cutType(strings.TrimPrefix(parts[5], "/")) // API Gateway's begin with a slash
		if !found || !isWord(word) {
			return false
		}
	}
	return true
}

func cutType(resource string) (word, name string, found bool) {
	i := strings.IndexAny(resource, "/:")
	if i < 0 {
		return resource, "", false
	}
	return resource[:i], resource[i+1:], true
}

func isWord(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// missingSecond finds ways around a second factor: the key is absent from
// requests that are signed with a long-term key.
func missingSecond(c *checker, s *statement) {
	for i := range s.Conditions {
		e := &s.Conditions[i]
		o := parseOperator(e.Operator)
		if !strings.EqualFold(e.Key, "aws:MultiFactorAuthPresent") || o.base != "bool" && o.base != "stringequals" {
			continue
		}
		switch {
		case !s.isAllow() && !o.ifExists && hasFold(e.Values, "false") && !s.deniesWithout(c, e.Key):
			c.report(s, condition(e), Security, "requests that are signed with an access key do not have this key: they are not denied", `write "BoolIfExists"`)
		case s.isAllow() && o.ifExists && hasFold(e.Values, "true"):
			c.report(s, condition(e), Security, "requests that are signed with an access key do not have this key: they are allowed without a second factor", `write "Bool"`)
		}
	}
}

// deniesWithout reports whether a statement of the same policy denies requests
// that do not have a key.
func (s *statement) deniesWithout(c *checker, key string) bool {
	for _, other := range c.neighbours(s.policy) {
		for i := range other.Conditions {
			e := &other.Conditions[i]
			if !other.isAllow() && strings.EqualFold(e.Key, key) && parseOperator(e.Operator).base == "null" && hasFold(e.Values, "true") {
				return true
			}
		}
	}
	return false
}

// rcpService finds actions of a resource control policy that it does not bind.
func rcpService(c *checker, s *statement) {
	if s.policy.Type != "rcp" {
		return
	}
	s.eachAction(func(path []string, entry, service, _ string) {
		if _, known := c.catalog.Service(service); known && !c.catalog.RCPCovers(service) {
			c.report(s, path, Error, fmt.Sprintf("resource control policies do not bind %s: %s is not denied", service, entry), "the services that they bind are listed by AWS Organizations (\"List of AWS services that support RCPs\")")
		}
	})
}
