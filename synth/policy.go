package synth

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// edge is one right of a function, as the topology draws it.
type edge struct {
	entity entity
	name   string
	verb   verb
	pos    writ.Position
	text   string
}

// statement is one statement of a policy and the edges that it comes from.
type statement struct {
	sid       string
	actions   []string
	resources []any
	condition *cfn.Object // nil for none
	edges     []edge
}

// edges gives the edges of a function that become statements; what does not is
// an error or listed as skipped.
func (b *builder) edges(f *topology.Function) []edge {
	var found []edge
	for _, g := range f.Grants {
		if e, ok := b.grant(f, g); ok {
			found = append(found, e)
		}
	}
	for _, target := range f.Targets {
		if e, ok := b.target(f, target); ok {
			found = append(found, e)
		}
	}
	found = append(found, b.polls(f)...)
	if to := f.DeadLetter; to != nil && b.things[node{Kind: topology.KindQueue, Name: to.Name}].name != "" {
		found = append(found, edge{entityQueue, to.Name, drawn[entityQueue], to.Pos, f.Name + " -> queue " + to.Name + " (dead_letter_queue)"})
	}
	return sorted(found, func(e edge) string { return string(e.entity) + "\x00" + e.name + "\x00" + e.verb.name })
}

func (b *builder) grant(f *topology.Function, g topology.Grant) (edge, bool) {
	var kind entity
	text := f.Name + " -> " + string(g.Kind) + " " + g.Name
	if why := b.away(g.Kind, g.Name); why != "" {
		b.skip("grant", text, g.Pos, why)
		return edge{}, false
	}
	switch g.Kind {
	case topology.KindFunction:
		if b.functions[g.Name] == nil {
			b.missing("function", g.Name, g.Pos, names(b.t.Functions, functionName))
			return edge{}, false
		}
		kind = entityFunction
	case topology.KindStore, topology.KindBucket:
		s := b.stores[g.Name]
		if s == nil {
			b.missing(string(g.Kind), g.Name, g.Pos, names(b.t.Stores, storeName))
			return edge{}, false
		}
		kind = entityOf(s)
	case topology.KindEvent:
		if b.events[g.Name] == nil {
			b.missing("event", g.Name, g.Pos, names(b.t.Events, func(e *topology.Event) string { return e.Name }))
			return edge{}, false
		}
		kind = entityEvent
		if b.published(b.events[g.Name], "") == nil {
			b.fail(writ.Errorf(writ.CodeInvalid, "the pattern of event %s names neither a detail-type nor a source, so a right to publish it would be one on all events", g.Name).
				WithHint("name one of the two in the pattern as plain text, or grant putEvents on a bus").At(g.Pos, ""))
			return edge{}, false
		}
	case topology.KindQueue, topology.KindTopic, topology.KindStream, topology.KindBus, topology.KindSecret, topology.KindParameter, topology.KindKey:
		if _, known := b.things[node{Kind: g.Kind, Name: g.Name}]; !known {
			b.missing(string(g.Kind), g.Name, g.Pos, b.namesOf(g.Kind))
			return edge{}, false
		}
		kind = entity(g.Kind)
	case topology.KindState, topology.KindMutation, topology.KindChannel:
		if why := b.unreachable(g.Kind, g.Name); why != "" {
			b.skip("grant", text, g.Pos, why)
			return edge{}, false
		}
		kind = entity(g.Kind)
	default:
		b.skip("grant", text, g.Pos, "grants on a "+string(g.Kind)+" are not synthesised yet")
		return edge{}, false
	}
	v, ok := findVerb(kind, g.Access)
	if !ok {
		if _, later := topology.Verb(g.Kind, storeKind(kind), g.Access); later {
			b.skip("grant", text, g.Pos, g.Access+" is not synthesised yet")
		} else {
			b.fail(unknownVerb(kind, g))
		}
		return edge{}, false
	}
	if f.Authorizer != nil && kind == entitySecret {
		v.allow = on([]string{"secretsmanager:GetSecretValue"}, formSelf) // Writ's binary calls nothing else
	}
	if s := b.stores[g.Name]; kind == entityTable && v.name == "streamRead" && s.Table.Stream == "" {
		b.fail(writ.Errorf(writ.CodeInvalid, "store %s has no stream to read", g.Name).
			WithHint("give the store a stream, such as stream: NEW_AND_OLD_IMAGES").At(g.Pos, ""))
		return edge{}, false
	}
	return edge{kind, g.Name, v, g.Pos, text + " (" + v.name + ")"}, true
}

// target makes an edge of `function: other` under a function.
func (b *builder) target(f *topology.Function, target topology.Target) (edge, bool) {
	name := f.Name + " -> " + string(target.Kind) + " " + target.Name
	if target.Kind == topology.KindFunction && b.away(target.Kind, target.Name) == "" && b.functions[target.Name] == nil {
		b.missing("function", target.Name, target.Pos, names(b.t.Functions, functionName))
		return edge{}, false
	}
	e, ok := b.targetEntity(f, target, func(why string) { b.skip("edge", name, target.Pos, why) })
	return edge{e, target.Name, drawn[e], target.Pos, name}, ok
}

// polls gives the edges of the queues and streams that a function consumes:
// Lambda reads them with the function's role.
func (b *builder) polls(f *topology.Function) []edge {
	var found []edge
	add := func(e entity, name string, to *topology.Target) {
		if to != nil && to.Kind == topology.KindFunction && to.Name == f.Name {
			found = append(found, edge{e, name, polled[e], to.Pos, string(e) + " " + name + " -> function " + f.Name})
		}
	}
	for _, q := range b.t.Queues {
		add(entityQueue, q.Name, q.Target)
	}
	for _, s := range b.t.Streams {
		add(entityStream, s.Name, s.Target)
	}
	return found
}

const elsewhere = "it leads to another topology, which is not synthesised yet"

// foreign reports whether a target is written as the AWS name of something
// elsewhere, as tc takes it.
func foreign(name string) bool {
	return strings.HasPrefix(name, "arn:") || strings.Contains(name, "{{")
}

// away says why this stack does not make what an edge leads to, "" when it
// does, or should: it is another topology's, or a function that is not Lambda's.
func (b *builder) away(kind topology.Kind, name string) string {
	switch provider := b.provided[name]; {
	case foreign(name):
		return elsewhere
	case kind == topology.KindFunction && provider != "":
		return "function " + name + " runs on " + provider + ", which is not synthesised yet"
	}
	return ""
}

func unknownVerb(kind entity, g topology.Grant) *writ.Error {
	known := verbNames(kind)
	err := writ.Errorf(writ.CodeInvalid, "%q is no access to a %s", g.Access, kind).At(g.Pos, "")
	if near := writ.Nearest(g.Access, known); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	return err.WithHint("a %s has %s", kind, strings.Join(known, ", "))
}

func (b *builder) missing(kind, name string, pos writ.Position, known []string) {
	err := writ.Errorf(writ.CodeInvalid, "there is no %s %q", kind, name).At(pos, "")
	if near := writ.Nearest(name, known); near != "" {
		err = err.WithHint("did you mean %s?", near)
	}
	b.fail(err)
}

func functionName(f *topology.Function) string { return f.Name }
func storeName(s *topology.Store) string       { return s.Name }

func names[T any](list []T, name func(T) string) []string {
	var all []string
	for _, x := range list {
		all = append(all, name(x))
	}
	return all
}

// statements gathers the edges of one principal into statements: one for each
// entity, with what all edges to it allow together.
func (b *builder) statements(from node, edges []edge) []statement {
	var list []*gathered
	for _, e := range edges {
		for _, a := range e.verb.allow {
			sid := title(string(e.entity)) + logicalID(e.name) + a.part
			if a.part == partListStreams {
				sid = a.part
			}
			i := slices.IndexFunc(list, func(g *gathered) bool { return g.sid == sid })
			if i < 0 {
				i = len(list)
				list = append(list, &gathered{statement: statement{sid: sid}, entity: e.entity, name: e.name, part: a})
			}
			g := list[i]
			g.actions = united(g.actions, a.actions)
			for _, f := range a.on {
				if !slices.Contains(g.forms, f) {
					g.forms = append(g.forms, f)
				}
			}
			g.edges = append(g.edges, e)
		}
	}
	var all []statement
	for _, g := range sorted(list, func(g *gathered) string { return g.sid }) {
		slices.Sort(g.forms)
		for _, f := range g.forms {
			if r := b.resourceOf(from, g.entity, g.name, f); r != nil {
				g.resources = append(g.resources, r)
			}
		}
		g.condition = b.fence(g.entity, g.name, g.part)
		all = append(all, g.statement)
	}
	return all
}

// gathered is a statement in the making.
type gathered struct {
	statement
	entity entity
	name   string
	forms  []form
	part   allowance // the first: all of one sid have one condition
}

// fence is the condition of a statement: that what is reached bears the
// sandbox's tag, where it is made and tagged here and AWS looks at its tags, and
// what the statement itself asks for. The ARN is exact already; the tag holds
// where a name is used again.
func (b *builder) fence(e entity, name string, part allowance) *cfn.Object {
	condition := &cfn.Object{}
	equals := &cfn.Object{}
	tagged := true
	switch e {
	case entityBucket: // S3 looks at tags only where that is switched on for the bucket
		tagged = false
	case entityTable: // a stream has no tags of its own
		tagged = part.part == ""
	case entityFunction, entityChannel:
	case entityMutation: // a field of an API has no tags
		tagged = false
	case entityState: // nor has an execution
		tagged = part.part == ""
	case entityEvent:
		event := b.events[name]
		if c := b.published(event, part.part); c != nil {
			condition = c
		}
		bus := b.busOf(event)
		tagged = bus != nil && bus.external == ""
	default:
		tagged = b.things[node{Kind: e.kind(), Name: name}].external == ""
	}
	if tagged {
		equals.Set("aws:ResourceTag/sandbox", b.o.Sandbox)
	}
	if w := part.when; w[0] == "StringEquals" {
		equals.Set(w[1], w[2])
	} else if w[0] != "" {
		condition.Set(w[0], cfn.Obj(w[1], w[2]))
	}
	if equals.Len() > 0 {
		condition.Set("StringEquals", equals)
	}
	if condition.Len() == 0 {
		return nil
	}
	return condition
}

// logs lets a function write its own log.
func (b *builder) logs(f *topology.Function) statement {
	return statement{
		sid:       "Logs",
		actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		resources: []any{getAtt(logicalID(f.Name)+"LogGroup", "Arn")},
		edges:     []edge{{pos: f.Pos, text: f.Name + " -> its own log"}},
	}
}

// resourceOf gives the ARN of a form of an entity as from's resources write it,
// nil where the entity has none such.
func (b *builder) resourceOf(from node, e entity, name string, form form) any {
	if form == formAny {
		return "*"
	}
	id := logicalID(name)
	switch e {
	case entityFunction:
		return b.functionARN(from, name, strings.TrimPrefix(string(form), "ARN"))
	case entityTable:
		switch {
		case form == formStream && b.outside: // only AWS knows the label that it has
			return b.tableSource(name, "/stream/*")
		case form == formStream:
			return getAtt(id+"Table", "StreamArn")
		case form == formIndexes && len(b.stores[name].Table.Indexes) == 0:
			return nil
		}
		id += "Table"
		if b.inCircle(from, node{Kind: topology.KindStore, Name: name}) {
			return b.tableSource(name, strings.TrimPrefix(string(form), "ARN"))
		}
	case entityBucket:
		id += "Bucket"
		if b.inCircle(from, node{Kind: topology.KindStore, Name: name}) {
			return tailed(b.bucketSource(name), strings.TrimPrefix(string(form), "ARN"))
		}
	case entityEvent:
		return b.busARN(b.events[name])
	case entityState:
		if form == formExecutions {
			return b.machineARN("execution", ":*")
		}
		return b.machineARN("stateMachine", "")
	case entityMutation:
		return sub("${" + mutationsID + ".Arn}/types/Mutation/fields/" + name)
	case entityChannel:
		if form == formAPI {
			return getAtt(channelsID, "ApiArn")
		}
		return sub("${" + channelsID + ".ApiArn}/channelNamespace/" + name)
	default:
		return b.thingARN(e.kind(), name)
	}
	return arnOf(id, strings.TrimPrefix(string(form), "ARN"))
}

// tableSource is a table's ARN without a reference to it, and what follows it.
func (b *builder) tableSource(name, tail string) any {
	return sub("arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/" + TableName(b.t, name, b.o.Sandbox) + tail)
}

// object writes a statement as CDK does: a list of one is a scalar.
func (s statement) object() *cfn.Object {
	o := cfn.Obj("Sid", s.sid, "Effect", "Allow", "Action", scalar(texts(s.actions)), "Resource", scalar(s.resources))
	if s.condition != nil {
		o.Set("Condition", s.condition)
	}
	return o
}

func scalar(list []any) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}
