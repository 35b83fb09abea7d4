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
			return r.URL.Path != "/metrics" || s.tellsAll(r)
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

// tellsAll reports whether a request without a key may be told what the server holds.
func (s *Server) tellsAll(r *http.Request) bool { return s.config.OpenMetrics && s.isOurs(r.Host) }

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

// ready says whether every environment is loaded and follows its store, and to who may read the metrics without a key
// or shows one which of them does not.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
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
	named := s.tellsAll(r) || s.showsKey(r)
	for _, r := range all {
		name := "environments"
		if named {
			name = "environment " + r.project + "/" + r.env
		}
		if why := r.trouble(); why != "" {
			fail(name, why)
		} else if _, told := answer.Components[name]; !told {
			answer.Components[name] = component{Status: "ok"}
		}
	}
	if status != http.StatusOK {
		w.Header().Set("Retry-After", "1")
	}
	WriteJSON(w, status, answer)
}

// showsKey reports whether a request has a key, which it may leave out.
func (s *Server) showsKey(r *http.Request) bool {
	text, err := token(r)
	if err == nil {
		_, err = s.identify(text)
	}
	return err == nil
}

// apiVersion is the version of the paths and shapes, as opposed to the program's.
const apiVersion = 2

func (s *Server) version(w http.ResponseWriter, _ *http.Request) {
	WriteJSON(w, http.StatusOK, map[string]any{"api_version": apiVersion, "version": s.config.Version})
}
