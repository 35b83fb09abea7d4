package diff

import (
	"github.com/writ-dev/writ/cfn"
)

// A permissions boundary gives nobody anything, but it decides how much of what
// a role's policies allow holds: one that allows more, or that goes, widens.

// bounds are the boundaries of the roles and users of a template.
type bounds struct {
	// of is what stands as the boundary of each, by logical id; "" has none.
	of map[string]string
	// there are all roles and users, bounded or not.
	there map[string]bool
	// statements are those of the boundaries, once for each that is bounded; of a
	// boundary that stands elsewhere nothing is known but its name.
	statements []Statement
}

func boundsOf(root *cfn.Object) bounds {
	b := bounds{of: map[string]string{}, there: map[string]bool{}}
	resources := root.Object("Resources")
	for id, v := range resources.All() {
		resource, ok := v.(*cfn.Object)
		if !ok || resource.Text("Type") != "AWS::IAM::Role" && resource.Text("Type") != "AWS::IAM::User" {
			continue
		}
		b.there[id] = true
		boundary, ok := resource.Object("Properties").Get("PermissionsBoundary")
		if !ok {
			continue
		}
		b.of[id] = compact(textOf(boundary))
		name, policy, ok := cfn.Intrinsic(boundary)
		policyID, isText := policy.(string)
		made := resources.Object(policyID)
		statements := []Statement{{Unparsed: "all of " + b.of[id] + ", which bounds ${" + id + "}"}}
		if ok && name == "Ref" && isText && made.Text("Type") == "AWS::IAM::ManagedPolicy" {
			document, _ := made.Object("Properties").Get("PolicyDocument")
			statements = ofIdentity(parseDocument(document), "AWS:${"+id+"}")
		}
		for _, s := range statements {
			s.bounds = id
			b.statements = append(b.statements, s)
		}
	}
	return b
}

// compareBounds gives the statements of boundaries that come and go, and whether
// a role or user that stays may do more by it.
func compareBounds(before, after *cfn.Object) (changes StatementChanges, widens bool) {
	old, now := boundsOf(before), boundsOf(after)
	changes.Added, changes.Removed = subtract(old.statements, now.statements)
	for id := range old.of {
		widens = widens || now.there[id] && now.of[id] == ""
	}
	both := func(s Statement) bool { return old.of[s.bounds] != "" && now.of[s.bounds] != "" }
	for _, s := range changes.Added {
		widens = widens || s.Effect != "Deny" && both(s)
	}
	for _, s := range changes.Removed {
		widens = widens || s.Effect != "Allow" && both(s)
	}
	return changes, widens
}
