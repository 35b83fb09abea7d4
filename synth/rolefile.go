package synth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/topology"
)

// fromFile adds a policy that is just what a role file says.
func (b *builder) fromFile(p principal, policyID, name string, choice roles.Choice) (waits []any) {
	document := b.fileDocument(choice.File, p, iam.TypeIdentity)
	if document == nil {
		return nil
	}
	b.noteFile(p, policyID, choice.File, document)
	b.inlinePolicy(p, policyID, name, b.fileValue(choice.File))
	return []any{policyID}
}

// boundary adds, once for each file, the managed policy that bounds the roles
// that the file speaks for; it gives the policy's logical id.
func (b *builder) boundary(p principal, choice roles.Choice) string {
	of, what, name := p.stem()+"Own", p.what(), string(p.kind)+"-"+p.name // a function may be called "function"
	if choice.Source == roles.Base || choice.Source == roles.Namespaced {
		of, what, name = title(string(p.kind)), "every "+string(p.kind), string(p.kind)
	}
	id := of + "Boundary"
	if b.meaning[id] != "" {
		return id
	}
	document := b.fileDocument(choice.File, p, iam.TypeBoundary)
	if document == nil {
		return id
	}
	b.noteFile(p, id, choice.File, document)
	name = "tc-" + b.t.Name + "-" + strings.TrimSuffix(name, "-") + "-boundary-" + b.o.Sandbox
	name = fit(name, replace(name, "+=,.@_-"), 128)
	b.claim("policy", name, what, choice.Position)
	b.add(id, "the permissions boundary of "+what, choice.Position, cfn.Obj(
		"Type", "AWS::IAM::ManagedPolicy",
		"Properties", cfn.Obj(
			"ManagedPolicyName", name,
			"Description", "What "+what+" of "+b.t.Name+" in sandbox "+b.o.Sandbox+" may do at most",
			"PolicyDocument", b.fileValue(choice.File),
		),
	))
	return id
}

// noteFile says for each statement of a file where it stands.
func (b *builder) noteFile(p principal, policyID string, file *roles.File, document *iam.Document) {
	for i, s := range document.Statements {
		b.out.Statements = append(b.out.Statements, Provenance{
			Kind: p.kind, Name: p.name, Role: p.stem() + "Role", Policy: policyID, Index: i, Sid: s.Sid,
			Position: s.Position, Edge: "role file",
		})
	}
}

// fileDocument checks a file with the values of this sandbox; nil after an error.
func (b *builder) fileDocument(file *roles.File, p principal, use iam.PolicyType) *iam.Document {
	document, err := file.Document(b.sample)
	if err != nil {
		b.failOnce(err)
		return nil
	}
	if err := readAsTemplate(document); err != nil {
		b.failOnce(err)
		return nil
	}
	text, err := document.MarshalJSON()
	if quota, known := iam.QuotaOf(use); err == nil && known {
		err = quota.Check(text)
	}
	if err != nil {
		b.failOnce(writ.Errorf(writ.CodeOf(err), "the role file is too long as %s policy: %w", use, err).
			WithHint("shorten it, or split it over roles/FUNCTION.json").At(writ.Position{File: file.Path, Line: 1, Col: 1}, ""))
		return nil
	}
	return document
}

// readAsTemplate refuses keys of conditions that CloudFormation would read as a
// function of its own: {"StringEquals": {"Ref": "AWS::NoValue"}} is a condition
// to IAM, and to CloudFormation it is none at all.
func readAsTemplate(document *iam.Document) error {
	for _, s := range document.Statements {
		for _, c := range s.Conditions {
			if c.Key == "Ref" || c.Key == "Condition" || strings.HasPrefix(c.Key, "Fn::") {
				return writ.Errorf(writ.CodeInvalid, "%q is no key of a condition: CloudFormation would read it as a function of its own", c.Key).
					WithHint("a role file is a policy, with variables such as {{sandbox}}").At(s.Position, "")
			}
		}
	}
	return nil
}

// failOnce notes an error that several entities would repeat.
func (b *builder) failOnce(err error) {
	known, ok := err.(*writ.Error)
	if !ok {
		known = writ.Errorf(writ.CodeInvalid, "%w", err)
	}
	if !slices.ContainsFunc(b.errs, func(e error) bool { return fmt.Sprint(e) == fmt.Sprint(known) }) {
		b.fail(known)
	}
}

// sample gives the value of a template variable as plain text, with the local
// account and region where the template has references.
func (b *builder) sample(name string) (string, string) {
	value, why := b.variableValue(name)
	if why != "" {
		return "", why
	}
	if text, isText := value.(string); isText {
		return text, ""
	}
	if name == "region" {
		return "us-east-1", ""
	}
	return "000000000000", ""
}

// plain fills in a name that must not depend on the account: IAM names are
// known before the stack is made.
func (b *builder) plain(name string, p principal) string {
	text, isText := b.render(name, p.pos).(string)
	if !isText {
		b.fail(writ.Errorf(writ.CodeInvalid, "the name of a role cannot hold {{account}} or {{region}}").At(p.pos, ""))
		return name
	}
	if !roleName.MatchString(text[strings.LastIndexByte(text, '/')+1:]) && !strings.HasPrefix(text, "arn:") {
		b.failOnce(notARoleName(text, p))
	}
	return text
}

func notARoleName(name string, p principal) *writ.Error {
	return writ.Errorf(writ.CodeInvalid, "%q cannot be a role's name", name).At(p.pos, "").
		WithHint("IAM takes letters, digits and any of _+=,.@-, 64 at most")
}

// roleName is what IAM takes; the variables of a name have their values here.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
var roleName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)

// fileValue gives a file's document with the sandbox's values filled in; what
// the document says is left as it is.
func (b *builder) fileValue(file *roles.File) *cfn.Object {
	d := json.NewDecoder(bytes.NewReader(file.Text()))
	d.UseNumber()
	var document map[string]any
	if err := d.Decode(&document); err != nil { // it was parsed before
		b.failOnce(err)
		return nil
	}
	return b.policyValue(document, writ.Position{File: file.Path, Line: 1, Col: 1}, documentOrder).(*cfn.Object)
}

// The order in which people expect the elements of a policy.
var (
	documentOrder  = []string{"Version", "Id", "Statement"}
	statementOrder = []string{"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)

func (b *builder) policyValue(v any, pos writ.Position, order []string) any {
	switch v := v.(type) {
	case map[string]any:
		o := &cfn.Object{}
		for _, key := range inOrder(v, order) {
			next := []string(nil)
			if key == "Statement" {
				next = statementOrder
			}
			name, isText := b.render(key, pos).(string) // a key of a condition may hold a variable
			if !isText {
				b.failOnce(writ.Errorf(writ.CodeInvalid, "%q is a key, and CloudFormation fills {{account}} and {{region}} in only where a value stands", key).
					WithHint("write the number of the account, or the name of the region").At(pos, ""))
			}
			o.Set(name, b.policyValue(v[key], pos, next))
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = b.policyValue(item, pos, order)
		}
		return list
	}
	return b.templateValue(v, pos)
}

// inOrder gives the keys of an object: those of order first, the others sorted.
func inOrder(o map[string]any, order []string) []string {
	keys := sortedKeys(o)
	slices.SortStableFunc(keys, func(x, y string) int { return rank(order, x) - rank(order, y) })
	return keys
}

func rank(order []string, key string) int {
	if i := slices.Index(order, key); i >= 0 {
		return i
	}
	return len(order)
}

// abbreviated is tc's {{abbr_namespace}}: the first letters of the parts of a
// name of more than 15 characters.
func abbreviated(t *topology.Topology) string {
	if len(t.Name) <= 15 {
		return t.Name
	}
	short := ""
	for _, part := range strings.FieldsFunc(t.Name, func(r rune) bool { return r == '-' }) {
		short += part[:1]
	}
	return short
}
