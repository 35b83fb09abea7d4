package topology

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/tree"
)

// checker looks at a whole topology, however it was written: does every edge
// lead somewhere, is every name and number one that AWS takes?
type checker struct {
	*problems
	t *Topology

	functions map[string]*Function
	stores    map[string]*Store
	imports   map[string]*Import
	names     map[Kind][]string
	known     map[Target]bool // kind and name only
}

var (
	// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
	namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
	storeNamePattern = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
)

// Lambda's bounds: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	minMemoryMB   = 128
	maxMemoryMB   = 10240
	maxTimeoutSec = 900
)

func newChecker(p *problems, t *Topology) *checker {
	return &checker{
		problems: p, t: t, functions: map[string]*Function{}, stores: map[string]*Store{}, imports: map[string]*Import{},
		names: map[Kind][]string{}, known: map[Target]bool{},
	}
}

func (p *problems) check(t *Topology) {
	c := newChecker(p, t)
	if t.Name != "" && !namePattern.MatchString(t.Name) {
		c.add(t.Pos, "%s cannot be a topology's name", quoted(t.Name)).
			WithHint("use letters, digits, - and _, 64 at most, as in %s", exampleName(t.Name))
	}
	c.collect()
	for _, f := range t.Functions {
		c.function(f)
	}
	for _, s := range t.Stores {
		if !storeNamePattern.MatchString(s.Name) {
			c.add(s.Pos, "%s cannot be a store's name", quoted(s.Name)).WithHint("use letters, digits, -, _ and ., 64 at most")
		}
		if s.Table != nil {
			c.table(s)
		}
	}
	c.authorizers()
	c.routes()
	c.entities()
	for _, i := range t.Imports {
		c.imported(i)
	}
	for _, ch := range t.Channels {
		c.channel(ch)
	}
	for _, pool := range t.Pools {
		for _, trigger := range pool.Triggers {
			c.target(trigger.Target)
		}
	}
	if t.Mutations != nil {
		for _, r := range t.Mutations.Resolvers {
			if r.Target.Name != "" {
				c.target(r.Target)
			}
		}
		c.mutations(t.Mutations)
		c.authorizer(t.Mutations.Authorizer, c.spot(t.Mutations.Pos, "authorizer"))
	}
}

// reservedVariables are those that Lambda refuses to have set.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
var reservedVariables = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

// collect gathers the names that edges may lead to and finds those given twice.
func (c *checker) collect() {
	first := map[string]writ.Position{}
	name := func(kind Kind, name string, at writ.Position) {
		key := string(kind) + " " + name
		if pos, twice := first[key]; twice {
			c.add(at, "two %ss have the name %s", kind, quoted(name)).WithHint("the other one is at %s", tree.Place(pos))
			return
		}
		first[key] = at
		c.names[kind] = append(c.names[kind], name)
		c.known[Target{Kind: kind, Name: name}] = true
	}
	for _, f := range c.t.Functions {
		if c.functions[f.Name] = f; f.Authorizer == nil { // API Gateway alone calls an authorizer's own
			name(KindFunction, f.Name, f.Pos)
		}
	}
	for _, s := range c.t.Stores {
		name(KindStore, s.Name, s.Pos)
		c.stores[s.Name] = s
	}
	for _, q := range c.t.Queues {
		name(KindQueue, q.Name, q.Pos)
	}
	for _, e := range c.t.Events {
		name(KindEvent, e.Name, e.Pos)
	}
	for _, x := range c.t.Topics {
		name(KindTopic, x.Name, x.Pos)
	}
	for _, x := range c.t.Streams {
		name(KindStream, x.Name, x.Pos)
	}
	for _, x := range c.t.Buses {
		name(KindBus, x.Name, x.Pos)
	}
	for _, x := range c.t.Secrets {
		name(KindSecret, x.Name, x.Pos)
	}
	for _, x := range c.t.Parameters {
		name(KindParameter, x.Name, x.Pos)
	}
	for _, x := range c.t.Keys {
		name(KindKey, x.Name, x.Pos)
	}
	for _, x := range c.t.Schedules {
		name(KindSchedule, x.Name, x.Pos)
	}
	for _, ch := range c.t.Channels {
		name(KindChannel, ch.Name, ch.Pos)
	}
	for _, pool := range c.t.Pools {
		name(KindPool, pool.Name, pool.Pos)
	}
	for _, i := range c.t.Imports {
		name(KindImport, i.Name, i.Pos)
		c.imports[i.Name] = i
	}
	if c.t.Mutations != nil {
		for _, r := range c.t.Mutations.Resolvers {
			name(KindMutation, r.Name, r.Pos)
		}
	}
}

func (c *checker) function(f *Function) {
	if !namePattern.MatchString(f.Name) {
		c.add(f.Pos, "%s cannot be a function's name", quoted(f.Name)).WithHint("use letters, digits, - and _, 64 at most")
	}
	if m := f.Runtime.MemoryMB; m != 0 && (m < minMemoryMB || m > maxMemoryMB) {
		c.add(c.spot(f.Pos, "memory"), "memory %d of function %s is out of range", m, f.Name).
			WithHint("Lambda takes %d to %d MB", minMemoryMB, maxMemoryMB)
	}
	if s := f.Runtime.TimeoutSec; s < 0 || s > maxTimeoutSec {
		c.add(c.spot(f.Pos, "timeout"), "timeout %d of function %s is out of range", s, f.Name).
			WithHint("Lambda takes 1 to %d seconds", maxTimeoutSec)
	}
	c.role(f)
	for _, v := range f.Environment {
		c.variable(f, v)
	}
	c.targets(f.Targets)
	c.standard("function "+f.Name, f.Targets...)
	if c.deadLetter(f.DeadLetter); f.DeadLetter != nil {
		c.standard("the dead_letter_queue of function "+f.Name, *f.DeadLetter)
	}
	for i := range f.Grants {
		c.grant(f, &f.Grants[i])
	}
}

// IAM's names of roles, with a path in an ARN.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
var (
	roleNamePattern = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	roleARNPattern  = regexp.MustCompile(`^arn:[a-z-]+:iam::(?:[0-9]{12}|.*\{\{.*):role/.+$`)
)

// role checks what names a function's role; a name with variables in it is
// checked when they have values.
func (c *checker) role(f *Function) {
	r := &f.Runtime
	if strings.HasPrefix(r.Role, "arn:") {
		if !roleARNPattern.MatchString(r.Role) {
			c.add(r.RolePos, "%s is not the ARN of a role", quoted(r.Role)).WithHint("it looks like arn:aws:iam::123456789012:role/NAME")
		}
		return
	}
	for _, own := range []struct {
		name string // a role that exists may have a path before it
		at   writ.Position
	}{{r.Role[strings.LastIndexByte(r.Role, '/')+1:], r.RolePos}, {r.RoleName, r.RoleNamePos}} {
		if own.name != "" && !strings.Contains(own.name, "{{") && !roleNamePattern.MatchString(own.name) {
			c.add(own.at, "%s cannot be a role's name", quoted(own.name)).WithHint("IAM takes letters, digits and any of _+=,.@-, 64 at most")
		}
	}
}

// variable checks one environment variable: its name and what its value refers to.
func (c *checker) variable(f *Function, v EnvVar) {
	if !validEnvName(v.Name) {
		c.add(v.Pos, "%s cannot be an environment variable's name", quoted(v.Name)).
			WithHint("Lambda takes a letter and then at least one letter, digit or _")
	}
	if contains(reservedVariables, v.Name) {
		c.add(v.Pos, "Lambda sets the environment variable %s itself", v.Name).WithHint("take it out, or use another name")
	}
	at := c.spot(v.Pos, "value")
	c.templateVariables(v.Value, at)
	for _, text := range unescaped(v.Value) {
		c.reference(text, at)
	}
}

// buckets gives the names of the buckets.
func (c *checker) buckets() []string {
	var names []string
	for _, s := range c.t.Stores {
		if s.Kind == StoreBucket {
			names = append(names, s.Name)
		}
	}
	return names
}

func contains(list []string, word string) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
}

// grant checks one grant and puts its verb into CDK's word.
func (c *checker) grant(f *Function, g *Grant) {
	if c.broken(g.Kind, g.Name) && !c.known[Target{Kind: g.Kind, Name: g.Name}] {
		return // which verbs it takes is not known either
	}
	at := c.spot(g.Pos, "name")
	storeKind := StoreTable
	switch g.Kind {
	case KindEvent:
		// An event that a function leads to may be another topology's; a right is
		// only given to what is written here.
		if !c.known[Target{Kind: KindEvent, Name: g.Name}] && !foreignName(g.Name) && g.Name != "" {
			c.missing(at, KindEvent, g.Name, c.names[KindEvent], c.whereToAdd(KindEvent))
			return
		}
	case KindStore, KindFunction, KindQueue, KindChannel, KindMutation, KindState,
		KindTopic, KindStream, KindBus, KindSecret, KindParameter, KindKey:
		if !c.target(Target{Kind: g.Kind, Name: g.Name, Pos: at}) {
			return
		}
		if s := c.stores[g.Name]; s != nil && g.Kind == KindStore {
			storeKind = s.Kind
		}
	case KindImport: // those that are there are kept with the import
		if g.Name != "" {
			c.missing(at, KindImport, g.Name, c.names[KindImport], c.whereToAdd(KindImport))
			return
		}
	case KindBucket:
		if s := c.stores[g.Name]; s != nil && s.Kind == StoreBucket {
			g.Kind, storeKind = KindStore, StoreBucket
		} else if !foreignName(g.Name) && g.Name != "" {
			have, hint := c.buckets(), "add it under  stores: , as in  "+g.Name+": {kind: bucket}"
			if len(have) > 0 {
				hint = "the buckets are "
			}
			c.missing(at, KindBucket, g.Name, have, hint)
			return
		}
	}
	if g.Name == "" {
		c.add(at, "the grant of function %s names nothing", f.Name)
		return
	}
	if verb, ok := c.verb(g.Kind, storeKind, g.Name, g.Access, c.spot(g.Pos, "access "+g.Access)); ok {
		g.Access = verb
	}
}

// verb gives CDK's word for an access to an entity; one that its kind does not
// take is a problem.
func (c *checker) verb(kind Kind, storeKind StoreKind, name, access string, at writ.Position) (string, bool) {
	verb, ok := Verb(kind, storeKind, access)
	if ok {
		return verb, true
	}
	what := string(kind)
	if kind == KindStore {
		what = string(storeKind)
	}
	known := Verbs(kind, storeKind)
	e := c.add(at, "unknown access %s to %s %s", quoted(access), what, name)
	if near := nearVerb(kind, storeKind, access); near != "" {
		e.Hint = "did you mean " + near + "? A " + what + " takes " + strings.Join(known, ", ")
	} else {
		e.Hint = "a " + what + " takes " + strings.Join(known, ", ")
	}
	return "", false
}

func (c *checker) targets(targets []Target) {
	for _, t := range targets {
		c.target(t)
	}
}

// target checks that an edge leads somewhere. As in tc, the full name of
// something outside (an ARN, or a name with {{...}}) passes; and events are
// often another topology's, so an unknown one passes unless it looks misspelt.
func (c *checker) target(t Target) bool {
	have := c.names[t.Kind]
	if c.known[Target{Kind: t.Kind, Name: t.Name}] || foreignName(t.Name) || c.broken(t.Kind, t.Name) {
		return true
	}
	switch t.Kind {
	case KindState:
		if c.t.States != nil {
			return true
		}
		c.add(t.Pos, "there is no state machine %s", quoted(t.Name)).
			WithHint("add a  states:  section, or write another topology's by its full name, as in  {{namespace}}_{{sandbox}}")
		return false
	case KindEvent:
		near := near(t.Name, have)
		if near == "" && t.Name != "" {
			return true
		}
	case KindFunction, KindStore, KindQueue, KindMutation, KindChannel,
		KindTopic, KindStream, KindBus, KindSecret, KindParameter, KindKey:
	default:
		return true
	}
	c.missing(t.Pos, t.Kind, t.Name, have, c.whereToAdd(t.Kind))
	return false
}

// whereToAdd is the hint for a missing entity when no other name is near.
func (c *checker) whereToAdd(kind Kind) string {
	plural := string(kind) + "s"
	if kind == KindBus {
		plural = "buses"
	}
	if len(c.names[kind]) > 0 {
		return fmt.Sprintf("the %s are ", plural)
	}
	switch kind {
	case KindFunction:
		return "add it under  functions: , or write another topology's by its full name, as in  other_name_{{sandbox}}"
	case KindMutation:
		return "add it under  mutations: resolvers:"
	}
	return fmt.Sprintf("add it under  %s:", plural)
}

// builtinAuthorizers are the authorizers that are no function.
var builtinAuthorizers = []string{"cognito", "iam"}

func (c *checker) authorizer(name string, at writ.Position) {
	if !c.strange(name) {
		return
	}
	c.suggest(c.add(at, "there is no authorizer and no function %s", quoted(name)), name,
		slices.Concat(names(c.t.Authorizers), c.names[KindFunction], builtinAuthorizers), "an authorizer is one of ")
}

// strange reports whether an authorizer's name stands for nothing that could be meant.
func (c *checker) strange(name string) bool {
	return name != "" && !contains(builtinAuthorizers, name) && !foreignName(name) && c.functions[name] == nil && !c.broken(KindFunction, name)
}
