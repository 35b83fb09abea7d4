package topology

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

var (
	mutationKeys = []string{"authorizer", "inputs", "types", "resolvers"}
	resolverKeys = []string{"input", "output", "function", "event", "table", "store", "subscribe"}
)

// mutations reads the AppSync GraphQL API.
func (p *reader) mutations(t *Topology, f fields) {
	e, ok := f.entry("mutations")
	if !ok {
		return
	}
	mf, ok := p.object(e.value, "mutations", mutationKeys)
	if !ok {
		p.fail(KindMutation, "")
		return
	}
	m := &Mutations{Authorizer: p.text(mf.value("authorizer"), "authorizer"), Pos: e.pos, Body: e.section()}
	if n := mf.value("authorizer"); n != nil {
		p.mark(m.Pos, "authorizer", n.pos)
	}
	m.Types = p.graphQLTypes(mf.value("types"), "types")
	m.Inputs = p.graphQLTypes(mf.value("inputs"), "inputs")
	for _, re := range p.named(mf.value("resolvers"), "resolvers") {
		rf, ok := p.object(re.value, "resolver "+re.key, resolverKeys)
		if !ok {
			p.fail(KindMutation, re.key)
			continue
		}
		r := Resolver{Name: re.key, Pos: re.pos}
		r.Input, r.Output = p.text(rf.value("input"), "input"), p.text(rf.value("output"), "output")
		p.mark(r.Pos, "input", rf.at("input", re.pos))
		p.mark(r.Pos, "output", rf.at("output", re.pos))
		r.Subscribe = p.boolean(rf.value("subscribe"), "subscribe")
		target := p.oneTarget(rf, re.pos, "resolver "+re.key,
			map[string]Kind{"function": KindFunction, "event": KindEvent, "table": KindStore, "store": KindStore})
		if target != nil {
			r.Target = *target
		}
		m.Resolvers = append(m.Resolvers, r)
	}
	t.Mutations = m
}

// graphQLTypes reads NAME: {FIELD: TYPE}, sorted by name.
func (p *reader) graphQLTypes(n *node, what string) []GraphQLType {
	var all []GraphQLType
	for _, e := range p.named(n, what) {
		t := GraphQLType{Name: e.key, Pos: e.pos}
		for _, fe := range p.named(e.value, "type "+e.key) {
			t.Fields = append(t.Fields, GraphQLField{Name: fe.key, Type: strings.TrimSpace(p.text(fe.value, "the type of "+fe.key)), Pos: fe.pos})
			p.mark(fe.pos, "type", fe.value.pos)
		}
		all = append(all, t)
	}
	slices.SortStableFunc(all, func(a, b GraphQLType) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

var (
	// https://spec.graphql.org/October2021/#Name; two underscores are GraphQL's own.
	graphQLName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	graphQLType = regexp.MustCompile(`^(\[*)([A-Za-z_][A-Za-z0-9_]*)((?:!?\])*)!?$`)
)

// graphQLScalars are the types that AppSync has of itself.
// https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html
var graphQLScalars = []string{
	"ID", "String", "Int", "Float", "Boolean", "AWSDate", "AWSTime", "AWSDateTime", "AWSTimestamp", "AWSEmail", "AWSJSON",
	"AWSPhone", "AWSURL", "AWSIPAddress",
}

// GraphQLScalar reports whether AppSync has a type of that name of itself.
func GraphQLScalar(name string) bool { return contains(graphQLScalars, name) }

// GraphQLBase gives the type that a GraphQL type is made of, "Message" for
// "[Message!]!"; false for text that is no type.
func GraphQLBase(text string) (string, bool) {
	m := graphQLType.FindStringSubmatch(text)
	if m == nil || strings.Count(m[3], "]") != len(m[1]) {
		return "", false
	}
	return m[2], true
}

// eventInputs are tc's ready-made inputs: the parts of an event.
var eventInputs = []string{"Event", "EventData", "EventDataJSON", "EventMetadata"}

// checkMutations looks at what AppSync would refuse in the types.
func (c *checker) mutations(m *Mutations) {
	types := map[string]bool{}
	for _, list := range [][]GraphQLType{m.Types, m.Inputs} {
		for _, t := range list {
			switch {
			case !graphQLName.MatchString(t.Name) || strings.HasPrefix(t.Name, "__"):
				c.add(t.Pos, "%s cannot be a type's name", quoted(t.Name)).WithHint("use letters, digits and _, not a digit first")
			case t.Name == "Query" || t.Name == "Mutation" || t.Name == "Subscription" || contains(graphQLScalars, t.Name):
				c.add(t.Pos, "type %s is made by GraphQL or by the resolvers", t.Name).WithHint("choose another name")
			case types[t.Name]:
				c.add(t.Pos, "two types have the name %s", t.Name).WithHint("types and inputs share their names")
			case len(t.Fields) == 0:
				c.add(t.Pos, "type %s has no fields", t.Name).WithHint("as in  id: String!")
			}
			types[t.Name] = true
		}
	}
	known := append(sortedKeys(types), graphQLScalars...)
	for _, list := range [][]GraphQLType{m.Types, m.Inputs} {
		for _, t := range list {
			for _, f := range t.Fields {
				c.graphQLField(t, f, known)
			}
		}
	}
	for _, r := range m.Resolvers {
		if !graphQLName.MatchString(r.Name) {
			c.add(r.Pos, "%s cannot be a resolver's name", quoted(r.Name)).WithHint("use letters, digits and _, not a digit first")
		}
		c.resolverType(r, "output", r.Output, known)
		c.resolverType(r, "input", r.Input, append(known, eventInputs...))
	}
}

func (c *checker) graphQLField(t GraphQLType, f GraphQLField, known []string) {
	at := c.spot(f.Pos, "type")
	base, ok := GraphQLBase(f.Type)
	switch {
	case !graphQLName.MatchString(f.Name):
		c.add(f.Pos, "%s cannot be a field's name", quoted(f.Name)).WithHint("use letters, digits and _, not a digit first")
	case !ok:
		c.add(at, "%s is no GraphQL type", quoted(f.Type)).WithHint("as in  String!  or  \"[String!]!\"")
	case !contains(known, base):
		c.suggest(c.add(at, "field %s of type %s is of type %s, which is not there", f.Name, t.Name, base), base, known, "the types are ")
	}
}

// resolverType checks input and output. A type that is not there may be a
// misspelling; else it is taken as JSON, with a warning.
func (c *checker) resolverType(r Resolver, word, text string, known []string) {
	if text == "" {
		return
	}
	base, ok := GraphQLBase(text)
	if !ok {
		c.add(c.spot(r.Pos, word), "the %s of resolver %s is %s, which is no GraphQL type", word, r.Name, quoted(text))
		return
	}
	if near := near(base, known); !contains(known, base) && near != "" && strings.EqualFold(near, base) {
		c.add(c.spot(r.Pos, word), "the %s of resolver %s is %s, and there is no such type", word, r.Name, base).WithHint("did you mean %s?", near)
	}
}

// mutationWarnings tells of types that resolvers name and that are not there.
func mutationWarnings(t *Topology) []Notice {
	if t.Mutations == nil {
		return nil
	}
	known := append([]string{}, graphQLScalars...)
	for _, list := range [][]GraphQLType{t.Mutations.Types, t.Mutations.Inputs} {
		for _, g := range list {
			known = append(known, g.Name)
		}
	}
	var all []Notice
	for _, r := range t.Mutations.Resolvers {
		if base, ok := GraphQLBase(r.Output); ok && !contains(known, base) {
			all = append(all, Notice{"mutation", r.Name, r.Pos, "there is no type " + base + "; its answer is AWSJSON"})
		}
		if base, ok := GraphQLBase(r.Input); ok && !contains(known, base) && !contains(eventInputs, base) {
			all = append(all, Notice{"mutation", r.Name, r.Pos, "there is no type " + base + "; its argument is  input: AWSJSON"})
		}
	}
	return all
}
