package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// ownFix is what helps where a role's rights do not come from the edges alone: a
// line in a role file, or a word with whoever owns the role. It is "" where a
// grant in the topology helps.
func (u *up) ownFix(v gate.Verdict) (summary, line string) {
	role, ok := u.runsAs(v.Call.Caller.RoleName)
	if !ok {
		return "", ""
	}
	statement, err := json.Marshal(iam.Statement{Effect: iam.Allow, Action: []string{v.Ask.Action}, Resource: []string{literally(v.Ask.Resource)}})
	if err != nil {
		return "", "" // text always encodes
	}
	const nothing, bounded = "no identity-based policy allows", "no permissions boundary allows" // AWS's words
	switch choice := role.Choice; {
	case !strings.Contains(v.Message, nothing) && !strings.Contains(v.Message, bounded):
		return "", "" // a deny: the line that denies is shown
	case choice.Existing != nil:
		return fmt.Sprintf("role %s is not made here: whoever owns it has to allow this", oneLine(role.RoleName)), string(statement)
	case choice.File == nil || choice.Way == roles.Merge:
		return "", ""
	case choice.Way == roles.Boundary && strings.Contains(v.Message, nothing):
		return "", ""
	case choice.Way == roles.Replace:
		return fmt.Sprintf("its rights come from %s alone: allow this there, or use --way merge", oneLine(choice.File.Path)), string(statement)
	}
	return fmt.Sprintf("the topology grants this, and the boundary %s does not let it through: allow this there", oneLine(role.Choice.File.Path)), string(statement)
}

// literally writes a resource so that a policy means this one alone: the name of
// an object may be "*", and whoever chooses it must not choose the fix.
func literally(resource string) string {
	if resource == "*" {
		return resource
	}
	return strings.NewReplacer("$", "${$}", "*", "${*}", "?", "${?}").Replace(resource)
}

// runsAs finds whose role has a name, and where its rights come from as the
// sandbox is deployed now, be it by another command than this one.
func (u *up) runsAs(name string) (synth.Role, bool) {
	systems := u.running.Load()
	if systems == nil || name == "" {
		return synth.Role{}, false
	}
	for _, s := range *systems {
		i := slices.IndexFunc(s.output.Roles, func(r synth.Role) bool { return bareName(r.RoleName) == name })
		if i < 0 && !isAccountRole(name) {
			continue
		}
		set := u.deployedRoles(s, s.root)
		if i >= 0 {
			role := s.output.Roles[i]
			if set != nil {
				role.Choice = set.Of(role.Kind, role.Name)
			}
			return role, true
		}
		// Another command may have gone over to roles that exist.
		for _, role := range s.output.Roles {
			if set == nil {
				break
			}
			if role.Choice = set.Of(role.Kind, role.Name); slices.Contains(role.Choice.Existing, name) {
				role.RoleName = name
				return role, true
			}
		}
	}
	return synth.Role{}, false
}

// isAccountRole reports whether a name is one that global roles have.
func isAccountRole(name string) bool {
	return slices.ContainsFunc(roles.Kinds, func(kind topology.Kind) bool { return slices.Contains(roles.GlobalNames(kind), name) })
}

// deployedRoles says how the roles of a system are made as it is deployed, where
// another command than this one deployed it; nil where that cannot be read.
func (u *up) deployedRoles(s *system, root *topology.Topology) *roles.Set {
	body, found, err := u.account.Template(u.context, s.stack)
	if err != nil || !found {
		return nil
	}
	u.read.mu.Lock()
	defer u.read.mu.Unlock()
	last, read := u.read.last[s.stack]
	if !read || last.of != s || !bytes.Equal(last.body, body) { // denials come in rows: a template is parsed once
		last = rolesOfTemplate{s, body, u.rolesIn(body, s, root)}
		if u.read.last == nil {
			u.read.last = map[string]rolesOfTemplate{}
		}
		u.read.last[s.stack] = last
	}
	return last.set
}

// readRoles has the template of each stack that was last read for a denial.
type readRoles struct {
	mu   sync.Mutex
	last map[string]rolesOfTemplate
}

type rolesOfTemplate struct {
	of   *system
	body []byte
	set  *roles.Set
}

// rolesIn says how the roles are made that a deployed template has.
func (u *up) rolesIn(body []byte, s *system, root *topology.Topology) *roles.Set {
	deployed, err := cfn.Parse(body, s.stack)
	if err != nil {
		return nil
	}
	settings, _ := synth.RecordedRoles(deployed)
	settings = settings.Normal()
	if ours := s.roles.set.Settings; settings.Mode == ours.Mode && settings.Way == ours.Way && settings.Dir == ours.Dir {
		return s.roles.set
	}
	if checkRecorded(s.topology, settings) != nil {
		return nil
	}
	places := u.sh.rolePlaces(roleFlags{}, s.topology, ownerOfRoles(s.topology, root), settings.Dir)
	files, err := roles.Find(s.topology, places.Places)
	if err != nil {
		return nil
	}
	return files.Choose(settings)
}
