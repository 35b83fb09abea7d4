// Package resource makes, changes and removes the resources of a stack, one
// file per family of services. Every call goes through the gate under the
// deployer's own identity: the same API and the same IAM as for anybody else.
//
// [Types] is the whole list of what a template may hold.
package resource

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/cfn"
)

// Handler makes, changes and removes resources of one type. All three may be
// repeated after a crash: what is already as wanted is no error.
type Handler interface {
	// Create makes the resource. On an error Result.Physical may name what
	// was made so far, for the rollback to remove.
	Create(context.Context, *Work) (Result, error)
	// Update changes the resource in place from Work.Old to Work.Properties.
	Update(context.Context, *Work) (Result, error)
	// Delete removes the resource. One that is gone already is no error.
	Delete(context.Context, *Work) error
}

// Finder is a second interface of handlers whose resources may carry a name of
// the template's choice.
type Finder interface {
	// Exists reports whether a resource named Work.Physical is there.
	Exists(context.Context, *Work) (bool, error)
}

// Work is one piece of work on one resource.
type Work struct {
	Cloud     *Cloud
	StackName string
	StackID   string
	LogicalID string
	// Physical is the resource's physical id; for Create the name that it is
	// to get, "" when the service chooses.
	Physical   string
	Properties *cfn.Object
	// Old are the properties before an update.
	Old *cfn.Object
	// Attributes are what Create gave.
	Attributes map[string]string
	// Keep is the physical id of the resource that this one replaces: Delete
	// must not take it for its own.
	Keep string
	// Tags and OldTags are the stack's.
	Tags, OldTags map[string]string
}

// Result is what a resource is known by.
type Result struct {
	// Physical is the physical id, which is what Ref gives.
	Physical string
	// Attributes are what Fn::GetAtt gives.
	Attributes map[string]string
}

// Type is one resource type and what is known of it.
type Type struct {
	Name    string
	Handler Handler
	// Properties that are given to the service.
	Properties []string
	// Inert properties are accepted and have no effect in the local cloud.
	Inert []string
	// Replace lists the properties whose change makes a new resource
	// (CloudFormation resource specification, "Update requires: Replacement").
	Replace []string
	// Attributes that Fn::GetAtt may ask for.
	Attributes []string
	// NameProperty holds the physical name, "" when the service makes one.
	NameProperty string
	// NameLimit bounds generated names; Lower makes them lower case.
	NameLimit int
	Lower     bool
	// Tagged types take the stack's tags.
	Tagged bool
	// IAM types need CAPABILITY_IAM, with a name of their own CAPABILITY_NAMED_IAM.
	IAM bool
}

// Find gives the type of a name.
func Find(name string) (Type, bool) {
	for _, t := range Types {
		if t.Name == name {
			return t, true
		}
	}
	return Type{}, false
}

// Names gives the names of all types, sorted.
func Names() []string {
	var names []string
	for _, t := range Types {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return names
}

// UnknownProperties gives the properties that the type does not know, in order.
func (t Type) UnknownProperties(properties *cfn.Object) []string {
	var unknown []string
	for _, key := range properties.Keys() {
		if !slices.Contains(t.Properties, key) && !slices.Contains(t.Inert, key) {
			unknown = append(unknown, key)
		}
	}
	return unknown
}

// InertProperties gives those of the properties that have no local effect.
func (t Type) InertProperties(properties *cfn.Object) []string {
	return slices.DeleteFunc(properties.Keys(), func(key string) bool { return !slices.Contains(t.Inert, key) })
}

// Replaces reports whether a change of the property makes a new resource.
func (t Type) Replaces(property string) bool { return slices.Contains(t.Replace, property) }

// PhysicalName gives the name that a new resource is to get: the one in its
// properties, or one of the stack, the logical id and random text, as
// CloudFormation makes them; "" when the service chooses.
func (t Type) PhysicalName(stack, logicalID string, properties *cfn.Object, random string) string {
	if t.NameProperty != "" {
		if name, ok := text(properties, t.NameProperty); ok && name != "" {
			return name
		}
	}
	if t.NameLimit == 0 {
		return ""
	}
	// The random part is kept whole; the stack and the logical id share the rest.
	if len(random) > 12 {
		random = random[:12]
	}
	room := t.NameLimit - len(random) - 2
	stackRoom := max(room/2, room-len(logicalID))
	if len(stack) > stackRoom {
		stack = stack[:stackRoom]
	}
	if len(logicalID) > room-len(stack) {
		logicalID = logicalID[:room-len(stack)]
	}
	name := stack + "-" + logicalID + "-" + random
	if t.Lower {
		name = strings.ToLower(name)
	}
	return name
}

// CustomName reports whether the properties name the resource themselves.
func (t Type) CustomName(properties *cfn.Object) bool {
	if t.NameProperty == "" {
		return false
	}
	_, ok := properties.Get(t.NameProperty)
	return ok
}

func words(s string) []string { return strings.Fields(s) }

// missing is the error of a property that a resource cannot do without.
func missing(w *Work, property string) error {
	//lint:ignore ST1005 AWS's own sentence
	return fmt.Errorf("Properties validation failed for resource %s with message: required key [%s] not found", w.LogicalID, property)
}
