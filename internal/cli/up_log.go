package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/localcloud/apigateway/front"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
	"github.com/writ-dev/writ/topology/guard"
)

// functionLine shows an entry of a function's log, which may be a whole stack
// trace: each line with the function's name.
func (u *up) functionLine(function, line string) {
	line, shown := platformLine(line)
	if !shown {
		return
	}
	label, width := u.names.of(function)
	head := u.style.cyan(fmt.Sprintf("%-*s |", width, label))
	var b strings.Builder
	for text := range strings.SplitSeq(strings.TrimRight(line, "\r\n"), "\n") {
		fmt.Fprintf(&b, "%s %s\n", head, printable(strings.TrimRight(text, "\r")))
	}
	fmt.Fprint(u.log, b.String())
}

// platformLine shortens what Lambda itself writes around a call: the log that
// `writ logs` reads has it whole.
func platformLine(line string) (text string, shown bool) {
	switch {
	case strings.HasPrefix(line, "START RequestId: "), strings.HasPrefix(line, "END RequestId: "):
		return "", false
	case !strings.HasPrefix(line, "REPORT RequestId: "):
		return line, true
	}
	var parts []string
	for field := range strings.SplitSeq(strings.TrimSpace(line), "\t") {
		switch name, value, _ := strings.Cut(field, ": "); name {
		case "Duration":
			parts = append(parts, "took "+value)
		case "Init Duration":
			parts = append(parts, "init "+value)
		case "Max Memory Used":
			parts = append(parts, "memory "+value)
		}
	}
	return strings.Join(parts, ", "), true
}

// requestLine shows one request to the HTTP API.
func (u *up) requestLine(r localcloud.RequestLine) {
	status := fmt.Sprint(r.Status)
	if r.Status >= 500 {
		status = u.style.red(status)
	} else if r.Status < 400 {
		status = u.style.green(status)
	}
	fmt.Fprintf(u.log, "%s %s %s  %s\n", u.style.bold(oneLine(r.Method)), oneLine(r.Path), status, u.style.faint(r.Duration.Round(100*time.Microsecond).String()))
	if systems := u.running.Load(); systems != nil && (r.Status == http.StatusForbidden || r.Status == http.StatusNotFound) {
		if line := notServedHere(*systems, r.Method, r.Path); line != "" {
			fmt.Fprintf(u.log, "  %s\n", u.style.yellow(oneLine(line)))
		}
	}
}

// notServedHere tells of a route that a request was meant for and that does not run here: its answer is API
// Gateway's for no route, which reads like a denial. "" when there is none.
func notServedHere(systems []*system, method, path string) string {
	escaped := (&url.URL{Path: path}).EscapedPath()
	for _, s := range systems {
		for _, r := range s.topology.Routes {
			why := topology.NotServed(s.topology, r)
			if why == "" || r.Method != method && r.Method != "ANY" {
				continue
			}
			pattern, err := front.ParsePattern(guard.Path(r))
			if err != nil {
				continue // API Gateway has no such route either
			}
			if _, ok := pattern.Match(escaped); ok {
				return topology.RouteName(r) + " does not run here: " + why
			}
		}
	}
	return ""
}

// denied shows a call that IAM denied, and beside AWS's sentence the lines of
// the user's own file that would allow it.
func (u *up) denied(v gate.Verdict) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s on %s\n", u.style.red("DENIED"), u.style.bold(oneLine(v.Ask.Action)), oneLine(v.Ask.Resource))
	fmt.Fprintf(&b, "  %s\n", oneLine(v.Message))
	if caller := &v.Call.Caller; caller.Kind == iam.PrincipalService && caller.SourceARN != "" {
		fmt.Fprintf(&b, "  it acts for %s: the policy of the resource itself has to let it in\n", oneLine(caller.SourceARN))
	}
	obstacles := u.obstacles(v)
	for _, line := range obstacles {
		fmt.Fprintf(&b, "  %s\n", oneLine(line))
	}
	wanted := missing{v.Call.Caller.RoleName, v.Ask.Action, v.Ask.Resource, unmetOf(v)}
	own, line := u.ownFix(v)
	switch {
	case own != "":
		fmt.Fprintf(&b, "  %s %s\n  %s\n", u.style.green("fix:"), own, u.style.green("+ "+oneLine(line)))
	case len(obstacles) > 0:
		fmt.Fprintf(&b, "  %s\n", u.style.yellow("no grant in the topology can help"))
	case wanted.role == "": // no function's
	case u.later != nil: // reading the topology takes too long for the caller to wait
		defer u.fixLater(wanted)
	default:
		t, err := topology.Load(u.dir)
		if err == nil {
			b.WriteString(u.fixLines(t, wanted, "  "+u.style.green("fix:")))
		}
	}
	fmt.Fprint(u.log, b.String())
}

// addAt says where the lines of a fix belong: after a line, or, where they are
// no lines of their own, within it.
func addAt(fix writ.Fix) string {
	if strings.HasSuffix(fix.Lines, "\n") {
		return "add after " + place(fix.Position)
	}
	return "add at " + place(fix.Position)
}

// addedLines are the lines of a fix, each marked as new.
func addedLines(fix writ.Fix, st style) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(fix.Lines, "\n")) {
		fmt.Fprintf(&b, "  %s\n", st.green("+ "+oneLine(strings.TrimRight(line, "\n"))))
	}
	return b.String()
}

func place(p writ.Position) string {
	return oneLine(writ.Position{File: p.File, Line: p.Line}.String())
}

// sandboxOf finds the sandbox of a function's or an API's role: `writ deploy -s`
// brings others into this cloud.
func (u *up) sandboxOf(t *topology.Topology, role string) string {
	longest := ""
	consider := func(name func(sandbox string) string) {
		// A name without a sandbox is what all sandboxes share.
		prefix := strings.TrimSuffix(name("x"), "x")
		if rest, ok := strings.CutPrefix(role, prefix); ok && len(prefix) > len(longest) && name(rest) == role {
			longest = prefix
		}
	}
	for _, f := range t.Functions {
		consider(func(sandbox string) string { return synth.RoleName(t, f.Name, sandbox) })
	}
	consider(func(sandbox string) string { return synth.PrincipalRoleName(t, topology.KindRoute, "", sandbox) })
	if longest == "" {
		return u.flags.sandbox
	}
	return strings.TrimPrefix(role, longest)
}

// banner says what is served, and that IAM is enforced; nothing when that is
// what it said before.
func (u *up) banner(systems []*system) {
	st := u.style
	var b strings.Builder
	for _, s := range systems {
		fmt.Fprintf(&b, "%s %s\n", st.bold(s.stack), st.faint("account "+u.cloud.Account()+", region "+u.cloud.Region()))
		for _, r := range s.topology.Routes {
			if !topology.Served(s.topology, r) {
				continue // it is among what is not run
			}
			to := r.Target.Name
			if r.Target.Kind != topology.KindFunction {
				to = string(r.Target.Kind) + " " + to
			}
			fmt.Fprintf(&b, "  route     %-7s %s%s -> %s\n", r.Method, u.httpURL(), r.Path, to)
		}
		for _, f := range s.topology.Functions {
			fmt.Fprintf(&b, "  function  %s  %s\n", synth.FunctionName(s.topology, f.Name, s.sandbox), st.faint(f.Runtime.Identifier+found(f)))
		}
		for _, store := range s.topology.Stores {
			fmt.Fprintf(&b, "  %-9s %s\n", store.Kind, storeName(s, store))
		}
		for _, line := range madeThings(s.output.Template) {
			fmt.Fprintf(&b, "  %s\n", line)
		}
		for _, line := range deployedFacts(s.topology, "`writ tuple` and `writ check` speak with the server, which has its own") {
			fmt.Fprintf(&b, "  %s\n", st.yellow("note: "+line))
		}
		for _, line := range slices.Concat(guardLines(s.guards), notRun(s.topology), leftOut(s)) {
			fmt.Fprintf(&b, "  %s\n", st.yellow(line))
		}
	}
	for _, line := range append(foreignVersions(u.context, systems), missingLibraries(systems)...) {
		fmt.Fprintf(&b, "  %s\n", st.yellow(line))
	}
	fmt.Fprintf(&b, "%s every call is decided by IAM; a call that cannot be mapped is denied\n", st.green("IAM enforced:"))
	b.WriteString(u.scpLines())
	if u.recording != nil {
		fmt.Fprintf(&b, "%s calls of every role are noted in %s; `writ iam suggest FUNCTION %s` says what they show\n", st.green("recording:"), u.recording.path, quoted(u.dir))
	}
	fmt.Fprintf(&b, "AWS CLI and SDKs: %s\n", st.bold(`eval "$(writ credentials `+quoted(u.dir)+`)"`))
	if b.String() != u.shown {
		u.shown = b.String()
		fmt.Fprint(u.log, u.shown)
	}
}

// found marks a function that the topology does not declare.
func found(f *topology.Function) string {
	if !f.Inferred {
		return ""
	}
	return ", found in " + f.Root + "/"
}

func storeName(s *system, store *topology.Store) string {
	if store.Kind == topology.StoreBucket {
		return synth.BucketName(s.topology, store.Name, s.sandbox) + "-" + localcloud.DefaultAccount + "-" + localcloud.DefaultRegion
	}
	return synth.TableName(s.topology, store.Name, s.sandbox)
}
