//go:build !cerbos

package policy

import (
	"fmt"
	"strings"

	"github.com/cedar-policy/cedar-go"
)

// cedarEngine holds policies and entities in Cedar's own types.
type cedarEngine struct {
	policies *cedar.PolicySet
	entities cedar.EntityMap
}

func uid(kind, id string) cedar.EntityUID {
	return cedar.NewEntityUID(cedar.EntityType(kind), cedar.String(id))
}

func (c *cedarEngine) add(id cedar.EntityUID, attributes cedar.RecordMap, parents ...cedar.EntityUID) {
	c.entities[id] = cedar.Entity{UID: id, Attributes: cedar.NewRecord(attributes), Parents: cedar.NewEntityUIDSet(parents...)}
}

func (c *cedarEngine) ask(q cedar.Request) (bool, error) {
	d, details := cedar.Authorize(c.policies, c.entities, q)
	if len(details.Errors) > 0 {
		return false, fmt.Errorf("cedar: %v", details.Errors[0])
	}
	return bool(d), nil
}

// cedarRBAC has one policy for each role: its members may do its 25 actions.
func cedarRBAC(w *rbac, attributes bool) (engine, error) {
	var text strings.Builder
	for r := range w.grants {
		var own []string
		for p, has := range w.grants[r] {
			if has {
				own = append(own, fmt.Sprintf("Action::%q", cedarAction(p/actions, p%actions)))
			}
		}
		fmt.Fprintf(&text, "permit (principal in Role::%q, action in [%s], resource)", roleName(r), strings.Join(own, ", "))
		if attributes {
			text.WriteString(" when { principal.department == resource.department && principal.clearance >= resource.level && principal.regions.contains(resource.region) }")
		}
		text.WriteString(";\n")
	}
	policies, err := cedar.NewPolicySetFromBytes("rbac.cedar", []byte(text.String()))
	if err != nil {
		return engine{}, err
	}
	c := &cedarEngine{policies: policies, entities: cedar.EntityMap{}}
	for u, own := range w.rolesOf {
		var parents []cedar.EntityUID
		for _, r := range own {
			parents = append(parents, uid("Role", roleName(r)))
		}
		p := &w.people[u]
		var regions []cedar.Value
		for _, g := range p.regions {
			regions = append(regions, cedar.String(g))
		}
		c.add(uid("User", userName(u)), cedar.RecordMap{
			"department": cedar.String(p.department), "clearance": cedar.Long(p.clearance), "regions": cedar.NewSet(regions...),
		}, parents...)
	}
	for t := range w.things {
		for i, x := range w.things[t] {
			c.add(uid(typeName(t), thingName(i)), cedar.RecordMap{
				"department": cedar.String(x.department), "region": cedar.String(x.region), "level": cedar.Long(x.level),
			})
		}
	}
	list := w.w1
	if attributes {
		list = w.w3
	}
	asked := make([]cedar.Request, len(list))
	for i, q := range list {
		asked[i] = cedar.Request{
			Principal: uid("User", userName(q.user)), Action: uid("Action", cedarAction(q.kind, q.action)),
			Resource: uid(typeName(q.kind), thingName(q.instance)),
		}
	}
	return engine{name: "cedar", check: 4_000, ask: func(i int) (bool, error) { return c.ask(asked[i]) }}, nil
}

func cedarAction(kind, action int) string { return typeName(kind) + ":" + actionName(action) }

// cedarTreePolicy walks up by hand: Cedar has no recursion, and the tree is five deep.
func cedarTreePolicy() string {
	var text strings.Builder
	text.WriteString("permit (principal, action, resource) when { resource.viewer == principal };\n")
	text.WriteString("permit (principal, action, resource) when {\n  ")
	at, guard := "resource.folder", ""
	for depth := range 5 {
		if depth > 0 {
			guard += at + " has parent && "
			at += ".parent"
			text.WriteString("\n  || ")
		}
		fmt.Fprintf(&text, "(%s%s has viewers && principal in %s.viewers)", guard, at, at)
	}
	text.WriteString("\n};\n")
	return text.String()
}

func cedarTree(w *tree) (engine, lister, error) {
	policies, err := cedar.NewPolicySetFromBytes("tree.cedar", []byte(cedarTreePolicy()))
	if err != nil {
		return engine{}, lister{}, err
	}
	c := &cedarEngine{policies: policies, entities: cedar.EntityMap{}}
	for u, own := range w.groupsOf {
		var parents []cedar.EntityUID
		for _, g := range own {
			parents = append(parents, uid("Group", groupName(g)))
		}
		c.add(uid("User", userName(u)), nil, parents...)
	}
	for g, p := range w.groupParent {
		if p >= 0 {
			c.add(uid("Group", groupName(g)), nil, uid("Group", groupName(p)))
		}
	}
	for f, p := range w.parent {
		known := cedar.RecordMap{}
		if p >= 0 {
			known["parent"] = uid("Folder", folderName(p))
		}
		if g := w.groupOf[f]; g >= 0 {
			known["viewers"] = uid("Group", groupName(g))
		}
		c.add(uid("Folder", folderName(f)), known)
	}
	for d := range documents {
		c.add(uid("Document", documentName(d)), cedar.RecordMap{
			"folder": uid("Folder", folderName(w.folderOf[d])), "viewer": uid("User", userName(w.viewerOf[d])),
		})
	}
	views := func(user, document int) (bool, error) {
		return c.ask(cedar.Request{
			Principal: uid("User", userName(user)), Action: uid("Action", "view"), Resource: uid("Document", documentName(document)),
		})
	}
	asked := make([]cedar.Request, len(w.w2))
	for i, q := range w.w2 {
		asked[i] = cedar.Request{
			Principal: uid("User", userName(q.user)), Action: uid("Action", "view"), Resource: uid("Document", documentName(q.document)),
		}
	}
	e := engine{name: "cedar", check: 4_000, ask: func(i int) (bool, error) { return c.ask(asked[i]) }}
	return e, loopLister("cedar", views), nil
}

// loopLister asks for every candidate, which is what a caller of an engine without lists does.
func loopLister(name string, views func(user, document int) (bool, error)) lister {
	return lister{
		name: name, check: 1,
		documents: func(user int) ([]string, error) {
			var found []string
			for d := range documents {
				if ok, err := views(user, d); err != nil {
					return nil, err
				} else if ok {
					found = append(found, documentName(d))
				}
			}
			return found, nil
		},
		viewers: func(document int) ([]string, error) {
			var found []string
			for u := range users {
				if ok, err := views(u, document); err != nil {
					return nil, err
				} else if ok {
					found = append(found, userName(u))
				}
			}
			return found, nil
		},
	}
}
