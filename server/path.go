package server

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/writ-dev/writ"
)

// PathEnvironments begins the paths that name an environment, /environments/PROJECT/ENV, before what is asked
// of it: only keys of that environment open them.
const PathEnvironments = "/environments/"

// PathOf begins the paths of one environment, without a slash at its end.
func PathOf(project, env string) string { return PathEnvironments + project + "/" + env }

// InEnvironment takes the environment off a path, as far as it names one, and holds the caller to it.
func InEnvironment(path string, c *Caller) (string, error) {
	if !strings.HasPrefix(path, PathEnvironments) {
		return path, nil
	}
	if c == nil {
		return "", noKey()
	}
	rest, ok := strings.CutPrefix(path, PathOf(c.Project, c.Env))
	if !ok || !strings.HasPrefix(rest, "/") {
		return "", writ.Errorf(writ.CodeDenied, "the API key is of the environment %s/%s", c.Project, c.Env).
			WithHint("a key opens one environment: take a key of the one that is meant")
	}
	return rest, nil
}

// innerPath is the path of a request that has a caller, without its environment; one of another environment,
// which nobody serves, stays as it is.
func innerPath(r *http.Request) string {
	path, err := InEnvironment(r.URL.Path, CallerOf(r.Context()))
	if err != nil {
		return r.URL.Path
	}
	return path
}

// withinEnvironments serves a handler below the paths of environments too.
func withinEnvironments(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, err := InEnvironment(r.URL.Path, CallerOf(r.Context()))
		if err != nil {
			Fail(w, r, err)
			return
		}
		if path != r.URL.Path {
			inner := *r
			inner.URL = &url.URL{Path: path, RawQuery: r.URL.RawQuery}
			r = &inner
		}
		h.ServeHTTP(w, r)
	})
}
