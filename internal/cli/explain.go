package cli

import (
	"errors"
	"regexp"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/synth"
)

// What CloudFormation says where only the user's own file can help.
var (
	cannotReplace = regexp.MustCompile(`custom-named resource requires replacing\. Rename (\S+) and update`)
	alreadyExists = regexp.MustCompile(`(?i)(?:Table already exists: |already exists.*?: ?|bucket name is not available\W+)([A-Za-z0-9_.-]+)`)
)

// inTopology points an error of CloudFormation about a deployed name to the
// line of the topology that the name comes from, and says what helps.
func inTopology(err error, s *system) error {
	var known *writ.Error
	if !errors.As(err, &known) {
		return err
	}
	if match := cannotReplace.FindStringSubmatch(known.Message); match != nil {
		if kind, name, pos, ok := synth.Locate(s.topology, s.sandbox, match[1]); ok {
			old := "is deleted with its data"
			if keeps(s, name) {
				old = "stays with its data, and belongs to no stack then"
			}
			return (&writ.Error{
				Code: writ.CodeInvalid, Err: err, Position: pos,
				Message: "the change of " + kind + " " + name + " needs a new " + kind + ", and CloudFormation does not replace one that has a name (" + match[1] + ")",
			}).WithHint("the %s that is deployed keeps its data and its old form until you decide:\n- undo the change in the topology, or\n- give %s another name in the topology: a new %s is made, the old one %s, or\n- `writ destroy` the sandbox, so that the old one %s, and deploy again", kind, name, kind, old, old)
		}
	}
	if match := alreadyExists.FindStringSubmatch(known.Message); match != nil && strings.Contains(known.Message, "ROLLBACK") {
		if kind, name, pos, ok := synth.Locate(s.topology, s.sandbox, match[1]); ok {
			known.Position = pos
			return known.WithHint("%s\nthere is a %s of that name already: another stack has it, or `writ destroy` kept it because of `retain: true`.\nGive %s another name, or delete the old one first with the AWS CLI (`writ credentials` lends you the rights)", known.Hint, kind, name)
		}
	}
	return err
}

// keeps reports whether a store is marked retain.
func keeps(s *system, store string) bool {
	for _, candidate := range s.topology.Stores {
		if candidate.Name == store && candidate.Table != nil {
			return candidate.Table.Retain
		}
	}
	return false
}

// withoutTopology says how to reach the cloud when its deploy fails and `writ
// up` ends: what the hints advise needs it running.
func withoutTopology(err error, dir string) error {
	var known *writ.Error
	if !errors.As(err, &known) || !strings.Contains(known.Hint, "`writ destroy`") {
		return err
	}
	return known.WithHint("%s\n`writ up %s --bare` runs the cloud as it stands, for `writ destroy` and `writ credentials` in another terminal", known.Hint, quoted(dir))
}
