package asl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// task reads the Resource of a task and what it calls.
func (r *reader) task(name, what string, v *Value) {
	if v.Get("Resource") == nil {
		if !misspelt(v, "Resource", types["Task"]) {
			r.fail(v.Pos, "%s does not say what it calls", what).
				WithHint("add  Resource: arn:aws:states:::lambda:invoke  and  Parameters: {FunctionName: NAME}")
		}
		return
	}
	r.call(name, what, v, UseTask)
}

var (
	integrationARN = regexp.MustCompile(`^arn:[a-z-]+:states:[^:]*:[^:]*:(.+)$`)
	lambdaARN      = regexp.MustCompile(`^arn:[^:]*:lambda:`)
)

// call reads what a Resource with its arguments calls.
func (r *reader) call(name, what string, v *Value, use Use) {
	resource := v.Get("Resource")
	text := resource.text()
	c := Call{State: name, Use: use, Pos: resource.Pos}
	m := integrationARN.FindStringSubmatch(text)
	switch {
	case resource.Kind != Scalar || text == "":
		r.fail(resource.Pos, "the Resource of %s must be an ARN", what)
		return
	case m != nil && strings.HasPrefix(m[1], "activity:"):
		return // a worker fetches it; the machine calls nothing
	case m == nil && (lambdaARN.MatchString(text) || !strings.HasPrefix(text, "arn:")):
		c.Service, c.Action = "lambda", "Invoke"
		c.Arguments = []Argument{r.argument("FunctionName", resource)}
	case m == nil:
		r.fail(resource.Pos, "the Resource of %s is the ARN of nothing that a task can call", what).
			WithHint("write the function's name or ARN, or an integration such as  arn:aws:states:::sqs:sendMessage")
		return
	case !r.integration(&c, what, m[1], resource):
		return
	default:
		c.Arguments = r.arguments(c, v)
	}
	r.machine.Calls = append(r.machine.Calls, c)
}

// optimised are the optimised integrations that are read, by service, with the
// patterns beside request and response that each action has.
// https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
var optimised = map[string]map[string][]Pattern{
	"lambda":   {"invoke": {WaitForTaskToken}},
	"sqs":      {"sendMessage": {WaitForTaskToken}},
	"sns":      {"publish": {WaitForTaskToken}},
	"events":   {"putEvents": {WaitForTaskToken}},
	"dynamodb": {"getItem": nil, "putItem": nil, "updateItem": nil, "deleteItem": nil},
	"states":   {"startExecution": {Sync, Sync2, WaitForTaskToken}},
	"s3":       {"getObject": nil, "putObject": nil, "listObjectsV2": nil}, // of maps, not of tasks
}

// integration reads what follows arn:aws:states::: in a Resource; false when
// that cannot be called.
func (r *reader) integration(c *Call, what, text string, at *Value) bool {
	sdk := false
	if rest, ok := strings.CutPrefix(text, "aws-sdk:"); ok {
		sdk, text = true, rest
	}
	service, action, _ := strings.Cut(text, ":")
	action, pattern, _ := strings.Cut(action, ".")
	c.Pattern = Pattern(pattern)
	if service == "" || action == "" {
		r.fail(at.Pos, "the Resource of %s names no action of a service", what).WithHint("as in  arn:aws:states:::sqs:sendMessage")
		return false
	}
	c.Action = strings.ToUpper(action[:1]) + action[1:]
	if sdk {
		c.Service = iamService(service)
		return r.knownPattern(c, what, []Pattern{WaitForTaskToken}, at)
	}
	c.Service = service
	actions, known := optimised[service]
	if !known { // one of AWS's others: taken as it is
		return true
	}
	patterns, ok := actions[action]
	if !ok {
		e := r.fail(at.Pos, "%s has no integration %s", service, quote(short(action)))
		if near := meant(action, sortedNames(actions)); near != "" {
			e.Hint = "did you mean " + near + "?"
		} else {
			e.Hint = "it has " + strings.Join(sortedNames(actions), ", ") + "; any other call is  aws-sdk:" + service + ":" + short(action)
		}
		return false
	}
	return r.knownPattern(c, what, patterns, at)
}

func (r *reader) knownPattern(c *Call, what string, patterns []Pattern, at *Value) bool {
	if c.Pattern == RequestResponse || slices.Contains(patterns, c.Pattern) {
		return true
	}
	e := r.fail(at.Pos, "%s: this call cannot wait with .%s", what, short(string(c.Pattern)))
	e.Hint = "take it out"
	for i, p := range patterns {
		e.Hint += map[bool]string{true: ", or write ", false: " or "}[i == 0] + "." + string(p)
	}
	return false
}

func sortedNames[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// iamService gives IAM's name of a service from the SDK's, where they differ.
// https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
func iamService(sdk string) string {
	other := map[string]string{
		"sfn": "states", "eventbridge": "events", "cloudwatchlogs": "logs", "cognitoidentityprovider": "cognito-idp",
		"cognitoidentity": "cognito-identity", "sesv2": "ses", "elasticloadbalancingv2": "elasticloadbalancing",
		"apigatewayv2": "apigateway", "lexmodelsv2": "lex", "dynamodbstreams": "dynamodb", "applicationautoscaling": "application-autoscaling",
		"bedrockruntime": "bedrock", "eventbridgescheduler": "scheduler", "rdsdata": "rds-data", "sagemakerruntime": "sagemaker",
		"cloudwatchevents": "events", "servicediscovery": "servicediscovery", "stepfunctions": "states",
	}
	sdk = strings.ToLower(sdk)
	if name, ok := other[sdk]; ok {
		return name
	}
	return sdk
}

// naming are the arguments that name what a service's call acts on.
var naming = map[string][]string{
	"lambda":         {"FunctionName"},
	"sqs":            {"QueueUrl"},
	"sns":            {"TopicArn", "TargetArn"},
	"dynamodb":       {"TableName", "IndexName"},
	"states":         {"StateMachineArn"},
	"s3":             {"Bucket", "Key", "Prefix"},
	"secretsmanager": {"SecretId"},
	"ssm":            {"Name"},
	"kms":            {"KeyId"},
	"kinesis":        {"StreamName", "StreamARN"},
}

// arguments gives the arguments of a call that say on what it acts. JSONPath
// has them under Parameters, where the key of a path ends in ".$"; JSONata has
// them under Arguments.
func (r *reader) arguments(c Call, v *Value) []Argument {
	from := v.Get("Parameters")
	if from == nil {
		from = v.Get("Arguments")
	}
	if from == nil || from.Kind != Map {
		return nil
	}
	if c.Service == "events" {
		return r.eventArguments(from)
	}
	return r.named("", from, naming[c.Service])
}

func (r *reader) named(prefix string, from *Value, names []string) []Argument {
	var all []Argument
	for _, name := range names {
		if a := from.Get(name); a != nil {
			all = append(all, r.argument(prefix+name, a))
		} else if a := from.Get(name + ".$"); a != nil {
			all = append(all, Argument{Name: prefix + name, Pos: a.Pos})
		}
	}
	return all
}

// eventArguments gives bus, source and detail-type of each event.
func (r *reader) eventArguments(from *Value) []Argument {
	entries := from.Get("Entries")
	if entries == nil || entries.Kind != List {
		return nil
	}
	var all []Argument
	for i, item := range entries.Items {
		all = append(all, r.named(fmt.Sprintf("Entries[%d].", i), item, []string{"EventBusName", "Source", "DetailType"})...)
	}
	return all
}

// argument reads one argument; an expression is only known when it runs.
func (r *reader) argument(name string, v *Value) Argument {
	a := Argument{Name: name, Pos: v.Pos}
	if text := v.text(); text != "" && !expression(text) {
		a.Text, a.Value = text, v
	}
	return a
}
