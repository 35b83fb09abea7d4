package synth

import "github.com/writ-dev/writ/topology"

// circles sorts the functions into circles of functions that refer to one
// another, by a policy or by the environment. A function waits for its policy,
// so within a circle CloudFormation could create none first: there, and only
// there, functions are named by their literal AWS names.
//
// It gives the number of each function's circle; functions that stand alone
// have the number 0.
func (b *builder) circles() map[string]int {
	s := &components{graph: map[string][]string{}, order: map[string]int{}, low: map[string]int{}, open: map[string]bool{}, circle: map[string]int{}}
	functions := sorted(b.t.Functions, functionName)
	for _, f := range functions {
		s.graph[f.Name] = b.referred(f)
	}
	for _, f := range functions {
		if s.order[f.Name] == 0 {
			s.visit(f.Name)
		}
	}
	return s.circle
}

// referred gives the functions that f's resources refer to.
func (b *builder) referred(f *topology.Function) []string {
	var names []string
	note := func(name string) {
		if _, known := b.functions[name]; known {
			names = append(names, name)
		}
	}
	for _, g := range f.Grants {
		if g.Kind == topology.KindFunction {
			note(g.Name)
		}
	}
	for _, target := range f.Targets {
		if target.Kind == topology.KindFunction {
			note(target.Name)
		}
	}
	for _, v := range f.Environment {
		for _, r := range topology.References(v.Value) {
			if r.Kind == topology.KindFunction {
				note(r.Name)
			}
		}
	}
	return names
}

// inCircle reports whether a reference from one function to another would close a circle.
func (b *builder) inCircle(from, to string) bool {
	return from == to || b.circle[from] != 0 && b.circle[from] == b.circle[to]
}

// components finds strongly connected components: Tarjan's algorithm.
type components struct {
	graph      map[string][]string
	order, low map[string]int
	open       map[string]bool
	stack      []string
	circle     map[string]int
	circles    int
}

func (s *components) visit(name string) {
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
	var members []string
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
func (b *builder) functionARN(from, to, tail string) any {
	if b.inCircle(from, to) {
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
