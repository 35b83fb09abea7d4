// Package permit serves the HTTP API of Permit's PDP and of its management, so
// that Permit's own SDKs work unchanged.
//
// This package answers decisions; packages facts and policy below it answer the management API,
// and package wire holds what they share. docs/permit.md tells what is served and what differs.
package permit

import (
	"net/http"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/permit/facts"
	"github.com/writ-dev/writ/server/permit/manage"
	"github.com/writ-dev/writ/server/permit/wire"
)

// Config is what the protocol needs. Its zero value is ready.
type Config struct {
	// Limits bound bulk requests.
	Limits wire.Limits
}

// The paths that belong to the management API. All other prefixes are decisions.
var managed = [...]string{"/v2/", "/facts/"}

// New gives the protocol. It can be mounted beside others; the paths of OPA, which some SDKs
// use on a port of their own (8181), are among its own.
func New(c Config) server.Protocol {
	ids := new(wire.IDs)
	manage := management(c, ids)
	decide := decisions(c, ids)
	return server.Protocol{
		Name: "permit",
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isManaged(r.URL.Path) {
				manage.ServeHTTP(w, r)
				return
			}
			decide.ServeHTTP(w, r)
		}),
		Prefixes: append(managed[:len(managed):len(managed)],
			"/allowed", "/allowed/", "/allowed_url", "/user-permissions", "/user-tenants", "/authorized_users",
			"/nginx_allowed", "/kong", "/local/", "/v1/data/permit/"),
		Open:  bringsKeyInBody,
		Needs: needs,
		Bulk:  func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/bulk") },
		Fail: func(w http.ResponseWriter, r *http.Request, err error) {
			if isManaged(r.URL.Path) {
				wire.FailManagement(w, r, err)
				return
			}
			wire.FailDecision(w, r, err)
		},
	}
}

func isManaged(path string) bool {
	for _, prefix := range managed {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// asked are the paths of decisions. Others list what is stored.
var asked = map[string]bool{
	"/allowed": true, "/allowed/bulk": true, "/allowed_url": true, "/nginx_allowed": true, "/kong": true,
	"/v1/data/permit/root": true, "/v1/data/permit/bulk": true,
}

// needs gives the role that a request needs: asking is for every key, facts need
// write, and what changes decisions for everybody needs admin.
func needs(r *http.Request) server.Role {
	path := r.URL.Path
	switch {
	case asked[path]:
		return server.Ask
	case !isManaged(path) || r.Method == http.MethodGet || r.Method == http.MethodHead:
		return server.Read
	case strings.HasPrefix(path, "/facts/") || strings.HasPrefix(path, "/v2/facts/"):
		for _, part := range strings.Split(path, "/") {
			if part == "set_rules" || part == "proxy_configs" {
				return server.Admin
			}
		}
		return server.Write
	}
	return server.Admin
}

// management is the handler of the management API.
func management(c Config, ids *wire.IDs) http.Handler {
	mux := http.NewServeMux()
	add := func(prefix string, routes []wire.Route) {
		for _, route := range routes {
			method, path, _ := strings.Cut(route.Pattern, " ")
			mux.HandleFunc(method+" "+prefix+path, func(w http.ResponseWriter, r *http.Request) {
				call, err := wire.NewCall(w, r, server.CallerOf(r.Context()), c.Limits, ids)
				if err == nil {
					err = route.Handle(call)
				}
				if err != nil {
					server.Fail(w, r, err)
				}
			})
		}
	}
	add("/v2", facts.ScopeRoutes())
	for _, prefix := range []string{"/v2/facts/{proj}/{env}", "/facts"} { // the second as decision points pass it on
		add(prefix, facts.Routes())
		add(prefix, manage.FactRoutes())
	}
	add("/v2/schema/{proj}/{env}", manage.Routes())
	mux.HandleFunc("/", unknown)
	return mux
}

func unknown(w http.ResponseWriter, r *http.Request) {
	server.Fail(w, r, writ.Errorf(writ.CodeNotFound, "there is no %s %s", r.Method, r.URL.Path).
		WithHint("docs/permit.md lists what is served"))
}
