package inventory

import (
	"slices"
	"strconv"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/managed"
)

type step = map[string]func(*stack, cfn.Resource, *cfn.Object) error

// entities reads what others refer to by name.
func (b *reader) entities() step {
	s := step{
		"AWS::IAM::Role": b.role, "AWS::IAM::User": b.user, "AWS::IAM::Group": b.group, "AWS::IAM::ManagedPolicy": b.managedPolicy,
		"AWS::Lambda::Function": b.function,
	}
	for _, t := range resourceTypes {
		s[t] = b.resource
	}
	return s
}

// attachments reads what is attached to entities.
func (b *reader) attachments() step {
	return step{
		"AWS::IAM::Role": b.rolePolicies, "AWS::IAM::Group": b.groupPolicies,
		"AWS::IAM::Policy": b.inline, "AWS::IAM::ManagedPolicy": b.attached,
		"AWS::IAM::RolePolicy": b.inline, "AWS::IAM::UserPolicy": b.inline, "AWS::IAM::GroupPolicy": b.inline,
		"AWS::Lambda::Permission":             b.permission,
		"AWS::S3::BucketPolicy":               b.resourcePolicy("AWS::S3::Bucket", "Bucket", "PolicyDocument"),
		"AWS::SQS::QueuePolicy":               b.resourcePolicy("AWS::SQS::Queue", "Queues", "PolicyDocument"),
		"AWS::SNS::TopicPolicy":               b.resourcePolicy("AWS::SNS::Topic", "Topics", "PolicyDocument"),
		"AWS::SQS::QueueInlinePolicy":         b.resourcePolicy("AWS::SQS::Queue", "Queue", "PolicyDocument"),
		"AWS::SNS::TopicInlinePolicy":         b.resourcePolicy("AWS::SNS::Topic", "TopicArn", "PolicyDocument"),
		"AWS::SecretsManager::ResourcePolicy": b.resourcePolicy("AWS::SecretsManager::Secret", "SecretId", "ResourcePolicy"),
		"AWS::KMS::Key":                       b.ownPolicy, "AWS::DynamoDB::Table": b.ownPolicy,
	}
}

// users reads users last: they have the policies of their groups.
func (b *reader) users() step {
	return step{"AWS::IAM::User": b.userPolicies, "AWS::IAM::UserToGroupAddition": b.addition}
}

func (b *reader) role(st *stack, r cfn.Resource, o *cfn.Object) error {
	p := &Principal{Entity: st.entity(r.ID), Kind: iam.PrincipalRole, Tags: tags(o)}
	trust, _ := o.Get("AssumeRolePolicyDocument")
	var err error
	p.Trust, err = b.policy(st, r.ID, trust, properties(r.ID, "AssumeRolePolicyDocument"), iam.Origin{Type: iam.TypeTrust, Name: p.Name}, false)
	b.inv.Principals = append(b.inv.Principals, p)
	return err
}

func (b *reader) user(st *stack, r cfn.Resource, o *cfn.Object) error {
	b.inv.Principals = append(b.inv.Principals, &Principal{Entity: st.entity(r.ID), Kind: iam.PrincipalUser, Tags: tags(o)})
	return nil
}

func (b *reader) group(st *stack, r cfn.Resource, _ *cfn.Object) error {
	b.groups[st.entity(r.ID).Name] = &group{}
	return nil
}

func (b *reader) managedPolicy(st *stack, r cfn.Resource, o *cfn.Object) error {
	document, _ := o.Get("PolicyDocument")
	e := st.entity(r.ID)
	b.customer[e.ARN] = &managedPolicy{st: st, id: r.ID, name: e.Name, document: document, path: properties(r.ID, "PolicyDocument")}
	return nil
}

// rolePolicies attaches what the role itself lists, and its boundary.
func (b *reader) rolePolicies(st *stack, r cfn.Resource, o *cfn.Object) error {
	return b.listed(st, r, o, b.byARN(st.entity(r.ID).ARN))
}

func (b *reader) groupPolicies(st *stack, r cfn.Resource, o *cfn.Object) error {
	g := b.groups[st.entity(r.ID).Name]
	holder := &Principal{}
	err := b.listed(st, r, o, holder)
	g.identity = append(g.identity, holder.Identity...)
	return err
}

func (b *reader) userPolicies(st *stack, r cfn.Resource, o *cfn.Object) error {
	p := b.byARN(st.entity(r.ID).ARN)
	if err := b.listed(st, r, o, p); err != nil {
		return err
	}
	for i, v := range list(o, "Groups") {
		b.join(st, r.ID, p, v, properties(r.ID, "Groups", strconv.Itoa(i)))
	}
	return nil
}

// addition is AWS::IAM::UserToGroupAddition.
func (b *reader) addition(st *stack, r cfn.Resource, o *cfn.Object) error {
	groupName, _ := o.Get("GroupName")
	for i, v := range list(o, "Users") {
		at := properties(r.ID, "Users", strconv.Itoa(i))
		if user := b.named(iam.PrincipalUser, v); user != nil {
			b.join(st, r.ID, user, groupName, at)
		} else {
			b.unknown(st, r.ID, "the user "+brief(v)+" is not in the templates", at)
		}
	}
	return nil
}

func (b *reader) join(st *stack, id string, user *Principal, groupName any, path []string) {
	text, _ := groupName.(string)
	if g := b.groups[text]; g != nil {
		user.Identity = append(user.Identity, g.identity...)
		return
	}
	b.unknown(st, id, "the policies of group "+brief(groupName)+" are not in the templates", path)
}

// listed attaches the policies that an entity's own properties hold.
func (b *reader) listed(st *stack, r cfn.Resource, o *cfn.Object, to *Principal) error {
	for i, item := range list(o, "Policies") {
		at := properties(r.ID, "Policies", strconv.Itoa(i))
		entry, _ := item.(*cfn.Object)
		document, _ := entry.Get("PolicyDocument")
		p, err := b.policy(st, r.ID, document, append(at, "PolicyDocument"), iam.Origin{Type: iam.TypeIdentity, Name: entry.Text("PolicyName")}, false)
		if err != nil {
			return err
		}
		to.add(p)
	}
	for i, v := range list(o, "ManagedPolicyArns") {
		p, err := b.managed(st, r.ID, v, properties(r.ID, "ManagedPolicyArns", strconv.Itoa(i)), iam.TypeIdentity)
		if err != nil {
			return err
		}
		to.add(p)
	}
	boundary, ok := o.Get("PermissionsBoundary")
	if !ok {
		return nil
	}
	p, err := b.managed(st, r.ID, boundary, properties(r.ID, "PermissionsBoundary"), iam.TypeBoundary)
	if p == nil && err == nil {
		p = nothing(iam.Origin{Type: iam.TypeBoundary, Name: brief(boundary)}) // not known: it never allows
	}
	to.Boundary = p
	return err
}

// nothing is a policy that allows nothing.
func nothing(origin iam.Origin) *iam.Policy {
	return iam.Compile(&iam.Document{Version: iam.Version2012}, origin)
}

// managed compiles a managed policy by its ARN, nil when its document is not known.
func (b *reader) managed(st *stack, id string, v any, path []string, t iam.PolicyType) (*iam.Policy, error) {
	arn, _ := v.(string)
	if m := b.customer[arn]; m != nil {
		return b.policy(m.st, m.id, m.document, m.path, iam.Origin{Type: t, Name: m.name, ARN: arn}, true)
	}
	if m, ok := managed.ByARN(arn); ok {
		return iam.Load([]byte(m.Document), iam.Origin{Type: t, Name: m.Name, ARN: arn})
	}
	b.unknown(st, id, "the document of the managed policy "+brief(v), path)
	return nil, nil
}

// inline is one policy in several roles, users and groups.
func (b *reader) inline(st *stack, r cfn.Resource, o *cfn.Object) error {
	document, _ := o.Get("PolicyDocument")
	p, err := b.policy(st, r.ID, document, properties(r.ID, "PolicyDocument"), iam.Origin{Type: iam.TypeIdentity, Name: o.Text("PolicyName")}, true)
	if err != nil {
		return err
	}
	return b.attach(st, r, o, p)
}

// attached attaches a managed policy to whom it names itself.
func (b *reader) attached(st *stack, r cfn.Resource, o *cfn.Object) error {
	if !has(o, "Roles") && !has(o, "Users") && !has(o, "Groups") {
		return nil
	}
	p, err := b.managed(st, r.ID, st.entity(r.ID).ARN, properties(r.ID), iam.TypeIdentity)
	if err != nil {
		return err
	}
	return b.attach(st, r, o, p)
}

func (b *reader) attach(st *stack, r cfn.Resource, o *cfn.Object, p *iam.Policy) error {
	for _, target := range []struct {
		key  string
		kind iam.PrincipalKind
	}{{"Roles", iam.PrincipalRole}, {"RoleName", iam.PrincipalRole}, {"Users", iam.PrincipalUser}, {"UserName", iam.PrincipalUser}} {
		for i, v := range list(o, target.key) {
			if to := b.named(target.kind, v); to != nil {
				to.add(p)
			} else {
				b.unknown(st, r.ID, "it is attached to "+brief(v)+", which is not in the templates", properties(r.ID, target.key, strconv.Itoa(i)))
			}
		}
	}
	for _, key := range []string{"Groups", "GroupName"} {
		for i, v := range list(o, key) {
			text, _ := v.(string)
			if g := b.groups[text]; g != nil && p != nil {
				g.identity = append(g.identity, p)
			} else if g == nil {
				b.unknown(st, r.ID, "it is attached to the group "+brief(v)+", which is not in the templates", properties(r.ID, key, strconv.Itoa(i)))
			}
		}
	}
	return nil
}

// add attaches a policy, which may be nil, once.
func (p *Principal) add(policy *iam.Policy) {
	same := func(have *iam.Policy) bool { return policy.Origin.ARN != "" && have.Origin.ARN == policy.Origin.ARN }
	if policy != nil && !slices.ContainsFunc(p.Identity, same) {
		p.Identity = append(p.Identity, policy)
	}
}

func (b *reader) named(k iam.PrincipalKind, v any) *Principal {
	for _, p := range b.inv.Principals {
		if p.Kind == k && p.Name == v {
			return p
		}
	}
	return nil
}

func (b *reader) byARN(arn string) *Principal {
	for _, p := range b.inv.Principals {
		if p.ARN == arn {
			return p
		}
	}
	return &Principal{} // a resource with a twin of the same name: nobody looks at it
}

func (b *reader) function(st *stack, r cfn.Resource, o *cfn.Object) error {
	f := &Function{Entity: st.entity(r.ID)}
	role, _ := o.Get("Role")
	if f.RoleARN, _ = role.(string); f.RoleARN == "" {
		b.unknown(st, r.ID, "its role: "+brief(role), properties(r.ID, "Role"))
	}
	b.inv.Functions = append(b.inv.Functions, f)
	return b.resource(st, r, o)
}

// properties is the path of a property.
func properties(id string, rest ...string) []string {
	return append([]string{"Resources", id, "Properties"}, rest...)
}

// list gives a property as a list: one value is a list of one.
func list(o *cfn.Object, key string) []any {
	switch v, _ := o.Get(key); v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// tags gives the tags that are known, of a list of Key and Value or an object.
func tags(o *cfn.Object) map[string]string {
	out := map[string]string{}
	if all, ok := o.Get("Tags"); ok {
		if byKey, isMap := all.(*cfn.Object); isMap { // AWS::SSM::Parameter and the APIs of version 2
			for key, value := range byKey.All() {
				if text, ok := value.(string); ok {
					out[key] = text
				}
			}
			return out
		}
	}
	for _, item := range list(o, "Tags") {
		tag, _ := item.(*cfn.Object)
		if value, ok := tag.Get("Value"); ok && !cfn.HasIntrinsic(value) {
			if text, ok := value.(string); ok {
				out[tag.Text("Key")] = text
			}
		}
	}
	return out
}
