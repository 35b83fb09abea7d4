package authz

import (
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
)

// The line of a fix that writes a tuple with more than itself is an item of a policy file's tuples.
const (
	lineBegins = "{tuple: "
	lineEnds   = "}"
	// lineExpires has no time: how long it is to count is for the reader to know.
	lineExpires   = ", expires: TIME"
	lineCondition = ", condition: "
)

// expiringLine writes a tuple that was lent for a time, and is to be lent again.
func expiringLine(t *Tuple) string {
	return lineBegins + strconv.Quote(t.String()) + lineExpires + lineEnds
}

func conditionalLine(t *Tuple) string {
	return lineBegins + strconv.Quote(t.String()) + lineCondition + t.Condition + lineEnds
}

// FixTuples reads the tuples that a [writ.Fix] of a denial writes. With expiring they must be given an end, which the
// fix leaves open. ok is false when its lines are no tuples.
func FixTuples(f *writ.Fix) (tuples []Tuple, expiring, ok bool) {
	for line := range strings.Lines(f.Lines) {
		line = strings.TrimRight(line, "\n")
		condition := ""
		if rest, more := strings.CutPrefix(line, lineBegins); more {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, false, false
			}
			rest = strings.TrimSuffix(rest[len(quoted):], lineEnds)
			line, _ = strconv.Unquote(quoted) // it was found as a quoted text
			if rest == lineExpires {
				expiring = true
			} else if condition, more = strings.CutPrefix(rest, lineCondition); !more {
				return nil, false, false
			}
		}
		t, err := ParseTuple(line)
		if err != nil {
			return nil, false, false
		}
		t.Condition = condition
		tuples = append(tuples, t)
	}
	return tuples, expiring, len(tuples) > 0
}
