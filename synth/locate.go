package synth

import (
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// Locate finds the entity of a topology, or of a node of it, that has a physical
// name in a sandbox, so that an error of AWS about that name can point to the
// user's line. kind is "function", "role", "log group", "table", "bucket",
// "rule", "import", or the topology's word for another entity, and name the entity's. A
// function and a table may have one physical name; the function is found then.
func Locate(t *topology.Topology, sandbox, physicalName string) (kind, name string, pos writ.Position, ok bool) {
	for _, f := range t.Functions {
		function := FunctionName(t, f.Name, sandbox)
		switch physicalName {
		case function:
			return "function", f.Name, f.Pos, true
		case RoleName(t, f.Name, sandbox), ImportPolicyName(t, f.Name, sandbox):
			return "role", f.Name, f.Pos, true
		case logGroupName(function):
			return "log group", f.Name, f.Pos, true
		}
	}
	for _, s := range t.Stores {
		if named(t, s, sandbox, physicalName) {
			return string(entityOf(s)), s.Name, s.Pos, true
		}
	}
	for _, x := range things(t, sandbox) {
		if x.external == "" && (x.physical == physicalName || x.kind == topology.KindKey && "alias/"+x.physical == physicalName) {
			return string(x.kind), x.name, x.pos, true
		}
	}
	for _, e := range t.Events {
		if RuleName(t, e, sandbox) == physicalName {
			return "rule", e.Name, e.Pos, true
		}
	}
	for _, s := range t.Schedules {
		switch physicalName {
		case EntityName(t, topology.KindSchedule, s.Name, sandbox):
			return "schedule", s.Name, s.Pos, true
		case PrincipalRoleName(t, topology.KindSchedule, "", sandbox):
			return "role", "schedule", s.Pos, true
		}
	}
	for _, n := range t.Nodes {
		if kind, name, pos, ok := Locate(n, sandbox, physicalName); ok {
			return kind, name, pos, true
		}
	}
	for _, i := range importsOf(t, sandbox) {
		if _, _, _, ok := Locate(i.there.t, i.there.o.Sandbox, physicalName); ok {
			return "import", i.Name, i.Pos, true
		}
	}
	return "", "", writ.Position{}, false
}

// named reports whether a store has a physical name. A bucket's may come
// without the account and the region that end it.
func named(t *topology.Topology, s *topology.Store, sandbox, physicalName string) bool {
	if entityOf(s) == entityTable {
		return TableName(t, s.Name, sandbox) == physicalName
	}
	rest, ok := strings.CutPrefix(physicalName, BucketName(t, s.Name, sandbox))
	return ok && (rest == "" || bucketEnd.MatchString(rest))
}

// logGroupName gives the log group that Lambda writes a function's log to.
func logGroupName(function string) string { return "/aws/lambda/" + function }
