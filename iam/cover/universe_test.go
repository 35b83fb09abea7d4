package cover

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/internal/oracle"
)

// The universe is small on purpose: every resource and every value of it is
// asked, one by one.

const here = "111122223333"

var session = iam.ParsePrincipal("arn:aws:sts::" + here + ":assumed-role/app/s")

// allActions are the actions of the universe, by the names of their things.
var allActions = map[string][]string{
	"object": {"s3:GetObject", "s3:PutObject"},
	"table":  {"dynamodb:GetItem", "dynamodb:PutItem"},
	"queue":  {"sqs:SendMessage"},
	"none":   {"sqs:ListQueues"},
}

var shortNames = []string{"a", "b", "c", "aa", "ab", "ba", "bb", "ac", "aba", "abb"}

func allResources(thing string) []string {
	var list []string
	for _, name := range shortNames {
		switch thing {
		case "object":
			for _, key := range []string{"a", "b", "c", "ab", "ba/c", "aab"} {
				list = append(list, "arn:aws:s3:::"+name+"/"+key)
			}
		case "table":
			list = append(list, "arn:aws:dynamodb:us-east-1:"+here+":table/"+name, "arn:aws:dynamodb:eu-west-1:"+here+":table/"+name)
		case "queue":
			list = append(list, "arn:aws:sqs:us-east-1:"+here+":"+name)
		}
	}
	if thing == "none" {
		return []string{"*"}
	}
	return list
}

// allValues are the values of each key that has no single one.
var allValues = map[string][]iam.Value{
	"aws:principaltag/t":   {{}, iam.One("a"), iam.One("b"), iam.One("ab"), iam.One("c"), iam.One("a*")},
	"dynamodb:leadingkeys": {{}, iam.Many("a"), iam.Many("b"), iam.Many("c"), iam.Many("a", "b"), iam.Many("a", "c")},
	"aws:sourceip":         {{}, iam.One("203.0.113.7"), iam.One("192.0.2.9")},
	"aws:requestedregion":  {{}, iam.One("us-east-1"), iam.One("eu-west-1")},
}

// allContexts combines all values of the keys that have a part.
func allContexts(keys []string) []iam.Context {
	list := []iam.Context{{}}
	for _, key := range keys {
		var longer []iam.Context
		for _, ctx := range list {
			for _, v := range allValues[key] {
				next := iam.Context{key: v}
				for k, v := range ctx {
					next[k] = v
				}
				longer = append(longer, next)
			}
		}
		list = longer
	}
	return list
}

// dice makes cases.
type dice struct{ *rand.Rand }

func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

func pick[T any](d dice, list ...T) T { return list[d.IntN(len(list))] }

func (d dice) glob() string {
	var b strings.Builder
	for range 1 + d.IntN(3) {
		b.WriteString(pick(d, "a", "a", "b", "*", "*", "?"))
	}
	return b.String()
}

func (d dice) resource(variables bool) string {
	name := d.glob()
	if variables && d.chance(8) {
		name = pick(d, "", "a") + "${aws:PrincipalTag/t}" + pick(d, "", "*")
	}
	switch d.IntN(9) {
	case 0:
		return "*"
	case 1, 2, 3:
		return "arn:aws:s3:::" + d.glob() + "/" + name
	case 4:
		return "arn:aws:s3:::" + name
	case 5, 6:
		return "arn:aws:dynamodb:" + pick(d, "us-east-1", "*", "us-*") + ":" + here + ":table/" + name
	case 7:
		return "arn:aws:dynamodb:*:*:" + name
	}
	return "arn:aws:sqs:us-east-1:" + here + ":" + name
}

func (d dice) condition() iam.ConditionElement {
	switch d.IntN(8) {
	case 0:
		return iam.ConditionElement{Operator: "IpAddress", Key: "aws:SourceIp", Values: []string{"203.0.113.0/24"}}
	case 1:
		return iam.ConditionElement{Operator: pick(d, "Bool", "StringEquals"), Key: "aws:SecureTransport", Values: []string{pick(d, "true", "true", "false")}}
	case 2:
		return iam.ConditionElement{Operator: "Null", Key: pick(d, "aws:PrincipalTag/t", "dynamodb:LeadingKeys"), Values: []string{pick(d, "true", "false")}}
	case 3, 4:
		values := pick(d, []string{"a"}, []string{"b"}, []string{"a", "b"})
		return iam.ConditionElement{Operator: pick(d, "ForAllValues:StringEquals", "ForAllValues:StringEquals", "ForAnyValue:StringEquals"), Key: "dynamodb:LeadingKeys", Values: values}
	case 5:
		return iam.ConditionElement{Operator: pick(d, "StringEquals", "StringNotEquals"), Key: "aws:RequestedRegion", Values: []string{pick(d, "us-east-1", "eu-west-1")}}
	}
	operator := pick(d, "StringEquals", "StringLike", "StringNotEquals", "StringEqualsIfExists", "StringNotLike")
	return iam.ConditionElement{Operator: operator, Key: "aws:PrincipalTag/t", Values: []string{pick(d, "a", "b", "a*")}}
}

func (d dice) statement(effect iam.Effect, variables bool) iam.Statement {
	s := iam.Statement{Effect: effect}
	for range 1 + d.IntN(2) {
		s.Action = append(s.Action, pick(d, "s3:GetObject", "s3:PutObject", "s3:?etObject", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:?etItem", "sqs:SendMessage", "sqs:ListQueues", "sqs:*"))
	}
	if variables && d.chance(1) {
		s.NotAction, s.Action = s.Action, nil
	}
	for range 1 + d.IntN(2) {
		s.Resource = append(s.Resource, d.resource(variables))
	}
	if variables && d.chance(8) {
		s.NotResource, s.Resource = s.Resource, nil
	}
	if d.chance(30) {
		s.Conditions = append(s.Conditions, d.condition())
	}
	return s
}

func (d dice) document(most int) *iam.Document {
	doc := &iam.Document{Version: iam.Version2012}
	for range 1 + d.IntN(most) {
		effect := iam.Allow
		if d.chance(20) {
			effect = iam.Deny
		}
		doc.Statements = append(doc.Statements, d.statement(effect, true))
	}
	return doc
}

// asked is one call of the universe: whether the role may make it, and whether
// some need asks for it.
type asked struct {
	*iam.Request
	values          iam.Context
	allowed, needed bool
}

// world is a case: needs and a role, for the engine and for the oracle.
type world struct {
	needs []Need
	given Given
	role  oracle.World
	asked oracle.World
	keys  []string // of allValues that some document names
	// hasVariables: a resource of the role holds a variable.
	hasVariables bool
	checker      *checker
	universe     []asked
}

func (d dice) world() *world {
	w := &world{given: Given{Caller: session, Policies: &iam.Policies{}}}
	for range 1 + d.IntN(3) {
		n := Need{Statement: d.statement(iam.Allow, false)}
		w.needs = append(w.needs, n)
		w.asked.Identity = append(w.asked.Identity, &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{n.Statement}})
	}
	identity := d.document(4)
	if d.chance(50) { // close to what is needed
		for _, n := range w.needs {
			if d.chance(80) {
				identity.Statements = append(identity.Statements, n.Statement)
			}
		}
	}
	w.role.Identity = []*iam.Document{identity}
	if d.chance(15) {
		w.role.Boundary = d.document(3)
	}
	if d.chance(15) {
		everything := iam.Statement{Effect: iam.Allow, Action: []string{"*"}, Resource: []string{"*"}}
		doc := &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{everything, d.statement(iam.Deny, true)}}
		w.role.SCPs = [][]*iam.Document{{doc}}
	}
	w.compile()
	return w
}

func (w *world) compile() {
	p := w.given.Policies
	for _, doc := range w.role.Identity {
		p.Identity = append(p.Identity, iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity, Name: "role"}))
	}
	if w.role.Boundary != nil {
		p.Boundary = iam.Compile(w.role.Boundary, iam.Origin{Type: iam.TypeBoundary})
	}
	for _, level := range w.role.SCPs {
		p.SCPs = append(p.SCPs, []*iam.Policy{iam.Compile(level[0], iam.Origin{Type: iam.TypeSCP})})
	}
	all := p.Keys()
	for _, n := range w.needs {
		for _, e := range n.Statement.Conditions {
			all = append(all, iam.Key(e.Key))
		}
	}
	for key := range allValues {
		if slices.Contains(all, key) {
			w.keys = append(w.keys, key)
		}
	}
	slices.Sort(w.keys)
	w.checker = newChecker(nil, w.given)
	for thing, actions := range allActions {
		for _, action := range actions {
			for _, arn := range allResources(thing) {
				for _, ctx := range allContexts(w.keys) {
					req := w.request(action, arn, ctx)
					w.universe = append(w.universe, asked{req, ctx, allows(&w.role, req), allows(&w.asked, req)})
				}
			}
		}
	}
	for _, r := range rules(p) {
		w.hasVariables = w.hasVariables || len(unknownIn(r.Match, func(string) bool { return true })) > 0
	}
}
