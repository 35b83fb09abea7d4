package cli

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
)

// listen opens the port: on loopback unless the configuration says otherwise.
func (s *serving) listen() (err error) {
	if s.config.listen == "" || s.portSet {
		host := "127.0.0.1"
		if h, _, err := net.SplitHostPort(s.config.listen); err == nil {
			host = h
		}
		s.listener, err = listenOn(host, "--server-port", s.flags.port)
		return err
	}
	host, port, err := parseListen("listen", s.config.listen, s.config.listenAt)
	if err != nil {
		return err
	}
	s.listener, err = listenOn(host, "--server-port", port)
	return err
}

func parseListen(key, address string, at writ.Position) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	port, numErr := strconv.Atoi(text)
	if err != nil || numErr != nil || port < 0 || port > 65535 {
		return "", 0, writ.Errorf(writ.CodeInvalid, "%s: %q is not an address and a port", key, address).
			WithHint("write it as 127.0.0.1:7766, or 0.0.0.0:7766 for every network").At(at, "")
	}
	return host, port, nil
}

// listenOn opens a port of an address; the error names the flag that chooses another.
func listenOn(host, flag string, port int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, writ.Errorf(writ.CodeConflict, "port %d cannot be opened: %w", port, err).
			WithHint("choose another with %s PORT; %s 0 takes any free one", flag, flag)
	}
	return l, nil
}

// loopback reports whether only this machine can reach the server.
func (s *serving) loopback() bool {
	for _, l := range []net.Listener{s.listener, s.opa} {
		if l == nil {
			continue
		}
		if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
			return false
		}
	}
	return true
}

// url is where the server answers.
func (s *serving) url() string { return s.urlOf(s.listener) }

func (s *serving) urlOf(l net.Listener) string {
	scheme := "http"
	if s.config.cert != "" {
		scheme = "https"
	}
	a := l.Addr().(*net.TCPAddr)
	host := a.IP.String()
	if a.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(a.Port))
}

// listenOPA opens the port on which Permit's SDKs ask as they would ask OPA beside a decision
// point: they take the host of the decision point and 8181. It is off unless it is asked for.
func (s *serving) listenOPA() (err error) {
	if s.flags.opaPort > 0 {
		host := s.listener.Addr().(*net.TCPAddr).IP.String()
		s.opa, err = listenOn(host, "--opa-port", s.flags.opaPort)
		return err
	}
	if s.config.opaListen == "" {
		return nil
	}
	host, port, err := parseListen("opa_listen", s.config.opaListen, s.config.opaAt)
	if err != nil {
		return err
	}
	s.opa, err = listenOn(host, "--opa-port", port)
	return err
}

// askedAsOPA are the paths of that port: decisions, and what probes ask.
func askedAsOPA(path string) bool {
	return strings.HasPrefix(path, "/v1/data/permit/") || path == "/health" || path == "/healthy" || path == "/ready"
}

// serve answers on the ports until it is stopped; when one of them stops by itself, all do.
func (s *serving) serve(ctx context.Context) {
	on, cancel := context.WithCancel(ctx)
	defer cancel()
	ended, ports := make(chan error), 1
	go func() { ended <- s.server.Serve(on, s.listener, grace) }()
	if s.opa != nil {
		ports++
		go func() { ended <- s.server.ServeOnly(on, s.opa, grace, askedAsOPA) }()
	}
	err := <-ended
	if ctx.Err() == nil {
		s.fault <- writ.Errorf(writ.CodeExternal, "the server stopped: %w", err)
		err = nil
	}
	cancel()
	for range ports - 1 {
		err = errors.Join(err, <-ended)
	}
	s.done <- err
}
