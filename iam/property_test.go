package iam_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/iam"
)

// The vocabulary is small on purpose, so that statements and requests meet.
var (
	someActions   = []string{"s3:GetObject", "s3:PutObject", "s3:Get*", "s3:*", "S3:getobject", "s3:?etObject", "sqs:SendMessage", "sqs:*", "*", "kms:Decrypt"}
	someResources = []string{"*", "arn:aws:s3:::b/k", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::*/k", "arn:aws:sqs:us-east-1:111122223333:q", "arn:aws:sqs:*", "arn:aws:kms:us-east-1:111122223333:key/1", "arn:aws:s3:::b/?"}
	someCallers   = []string{
		"arn:aws:iam::111122223333:user/alice", "arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:iam::111122223333:root",
		"arn:aws:sts::111122223333:federated-user/alice", "arn:aws:iam::444455556666:user/bob", "lambda.amazonaws.com", "anonymous",
	}
	somePrincipals = []iam.PrincipalElement{
		{All: true},
		{AWS: []string{"111122223333"}},
		{AWS: []string{"arn:aws:iam::111122223333:user/alice"}},
		{AWS: []string{"arn:aws:iam::111122223333:role/x/app"}},
		{AWS: []string{"arn:aws:sts::111122223333:assumed-role/app/s", "444455556666"}},
		{Service: []string{"lambda.amazonaws.com"}},
	}
	someConditions = []iam.ConditionElement{
		{Operator: "StringEquals", Key: "aws:username", Values: []string{"alice"}},
		{Operator: "StringNotLike", Key: "aws:username", Values: []string{"a*", "${aws:userid}"}},
		{Operator: "ForAllValues:StringLike", Key: "aws:TagKeys", Values: []string{"e*"}},
		{Operator: "ForAnyValue:StringNotEquals", Key: "aws:TagKeys", Values: []string{"env"}},
		{Operator: "BoolIfExists", Key: "aws:SecureTransport", Values: []string{"true"}},
		{Operator: "Null", Key: "aws:username", Values: []string{"true"}},
	}
)

func genStatement(t *rapid.T, kind iam.PolicyType) iam.Statement {
	s := iam.Statement{Effect: rapid.SampledFrom([]iam.Effect{iam.Allow, iam.Allow, iam.Deny}).Draw(t, "effect")}
	actions := rapid.SliceOfN(rapid.SampledFrom(someActions), 1, 3).Draw(t, "actions")
	if rapid.IntRange(0, 5).Draw(t, "notaction") == 0 {
		s.NotAction = actions
	} else {
		s.Action = actions
	}
	if kind != iam.TypeTrust {
		resources := rapid.SliceOfN(rapid.SampledFrom(someResources), 1, 2).Draw(t, "resources")
		if rapid.IntRange(0, 5).Draw(t, "notresource") == 0 {
			s.NotResource = resources
		} else {
			s.Resource = resources
		}
	}
	if kind == iam.TypeResource || kind == iam.TypeKey {
		p := rapid.SampledFrom(somePrincipals).Draw(t, "principal")
		if rapid.IntRange(0, 5).Draw(t, "notprincipal") == 0 {
			s.NotPrincipal = &p
		} else {
			s.Principal = &p
		}
	}
	if rapid.Bool().Draw(t, "conditional") {
		s.Conditions = []iam.ConditionElement{rapid.SampledFrom(someConditions).Draw(t, "condition")}
	}
	return s
}

func genDocument(t *rapid.T, kind iam.PolicyType) *iam.Document {
	d := &iam.Document{Version: iam.Version2012}
	most := rapid.SampledFrom([]int{2, 4, 24}).Draw(t, "most") // enough for an index now and then
	for range rapid.IntRange(1, most).Draw(t, "statements") {
		d.Statements = append(d.Statements, genStatement(t, kind))
	}
	return d
}

// situation is a set of documents before they are compiled, so that a test can change one.
type situation struct {
	kinds []iam.PolicyType
	docs  []*iam.Document
}

func genSituation(t *rapid.T) situation {
	s := situation{kinds: []iam.PolicyType{iam.TypeIdentity}}
	for _, kind := range []iam.PolicyType{iam.TypeIdentity, iam.TypeResource, iam.TypeBoundary, iam.TypeSession, iam.TypeSCP} {
		if rapid.IntRange(0, 2).Draw(t, "has") == 0 {
			s.kinds = append(s.kinds, kind)
		}
	}
	for _, kind := range s.kinds {
		s.docs = append(s.docs, genDocument(t, kind))
	}
	return s
}

func (s situation) policies() *iam.Policies {
	p := &iam.Policies{}
	for i, kind := range s.kinds {
		compiled := iam.Compile(s.docs[i], iam.Origin{Type: kind, Name: fmt.Sprint(i)})
		switch kind {
		case iam.TypeIdentity:
			p.Identity = append(p.Identity, compiled)
		case iam.TypeResource:
			p.Resource = compiled
		case iam.TypeBoundary:
			p.Boundary = compiled
		case iam.TypeSession:
			p.Session = append(p.Session, compiled)
		case iam.TypeSCP:
			p.SCPs = append(p.SCPs, []*iam.Policy{compiled})
		}
	}
	return p
}

// with gives the situation with a statement put somewhere into document i.
func (s situation) with(i, at int, extra iam.Statement) situation {
	doc := *s.docs[i]
	doc.Statements = slices.Insert(slices.Clone(doc.Statements), at%(len(doc.Statements)+1), extra)
	docs := slices.Clone(s.docs)
	docs[i] = &doc
	return situation{s.kinds, docs}
}

func genRequest(t *rapid.T) *iam.Request {
	req := &iam.Request{
		Principal:       iam.ParsePrincipal(rapid.SampledFrom(someCallers).Draw(t, "caller")),
		Action:          rapid.SampledFrom([]string{"s3:GetObject", "s3:PutObject", "sqs:SendMessage", "kms:Decrypt"}).Draw(t, "action"),
		Resource:        rapid.SampledFrom([]string{"arn:aws:s3:::b/k", "arn:aws:s3:::b/alice", "arn:aws:sqs:us-east-1:111122223333:q", "arn:aws:kms:us-east-1:111122223333:key/1", "*"}).Draw(t, "resource"),
		ResourceAccount: "111122223333",
		Context:         iam.Context{},
	}
	for key, values := range map[string][]iam.Value{
		"aws:username":        {{}, iam.One("alice"), iam.One("bob"), iam.One("*")},
		"aws:tagkeys":         {{}, iam.Many("env"), iam.Many("env", "team"), iam.Many()},
		"aws:securetransport": {{}, iam.One("true"), iam.One("false")},
	} {
		if v := rapid.SampledFrom(values).Draw(t, key); v.Values != nil || v.Multi {
			req.Context[key] = v
		}
	}
	return req
}

func TestAddingADenyNeverAllows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, req := genSituation(t), genRequest(t)
		i := rapid.IntRange(0, len(s.docs)-1).Draw(t, "document")
		extra := genStatement(t, s.kinds[i])
		extra.Effect = iam.Deny
		before := iam.Decide(req, s.policies())
		after := iam.Decide(req, s.with(i, rapid.IntRange(0, 4).Draw(t, "at"), extra).policies())
		if after == iam.Allowed && before != iam.Allowed {
			t.Fatalf("from %s to %s by a Deny", before, after)
		}
	})
}

func TestAddingAnAllowNeverDenies(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, req := genSituation(t), genRequest(t)
		i := rapid.IntRange(0, len(s.docs)-1).Draw(t, "document")
		extra := genStatement(t, s.kinds[i])
		extra.Effect = iam.Allow
		before := iam.Decide(req, s.policies())
		after := iam.Decide(req, s.with(i, rapid.IntRange(0, 4).Draw(t, "at"), extra).policies())
		if before == iam.Allowed && after != iam.Allowed || before == iam.ImplicitlyDenied && after == iam.ExplicitlyDenied {
			t.Fatalf("from %s to %s by an Allow", before, after)
		}
	})
}

func TestOrderIsIrrelevant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, req := genSituation(t), genRequest(t)
		before := iam.Evaluate(req, s.policies())
		for i := range s.docs {
			doc := *s.docs[i]
			doc.Statements = rapid.Permutation(doc.Statements).Draw(t, "order")
			s.docs[i] = &doc
		}
		after := iam.Evaluate(req, s.policies())
		if before.Verdict != after.Verdict || !slices.Equal(before.BlockedBy, after.BlockedBy) {
			t.Fatalf("from %s %v to %s %v by reordering", before.Verdict, before.BlockedBy, after.Verdict, after.BlockedBy)
		}
	})
}

// The one index over many policies finds what the many find.
func TestUnionIsTheList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, req := situation{}, genRequest(t)
		for range rapid.IntRange(1, 8).Draw(t, "policies") {
			s.kinds = append(s.kinds, iam.TypeIdentity)
			s.docs = append(s.docs, genDocument(t, iam.TypeIdentity))
		}
		many := s.policies()
		one := &iam.Policies{Identity: []*iam.Policy{iam.Union(many.Identity)}}
		if a, b := iam.Decide(req, many), iam.Decide(req, one); a != b {
			t.Fatalf("the list says %s, the union %s", a, b)
		}
	})
}

// One verdict, however it is asked for; a denial has a cause and a sentence;
// and the statement that is said to be missing is what was missing.
func TestExplainingChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, req := genSituation(t), genRequest(t)
		p := s.policies()
		d, e := iam.Evaluate(req, p), iam.Explain(req, p)
		if v := iam.Decide(req, p); v != d.Verdict || e.Decision.Verdict != v {
			t.Fatalf("Decide %s, Evaluate %s, Explain %s", v, d.Verdict, e.Decision.Verdict)
		}
		if denied := d.Verdict != iam.Allowed; denied != (len(d.BlockedBy) > 0) || denied != (d.Sentence(req) != "") {
			t.Fatalf("%s, blocked by %v: %q", d.Verdict, d.BlockedBy, d.Sentence(req))
		}
		for _, m := range d.Matched {
			if !slices.Contains(e.Matched, m) {
				t.Fatalf("%v decided, but Explain does not list it among %v", m, e.Matched)
			}
		}
		for _, m := range e.Matched {
			if m.Effect == iam.Deny && d.Verdict != iam.ExplicitlyDenied {
				t.Fatalf("%v matches, but the verdict is %s", m, d.Verdict)
			}
			if m.Effect == iam.Allow && d.Verdict == iam.ImplicitlyDenied && m.Origin.Type == iam.TypeIdentity && slices.Contains(d.BlockedBy, iam.TypeIdentity) {
				t.Fatalf("%v matches, but identity is said not to allow", m)
			}
		}
		if len(d.Reasons(req)) == 0 && d.Verdict != iam.Allowed {
			t.Fatal("no reasons")
		}
		for step := 0; d.Verdict == iam.ImplicitlyDenied; step++ {
			if step == 6 {
				t.Fatalf("adding what is missing does not help: %v", d.BlockedBy)
			}
			missing, where := d.Missing(req)
			if missing == nil {
				t.Fatalf("nothing is said to be missing in %v", d.BlockedBy)
			}
			s = s.grant(where, *missing)
			d = iam.Evaluate(req, s.policies())
		}
	})
}

// grant adds a statement to the documents of a kind, making one if there is none.
func (s situation) grant(kind iam.PolicyType, extra iam.Statement) situation {
	if kind == iam.TypeKey {
		kind = iam.TypeResource
	}
	found := false
	for i := range s.kinds {
		if s.kinds[i] == kind {
			s, found = s.with(i, 0, extra), true
		}
	}
	if !found {
		s = situation{append(slices.Clone(s.kinds), kind), append(slices.Clone(s.docs), &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{extra}})}
	}
	return s
}
