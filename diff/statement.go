package diff

import (
	"regexp"
	"sort"
	"strings"

	"github.com/writ-dev/writ/cfn"
)

// Statement is one policy statement, its intrinsics as text.
type Statement struct {
	Sid        string  `json:"sid,omitempty"`
	Effect     string  `json:"effect,omitempty"`
	Resources  Targets `json:"resources"`
	Actions    Targets `json:"actions"`
	Principals Targets `json:"principals"`
	Condition  any     `json:"condition,omitempty"`
	// Unparsed is the text of a statement that is only known when deployed
	// (Fn::If); all else is empty then.
	Unparsed string `json:"unparsed,omitempty"`
	// imported is set for a statement of an import. It is no part of what a
	// statement is: one that only moves gives nobody anything.
	imported bool
	// bounds is the logical id of the role or user that it bounds, "" for none.
	bounds string
}

// Targets is a list of actions, resources or principals; Not is set for
// NotAction, NotResource and NotPrincipal.
type Targets struct {
	Not    bool     `json:"not,omitempty"`
	Values []string `json:"values,omitempty"`
}

func (t Targets) empty() bool { return len(t.Values) == 0 }

func (s Statement) key() string {
	parts := []string{s.Sid, s.Effect, s.Unparsed, compact(s.Condition)}
	for _, t := range []Targets{s.Resources, s.Actions, s.Principals} {
		if t.Not {
			parts = append(parts, "not")
		}
		parts = append(parts, strings.Join(t.Values, "\x01"))
	}
	return strings.Join(parts, "\x00")
}

// parseDocument gives the statements of a policy document.
func parseDocument(document any) []Statement {
	rendered := textOf(document)
	object, ok := rendered.(*cfn.Object)
	if !ok {
		if text, ok := rendered.(string); ok && text != "" {
			return []Statement{{Unparsed: text}}
		}
		return nil
	}
	list, _ := object.Get("Statement")
	items, ok := list.([]any)
	if !ok {
		items = []any{list}
	}
	var out []Statement
	for _, item := range items {
		switch item := item.(type) {
		case *cfn.Object:
			out = append(out, parseStatement(item))
		case string:
			out = append(out, Statement{Unparsed: item})
		}
	}
	return out
}

func parseStatement(o *cfn.Object) Statement {
	s := Statement{Sid: o.Text("Sid"), Effect: o.Text("Effect")}
	if s.Effect != "Allow" && s.Effect != "Deny" {
		s.Effect = "Unknown"
	}
	s.Actions = targets(o, "Action")
	s.Resources = targets(o, "Resource")
	s.Principals = targets(o, "Principal")
	s.Condition, _ = o.Get("Condition")
	return s
}

func targets(o *cfn.Object, name string) Targets {
	v, ok := o.Get(name)
	t := Targets{}
	if !ok {
		if v, ok = o.Get("Not" + name); ok {
			t.Not = true
		}
	}
	t.Values = texts(v)
	sort.Strings(t.Values)
	return t
}

// texts flattens a scalar, a list, or a map of kinds (AWS, Service, ...).
func texts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		var out []string
		for _, item := range v {
			out = append(out, texts(item)...)
		}
		return out
	case *cfn.Object:
		var out []string
		for kind, item := range v.All() {
			for _, text := range texts(item) {
				out = append(out, kind+":"+text)
			}
		}
		return out
	}
	text, _ := scalar(v)
	return []string{text}
}

// isAny reports whether a list says nothing, or only "*".
func isAny(t Targets) bool { return t.empty() || len(t.Values) == 1 && t.Values[0] == "*" && !t.Not }

// statements collects every policy statement of a template.
func statements(root *cfn.Object) []Statement {
	var out []Statement
	for id, v := range root.Object("Resources").All() {
		resource, ok := v.(*cfn.Object)
		if !ok {
			continue
		}
		of := statementsOf(id, resource.Text("Type"), resource.Object("Properties"))
		if isImport(resource) {
			for i := range of {
				of[i].imported = true
			}
		}
		out = append(out, of...)
	}
	return out
}

func statementsOf(id, resourceType string, properties *cfn.Object) []Statement {
	switch {
	case identityPolicies[resourceType]:
		return identityPolicy(properties)
	case resourceType == "AWS::Lambda::Permission":
		return []Statement{lambdaPermission(properties)}
	case resourcePolicies[resourceType]:
		return resourcePolicy(properties)
	}
	var out []Statement
	for name, v := range properties.All() {
		switch property := resourceType + "." + name; {
		case inlineIdentity[property]:
			for _, policy := range list(v) {
				if o, ok := policy.(*cfn.Object); ok {
					document, _ := o.Get("PolicyDocument")
					out = append(out, ofIdentity(parseDocument(document), "AWS:${"+id+"}")...)
				}
			}
		case inlineResource[property]:
			if o, ok := v.(*cfn.Object); ok { // a table wraps its document once more
				if inner, ok := o.Get("PolicyDocument"); ok {
					v = inner
				}
			}
			for _, s := range parseDocument(v) {
				if isAny(s.Resources) && s.Unparsed == "" {
					s.Resources = Targets{Values: []string{"${" + id + ".Arn}"}}
				}
				if resourceType == "AWS::SSO::PermissionSet" && isAny(s.Principals) {
					s.Principals = Targets{Values: []string{"AWS:${" + id + "}"}}
				}
				out = append(out, s)
			}
		}
	}
	return out
}

func list(v any) []any {
	if items, ok := v.([]any); ok {
		return items
	}
	return nil
}

func ofIdentity(statements []Statement, principal string) []Statement {
	for i := range statements {
		if isAny(statements[i].Principals) && statements[i].Unparsed == "" {
			statements[i].Principals = Targets{Values: []string{principal}}
		}
	}
	return statements
}

// identityPolicy gives a copy of the statements for each identity that the
// policy is attached to; one that is attached to none gives nobody anything.
func identityPolicy(properties *cfn.Object) []Statement {
	document, _ := properties.Get("PolicyDocument")
	var identities []string
	for _, kind := range []string{"Groups", "Users", "Roles", "GroupName", "UserName", "RoleName"} {
		v, _ := properties.Get(kind)
		identities = append(identities, texts(textOf(v))...)
	}
	var out []Statement
	for _, identity := range identities {
		out = append(out, ofIdentity(parseDocument(document), "AWS:"+identity)...)
	}
	return out
}

// resourcePolicy reads resources that are nothing but a policy on something
// else: a document in a property named like a policy, and its target.
func resourcePolicy(properties *cfn.Object) []Statement {
	var document any
	target := "???"
	found, others := false, 0
	for name, v := range properties.All() {
		switch {
		case !found && strings.Contains(name, "Policy"):
			document, found = v, true
		case !strings.HasSuffix(name, "Name"):
			others++
			if t := texts(textOf(v)); len(t) > 0 {
				target = strings.Join(t, "\n")
			}
		}
	}
	if others != 1 {
		target = "???"
	}
	var out []Statement
	for _, one := range strings.Split(target, "\n") {
		for _, s := range parseDocument(document) {
			if isAny(s.Resources) && s.Unparsed == "" {
				s.Resources = Targets{Values: []string{one}}
			}
			out = append(out, s)
		}
	}
	return out
}

var accountID = regexp.MustCompile(`^\d{12}$`)

// lambdaPermission is the statement that Lambda makes of an AddPermission.
func lambdaPermission(properties *cfn.Object) Statement {
	text := func(name string) string {
		v, _ := properties.Get(name)
		t, _ := scalar(textOf(v))
		return t
	}
	s := Statement{Effect: "Allow"}
	s.Actions.Values = []string{text("Action")}
	s.Resources.Values = []string{text("FunctionName")}
	switch principal := text("Principal"); {
	case principal == "*":
		s.Principals.Values = []string{"*"}
	case accountID.MatchString(principal):
		s.Principals.Values = []string{"AWS:arn:aws:iam::" + principal + ":root"}
	default:
		s.Principals.Values = []string{"Service:" + principal}
	}
	condition := &cfn.Object{}
	for _, limit := range []struct{ property, operator, key string }{
		{"SourceArn", "ArnLike", "AWS:SourceArn"},
		{"SourceAccount", "StringEquals", "AWS:SourceAccount"},
		{"EventSourceToken", "StringEquals", "lambda:EventSourceToken"},
		{"PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"},
		{"FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"},
	} {
		if v := text(limit.property); v != "" {
			keys := condition.Object(limit.operator)
			if keys == nil {
				keys = &cfn.Object{}
				condition.Set(limit.operator, keys)
			}
			keys.Set(limit.key, v)
		}
	}
	if condition.Len() > 0 {
		s.Condition = condition
	}
	return s
}

// attachments collects the managed policies that identities hold.
func attachments(root *cfn.Object) []Attachment {
	var out []Attachment
	for id, v := range root.Object("Resources").All() {
		resource, ok := v.(*cfn.Object)
		if !ok {
			continue
		}
		for name, value := range resource.Object("Properties").All() {
			if !managedPolicies[resource.Text("Type")+"."+name] {
				continue
			}
			for _, arn := range texts(textOf(value)) {
				out = append(out, Attachment{Identity: "${" + id + "}", Policy: arn})
			}
		}
	}
	return out
}
