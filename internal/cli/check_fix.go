package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// remedy says how the tuples of a fix are written where a question was asked.
type remedy struct {
	// file is the policy file that was asked, whose facts may have them; "" when a server's facts count.
	file string
	// dir and flags are those of the command that tells the server.
	dir, flags []string
	// serve is the command that starts the server to tell; "" when one answered.
	serve string
	// unserved: only a file was asked, and no server could be told.
	unserved bool
	// home is the tenant that counted since the question named none, where there are others; else "".
	home string
}

// text is what to do so that the lines of a fix come true; "" when they are no tuples.
func (r remedy) text(fix *writ.Fix) []string {
	tuples, expiring, ok := authz.FixTuples(fix)
	if !ok {
		return nil
	}
	flags := slices.Clone(r.flags)
	if expiring { // what was lent for a time is not given for ever; how long is for the reader to say
		flags = append(flags, "--expires", "8h")
	}
	if tuples[0].Condition != "" { // such a fix is of one tuple
		flags = append(flags, "--condition", tuples[0].Condition)
	}
	var lines []string
	if r.file != "" {
		lines = append(lines, "write it below  tuples:  in the facts of "+r.file)
	}
	if command := tupleCommand(tuples, flags, r.dir); command != "" && !r.unserved {
		switch {
		case r.file != "":
			command = "or, while a server runs: " + command
		case r.serve != "" && oneLine(r.serve) == r.serve:
			command = fmt.Sprintf("while a server runs (`%s`): %s", r.serve, command)
		}
		lines = append(lines, command)
	}
	if r.home != "" && slices.ContainsFunc(tuples, r.atHome) {
		lines = append(lines, "or, when another tenant is meant: name it with --tenant")
	}
	return lines
}

func (r remedy) atHome(t authz.Tuple) bool {
	return t.Object == authz.Entity{Type: authz.TenantType, ID: r.home}
}

// remedy is the one of the place that check asked.
func (f *checkFlags) remedy(dir string) remedy {
	var r remedy
	if f.server != "" {
		r.flags = append(r.flags, "--server", f.server)
	} else if dir != "." {
		r.dir = []string{dir}
	}
	if f.environment.given() {
		r.flags = append(r.flags, "--environment", f.environment.name)
	}
	return r
}

// remedyOf is that of a policy file. An OpenFGA model has no facts beside it.
func (f *checkFlags) remedyOf(dir string, p *startPolicy) remedy {
	r := f.remedy(dir)
	r.serve = "writ serve " + quoted(dir)
	if p.source.Format == policyFormat || strings.HasSuffix(p.file, ".yml") {
		r.file = oneLine(p.file)
	}
	r.unserved = f.policy != ""
	return r
}
