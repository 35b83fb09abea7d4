package synth

import (
	"strings"

	"github.com/writ-dev/writ/topology"
)

// graphQL makes the schema of the mutations as tc does: the types and inputs
// with the time of their making and changing, a mutation for each resolver
// whose arguments are the fields of its input, a query by id for each type, and
// a subscription for each resolver that asks for one. directives are those of
// every field and type, for an API with more than one way to be let in.
func graphQL(m *topology.Mutations, directives string) string {
	s := &schema{m: m, directives: directives, types: map[string]topology.GraphQLType{}, known: map[string]bool{}}
	for _, list := range [][]topology.GraphQLType{m.Types, m.Inputs} {
		for _, t := range list {
			s.types[t.Name], s.known[t.Name] = t, true
		}
	}
	for _, t := range sorted(m.Inputs, func(t topology.GraphQLType) string { return t.Name }) {
		s.block("input "+t.Name, fieldLines(t))
	}
	types := sorted(m.Types, func(t topology.GraphQLType) string { return t.Name })
	var queries []string
	for _, t := range types {
		s.block("type "+t.Name+directives, append(fieldLines(t), "createdAt: AWSDateTime", "updatedAt: AWSDateTime"))
		if idType(t) != "" {
			queries = append(queries, "get"+title(t.Name)+"(id: "+idType(t)+"): "+t.Name+directives)
		}
	}
	if len(queries) == 0 {
		queries = []string{"unused: String" + directives} // GraphQL wants a query
	}
	s.block("type Query", queries)
	var mutations, subscriptions []string
	for _, r := range sorted(m.Resolvers, func(r topology.Resolver) string { return r.Name }) {
		output := s.output(r)
		mutations = append(mutations, r.Name+s.arguments(r)+": "+output+directives)
		if r.Subscribe {
			subscriptions = append(subscriptions, "subscribe"+title(r.Name)+s.filter(output)+": "+strings.TrimSuffix(output, "!")+
				` @aws_subscribe(mutations: ["`+r.Name+`"])`+directives)
		}
	}
	if len(mutations) > 0 {
		s.block("type Mutation", mutations)
	}
	if len(subscriptions) > 0 {
		s.block("type Subscription", subscriptions)
	}
	return strings.TrimSuffix(s.text.String(), "\n")
}

// schema is a schema in the making.
type schema struct {
	m          *topology.Mutations
	directives string
	types      map[string]topology.GraphQLType
	known      map[string]bool
	text       strings.Builder
}

func (s *schema) block(head string, lines []string) {
	s.text.WriteString(head + " {\n")
	for _, l := range lines {
		s.text.WriteString("  " + l + "\n")
	}
	s.text.WriteString("}\n\n")
}

func fieldLines(t topology.GraphQLType) []string {
	var lines []string
	for _, f := range t.Fields {
		if f.Name != "createdAt" && f.Name != "updatedAt" {
			lines = append(lines, f.Name+": "+f.Type)
		}
	}
	return lines
}

// idType gives the type of a type's field id, "" when it has none.
func idType(t topology.GraphQLType) string {
	for _, f := range t.Fields {
		if f.Name == "id" {
			return f.Type
		}
	}
	return ""
}

// output gives the type of a resolver's answer.
func (s *schema) output(r topology.Resolver) string {
	base, ok := topology.GraphQLBase(r.Output)
	if ok && (s.known[base] || topology.GraphQLScalar(base)) {
		return r.Output
	}
	return "AWSJSON"
}

// arguments gives the arguments of a resolver: the fields of its input. tc's
// inputs of an event are the one part of the event.
func (s *schema) arguments(r topology.Resolver) string {
	base, _ := topology.GraphQLBase(r.Input)
	if t, ok := s.types[base]; ok {
		var list []string
		for _, f := range t.Fields {
			list = append(list, f.Name+": "+f.Type)
		}
		return "(" + strings.Join(list, ", ") + ")"
	}
	switch base {
	case "":
		return ""
	case "Event":
		return "(detail: String)"
	case "EventData":
		return "(data: String)"
	case "EventDataJSON":
		return "(data: AWSJSON)"
	case "EventMetadata":
		return "(metadata: String)"
	}
	if topology.GraphQLScalar(base) {
		return "(input: " + r.Input + ")"
	}
	return "(input: AWSJSON)"
}

// filter gives the argument by which a subscriber chooses: the id, if the
// answer has one.
func (s *schema) filter(output string) string {
	base, _ := topology.GraphQLBase(output)
	if id := idType(s.types[base]); id != "" {
		return "(id: " + strings.TrimSuffix(id, "!") + ")"
	}
	return ""
}
