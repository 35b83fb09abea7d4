package synth

import (
	"errors"
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/topology"
	"github.com/writ-dev/writ/topology/guard"
)

// The quotas of one stack: CloudFormation User Guide, "Understand CloudFormation quotas".
const (
	maxResources = 500
	maxOutputs   = 200
)

// Asset is the zipped code of a function.
type Asset struct {
	// Bucket may hold ${AWS::AccountId} and ${AWS::Region}.
	Bucket string
	Key    string
}

// Options say what a template is made for.
type Options struct {
	// Sandbox is the copy of the system that the stack holds, such as "dev".
	Sandbox string
	// Env is what {{env}} stands for, the profile that is deployed to. It may
	// be empty where no value of the topology holds {{env}}.
	Env string
	// Local leaves out what the local cloud has no service for: state machines,
	// mutations, channels, pages and pools, the routes that need more than a
	// function, and the edges that lead to any of these. Each is in Output.Skipped.
	Local bool
	// Assets holds the code by function name. A function without one is an error.
	Assets map[string]Asset
	// Roles says where the rights of each entity come from; nil: from its edges.
	Roles *roles.Set
	// Existing are the account's roles, as far as they were looked for: of the
	// names that a role may have, the first one that is here is taken.
	Existing map[string]bool
	// Guards are what stands before the routes, read with the policy that is asked; nil: by the topology alone.
	Guards *guard.Set
	// Variables are further values for {{...}}, such as ASSET_BUCKET.
	Variables map[string]string
	// MayBeEmpty says that a topology without anything to deploy is no error, as
	// in a tree where others hold something: its Output has no Template.
	MayBeEmpty bool
}

// Output is a template and where it comes from.
type Output struct {
	// Template is nil where there is nothing to deploy; see Options.MayBeEmpty.
	Template *cfn.Template
	// Statements has one entry for every edge of every statement in a role's policy.
	Statements []Provenance
	// Permissions has one entry for every statement of a resource's own policy:
	// each AWS::Lambda::Permission, each statement of a queue's or topic's policy.
	Permissions []Provenance
	// Roles has one entry for everything that acts, by kind and name.
	Roles []Role
	// Skipped is what the topology holds and the template does not.
	Skipped []Skipped
	// Claims are the AWS names that the stack takes, its own first.
	Claims []Claim
}

// Provenance says which edge a statement comes from.
type Provenance struct {
	// Kind and Name are what the topology calls whose right it is; for a
	// permission, the function, queue or topic that is let into. Name is ""
	// where a namespace has one role for all of a kind.
	Kind topology.Kind `json:"kind"`
	Name string        `json:"name"`
	// Role is the role's logical id, "" for a permission.
	Role string `json:"role,omitempty"`
	// Policy is the logical id of the resource that holds the statement.
	Policy string `json:"policy"`
	// Index counts the statements of the policy from 0.
	Index int    `json:"index"`
	Sid   string `json:"sid,omitempty"`
	// Position is the edge's place in the user's file, Edge its text:
	// "counter -> store hits (writeData)".
	Position writ.Position `json:"position,omitzero"`
	Edge     string        `json:"edge"`
	// Import is the topology's name for what is reached in another sandbox or
	// namespace, "" for what is here.
	Import string `json:"import,omitempty"`
}

// Skipped is one thing that is not synthesised yet.
type Skipped struct {
	// Kind is the topology's word for it: "queue", "route", "grant".
	Kind string        `json:"kind"`
	Name string        `json:"name"`
	Pos  writ.Position `json:"pos,omitzero"`
	Why  string        `json:"why"`
	// Made says that the template holds it all the same: it does not work where the template goes.
	Made bool `json:"made,omitempty"`
}

// Template makes the stack of one topology. The same system gives the same
// bytes, wherever its files lie and in whichever form it is written. Errors are
// *writ.Error, joined when there are several.
func Template(t *topology.Topology, o Options) (*Output, error) {
	if o.Sandbox == "" {
		return nil, writ.Errorf(writ.CodeUsage, "a template is made for a sandbox").WithHint("name it with -s, such as -s dev")
	}
	b := newBuilder(t, o)
	var err error
	if b.guards, err = guardsOf(t, o); err != nil {
		return nil, err
	}
	b.claim("stack", StackName(t, o.Sandbox), "the stack", t.Pos)
	b.index()
	b.imported = b.imports()
	for _, s := range sorted(t.Stores, storeName) {
		b.store(s)
	}
	b.passive()
	for _, f := range sorted(t.Functions, functionName) {
		if provider := b.provided[f.Name]; provider != "" {
			b.skip("function", f.Name, f.Pos, "it runs on "+provider+", which is not synthesised yet: it gets no role here")
			continue
		}
		if b.notLocalAuthorizer(f) {
			b.skip("authorizer", f.Name, f.Pos, NotLocal+": it takes tokens of a user pool")
			continue
		}
		b.function(f)
	}
	if !o.Local {
		b.machine()
		b.mutations()
		b.channels()
		b.pages()
		b.pools()
	}
	for _, e := range sorted(t.Events, func(e *topology.Event) string { return e.Name }) {
		b.event(e)
	}
	b.schedules()
	b.sendPolicies()
	b.restAPI()
	b.httpAPI()
	b.skipRest()
	b.checkQuotas()
	b.out.Roles = sorted(b.out.Roles, func(r Role) string { return string(r.Kind) + "\x00" + r.Name })
	if len(b.errs) == 1 {
		return nil, b.errs[0]
	}
	if len(b.errs) > 1 {
		return nil, errors.Join(b.errs...)
	}
	if b.resources.Len() == 0 {
		return b.out, nil
	}
	root := cfn.Obj(
		"AWSTemplateFormatVersion", "2010-09-09",
		"Description", "Writ: "+t.Name+" in sandbox "+o.Sandbox,
	)
	if m := b.metadata(); m != nil {
		root.Set("Metadata", m)
	}
	root.Set("Resources", b.resources)
	if b.outputs.Len() > 0 {
		root.Set("Outputs", b.outputs)
	}
	b.out.Template = &cfn.Template{Root: root, File: StackName(t, o.Sandbox)}
	return b.out, nil
}

// builder holds one template in the making.
type builder struct {
	t         *topology.Topology
	o         Options
	out       *Output
	resources *cfn.Object
	outputs   *cfn.Object
	errs      []error

	// meaning and physical say what each logical id and each AWS name is used
	// for, to refuse a second use.
	meaning   map[string]string
	physical  map[string]string
	functions map[string]*topology.Function
	stores    map[string]*topology.Store
	events    map[string]*topology.Event
	things    map[node]thing
	// provided are the functions that do not run on Lambda, with what runs them.
	provided map[string]string
	// senders are the services that may put something into a queue or topic.
	senders map[node][]sender
	roles   map[node]role
	// guards are what stands before the routes.
	guards *guard.Set
	circle map[node]int
	// imported are the topology's imports; outside is set for a builder that
	// stands for the system that one of them leads to.
	imported []imported
	outside  bool
}

func newBuilder(t *topology.Topology, o Options) *builder {
	return &builder{
		t: t, o: o, out: &Output{},
		resources: &cfn.Object{}, outputs: &cfn.Object{}, meaning: map[string]string{}, physical: map[string]string{},
		functions: map[string]*topology.Function{}, provided: map[string]string{}, stores: map[string]*topology.Store{}, events: map[string]*topology.Event{},
		things: map[node]thing{}, senders: map[node][]sender{}, roles: map[node]role{},
	}
}

func (b *builder) index() {
	for _, f := range b.t.Functions {
		if f.Runtime.Provider != "" {
			b.provided[f.Name] = f.Runtime.Provider
			continue
		}
		if b.notLocalAuthorizer(f) {
			continue
		}
		b.functions[f.Name] = f
		b.claim("function", FunctionName(b.t, f.Name, b.o.Sandbox), f.Name, f.Pos)
	}
	for _, s := range b.t.Stores {
		b.stores[s.Name] = s
		if entityOf(s) == entityTable && s.Table == nil {
			b.fail(writ.Errorf(writ.CodeInvalid, "table %s has no key", s.Name).WithHint("give it a key, such as key: id").At(s.Pos, ""))
			b.stores[s.Name] = &topology.Store{Name: s.Name, Kind: s.Kind, Table: &topology.Table{}, Pos: s.Pos}
		}
		name := TableName(b.t, s.Name, b.o.Sandbox)
		if s.Kind == topology.StoreBucket {
			name = BucketName(b.t, s.Name, b.o.Sandbox)
		}
		b.claim(string(s.Kind), name, s.Name, s.Pos)
	}
	for _, x := range things(b.t, b.o.Sandbox) {
		if b.o.Local && x.external == "" && notLocal[x.kind] {
			x.external = x.physical // nothing makes it here; rights on it name it all the same
		}
		b.things[node{Kind: x.kind, Name: x.name}] = x
		if x.external == "" {
			b.claim(string(x.kind), x.physical, x.name, x.pos)
		}
	}
	for _, e := range b.t.Events {
		b.events[e.Name] = e
	}
	b.circle = b.circles()
}

// passive adds what rights are about and what acts through other entities'
// rights alone.
func (b *builder) passive() {
	t := b.t
	for _, q := range sorted(t.Queues, func(q *topology.Queue) string { return q.Name }) {
		b.queue(q)
	}
	for _, x := range sorted(t.Topics, func(x *topology.Topic) string { return x.Name }) {
		b.topic(x)
	}
	for _, s := range sorted(t.Streams, func(s *topology.Stream) string { return s.Name }) {
		b.stream(s)
	}
	for _, x := range sorted(t.Buses, func(x *topology.Bus) string { return x.Name }) {
		b.bus(x)
	}
	for _, s := range sorted(t.Secrets, func(s *topology.Secret) string { return s.Name }) {
		b.secret(s)
	}
	for _, x := range sorted(t.Parameters, func(x *topology.Parameter) string { return x.Name }) {
		b.parameter(x)
	}
	for _, k := range sorted(t.Keys, func(k *topology.EncryptionKey) string { return k.Name }) {
		b.key(k)
	}
}

// add puts a resource into the template; what says what it is for in messages.
func (b *builder) add(id, what string, pos writ.Position, resource *cfn.Object) {
	if other, taken := b.meaning[id]; taken {
		b.fail(writ.Errorf(writ.CodeConflict, "%s and %s would share the logical id %s", other, what, id).
			WithHint("rename one of them").At(pos, ""))
		return
	}
	b.meaning[id] = what
	b.resources.Set(id, resource)
}

func (b *builder) output(id, description string, value any) {
	b.outputs.Set(id, cfn.Obj("Description", description, "Value", value))
}

func (b *builder) fail(err *writ.Error) { b.errs = append(b.errs, err) }

func (b *builder) skip(kind, name string, pos writ.Position, why string) {
	b.out.Skipped = append(b.out.Skipped, Skipped{Kind: kind, Name: name, Pos: pos, Why: why})
}

func (b *builder) checkQuotas() {
	for _, q := range []struct {
		what       string
		have, most int
	}{{"resources", b.resources.Len(), maxResources}, {"outputs", b.outputs.Len(), maxOutputs}} {
		if q.have > q.most {
			b.fail(writ.Errorf(writ.CodeTooLarge, "the stack of %s has %d %s, and AWS takes %d", b.t.Name, q.have, q.what, q.most).
				WithHint("move a part of the system to a topology of its own in a sub-folder").At(b.t.Pos, ""))
		}
	}
	if b.o.MayBeEmpty {
		return
	}
	if b.resources.Len() == 0 && b.o.Local && len(b.out.Skipped) > 0 {
		b.fail(writ.Errorf(writ.CodeInvalid, "%s holds nothing that runs locally", b.t.Name).
			WithHint("`writ synth` shows what is deployed to AWS").At(b.t.Pos, ""))
		return
	}
	if b.resources.Len() == 0 {
		b.fail(writ.Errorf(writ.CodeInvalid, "%s holds nothing to deploy", b.t.Name).
			WithHint("add a function or a store").At(b.t.Pos, ""))
	}
}

// tags is what every resource that can be tagged carries.
func (b *builder) tags() []any {
	var list []any
	for key, value := range b.tagMap().All() {
		list = append(list, cfn.Obj("Key", key, "Value", value))
	}
	return list
}

// tagMap is tags in the form that API Gateway v2 takes.
func (b *builder) tagMap() *cfn.Object {
	return cfn.Obj("deployer", "writ", "namespace", b.t.Name, "sandbox", b.o.Sandbox)
}

// sorted gives a sorted copy: the template does not depend on the order in
// which a topology is built.
func sorted[T any](list []T, key func(T) string) []T {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y T) int {
		switch a, b := key(x), key(y); {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	})
	return list
}

// ref, getAtt and sub are CloudFormation's functions.
func ref(id string) *cfn.Object               { return cfn.Obj("Ref", id) }
func getAtt(id, attribute string) *cfn.Object { return cfn.Obj("Fn::GetAtt", []any{id, attribute}) }
func sub(text string) *cfn.Object             { return cfn.Obj("Fn::Sub", text) }
