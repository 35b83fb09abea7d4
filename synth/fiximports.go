package synth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam/observe"
	"github.com/writ-dev/writ/topology"
)

// entityImport is what a grant on an import leads to.
const entityImport entity = entity(topology.KindImport)

// importsOf gives the imports of a topology in a sandbox, without those that
// lead nowhere there and those whose sandbox holds {{env}}, which is not known.
func importsOf(t *topology.Topology, sandbox string) []imported {
	return newBuilder(t, Options{Sandbox: sandbox}).imports()
}

// find gives the form in which an ARN names what is imported.
func (i imported) find(resourceARN string) (form, bool) {
	d, ok := locate(i.there.t, i.there.o.Sandbox, resourceARN)
	return d.form, ok
}

// holds reports whether an import allows an action on a resource.
func (i imported) holds(action, resource string) bool {
	on, ok := i.find(resource)
	if resource == string(formAny) {
		on, ok = formAny, true
	}
	return ok && slices.ContainsFunc(i.verbs(), func(v verb) bool { return v.holds(action, on) })
}

// verbs are what an import allows.
func (i imported) verbs() []verb {
	var all []verb
	for _, access := range i.Access {
		if v, ok := findVerb(i.entity, access); ok {
			all = append(all, v)
		}
	}
	return all
}

// edge is an import as one edge: it is granted and taken away as a whole.
func (i imported) edge() observe.Edge {
	e := observe.Edge{Kind: string(entityImport), Name: i.Name, Access: strings.Join(i.Access, ", "), Holds: i.holds}
	for _, v := range i.verbs() {
		for _, a := range v.allow {
			e.Actions = append(e.Actions, a.actions...)
		}
	}
	slices.Sort(e.Actions)
	e.Actions = slices.Compact(e.Actions)
	return e
}

// grantedElsewhere reports whether an import of a function allows a call.
func grantedElsewhere(t *topology.Topology, f *topology.Function, sandbox, action, resourceARN string) bool {
	return slices.ContainsFunc(importsOf(t, sandbox), func(i imported) bool {
		_, uses := i.user(f.Name)
		return uses && i.holds(action, resourceARN)
	})
}

// fixImport gives the change that would allow a call on what is imported, and that
// no import of f allows: the grant of an import that allows it, or a wider access of one that f has.
func fixImport(t *topology.Topology, f *topology.Function, sandbox, action, resourceARN string) (writ.Fix, bool) {
	var found []imported
	for _, i := range importsOf(t, sandbox) {
		if _, ok := i.find(resourceARN); ok {
			found = append(found, i)
		}
	}
	for _, i := range found {
		if i.holds(action, resourceARN) {
			to := access{destination{entity: entityImport, name: i.Name, pos: i.Pos}, ""}
			fix := grantLines(f, []access{to})
			fix.Summary = fmt.Sprintf("grant function %s import %s%s", f.Name, i.Name, fix.Summary)
			return fix, true
		}
	}
	for _, i := range found {
		on, _ := i.find(resourceARN)
		n := slices.IndexFunc(verbs[i.entity], func(v verb) bool { return v.holds(action, on) })
		if _, uses := i.user(f.Name); uses && n >= 0 {
			return widerImport(i, verbs[i.entity][n].name), true
		}
	}
	return writ.Fix{}, false
}

// widerImport writes an import's access with one verb more. The line is there
// and is to be changed.
func widerImport(i imported, verb string) writ.Fix {
	list := append(slices.Clone(i.Access), verb)
	slices.Sort(list)
	fix := writ.Fix{
		Summary:  fmt.Sprintf("let import %s %s too: change its access", i.Name, verb),
		Position: i.Pos, Lines: "access: [" + strings.Join(list, ", ") + "]",
	}
	if strings.HasSuffix(i.Pos.File, ".go") {
		fix.Lines = `Access: []string{"` + strings.Join(list, `", "`) + `"}`
	}
	return fix
}
