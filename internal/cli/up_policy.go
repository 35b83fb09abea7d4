package cli

import (
	"context"
	"errors"
	"fmt"
)

// servePolicy runs the server beside the cloud when the topology has a policy; nil when it has none. Its
// state is in DIR/.writ as the cloud's is.
func (u *up) servePolicy(ctx context.Context, systems []*system) (*serving, error) {
	if len(systems) == 0 {
		return nil, nil
	}
	if systems[0].root.Policy == nil {
		notServed(systems[0].root, func(line string) { fmt.Fprintln(u.log, u.style.yellow(oneLine(line))) })
		return nil, nil
	}
	s := &serving{
		sh: u.sh, dir: u.dir, config: &serveConfig{}, portSet: true, within: true,
		flags: serveFlags{port: u.flags.serverPort, ephemeral: u.flags.ephemeral},
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	for _, sp := range s.spaces {
		if line := sp.ready(); sp.took.differ > 0 {
			told := line.told()
			fmt.Fprintln(u.log, u.style.yellow("policy: "+told[len(told)-1]))
		}
	}
	return s, nil
}

// stopIn stops the server, and keeps the first error.
func (s *serving) stopIn(err *error) {
	if s == nil {
		return
	}
	if stopErr := s.stop(); *err == nil {
		*err = stopErr
	}
}

// ended says when the server has stopped by itself. Of no server it never does.
func (s *serving) ended() <-chan error {
	if s == nil {
		return nil
	}
	return s.fault
}

// reloadPolicy serves the policy as the topology has it now.
func (u *up) reloadPolicy(ctx context.Context, systems []*system) {
	if u.policy == nil {
		if systems[0].root.Policy != nil {
			fmt.Fprintln(u.log, u.style.yellow("the topology has a policy now: start writ up again, and it is served"))
		}
		return
	}
	if systems[0].root.Policy == nil {
		fmt.Fprintln(u.log, u.style.yellow("the topology has no policy any more: the last one is served until writ up ends"))
		return
	}
	changed, err := u.policy.reload(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		showError(u.log, err)
		fmt.Fprintln(u.log, u.style.yellow("the old policy decides on"))
	case changed:
		fmt.Fprintln(u.log, u.style.faint("the new policy decides"))
	}
}

// policyHint says how the server beside the cloud is asked.
func (u *up) policyHint(url string) string {
	dir := ""
	if u.dir != "." {
		dir = " " + quoted(u.dir)
	}
	return fmt.Sprintf("  the policy is served on %s: `writ check` and `writ tuple` need no key here;\n  `writ key create%s --role read` makes one for an application", url, dir)
}
