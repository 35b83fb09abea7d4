package harvest

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/lint"
	"github.com/writ-dev/writ/iam/managed"
)

// grants adds what gives access without a policy document: the permissions and
// URLs of functions, AWS's own policies that are attached, the policy of an
// event bus.
func (h *harvester) grants() {
	switch h.resource.Type {
	case "AWS::Lambda::Permission":
		h.permission("FunctionName", permissionKeys)
	case "AWS::Lambda::LayerVersionPermission":
		h.permission("LayerVersionArn", []bound{{"OrganizationId", "StringEquals", "aws:PrincipalOrgID"}})
	case "AWS::Lambda::Url":
		h.url([]string{"AuthType"}, property(h.resource, "TargetFunctionArn"))
	case "AWS::Serverless::Function":
		h.url([]string{"FunctionUrlConfig", "AuthType"}, "*")
		h.attached("Policies")
	case "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group":
		h.attached("ManagedPolicyArns")
	case "AWS::SSO::PermissionSet":
		h.attached("ManagedPolicies")
	case "AWS::Events::EventBusPolicy":
		if s := property(h.resource, "Statement"); s != nil {
			h.add(cfn.Obj("Version", iam.Version2012, "Statement", s), h.properties(), "")
		}
	}
}

// properties is the path of the resource's properties, or of one of them.
func (h *harvester) properties(inside ...string) []string {
	return append([]string{"Resources", h.resource.ID, "Properties"}, inside...)
}

// bound is a property that becomes a condition.
type bound struct{ property, operator, key string }

// permissionKeys are the conditions that Lambda makes of a permission (AWS
// Lambda API Reference, "AddPermission").
var permissionKeys = []bound{
	{"SourceArn", "ArnLike", "aws:SourceArn"},
	{"SourceAccount", "StringEquals", "aws:SourceAccount"},
	{"PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"},
	{"FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"},
	{"EventSourceToken", "StringEquals", "lambda:EventSourceToken"},
	{"InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"},
}

// permission adds the statement that a permission becomes.
func (h *harvester) permission(target string, bounds []bound) {
	r := h.resource
	places := map[string][]string{"Principal": {"Principal"}, "Action": {"Action"}, "Resource": {target}}
	conditions := cfn.Obj()
	for _, b := range bounds {
		v := property(r, b.property)
		if v == nil || isNoValue(v) {
			continue
		}
		keys := conditions.Object(b.operator)
		if keys == nil {
			keys = cfn.Obj()
			conditions.Set(b.operator, keys)
		}
		keys.Set(b.key, v)
		places[b.key] = []string{b.property}
	}
	statement := cfn.Obj(
		"Effect", "Allow", "Principal", h.principal(property(r, "Principal")),
		"Action", property(r, "Action"), "Resource", h.function(property(r, target)),
	)
	if len(conditions.Keys()) > 0 {
		statement.Set("Condition", conditions)
	}
	h.made(statement, places)
}

// principal writes the principal of a permission as policies do.
func (h *harvester) principal(v any) any {
	text := h.text(v)
	switch {
	case text == "*":
		return text
	case strings.Contains(text, ".") && !strings.HasPrefix(text, "arn:"):
		return cfn.Obj("Service", text)
	}
	return cfn.Obj("AWS", text)
}

// function gives the ARN of a function that is named by its name.
func (h *harvester) function(v any) string {
	text := h.text(v)
	if strings.Contains(text, ":") { // an ARN, or text that is not known
		return text
	}
	return "arn:" + lint.Unknown("AWS.Partition") + ":lambda:" + lint.Unknown("AWS.Region") + ":" + lint.Unknown("AWS.AccountId") + ":function:" + text
}

// url adds what a URL without authentication allows.
func (h *harvester) url(path []string, function any) {
	var auth any = h.resource.Properties
	for _, step := range path {
		o, _ := auth.(*cfn.Object)
		auth, _ = o.Get(step)
	}
	if h.text(auth) != "NONE" {
		return
	}
	h.made(cfn.Obj(
		"Effect", "Allow", "Principal", "*", "Action", "lambda:InvokeFunctionUrl", "Resource", h.function(function),
		"Condition", cfn.Obj("StringEquals", cfn.Obj("lambda:FunctionUrlAuthType", "NONE")),
	), map[string][]string{"Principal": path})
}

// made adds a statement that is put together of properties; places tells which
// one an element, or the key of a condition, comes from.
func (h *harvester) made(statement *cfn.Object, places map[string][]string) {
	in := h.input(cfn.Obj("Version", iam.Version2012, "Statement", []any{statement}), h.properties(), iam.TypeResource)
	in.Name = h.resource.ID
	base := h.properties()
	in.Place = func(inside ...string) (writ.Position, string) {
		at := base
		for _, step := range inside {
			if from, ok := places[step]; ok {
				at = with(base, from...)
			}
		}
		return h.at(at)
	}
	h.found = append(h.found, in)
}

// attached adds AWS's own policies that a property lists, as far as they are known.
func (h *harvester) attached(list string) {
	values := h.resource.Properties.List(list)
	if one := property(h.resource, list); values == nil && one != nil {
		values = []any{one}
	}
	for i, v := range values {
		arn := strings.ReplaceAll(h.text(v), lint.Unknown("AWS.Partition"), "aws")
		p, ok := managed.ByARN(arn)
		if !ok && list == "Policies" { // AWS SAM takes names too
			all := managed.All()
			if at := slices.IndexFunc(all, func(p managed.Policy) bool { return p.Name == arn }); at >= 0 {
				p, ok = all[at], true
			}
		}
		if !ok {
			continue
		}
		in := lint.Input{Type: iam.TypeIdentity, File: h.t.File, Scope: h.t.File, Name: p.Name, Owner: h.holder(), Kept: true}
		in.Document, in.Err = iam.Parse([]byte(p.Document))
		at, line := h.at(h.properties(list, itoa(i)))
		in.Place = func(...string) (writ.Position, string) { return at, line }
		h.found = append(h.found, in)
	}
}
