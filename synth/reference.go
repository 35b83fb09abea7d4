package synth

import (
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// circles sorts the entities into circles of entities that refer to one
// another, by a policy, a property or the environment. A function waits for its
// policy, so within a circle CloudFormation could create none first: there, and
// only there, entities are named by their literal AWS names.
//
// It gives the number of each entity's circle; those that stand alone have the
// number 0.
func (b *builder) circles() map[node]int {
	s := &components{graph: b.references(), order: map[node]int{}, low: map[node]int{}, open: map[node]bool{}, circle: map[node]int{}}
	var all []node
	for n := range s.graph {
		all = append(all, n)
	}
	for _, n := range sorted(all, func(n node) string { return string(n.Kind) + "\x00" + n.Name }) {
		if s.order[n] == 0 {
			s.visit(n)
		}
	}
	return s.circle
}

// references gives the entities that each entity's resources refer to, by
// property, policy or environment: those that could close a circle, sorted.
func (b *builder) references() map[node][]node {
	graph := map[node][]node{}
	for _, f := range b.functions {
		graph[functionNode(f.Name)] = b.referred(f)
	}
	for _, s := range b.t.Stores {
		for _, n := range s.Notify {
			if n.Target.Kind == topology.KindFunction && b.functions[n.Target.Name] != nil {
				from := node{Kind: topology.KindStore, Name: s.Name}
				graph[from] = append(graph[from], functionNode(n.Target.Name))
			}
		}
	}
	for n := range graph {
		graph[n] = sorted(graph[n], func(to node) string { return string(to.Kind) + "\x00" + to.Name })
	}
	return graph
}

func functionNode(name string) node { return node{Kind: topology.KindFunction, Name: name} }

// referred gives the functions and stores that f's resources refer to.
func (b *builder) referred(f *topology.Function) []node {
	var nodes []node
	note := func(kind topology.Kind, name string) {
		if kind == topology.KindBucket {
			kind = topology.KindStore
		}
		if kind == topology.KindFunction && b.functions[name] != nil || kind == topology.KindStore && b.stores[name] != nil {
			nodes = append(nodes, node{Kind: kind, Name: name})
		}
	}
	for _, g := range f.Grants {
		note(g.Kind, g.Name)
	}
	for _, target := range f.Targets {
		note(target.Kind, target.Name)
	}
	for _, v := range f.Environment {
		for _, r := range topology.References(v.Value) {
			note(r.Kind, r.Name)
		}
	}
	return nodes
}

// inCircle reports whether a reference from one entity to another would close a
// circle, or lead out of the stack.
func (b *builder) inCircle(from, to node) bool {
	return b.outside || from == to || b.circle[from] != 0 && b.circle[from] == b.circle[to]
}

// components finds strongly connected components: Tarjan's algorithm.
type components struct {
	graph      map[node][]node
	order, low map[node]int
	open       map[node]bool
	stack      []node
	circle     map[node]int
	circles    int
}

func (s *components) visit(name node) {
	s.order[name] = len(s.order) + 1
	s.low[name] = s.order[name]
	s.stack = append(s.stack, name)
	s.open[name] = true
	for _, next := range s.graph[name] {
		if s.order[next] == 0 {
			s.visit(next)
			s.low[name] = min(s.low[name], s.low[next])
		} else if s.open[next] {
			s.low[name] = min(s.low[name], s.order[next])
		}
	}
	if s.low[name] != s.order[name] {
		return
	}
	var members []node
	for {
		last := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		s.open[last] = false
		members = append(members, last)
		if last == name {
			break
		}
	}
	if len(members) > 1 {
		s.circles++
		for _, m := range members {
			s.circle[m] = s.circles
		}
	}
}

// functionARN gives the ARN of function to as from's resources write it, with
// what follows it in the ARN.
func (b *builder) functionARN(from node, to, tail string) any {
	if b.inCircle(from, functionNode(to)) {
		return sub("arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:" +
			FunctionName(b.t, to, b.o.Sandbox) + tail)
	}
	return arnOf(logicalID(to)+"Function", tail)
}

// arnOf gives a resource's ARN and what follows it.
func arnOf(id, tail string) any {
	if tail == "" {
		return getAtt(id, "Arn")
	}
	return sub("${" + id + ".Arn}" + tail)
}

// tailed adds what follows an ARN that is written out.
func tailed(arn any, tail string) any {
	return sub(arn.(*cfn.Object).Text("Fn::Sub") + tail)
}
