//go:build !cerbos

package policy

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

const opaRoles = `package bench

role_allows if {
	some role in data.roles[input.user]
	data.grants[role][input.kind][input.action]
}
`

const opaPlain = opaRoles + `
default allow := false

allow if role_allows
`

const opaAttributes = opaRoles + `
default allow := false

allow if {
	role_allows
	user := data.people[input.user]
	resource := data.things[input.kind][input.instance]
	user.department == resource.department
	user.clearance >= resource.level
	resource.region in user.regions
}
`

const opaTreePolicy = `package bench

default allow := false

allow if data.documents[input.document].viewer == input.user

allow if {
	some folder in graph.reachable(data.folder_above, {data.documents[input.document].folder})
	data.folder_viewers[folder] in graph.reachable(data.group_above, data.groups[input.user])
}

documents contains name if some name in data.viewed[input.user]

documents contains name if {
	starts := {folder |
		some group in graph.reachable(data.group_above, data.groups[input.user])
		some folder in data.viewed_folders[group]
	}
	some folder in graph.reachable(data.folder_below, starts)
	some name in data.documents_in[folder]
}

viewers contains data.documents[input.document].viewer

viewers contains name if {
	starts := {data.folder_viewers[folder] |
		some folder in graph.reachable(data.folder_above, {data.documents[input.document].folder})
	}
	some group in graph.reachable(data.group_below, starts)
	some name in data.members[group]
}
`

// object and texts are JSON as OPA's store wants it.
type (
	object = map[string]any
	texts  = []any
)

func prepare(policy, query string, data object) (rego.PreparedEvalQuery, error) {
	return rego.New(
		rego.Query(query), rego.Module("bench.rego", policy),
		rego.Store(inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true))),
	).PrepareForEval(context.Background())
}

// opaInput is a question in OPA's own kind of values.
func opaInput(fields object) (ast.Value, error) { return ast.InterfaceToValue(fields) }

func opaAsk(p rego.PreparedEvalQuery, input ast.Value) (any, error) {
	set, err := p.Eval(context.Background(), rego.EvalParsedInput(input))
	if err != nil {
		return nil, err
	}
	if len(set) != 1 || len(set[0].Expressions) != 1 {
		return nil, fmt.Errorf("opa gave %d results", len(set))
	}
	return set[0].Expressions[0].Value, nil
}

func opaRBAC(w *rbac, attributes bool) (engine, error) {
	own, people, grants, things := object{}, object{}, object{}, object{}
	for u := range w.rolesOf {
		var list, regions texts
		for _, r := range w.rolesOf[u] {
			list = append(list, roleName(r))
		}
		own[userName(u)] = list
		p := &w.people[u]
		for _, r := range p.regions {
			regions = append(regions, r)
		}
		people[userName(u)] = object{"department": p.department, "clearance": p.clearance, "regions": regions}
	}
	for r := range w.grants {
		kinds := object{}
		for p, has := range w.grants[r] {
			if !has {
				continue
			}
			kind := typeName(p / actions)
			if kinds[kind] == nil {
				kinds[kind] = object{}
			}
			kinds[kind].(object)[actionName(p%actions)] = true
		}
		grants[roleName(r)] = kinds
	}
	policy, list, data := opaPlain, w.w1, object{"roles": own, "grants": grants}
	if attributes {
		for t := range w.things {
			all := object{}
			for i, x := range w.things[t] {
				all[thingName(i)] = object{"department": x.department, "region": x.region, "level": x.level}
			}
			things[typeName(t)] = all
		}
		policy, list, data["people"], data["things"] = opaAttributes, w.w3, people, things
	}
	p, err := prepare(policy, "data.bench.allow", data)
	if err != nil {
		return engine{}, err
	}
	inputs := make([]ast.Value, len(list))
	for i, q := range namesOf(list) {
		if inputs[i], err = opaInput(object{"user": q.user, "kind": q.kind, "action": q.action, "instance": q.instance}); err != nil {
			return engine{}, err
		}
	}
	return engine{name: "opa", check: 4_000, ask: func(i int) (bool, error) {
		v, err := opaAsk(p, inputs[i])
		return v == true, err
	}}, nil
}

// opaTreeData is W2 in both directions: a check walks up, a list walks down.
func opaTreeData(w *tree) object {
	groups, groupAbove, groupBelow := object{}, object{}, object{}
	folderAbove, folderBelow, folderViewers := object{}, object{}, object{}
	docs, in, viewed, viewedFolders, members := object{}, object{}, object{}, object{}, object{}
	add := func(to object, key, value string) {
		list, _ := to[key].(texts)
		to[key] = append(list, value)
	}
	for u, own := range w.groupsOf {
		for _, g := range own {
			add(groups, userName(u), groupName(g))
			add(members, groupName(g), userName(u))
		}
	}
	for g, p := range w.groupParent {
		groupAbove[groupName(g)] = texts{}
		if p >= 0 {
			add(groupAbove, groupName(g), groupName(p))
			add(groupBelow, groupName(p), groupName(g))
		}
	}
	for g := range w.groupParent {
		if groupBelow[groupName(g)] == nil {
			groupBelow[groupName(g)] = texts{}
		}
	}
	for f, p := range w.parent {
		folderAbove[folderName(f)] = texts{}
		if p >= 0 {
			add(folderAbove, folderName(f), folderName(p))
			add(folderBelow, folderName(p), folderName(f))
		}
		if g := w.groupOf[f]; g >= 0 {
			folderViewers[folderName(f)] = groupName(g)
			add(viewedFolders, groupName(g), folderName(f))
		}
	}
	for f := range w.parent {
		if folderBelow[folderName(f)] == nil {
			folderBelow[folderName(f)] = texts{}
		}
	}
	for d := range documents {
		docs[documentName(d)] = object{"folder": folderName(w.folderOf[d]), "viewer": userName(w.viewerOf[d])}
		add(in, folderName(w.folderOf[d]), documentName(d))
		add(viewed, userName(w.viewerOf[d]), documentName(d))
	}
	return object{
		"groups": groups, "group_above": groupAbove, "group_below": groupBelow, "members": members,
		"folder_above": folderAbove, "folder_below": folderBelow, "folder_viewers": folderViewers,
		"documents": docs, "documents_in": in, "viewed": viewed, "viewed_folders": viewedFolders,
	}
}

func opaTree(w *tree) (engine, lister, error) {
	data := opaTreeData(w)
	allow, err := prepare(opaTreePolicy, "data.bench.allow", data)
	if err != nil {
		return engine{}, lister{}, err
	}
	below, err := prepare(opaTreePolicy, "data.bench.documents", data)
	if err != nil {
		return engine{}, lister{}, err
	}
	above, err := prepare(opaTreePolicy, "data.bench.viewers", data)
	if err != nil {
		return engine{}, lister{}, err
	}
	inputs := make([]ast.Value, len(w.w2))
	for i, q := range w.w2 {
		if inputs[i], err = opaInput(object{"user": userName(q.user), "document": documentName(q.document)}); err != nil {
			return engine{}, lister{}, err
		}
	}
	e := engine{name: "opa", check: 4_000, ask: func(i int) (bool, error) {
		v, err := opaAsk(allow, inputs[i])
		return v == true, err
	}}
	list := func(p rego.PreparedEvalQuery, fields object) ([]string, error) {
		input, err := opaInput(fields)
		if err != nil {
			return nil, err
		}
		v, err := opaAsk(p, input)
		if err != nil {
			return nil, err
		}
		found, ok := v.(texts)
		if !ok {
			return nil, fmt.Errorf("opa gave a %T", v)
		}
		names := make([]string, len(found))
		for i, name := range found {
			names[i] = name.(string)
		}
		return names, nil
	}
	return e, lister{
		name: "opa", check: 20,
		documents: func(user int) ([]string, error) { return list(below, object{"user": userName(user)}) },
		viewers:   func(document int) ([]string, error) { return list(above, object{"document": documentName(document)}) },
	}, nil
}
