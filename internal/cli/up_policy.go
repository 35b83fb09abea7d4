package cli

import (
	"context"
	"errors"

	"github.com/writ-dev/writ"
)

// servePolicy runs the server beside the cloud when the topology has a policy; nil when it has none. Its
// state is in DIR/.writ as the cloud's is.
func (u *up) servePolicy(ctx context.Context, systems []*system) (*serving, error) {
	if len(systems) == 0 || systems[0].root.Policy == nil {
		return nil, nil
	}
	s := &serving{
		sh: u.sh, dir: u.dir, config: &serveConfig{}, portSet: true, within: true,
		flags: serveFlags{port: u.flags.serverPort, ephemeral: u.flags.ephemeral},
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
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

// serve answers on the port until it is stopped.
func (s *serving) serve(ctx context.Context) {
	err := s.server.Serve(ctx, s.listener, grace)
	if ctx.Err() == nil {
		s.fault <- writ.Errorf(writ.CodeExternal, "the server stopped: %w", err)
		err = nil
	}
	s.done <- err
}
