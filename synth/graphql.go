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
	s := newSchema(m, directives)
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
	directives string
	types      map[string]topology.GraphQLType
	inputs     map[string]bool
	text       strings.Builder
}

func newSchema(m *topology.Mutations, directives string) *schema {
	s := &schema{directives: directives, types: map[string]topology.GraphQLType{}, inputs: map[string]bool{}}
	for _, t := range m.Types {
		s.types[t.Name] = t
	}
	for _, t := range m.Inputs {
		s.types[t.Name], s.inputs[t.Name] = t, true
	}
	return s
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

// output gives the type of a resolver's answer, which cannot be an input.
func (s *schema) output(r topology.Resolver) string {
	base, ok := topology.GraphQLBase(r.Output)
	if _, known := s.types[base]; ok && (known && !s.inputs[base] || topology.GraphQLScalar(base)) {
		return r.Output
	}
	return "AWSJSON"
}

// arguments writes the arguments of a resolver, "" for none.
func (s *schema) arguments(r topology.Resolver) string {
	var list []string
	for _, f := range s.argumentsOf(r) {
		list = append(list, f.Name+": "+f.Type)
	}
	if len(list) == 0 {
		return ""
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// argumentsOf gives the arguments of a resolver: the fields of its input. tc's
// inputs of an event are the one part of the event.
func (s *schema) argumentsOf(r topology.Resolver) []topology.GraphQLField {
	base, _ := topology.GraphQLBase(r.Input)
	if t, ok := s.types[base]; ok {
		return t.Fields
	}
	one := func(name, kind string) []topology.GraphQLField {
		return []topology.GraphQLField{{Name: name, Type: kind}}
	}
	switch base {
	case "":
		return nil
	case "Event":
		return one("detail", "String")
	case "EventData":
		return one("data", "String")
	case "EventDataJSON":
		return one("data", "AWSJSON")
	case "EventMetadata":
		return one("metadata", "String")
	}
	if topology.GraphQLScalar(base) {
		return one("input", r.Input)
	}
	return one("input", "AWSJSON")
}

// selection asks for all fields of a type, of the types within too as far as
// depth goes: subscribers are told of what was asked for, and nothing else.
func (s *schema) selection(output string, depth int) string {
	base, _ := topology.GraphQLBase(output)
	t, ok := s.types[base]
	if !ok {
		return ""
	}
	var fields []string
	for _, f := range t.Fields {
		inner, _ := topology.GraphQLBase(f.Type)
		if _, object := s.types[inner]; !object {
			fields = append(fields, f.Name)
		} else if depth > 1 {
			fields = append(fields, f.Name+s.selection(f.Type, depth-1))
		}
	}
	return " { " + strings.Join(append(fields, "createdAt", "updatedAt"), " ") + " }"
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
