package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// functionLine shows one line of a function's log.
func (u *up) functionLine(function, line string) {
	fmt.Fprintf(u.log, "%s %s\n", u.style.cyan(function+" |"), strings.TrimRight(line, "\n"))
}

// requestLine shows one request to the HTTP API.
func (u *up) requestLine(r localcloud.RequestLine) {
	status := fmt.Sprint(r.Status)
	if r.Status >= 500 {
		status = u.style.red(status)
	} else if r.Status < 400 {
		status = u.style.green(status)
	}
	fmt.Fprintf(u.log, "%s %s %s  %s\n", u.style.bold(r.Method), r.Path, status, u.style.faint(r.Duration.Round(100*time.Microsecond).String()))
}

// denied shows a call that IAM denied, and beside AWS's sentence the lines of
// the user's own file that would allow it.
func (u *up) denied(v gate.Verdict) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s on %s\n", u.style.red("DENIED"), u.style.bold(v.Ask.Action), v.Ask.Resource)
	fmt.Fprintf(&b, "  %s\n", v.Message)
	if fix, ok := u.fix(v); ok {
		fmt.Fprintf(&b, "  %s %s\n", u.style.green("fix:"), fix.Summary)
		fmt.Fprintf(&b, "  %s\n", u.style.faint("add after "+place(fix.Position)+":"))
		for line := range strings.Lines(strings.TrimRight(fix.Lines, "\n")) {
			fmt.Fprintf(&b, "  %s\n", u.style.green("+ "+strings.TrimRight(line, "\n")))
		}
	}
	fmt.Fprint(u.log, b.String())
}

func place(p writ.Position) string { return writ.Position{File: p.File, Line: p.Line}.String() }

// fix reads the topology as it stands now: denials are rare, and the lines
// must be those that the user sees in the editor.
func (u *up) fix(v gate.Verdict) (writ.Fix, bool) {
	if v.Call.Caller.RoleName == "" {
		return writ.Fix{}, false
	}
	t, err := topology.Load(u.dir)
	if err != nil {
		return writ.Fix{}, false
	}
	for _, node := range flatten(t) {
		if fix, ok := synth.Fix(node, u.flags.sandbox, v.Call.Caller.RoleName, v.Ask.Action, v.Ask.Resource); ok {
			return fix, true
		}
	}
	return writ.Fix{}, false
}

// banner says what is served, and that IAM is enforced.
func (u *up) banner(systems []*system) {
	st := u.style
	var b strings.Builder
	for _, s := range systems {
		fmt.Fprintf(&b, "%s %s\n", st.bold(s.stack), st.faint("account "+u.cloud.Account()+", region "+u.cloud.Region()))
		for _, r := range s.topology.Routes {
			fmt.Fprintf(&b, "  route     %-7s %s%s -> %s\n", r.Method, u.httpURL(), r.Path, r.Target.Name)
		}
		for _, f := range s.topology.Functions {
			fmt.Fprintf(&b, "  function  %s  %s\n", synth.FunctionName(s.topology, f.Name, s.sandbox), st.faint(f.Runtime.Identifier))
		}
		for _, store := range s.topology.Stores {
			fmt.Fprintf(&b, "  %-9s %s\n", store.Kind, storeName(s, store))
		}
		for _, line := range notRun(s.topology) {
			fmt.Fprintf(&b, "  %s\n", st.yellow(line))
		}
	}
	fmt.Fprintf(&b, "%s every call is decided by IAM; a call that cannot be mapped is denied\n", st.green("IAM enforced:"))
	fmt.Fprintf(&b, "AWS CLI and SDKs: %s\n", st.bold(`eval "$(writ credentials `+u.dir+`)"`))
	fmt.Fprint(u.log, b.String())
}

func storeName(s *system, store *topology.Store) string {
	if store.Kind == topology.StoreBucket {
		return synth.BucketName(s.topology, store.Name, s.sandbox)
	}
	return synth.TableName(s.topology, store.Name, s.sandbox)
}
