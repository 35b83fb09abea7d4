package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// writeJSON writes one value for people and programs: indented, in the
// characters that it has.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// statementText is a statement as JSON, indented by two.
func statementText(s iam.Statement) string {
	raw, err := json.MarshalIndent(s, "  ", "  ")
	if err != nil {
		return "" // a statement of strings is always JSON
	}
	return eachLine(string(raw))
}

// statementName names a statement of a policy by its number from 0 and its Sid.
func statementName(number int, sid string) string {
	if sid == "" {
		return fmt.Sprintf("statement %d", number)
	}
	return fmt.Sprintf("statement %d (%s)", number, oneLine(sid))
}

// counted says a number of things: "1 call", "2 policies".
func counted[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, ok := strings.CutSuffix(thing, "y"); ok {
		thing = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
