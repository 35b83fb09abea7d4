package diff

import (
	"github.com/writ-dev/writ/cfn"
)

// What Writ notes about itself in the metadata of its templates, under the key
// Writ: of a policy, that its statements are those of imports; of a template,
// how the roles of its sandbox are made.

// isImport reports whether a resource holds what a function may do in other
// sandboxes and namespaces.
func isImport(resource *cfn.Object) bool {
	imports, _ := resource.Object("Metadata").Object("Writ").Get("Imports")
	text, _ := scalar(imports)
	return resource.Text("Type") == "AWS::IAM::Policy" && text == "true"
}

// split gives the statements at home, and those of imports.
func split(all []Statement) (here, elsewhere []Statement) {
	for _, s := range all {
		if s.imported {
			elsewhere = append(elsewhere, s)
		} else {
			here = append(here, s)
		}
	}
	return here, elsewhere
}

// Roles is how the roles of a sandbox are made.
type Roles struct {
	// Mode is "dynamic" for roles of the topology's edges, or "shared" or "global".
	Mode string `json:"mode"`
	// Way is what role files do, such as "boundary"; see [RoleMode] for "".
	Way string `json:"way,omitempty"`
}

// RoleModeChange is another way of making roles.
type RoleModeChange struct {
	Old Roles `json:"old"`
	New Roles `json:"new"`
}

// RoleMode reads how the roles of a template's sandbox are made. A template that
// does not say has dynamic ones; way is "" for "replace" in all modes but shared,
// where only the files of single entities have one.
func RoleMode(template *cfn.Template) (mode, way string) {
	roles := template.Root.Object("Metadata").Object("Writ").Object("Roles")
	mode, way = roles.Text("Mode"), roles.Text("Way")
	switch {
	case mode == "":
		return "dynamic", ""
	case mode != "shared" && way == "replace":
		return mode, ""
	}
	return mode, way
}

func compareRoleModes(before, after *cfn.Template) *RoleModeChange {
	var c RoleModeChange
	c.Old.Mode, c.Old.Way = RoleMode(before)
	c.New.Mode, c.New.Way = RoleMode(after)
	if c.Old == c.New {
		return nil
	}
	return &c
}

// hidden says that the policies of the roles stand in no template.
func (r Roles) hidden() bool { return r.Mode != "dynamic" && r.Mode != "shared" }

func (r Roles) String() string {
	if r.Way != "" {
		return r.Mode + " (" + r.Way + ")"
	}
	return r.Mode
}

// roleMode prints another way of making roles, which cdk does not know.
func (p *printer) roleMode(c *Changes) {
	if c.RoleMode == nil || p.o.CDK {
		return
	}
	p.line(p.bold("role mode: " + p.inline(c.RoleMode.Old.String()) + " -> " + p.inline(c.RoleMode.New.String())))
	p.line("")
}

// onlyRoleMode reports whether an entry of the metadata changes in nothing but
// the roles, which a line of their own tells.
func (e Entry) onlyRoleMode() bool {
	if e.Section != "Metadata" || e.Name != "Writ" {
		return false
	}
	return equal(withoutRoles(e.Old), withoutRoles(e.New))
}

// withoutRoles is the metadata of Writ without its roles; what is not there
// equals what is empty.
func withoutRoles(metadata any) any {
	o, ok := metadata.(*cfn.Object)
	if !ok && metadata != nil {
		return metadata
	}
	rest := &cfn.Object{}
	for key, value := range o.All() {
		if key != "Roles" {
			rest.Set(key, value)
		}
	}
	return rest
}
