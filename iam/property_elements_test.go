package iam_test

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

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
	if kind == iam.TypeResource && effect == iam.Allow && g.chance(20) { // it may make a public policy less so
		s.Conditions = append(s.Conditions, iam.ConditionElement{
			Operator: pick(g.dice, "IpAddress", "NotIpAddress", "StringEquals", "StringLike", "ArnLike", "ForAnyValue:ArnLike", "ForAllValues:StringEquals") + pick(g.dice, "", "IfExists"),
			Key:      pick(g.dice, "aws:SourceIp", "aws:userid", "aws:SourceArn", "aws:SourceVpce"),
			Values:   []string{pick(g.dice, "0.0.0.0/0", "203.0.113.0/24", "::/8", "arn:aws:s3:::bucket", "arn:aws:*:*:"+here+":*", "arn:aws:s3:::*", "AIDAEXAMPLE", "AIDA*", "${aws:userid}", "alice${*}")},
		})
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
