package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// loadSCPs reads all files of --scp; none is taken when one is wrong.
func (u *up) loadSCPs() error {
	levels := make([]scpLevel, len(u.flags.scps))
	for i, file := range u.flags.scps {
		var err error
		if levels[i], err = loadSCP(file); err != nil {
			return err
		}
	}
	u.scps.Store(&levels)
	return nil
}

// scpLevels are the policies of all levels, the root first.
func (u *up) scpLevels() [][]*iam.Policy {
	var all [][]*iam.Policy
	for _, level := range *u.scps.Load() {
		all = append(all, level.policies)
	}
	return all
}

// scpLines say which policies bind.
func (u *up) scpLines() string {
	var b strings.Builder
	for _, level := range *u.scps.Load() {
		fmt.Fprintf(&b, "%s %s, %s", u.style.green("SCP:"), oneLine(level.file), counted(level.statements, "statement"))
		if level.alone {
			b.WriteString(", without FullAWSAccess: what it does not allow is denied")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// watchSCPs takes up changes of the files of --scp, until ctx ends. While one
// is wrong the old ones bind.
func (u *up) watchSCPs(ctx context.Context) {
	if len(u.flags.scps) == 0 {
		return
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		showError(u.log, writ.Errorf(writ.CodeExternal, "watch the service control policies: %w", err))
		return
	}
	defer watcher.Close() // the process ends
	watched := map[string]bool{}
	for _, file := range u.flags.scps {
		path, err := filepath.Abs(file)
		if err == nil { // the directory: editors put another file in its place
			err = watcher.Add(filepath.Dir(path))
		}
		if err != nil {
			showError(u.log, writ.Errorf(writ.CodeExternal, "watch %s: %w", file, err))
			return
		}
		watched[path] = true
	}
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-watcher.Events:
			if watched[event.Name] && event.Op != fsnotify.Chmod {
				timer.Reset(settle)
			}
		case err := <-watcher.Errors:
			showError(u.log, writ.Errorf(writ.CodeExternal, "watch the service control policies: %w", err))
		case <-timer.C:
			u.reloadSCPs()
		}
	}
}

func (u *up) reloadSCPs() {
	if err := u.loadSCPs(); err != nil {
		showError(u.log, err)
		fmt.Fprintln(u.log, u.style.yellow("the old service control policies bind on"))
		return
	}
	u.cloud.SetSCPs(u.scpLevels())
	fmt.Fprint(u.log, u.scpLines())
}

// obstacles says what stands in the way of a call besides missing grants, one
// line for each policy; none when a grant in the topology would help.
func (u *up) obstacles(v gate.Verdict) []string {
	if v.Call.Caller.RoleName == "" {
		return nil
	}
	var lines []string
	if v.Decision.Verdict == iam.ExplicitlyDenied {
		for _, m := range v.Decision.Matched {
			if m.Effect == iam.Deny {
				lines = append(lines, fmt.Sprintf("%s denies it, in %s", m.Origin, statementName(m.Statement, m.Sid)))
			}
		}
		return lines
	}
	for _, kind := range v.Decision.BlockedBy {
		switch kind {
		case iam.TypeSCP:
			lines = append(lines, silentLevels(v)...)
		case iam.TypeBoundary:
			lines = append(lines, v.Policies.Boundary.Origin.String()+" of the role does not allow it")
		case iam.TypeSession:
			lines = append(lines, "the session policies that the session was made with do not allow it")
		case iam.TypeTrust:
			lines = append(lines, "the trust policy of the role does not allow it")
		}
	}
	return lines
}

// silentLevels names the levels of service control policies that do not allow
// a call: each is asked alone, with all else allowing.
func silentLevels(v gate.Verdict) []string {
	everything := []*iam.Policy{iam.FullAWSAccess(iam.TypeIdentity)}
	var lines []string
	for i, level := range v.Policies.SCPs {
		if iam.Decide(v.Request, &iam.Policies{Identity: everything, SCPs: [][]*iam.Policy{level}}) == iam.Allowed {
			continue
		}
		name := fmt.Sprintf("level %d of the service control policies", i+1)
		if len(level) == 1 {
			name = level[0].Origin.String()
		}
		lines = append(lines, name+" does not allow it")
	}
	return lines
}
