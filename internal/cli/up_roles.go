package cli

import (
	"encoding/json"
	"fmt"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/synth"
)

// ownFix is what helps where a role's rights do not come from the edges alone: a
// line in a role file, or a word with whoever owns the role. It is "" where a
// grant in the topology helps.
func (u *up) ownFix(v gate.Verdict) (summary, line string) {
	s, role, ok := u.runsAs(v.Call.Caller.RoleName)
	if !ok {
		return "", ""
	}
	statement, err := json.Marshal(iam.Statement{Effect: iam.Allow, Action: []string{v.Ask.Action}, Resource: []string{v.Ask.Resource}})
	if err != nil {
		return "", "" // text always encodes
	}
	switch choice := role.Choice; {
	case choice.Existing != nil:
		return fmt.Sprintf("role %s is not made here: whoever owns it has to allow this", oneLine(role.RoleName)), string(statement)
	case choice.File == nil || choice.Way == roles.Merge:
		return "", ""
	case choice.Way == roles.Replace:
		return fmt.Sprintf("its rights come from %s alone: allow this there, or use --way merge", oneLine(choice.File.Path)), string(statement)
	}
	if name := synth.RoleName(s.topology, role.Name, s.sandbox); synth.Granted(s.topology, s.sandbox, name, v.Ask.Action, v.Ask.Resource) {
		return fmt.Sprintf("the topology grants this, and the boundary %s does not let it through: allow this there", oneLine(role.Choice.File.Path)), string(statement)
	}
	return "", ""
}

// runsAs finds whose role has a name, in what is deployed now.
func (u *up) runsAs(name string) (*system, synth.Role, bool) {
	systems := u.running.Load()
	if systems == nil || name == "" {
		return nil, synth.Role{}, false
	}
	for _, s := range *systems {
		for _, r := range s.output.Roles {
			if r.RoleName == name {
				return s, r, true
			}
		}
	}
	return nil, synth.Role{}, false
}
