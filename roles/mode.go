package roles

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// Mode is where roles come from when nothing closer to an entity says so.
type Mode string

// The modes.
const (
	Dynamic Mode = "dynamic" // made for each entity, from its edges
	Shared  Mode = "shared"  // made for each entity, from the platform team's file for its kind
	Global  Mode = "global"  // the account's own roles, one for each kind; nothing is made
)

// Way is what a policy file does to the rights that edges give.
type Way string

// The ways.
const (
	Replace  Way = "replace"  // the file alone holds, as with tc
	Merge    Way = "merge"    // the file and the edges hold
	Boundary Way = "boundary" // the edges hold as far as the file lets them: a permissions boundary
)

// Modes and Ways are the words that users write.
var (
	Modes = []Mode{Dynamic, Shared, Global}
	Ways  = []Way{Replace, Merge, Boundary}
)

// Settings say how the roles of one sandbox are made. The zero value means
// dynamic, and that nobody chose it.
type Settings struct {
	Mode Mode
	Way  Way // of all files; "" is Replace
	// Dir is the directory of the shared files that a command named, relative to
	// the topology's, so that the next one need not; "" for the usual one.
	Dir string
	// Chosen says that somebody asked for it, so that it is to be remembered.
	Chosen bool
}

// Normal fills in what zero fields mean.
func (s Settings) Normal() Settings {
	if s.Mode == "" {
		s.Mode = Dynamic
	}
	if s.Way == "" {
		s.Way = Replace
	}
	return s
}

// String writes settings as messages do: "dynamic", "shared (boundary)".
func (s Settings) String() string {
	s = s.Normal()
	if s.Mode == Shared || s.Way != Replace {
		return string(s.Mode) + " (" + string(s.Way) + ")"
	}
	return string(s.Mode)
}

// Check refuses words that are no mode or way; "" is taken for both.
func (s Settings) Check() error {
	if s.Mode != "" && !slices.Contains(Modes, s.Mode) {
		return writ.Errorf(writ.CodeUsage, "%q is no mode of roles", string(s.Mode)).WithHint("it is %s", anyOf(Modes))
	}
	if s.Way != "" && !slices.Contains(Ways, s.Way) {
		return writ.Errorf(writ.CodeUsage, "%q is no way of role files", string(s.Way)).WithHint("it is %s", anyOf(Ways))
	}
	return nil
}

func anyOf[S ~string](words []S) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " or " + texts[last]
}

// Legacy reports whether the value of tc's TC_LEGACY_ROLES asks for global
// roles. To tc any value does, 0 and the empty one too; here those mean no.
func Legacy(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}
