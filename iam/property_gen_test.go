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
	w.BlockPublicAccess = d.chance(15)
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
	if w.key != "aws:TagKeys" && w.key != "dynamodb:LeadingKeys" && !d.chance(4) {
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
	case n < 84:
		return iam.ParsePrincipal(pick(d, "lambda.amazonaws.com", "s3.amazonaws.com"))
	case n < 90:
		return iam.ParsePrincipal("anonymous")
	case n < 94:
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

// statement is one that matches the request, or one that fails by one element.
// The making is not exact, the oracle knows.
func (g generator) statement(kind iam.PolicyType, effect iam.Effect, match bool) iam.Statement {
	s := iam.Statement{Effect: effect}
	wrong := -1
	if !match {
		wrong = g.dice(4)
	}
	if g.chance(12) {
		s.NotAction = g.list(func() string { return g.action(wrong == 0) })
	} else {
		s.Action = g.some(wrong != 0, g.action)
	}
	switch {
	case kind == iam.TypeTrust && g.chance(90):
	case g.chance(12):
		s.NotResource = g.list(func() string { return g.resource(wrong == 1) })
	default:
		s.Resource = g.some(wrong != 1, g.resource)
	}
	if speaksOfPrincipals(kind) && g.chance(97) {
		switch {
		case kind == iam.TypeRCP:
			s.Principal = &iam.PrincipalElement{All: true}
		case g.chance(12):
			s.NotPrincipal = g.principal(wrong == 2 || effect == iam.Deny && g.chance(50))
		default:
			s.Principal = g.principal(wrong != 2)
		}
	}
	if wrong == 3 || g.chance(35) {
		for range pick(g.dice, 1, 1, 1, 2, 3) {
			s.Conditions = append(s.Conditions, g.condition(wrong != 3))
		}
	}
	return s
}

// some is a list with a good entry among others, or without one.
func (g generator) some(good bool, entry func(bool) string) []string {
	list := g.list(func() string { return entry(false) })
	if good {
		list[g.dice(len(list))] = entry(true)
	}
	return list
}

func (g generator) list(entry func() string) []string {
	list := []string{}
	for range pick(g.dice, 1, 1, 1, 2, 3) {
		list = append(list, entry())
	}
	return list
}

func (g generator) action(match bool) string {
	service, name, _ := strings.Cut(g.req.Action, ":")
	if match {
		switch g.dice(6) {
		case 0:
			return "*"
		case 1:
			return service + ":*"
		case 2:
			return g.recase(g.req.Action)
		case 3:
			return g.recase(service) + ":" + g.recase(g.like(name))
		}
		return g.req.Action
	}
	switch g.dice(8) {
	case 0:
		return pick(g.dice, "*:"+name, service+"*", "*"+name, "?*", "**", service+":", ":"+name, service, "", g.like(service)+":"+name, service+":"+name+":*", service+":"+name+" ")
	case 1:
		return g.spoil(g.req.Action)
	case 2:
		return service + ":" + g.like(g.spoil(name))
	}
	return pick(g.dice, calls...).action
}

func (g generator) resource(match bool) string {
	arn := g.req.Resource
	if match {
		switch g.dice(7) {
		case 0, 1:
			return "*"
		case 2:
			return arn
		case 3:
			return g.variables(arn, g.req.Context)
		case 4:
			return g.variables(g.like(arn), g.req.Context)
		}
		parts := strings.SplitN(arn, ":", 6)
		for i := range parts {
			if g.chance(30) {
				parts[i] = g.like(parts[i])
			}
		}
		return strings.Join(parts, ":")
	}
	switch g.dice(5) {
	case 0:
		return pick(g.dice, "arn:aws:s3", "arn:*", "arn:aws:s3:*", "**", "?", "", "arn:aws:sqs:us-east-1:"+here, "arn:aws:sqs:*:"+elsewhere, "arn:${aws:PrincipalTag/Team}:s3:::bucket/*", "*:*", "arn:aws:s3:::", "arn:aws:s3:::bucket*/")
	case 1, 2:
		return g.spoil(arn)
	case 3:
		return g.variables(g.spoil(arn), g.req.Context)
	}
	return pick(g.dice, calls...).resource
}

func (g generator) principal(match bool) *iam.PrincipalElement {
	p := &iam.PrincipalElement{}
	c := g.req.Principal
	if match && g.chance(25) {
		if g.chance(50) {
			return &iam.PrincipalElement{All: true}
		}
		p.AWS = append(p.AWS, "*")
	}
	if match {
		switch c.Kind {
		case iam.PrincipalService:
			p.Service = append(p.Service, c.ARN)
		case iam.PrincipalProvider:
			p.Federated = append(p.Federated, c.ARN)
		case iam.PrincipalCanonical:
			p.CanonicalUser = append(p.CanonicalUser, c.ARN)
		case iam.PrincipalAnonymous:
			return &iam.PrincipalElement{All: true}
		default:
			p.AWS = append(p.AWS, g.nameOf(c))
		}
	}
	for range g.dice(3) {
		switch g.dice(8) {
		case 0:
			p.Service = append(p.Service, pick(g.dice, "lambda.amazonaws.com", "*", "lambda.amazonaws.co", "LAMBDA.amazonaws.com"))
		case 1:
			p.Federated = append(p.Federated, pick(g.dice, "accounts.google.com", "*"))
		default:
			p.AWS = append(p.AWS, pick(g.dice, g.nameOf(g.caller()), g.spoil(c.ARN), "arn:aws:iam::"+c.Account+":user/*", "arn:aws:iam::"+c.Account+":*", elsewhere, "arn:aws-cn:iam::"+c.Account+":root", "AROAEXAMPLE", ""))
		}
	}
	if len(p.AWS)+len(p.Service)+len(p.Federated)+len(p.CanonicalUser) == 0 {
		p.AWS = []string{"arn:aws:iam::" + here + ":user/nobody"}
	}
	return p
}

// nameOf is one of the ways in which a Principal names a caller.
func (g generator) nameOf(c iam.Principal) string {
	account := "arn:aws:iam::" + c.Account + ":"
	switch g.dice(5) {
	case 0:
		return pick(g.dice, c.Account, account+"root")
	case 1, 2:
		parts := strings.Split(c.ARN, "/")
		switch c.Kind {
		case iam.PrincipalSession:
			return account + "role/" + pick(g.dice, "", "path/", "other/") + pick(g.dice, parts[1], g.recase(parts[1]))
		case iam.PrincipalFederated:
			return account + "user/" + pick(g.dice, "", "path/") + parts[1]
		}
	}
	return c.ARN
}

func (g generator) condition(match bool) iam.ConditionElement {
	w := pick(g.dice, words...)
	if match && g.chance(70) { // a key that is there
		if have := slices.DeleteFunc(slices.Clone(words), func(w word) bool { _, ok := g.req.Context[contextKey[w.key]]; return !ok }); len(have) > 0 {
			w = pick(g.dice, have...)
		}
	}
	value, present := g.req.Context[contextKey[w.key]]
	c := iam.ConditionElement{Operator: pick(g.dice, families[w.family]...), Key: pick(g.dice, w.key, w.key, g.recase(w.key))}
	switch g.dice(20) {
	case 0:
		c.Operator = pick(g.dice, families[pick(g.dice, "String", "Ip", "Date", "Numeric", "Bool", "Arn", "Binary")]...)
	case 1:
		return iam.ConditionElement{Operator: pick(g.dice, "Null", "Null", "null", "NullIfExists", "ForAllValues:Null", "ForAnyValue:Null"), Key: c.Key, Values: []string{pick(g.dice, "true", "false", "TRUE", "x", "")}}
	}
	not := strings.Contains(c.Operator, "Not")
	for range pick(g.dice, 0, 1, 1, 1, 1, 2, 3, 9) {
		from := pick(g.dice, w.values...)
		if present && len(value.Values) > 0 && match != not {
			from = pick(g.dice, value.Values...)
		}
		if (w.family == "String" || w.family == "Arn") && g.chance(35) {
			from = pick(g.dice, g.variables(from, g.req.Context), g.like(from), g.spoil(from))
		}
		c.Values = append(c.Values, from)
	}
	if value.Multi && g.chance(85) || g.chance(8) {
		c.Operator = pick(g.dice, "ForAllValues:", "ForAnyValue:", "forallvalues:") + c.Operator
	}
	if g.chance(15) {
		c.Operator += "IfExists"
	}
	if g.chance(3) {
		c.Operator = g.recase(c.Operator)
	}
	if g.chance(2) {
		c.Operator = pick(g.dice, c.Operator+"X", "ForSomeValues:"+c.Operator, "ForAllValues:ForAnyValue:StringEquals", "", "BoolNotEquals", "StringEqualsIfExistsIfExists")
	}
	return c
}
