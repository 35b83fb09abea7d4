package iam_test

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/internal/oracle"
)

// situation is a request with the documents around it, so that a test can
// change one before they are compiled.
type situation struct {
	req   iam.Request
	world oracle.World
}

// situation draws a request first and then documents that speak of it: most
// elements are made to match, and now and then one is not.
func (d dice) situation() situation {
	s := situation{req: d.request()}
	g := generator{d, &s.req}
	w := &s.world
	w.ResourceKind = resourceKind(&s.req)
	foreign := s.req.ResourceAccount != "" && s.req.ResourceAccount != s.req.Principal.Account
	for range pick(d, 0, 1, 1, 1, 2, 3) {
		w.Identity = append(w.Identity, g.document(iam.TypeIdentity))
	}
	if d.chance(35) || (foreign || w.ResourceKind != iam.TypeResource) && d.chance(85) {
		w.Resource = g.document(w.ResourceKind)
	}
	if d.chance(20) {
		w.Boundary = g.document(iam.TypeBoundary)
	}
	if d.chance(18) {
		for range pick(d, 1, 1, 2) {
			w.Session = append(w.Session, g.document(iam.TypeSession))
		}
	}
	if d.chance(20) {
		w.SCPs = g.levels(iam.TypeSCP)
	}
	if d.chance(15) {
		w.RCPs = g.levels(iam.TypeRCP)
	}
	if d.chance(8) {
		w.Endpoint = g.document(iam.TypeEndpoint)
	}
	w.BlockPublicAccess = d.chance(30)
	return s
}

// resourceKind tells trust and key policies as the corpora do.
func resourceKind(req *iam.Request) iam.PolicyType {
	action := strings.ToLower(req.Action)
	switch {
	case strings.HasPrefix(action, "sts:") && strings.Contains(req.Resource, ":role/"):
		return iam.TypeTrust
	case strings.HasPrefix(action, "kms:") && strings.Contains(req.Resource, ":key/"):
		return iam.TypeKey
	}
	return iam.TypeResource
}

func (d dice) request() iam.Request {
	c := pick(d, calls...)
	req := iam.Request{Principal: d.caller(), Action: c.action, Resource: c.resource, WildcardOnly: c.wildcardOnly, Context: iam.Context{}}
	if d.chance(10) {
		req.Action = d.recase(req.Action)
	}
	if d.chance(8) {
		req.Resource = d.spoil(req.Resource)
	}
	req.ResourceAccount = pick(d, here, here, here, "", elsewhere)
	for _, w := range words {
		if d.chance(55) {
			req.Context[contextKey[w.key]] = d.value(w)
		}
	}
	return req
}

// value is what a request holds under a key: one text, or a set.
func (d dice) value(w word) iam.Value {
	if w.key != "aws:TagKeys" && w.key != "dynamodb:LeadingKeys" && !d.chance(7) {
		return iam.One(pick(d, w.values...))
	}
	value := iam.Many()
	for range d(4) {
		value.Values = append(value.Values, pick(d, w.values...))
	}
	return value
}

// neighbour is the request with one thing changed, for the same policies.
func (d dice) neighbour(req iam.Request) iam.Request {
	switch d(6) {
	case 0:
		req.Principal = d.caller()
	case 1:
		service, _, _ := strings.Cut(req.Action, ":")
		req.Action = service + ":" + pick(d, "GetObject", "DeleteObject", "ListBucket", "SendMessage", "Decrypt", "AssumeRole", "Other")
	case 2:
		req.Resource = d.spoil(req.Resource)
	case 3:
		req.ResourceAccount = pick(d, here, "", elsewhere)
	default:
		ctx := iam.Context{}
		for key, v := range req.Context {
			ctx[key] = v
		}
		w := pick(d, words...)
		delete(ctx, contextKey[w.key])
		if d.chance(70) {
			ctx[contextKey[w.key]] = d.value(w)
		}
		req.Context = ctx
	}
	return req
}

func (d dice) caller() iam.Principal {
	account := pick(d, here, here, here, here, elsewhere)
	name := pick(d, "alice", "bob", "Alice", "path/alice")
	iamARN, stsARN := "arn:aws:iam::"+account+":", "arn:aws:sts::"+account+":"
	switch n := d(100); {
	case n < 30:
		return iam.ParsePrincipal(iamARN + "user/" + name)
	case n < 58:
		p := iam.ParsePrincipal(stsARN + "assumed-role/" + pick(d, "app", "App", "AWSServiceRoleForX") + "/" + pick(d, "s", "t"))
		if d.chance(50) {
			role := strings.Split(p.ARN, "/")[1]
			p.RoleARN = iamARN + "role/" + pick(d, "", "path/", "aws-service-role/x.amazonaws.com/") + role
		}
		return p
	case n < 68:
		p := iam.ParsePrincipal(stsARN + "federated-user/" + pick(d, "alice", "bob"))
		if d.chance(40) {
			p.RoleARN = iamARN + "user/" + name
		}
		return p
	case n < 74:
		return iam.ParsePrincipal(iamARN + "root")
	case n < 83:
		return iam.ParsePrincipal(pick(d, "lambda.amazonaws.com", "s3.amazonaws.com"))
	case n < 88:
		return iam.ParsePrincipal("anonymous")
	case n < 95:
		return iam.ParsePrincipal(iamARN + "role/" + pick(d, "app", "path/app", "aws-service-role/x.amazonaws.com/AWSServiceRoleForX"))
	case n < 97:
		return iam.ParsePrincipal(pick(d, "accounts.google.com", iamARN+"saml-provider/idp"))
	}
	return iam.ParsePrincipal(strings.Repeat("0a", 32))
}

// generator writes policies for one request.
type generator struct {
	dice
	req *iam.Request
}

func (g generator) levels(kind iam.PolicyType) [][]*iam.Document {
	var levels [][]*iam.Document
	for range 1 + g.dice(3) {
		var level []*iam.Document
		for range pick(g.dice, 0, 1, 1, 1, 1, 1, 1, 2) {
			level = append(level, g.document(kind))
		}
		levels = append(levels, level)
	}
	return levels
}

// document has few statements as a rule, and now and then enough for any index.
func (g generator) document(kind iam.PolicyType) *iam.Document {
	doc := &iam.Document{Version: pick(g.dice, iam.Version2012, iam.Version2012, iam.Version2012, iam.Version2012, iam.Version2012, iam.Version2012, iam.Version2008, "")}
	n := 1 + g.dice(3)
	switch r := g.dice(1000); {
	case r >= 999:
		n = 100 + g.dice(300)
	case r >= 940:
		n = 7 + g.dice(14)
	}
	matching := min(75, 160/n) // the more there are, the rarer each may match
	for range n {
		effect, chance := iam.Allow, matching
		if g.dice(100) >= 80 {
			effect, chance = iam.Deny, matching/6
		}
		doc.Statements = append(doc.Statements, g.statement(kind, effect, g.chance(chance)))
	}
	if kind != iam.TypeIdentity && kind != iam.TypeResource && g.chance(60) { // what only limits mostly lets through
		doc.Statements = append(doc.Statements, g.open(kind))
	}
	return doc
}

func (g generator) open(kind iam.PolicyType) iam.Statement {
	s := iam.Statement{Effect: iam.Allow, Action: []string{"*"}, Resource: []string{"*"}}
	if kind == iam.TypeTrust {
		s.Resource = nil
	}
	if speaksOfPrincipals(kind) {
		s.Principal = g.principal(true)
	}
	if kind == iam.TypeRCP || kind == iam.TypeEndpoint {
		s.Principal = &iam.PrincipalElement{All: true}
	}
	return s
}

func speaksOfPrincipals(kind iam.PolicyType) bool {
	return !slices.Contains([]iam.PolicyType{iam.TypeIdentity, iam.TypeBoundary, iam.TypeSession, iam.TypeSCP}, kind)
}
