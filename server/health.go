package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// ownName is the protocol of the server's own pages.
const ownName = "server"

// own are the pages that every server has: /health, /healthy, /ready and /version
// need no key, since probes have none; /metrics needs one unless it is opened.
func (s *Server) own() []Protocol {
	mux := http.NewServeMux()
	mux.HandleFunc("/health", s.healthy)
	mux.HandleFunc("/healthy", s.healthy)
	mux.HandleFunc("/ready", s.ready)
	mux.HandleFunc("/version", s.version)
	mux.HandleFunc("/metrics", s.showMetrics)
	return []Protocol{{
		Name:     ownName,
		Prefixes: []string{"/health", "/healthy", "/ready", "/version", "/metrics"},
		Open: func(r *http.Request) bool {
			return r.URL.Path != "/metrics" || s.config.OpenMetrics && s.isOurs(r.Host)
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				w.Header().Set("Allow", "GET, HEAD")
				failPlain(w, r, methodNotAllowed(r))
				return
			}
			mux.ServeHTTP(w, r)
		}),
	}}
}

// isOurs reports whether a request that names this host cannot come from a page of another site: addresses need no
// name server, and for localhost and the server's own name no stranger's answers.
func (s *Server) isOurs(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host != "" && strings.EqualFold(host, s.config.Host)
}

type component struct {
	Status string `json:"status"`
	Error  string `json:"error,omitempty"`
}

type health struct {
	Status     string               `json:"status"`
	Error      string               `json:"error,omitempty"`
	Components map[string]component `json:"components"`
}

// healthy says that the process answers.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	WriteJSON(w, http.StatusOK, health{Status: "ok", Components: map[string]component{"server": {Status: "ok"}}})
}

// ready says whether every environment is loaded and follows its store.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	answer := health{Status: "ok", Components: map[string]component{"server": {Status: "ok"}}}
	status := http.StatusOK
	fail := func(name, why string) {
		answer.Components[name] = component{Status: "error", Error: why}
		answer.Status, answer.Error, status = "error", name+": "+why, http.StatusServiceUnavailable
	}
	all := s.rooms.all()
	if len(all) == 0 {
		fail("environments", "there are none yet")
	}
	for _, r := range all {
		name := "environment " + r.project + "/" + r.env
		if why := r.trouble(); why != "" {
			fail(name, why)
			continue
		}
		answer.Components[name] = component{Status: "ok"}
	}
	if status != http.StatusOK {
		w.Header().Set("Retry-After", "1")
	}
	WriteJSON(w, status, answer)
}

// apiVersion is the version of the paths and shapes, as opposed to the program's.
const apiVersion = 2

func (s *Server) version(w http.ResponseWriter, _ *http.Request) {
	WriteJSON(w, http.StatusOK, map[string]any{"api_version": apiVersion, "version": s.config.Version})
}
