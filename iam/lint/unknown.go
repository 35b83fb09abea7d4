package lint

import (
	"strconv"
	"strings"
)

const unknownPrefix = "${writ:"

// Unknown is text that stands for something not known when the policy is
// judged, such as the name that CloudFormation will give a resource. It can be
// a part of any value. No finding rests on what it stands for; the same name
// stands for the same text.
func Unknown(name string) string {
	return unknownPrefix + strings.Map(func(r rune) rune {
		if strings.ContainsRune("{}':,$*?\"\\", r) || r < ' ' {
			return '_'
		}
		return r
	}, name) + "}"
}

func hasUnknown(s string) bool { return strings.Contains(s, unknownPrefix) }

func hasVariable(s string) bool {
	return strings.Contains(strings.ReplaceAll(s, unknownPrefix, ""), "${")
}

func itoa(n int) string { return strconv.Itoa(n) }
