// Package server is Writ over HTTP: it knows who calls, which environment they
// mean, and how much they may ask, and hands the rest to the packages of each protocol.
package server

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

// Protocol is a group of endpoints, such as AuthZEN's.
type Protocol struct {
	// Name stands in metrics and in the decision log: "authzen".
	Name string
	// Handler serves them; paths are whole. An error goes to [Fail] or to the handler's own Fail.
	Handler http.Handler
	// Prefixes are the paths that belong to it: "/access/v1/", which stands for all
	// below it, or "/allowed", which stands for itself. The longest that fits wins.
	Prefixes []string
	// Open reports whether a request needs no key; nil: all need one.
	Open func(*http.Request) bool
	// Needs is the role that a request needs; nil: [Read].
	Needs func(*http.Request) Role
	// Bulk reports whether a request may be as long as [Limits].BulkBody; nil: none may.
	Bulk func(*http.Request) bool
	// Fail writes an error in the protocol's own shape, with the status of
	// [StatusOf] or its own; nil: {"error": {"code", "message"}}.
	Fail func(w http.ResponseWriter, r *http.Request, err error)
}

// Config is what a server needs. Only Now is required.
type Config struct {
	Protocols []Protocol
	// Now is the clock.
	Now func() time.Time
	// Log takes faults, one line each; nil: nowhere.
	Log *slog.Logger
	// Decisions is the decision log.
	Decisions DecisionLog
	Limits    Limits
	// Certificate makes [Server.Serve] speak TLS, version 1.2 at least; nil: plain HTTP.
	Certificate *tls.Certificate
	// OpenMetrics lets /metrics be read without a key, by who names this server by an address, as localhost,
	// or as Host. Any other name needs a key: it may be one that a page in a browser has turned to this machine.
	OpenMetrics bool
	// Host is the name that clients know the server by, without a port; "" for none.
	Host string
	// Version is the text of the program's version.
	Version string
}

// Limits bound what callers may ask; a zero field has the default that is named.
type Limits struct {
	// Body and BulkBody bound the bytes of a request's body: 1 MiB and 16 MiB.
	Body, BulkBody int64
	// Timeout bounds the answering of one request: 30 s. WaitRevision bounds
	// the part of it that waits for a revision: 5 s.
	Timeout, WaitRevision time.Duration
	// Concurrent is how many requests are answered at once: 1,024. More are told to come again.
	// A sixteenth of so many, beside them, are for requests without a key. One key has at most half of them.
	Concurrent int
	// Connections is how many connections [Server.Serve] keeps open on one port: 8,192. More wait to be taken.
	Connections int
	// Rate is how many requests a second each key may make; zero: any number.
	// Burst is how many it may make at once: Rate, but 1 at least.
	Rate  float64
	Burst int
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.Body, 1<<20)
	setDefault(&l.BulkBody, 16<<20)
	setDefault(&l.Timeout, 30*time.Second)
	setDefault(&l.WaitRevision, 5*time.Second)
	setDefault(&l.Concurrent, 1024)
	setDefault(&l.Connections, 8192)
	if l.Burst <= 0 {
		l.Burst = max(1, int(l.Rate))
	}
	return l
}

// mostPast is how many states of the past are made at once: each may read a long history.
const mostPast = 2

func setDefault[N int | int64 | time.Duration](n *N, value N) {
	if *n <= 0 {
		*n = value
	}
}

// Server answers all protocols. It is an [http.Handler]; [Server.Serve] runs it on a port.
type Server struct {
	config Config
	log    *slog.Logger
	routes []route // longest prefix first
	exact  map[string]*Protocol
	rooms  rooms
	slots  chan struct{}
	shares shares
	// strangers are slots for requests without a key, past those for states of the past.
	strangers, past chan struct{}
	buckets         buckets
	metrics         metrics
	started         time.Time
}

type route struct {
	prefix   string
	protocol *Protocol
}

// New makes a server without environments: see [Server.Open]. A prefix that two
// protocols want is a CodeInvalid error.
func New(c Config) (*Server, error) {
	if c.Now == nil {
		return nil, writ.Errorf(writ.CodeInternal, "the server has no clock")
	}
	c.Limits = c.Limits.withDefaults()
	s := &Server{
		config: c, log: c.Log, exact: map[string]*Protocol{},
		slots: make(chan struct{}, c.Limits.Concurrent), started: c.Now(),
		strangers: make(chan struct{}, max(1, c.Limits.Concurrent/16)), past: make(chan struct{}, mostPast),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.shares.most = max(1, c.Limits.Concurrent/2)
	s.buckets = buckets{rate: c.Limits.Rate, burst: float64(c.Limits.Burst)}
	for _, p := range append(slices.Clone(c.Protocols), s.own()...) {
		if err := s.mount(&p); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(s.routes, func(a, b route) int { return len(b.prefix) - len(a.prefix) })
	return s, nil
}

func (s *Server) mount(p *Protocol) error {
	for _, prefix := range p.Prefixes {
		taken := s.exact[prefix] != nil || slices.ContainsFunc(s.routes, func(r route) bool { return r.prefix == prefix })
		if taken || !strings.HasPrefix(prefix, "/") {
			return writ.Errorf(writ.CodeInvalid, "the protocol %s cannot have the path %q: it is taken, or no path", p.Name, prefix)
		}
		if strings.HasSuffix(prefix, "/") {
			s.routes = append(s.routes, route{prefix, p})
		} else {
			s.exact[prefix] = p
		}
	}
	return nil
}

// protocol gives the protocol that a path belongs to, or nil.
func (s *Server) protocol(path string) *Protocol {
	if p := s.exact[path]; p != nil {
		return p
	}
	for _, r := range s.routes {
		if strings.HasPrefix(path, r.prefix) {
			return r.protocol
		}
	}
	return nil
}
