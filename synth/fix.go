package synth

import (
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// Fix gives the smallest change of the topology that would allow a denied call:
// one grant, with the weakest verb that holds the action. It is false when no
// grant could: the role is no function's, the resource is none of the
// topology's, no verb holds the action there, or the topology allows the call
// already and only has to be deployed.
//
// A grant that is there is not rewritten: two grants on one store make one
// statement that allows what both allow, so one line more is the smaller change.
func Fix(t *topology.Topology, sandbox, roleName, action, resourceARN string) (writ.Fix, bool) {
	in, f := find(t, sandbox, roleName)
	if f == nil {
		return writ.Fix{}, false
	}
	to, ok := locate(in, sandbox, resourceARN)
	if !ok || granted(f, to, action) {
		return writ.Fix{}, false
	}
	for _, v := range verbs[to.entity] {
		if v.holds(action, to.form) {
			return writeFix(f, access{to, v.name}, action), true
		}
	}
	return writ.Fix{}, false
}

// Granted reports whether the topology allows a call of a function's role
// already. Where the call is denied all the same, it is not deployed yet.
func Granted(t *topology.Topology, sandbox, roleName, action, resourceARN string) bool {
	in, f := find(t, sandbox, roleName)
	if f == nil {
		return false
	}
	to, ok := locate(in, sandbox, resourceARN)
	return ok && granted(f, to, action)
}

// find gives the function that runs as a role, in t or a node of t.
func find(t *topology.Topology, sandbox, roleName string) (*topology.Topology, *topology.Function) {
	for _, f := range t.Functions {
		if RoleName(t, f.Name, sandbox) == roleName {
			return t, f
		}
	}
	for _, n := range t.Nodes {
		if in, f := find(n, sandbox, roleName); f != nil {
			return in, f
		}
	}
	return nil, nil
}

// destination is an ARN read back: an entity and the form of its ARN.
type destination struct {
	entity entity
	name   string
	form   form
	pos    writ.Position
}

var arn = regexp.MustCompile(`^arn:[^:]*:([^:]*):[^:]*:[^:]*:(.+)$`)

// locate finds the entity of a topology that an ARN names.
func locate(t *topology.Topology, sandbox, resourceARN string) (destination, bool) {
	m := arn.FindStringSubmatch(resourceARN)
	if m == nil {
		return destination{}, false
	}
	service, resource := m[1], m[2]
	if service == "lambda" {
		return locateFunction(t, sandbox, resource)
	}
	for _, s := range t.Stores {
		form, ok := form(""), false
		switch {
		case service == "dynamodb" && entityOf(s) == entityTable:
			form, ok = tableForm(s, resource, TableName(t, s.Name, sandbox))
		case service == "s3" && entityOf(s) == entityBucket:
			form, ok = bucketForm(resource, BucketName(t, s.Name, sandbox))
		}
		if ok {
			return destination{entityOf(s), s.Name, form, s.Pos}, true
		}
	}
	return destination{}, false
}

func locateFunction(t *topology.Topology, sandbox, resource string) (destination, bool) {
	kind, rest, _ := strings.Cut(resource, ":")
	if kind != "function" {
		return destination{}, false
	}
	name, _, qualified := strings.Cut(rest, ":")
	for _, f := range t.Functions {
		if FunctionName(t, f.Name, sandbox) != name {
			continue
		}
		form := formSelf
		if qualified {
			form = formQualified
		}
		return destination{entityFunction, f.Name, form, f.Pos}, true
	}
	return destination{}, false
}

func tableForm(s *topology.Store, resource, name string) (form, bool) {
	rest, ok := strings.CutPrefix(resource, "table/"+name)
	switch {
	case !ok:
		return "", false
	case rest == "":
		return formSelf, true
	case strings.HasPrefix(rest, "/index/"):
		return formIndexes, s.Table != nil && len(s.Table.Indexes) > 0
	case strings.HasPrefix(rest, "/stream/"):
		return formStream, s.Table != nil && s.Table.Stream != ""
	}
	return "", false
}

// bucketEnd is the account and the region that end a bucket's name.
var bucketEnd = regexp.MustCompile(`^-[0-9]{12}-[a-z0-9-]+$`)

func bucketForm(resource, name string) (form, bool) {
	bucket, key, hasKey := strings.Cut(resource, "/")
	rest, ok := strings.CutPrefix(bucket, name)
	if !ok || !bucketEnd.MatchString(rest) {
		return "", false
	}
	if hasKey && key != "" {
		return formObjects, true
	}
	return formSelf, true
}

// holds reports whether a verb allows an action on a form of its entity's ARN.
func (v verb) holds(action string, on form) bool {
	return slices.ContainsFunc(v.allow, func(a allowance) bool {
		return slices.Contains(a.on, on) && slices.ContainsFunc(a.actions, func(p string) bool { return covers(p, action) })
	})
}

// granted reports whether the topology's edges allow the call already.
func granted(f *topology.Function, to destination, action string) bool {
	for _, target := range f.Targets {
		if target.Kind == topology.KindFunction && to.entity == entityFunction && target.Name == to.name {
			return true
		}
	}
	for _, g := range f.Grants {
		if !to.isMeant(g) {
			continue
		}
		if v, ok := findVerb(to.entity, g.Access); ok && v.holds(action, to.form) {
			return true
		}
	}
	return false
}
