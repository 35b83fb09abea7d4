package diff

import (
	"sort"
	"strings"

	"github.com/writ-dev/writ/cfn"
)

// constructPaths gives the CDK construct path of each logical id that has
// one, without the stack's name and a final Resource or Default.
func constructPaths(templates ...*cfn.Object) map[string]string {
	paths := map[string]string{}
	for _, root := range templates {
		for id, v := range root.Object("Resources").All() {
			resource, _ := v.(*cfn.Object)
			path := resource.Object("Metadata").Text("aws:cdk:path")
			if path == "" {
				continue
			}
			parts := strings.Split(path, "/")
			if len(parts) > 1 {
				parts = parts[1:]
			}
			if last := parts[len(parts)-1]; len(parts) > 1 && (last == "Resource" || last == "Default") {
				parts = parts[:len(parts)-1]
			}
			paths[id] = strings.Join(parts, "/")
		}
	}
	return paths
}

// compareResources gives removals, additions and updates, each in the order
// of the templates.
func compareResources(before, after *cfn.Object, paths map[string]string) []Resource {
	old, now := before.Object("Resources"), after.Object("Resources")
	var removed, added []Resource
	updated := updates(old, now)
	for id, v := range old.All() {
		if _, ok := now.Get(id); ok {
			continue
		}
		resource, _ := v.(*cfn.Object)
		impact := WillDestroy
		if policy := resource.Text("DeletionPolicy"); policy == "Retain" || policy == "RetainExceptOnCreate" {
			impact = WillOrphan
		}
		removed = append(removed, Resource{LogicalID: id, Type: resource.Text("Type"), Change: Removed, Impact: impact})
	}
	for id, v := range now.All() {
		if _, ok := old.Get(id); ok {
			continue
		}
		resource, _ := v.(*cfn.Object)
		added = append(added, Resource{LogicalID: id, Type: resource.Text("Type"), Change: Added, Impact: WillCreate})
	}
	all := append(append(removed, added...), updated...)
	for i := range all {
		all[i].Path = paths[all[i].LogicalID]
	}
	return all
}

// updates compares the resources that are on both sides. A resource that is
// replaced gets a new name, so what refers to it changes too: such properties
// are marked until nothing new is replaced.
func updates(old, now *cfn.Object) []Resource {
	replaced := map[string]bool{}
	for {
		var out []Resource
		again := false
		for id, v := range old.All() {
			w, ok := now.Get(id)
			if !ok {
				continue
			}
			before, _ := v.(*cfn.Object)
			after, _ := w.(*cfn.Object)
			r := compareResource(id, before, after, replaced)
			if r == nil {
				continue
			}
			if (r.Impact == WillReplace || r.Impact == MayReplace) && !replaced[id] {
				replaced[id], again = true, true
			}
			out = append(out, *r)
		}
		if !again {
			return out
		}
	}
}

// compareResource compares one resource, nil when nothing differs.
func compareResource(id string, before, after *cfn.Object, replaced map[string]bool) *Resource {
	r := &Resource{LogicalID: id, Type: after.Text("Type"), Change: Updated, Impact: NoImpact}
	if before.Text("Type") != after.Text("Type") {
		r.Impact = WillReplace
		r.Parts = []Property{{Name: "Type", Attribute: true, Change: Updated, Impact: WillReplace, Old: before.Text("Type"), New: after.Text("Type")}}
		return r
	}
	old, now := before.Object("Properties"), after.Object("Properties")
	for _, name := range unionSorted(old, now) {
		a, okA := old.Get(name)
		b, okB := now.Get(name)
		refers := okA && okB && refersTo(b, replaced)
		if okA && okB && equal(a, b) && !refers {
			continue
		}
		impact := propertyImpact(r.Type, name)
		if okA && okB && equal(a, b) && impact != WillReplace && impact != MayReplace {
			continue // only the value behind a reference changes
		}
		r.Impact = graver(r.Impact, impact)
		r.Parts = append(r.Parts, property(name, false, impact, a, okA, b, okB))
	}
	for _, name := range unionSorted(before, after) {
		if name == "Properties" || name == "Type" {
			continue
		}
		a, okA := before.Get(name)
		b, okB := after.Get(name)
		if okA && okB && equal(a, b) {
			continue
		}
		r.Impact = graver(r.Impact, WillUpdate)
		r.Parts = append(r.Parts, property(name, true, NoImpact, a, okA, b, okB))
	}
	if len(r.Parts) == 0 {
		return nil
	}
	return r
}

func property(name string, attribute bool, impact Impact, a any, okA bool, b any, okB bool) Property {
	p := Property{Name: name, Attribute: attribute, Impact: impact, Change: Updated, Old: a, New: b}
	switch {
	case !okA:
		p.Change = Added
	case !okB:
		p.Change = Removed
	}
	return p
}

func propertyImpact(resourceType, name string) Impact {
	switch cfn.ReplacementOf(resourceType, name) {
	case cfn.ReplaceAlways:
		return WillReplace
	case cfn.ReplaceMaybe:
		return MayReplace
	case cfn.ReplaceUnknown:
		return NoImpact
	default:
		return WillUpdate
	}
}

// refersTo reports whether a value holds a reference to one of the resources.
func refersTo(v any, ids map[string]bool) bool {
	switch v := v.(type) {
	case *cfn.Object:
		for k, child := range v.All() {
			if v.Len() == 1 && (k == "Ref" || strings.HasPrefix(k, "Fn::")) && ids[firstArgument(child)] {
				return true
			}
			if refersTo(child, ids) {
				return true
			}
		}
	case []any:
		for _, child := range v {
			if refersTo(child, ids) {
				return true
			}
		}
	}
	return false
}

func firstArgument(v any) string {
	if items, ok := v.([]any); ok && len(items) > 0 {
		v = items[0]
	}
	id, _ := v.(string)
	return id
}

func unionSorted(a, b *cfn.Object) []string {
	names := union(a, b)
	sort.Strings(names)
	return names
}

// union gives the keys of both, those of a first.
func union(a, b *cfn.Object) []string {
	names := a.Keys()
	for _, k := range b.Keys() {
		if _, ok := a.Get(k); !ok {
			names = append(names, k)
		}
	}
	return names
}

// sections lists the other parts of a template in the order they are shown;
// those before Resources come first.
var sections = []string{"AWSTemplateFormatVersion", "Transform", "Description", "Parameters", "Metadata", "Mappings", "Conditions", "Rules", "Outputs"}

// compareSections compares what is outside Resources, entry by entry.
func compareSections(before, after *cfn.Object) []Entry {
	var out []Entry
	for _, section := range sections {
		a, okA := before.Get(section)
		b, okB := after.Get(section)
		objectA, isA := a.(*cfn.Object)
		objectB, isB := b.(*cfn.Object)
		if okA && !isA || okB && !isB {
			if !okA || !okB || !equal(a, b) {
				out = append(out, entry(section, section, a, okA, b, okB))
			}
			continue
		}
		for _, name := range union(objectA, objectB) {
			x, okX := objectA.Get(name)
			y, okY := objectB.Get(name)
			if !okX || !okY || !equal(x, y) {
				out = append(out, entry(section, name, x, okX, y, okY))
			}
		}
	}
	return out
}

func entry(section, name string, a any, okA bool, b any, okB bool) Entry {
	e := Entry{Section: section, Name: name, Change: Updated, Old: a, New: b}
	switch {
	case !okA:
		e.Change = Added
	case !okB:
		e.Change = Removed
	}
	return e
}
