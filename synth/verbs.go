package synth

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/topology"
)

// entity is what an edge leads to, as the table of verbs sorts it.
type entity string

const (
	entityTable    entity = "table"
	entityBucket   entity = "bucket"
	entityFunction entity = "function"
)

// kind is the topology's word for an entity.
func (e entity) kind() topology.Kind {
	if e == entityFunction {
		return topology.KindFunction
	}
	return topology.KindStore
}

func storeKind(e entity) topology.StoreKind { return topology.StoreKind(e) }

// form is how a statement's resource follows from the entity's ARN.
type form string

const (
	formSelf      form = "ARN"
	formIndexes   form = "ARN/index/*"
	formStream    form = "ARN/stream/LABEL"
	formObjects   form = "ARN/*"
	formQualified form = "ARN:*"
	formAny       form = "*"
)

// Wildcards lists the actions that are granted on the resource "*", each with
// the reason why there is no narrower way.
func Wildcards() map[string]string {
	listed := map[string]string{
		"dynamodb:ListStreams": "the action has no resource level: Service Authorization Reference, Amazon DynamoDB",
	}
	for _, a := range logDelivery {
		listed[a] = "log delivery has no resource level; a state machine has it only where logging is on: Step Functions Developer Guide, Logging in CloudWatch Logs"
	}
	for _, a := range tracing {
		listed[a] = "X-Ray has no resource level here; a state machine has it only where tracing is on: Service Authorization Reference, AWS X-Ray"
	}
	return listed
}

// verb is one kind of access and what it allows: CDK's grant of the same name.
type verb struct {
	name  string
	allow []allowance
}

// allowance is one statement of a verb.
type allowance struct {
	// part tells apart the statements that one entity needs.
	part    string
	actions []string
	on      []form
}

// verbs is the table of what can be granted, the weaker verbs first: [Fix]
// takes the first that suffices. It differs from CDK's grants in two things.
// Read access leaves out GetRecords and GetShardIterator, which act on streams
// and never on a table. Write access leaves out the indexes, which nothing
// writes to.
var verbs = map[entity][]verb{
	entityTable: {
		{"readData", []allowance{{"", tableRead, []form{formSelf, formIndexes}}}},
		{"writeData", []allowance{{"", tableWrite, []form{formSelf}}}},
		{"readWriteData", []allowance{{"", united(tableRead, tableWrite), []form{formSelf, formIndexes}}}},
		{"streamRead", []allowance{
			{"Stream", []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}, []form{formStream}},
			{partListStreams, []string{"dynamodb:ListStreams"}, []form{formAny}},
		}},
		{"fullAccess", []allowance{{"", []string{"dynamodb:*"}, []form{formSelf, formIndexes}}}},
	},
	entityBucket: {
		{"read", []allowance{{"", bucketRead, []form{formSelf, formObjects}}}},
		{"delete", []allowance{{"", []string{"s3:DeleteObject*"}, []form{formObjects}}}},
		{"put", []allowance{{"", bucketPut, []form{formObjects}}}},
		{"write", []allowance{{"", united(bucketPut, []string{"s3:DeleteObject*"}), []form{formSelf, formObjects}}}},
		{"readWrite", []allowance{{"", united(bucketRead, bucketPut, []string{"s3:DeleteObject*"}), []form{formSelf, formObjects}}}},
	},
	entityFunction: {
		{"invoke", []allowance{{"", []string{"lambda:InvokeFunction"}, []form{formSelf, formQualified}}}},
	},
}

// partListStreams is the one statement that all streams of a role share.
const partListStreams = "ListStreams"

var (
	tableRead = []string{
		"dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DescribeTable",
		"dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan",
	}
	tableWrite = []string{
		"dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable",
		"dynamodb:PutItem", "dynamodb:UpdateItem",
	}
	bucketRead = []string{"s3:GetBucket*", "s3:GetObject*", "s3:List*"}
	bucketPut  = []string{
		"s3:Abort*", "s3:PutObject", "s3:PutObjectLegalHold", "s3:PutObjectRetention",
		"s3:PutObjectTagging", "s3:PutObjectVersionTagging",
	}
)

// united gives the union of lists of actions, sorted, without what a wildcard
// of the union covers.
func united(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	all = slices.Compact(all)
	var kept []string
	for _, a := range all {
		if !slices.ContainsFunc(all, func(b string) bool { return a != b && covers(b, a) }) {
			kept = append(kept, a)
		}
	}
	return kept
}

// covers reports whether an action pattern of the table, which has at most one
// "*", at its end, covers an action or another such pattern. AWS compares
// actions without regard to case.
func covers(pattern, action string) bool {
	if stem, wild := strings.CutSuffix(pattern, "*"); wild {
		return len(action) >= len(stem) && strings.EqualFold(action[:len(stem)], stem)
	}
	return strings.EqualFold(pattern, action)
}

// findVerb finds a verb by its name or another word for it.
func findVerb(e entity, name string) (verb, bool) {
	if proper, ok := topology.Verb(e.kind(), storeKind(e), name); ok {
		name = proper
	}
	for _, v := range verbs[e] {
		if v.name == name {
			return v, true
		}
	}
	return verb{}, false
}

func verbNames(e entity) []string {
	var names []string
	for _, v := range verbs[e] {
		names = append(names, v.name)
	}
	return names
}

// entityOf sorts a store.
func entityOf(s *topology.Store) entity {
	if s.Kind == topology.StoreBucket {
		return entityBucket
	}
	return entityTable
}
