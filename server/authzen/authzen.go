// Package authzen answers the OpenID AuthZEN Authorization API 1.0: evaluation, evaluations,
// the three searches, and metadata.
package authzen

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server"
)

// Config is what the protocol needs.
type Config struct {
	// BaseURL is where clients find the server: "https://pdp.example.com". It is never
	// taken from a request, whose Host header anybody may write. It may have a path, which a proxy takes off.
	// Empty: there is no metadata.
	BaseURL string
	// Environments are those, written project/env, that are also served below a path of their own,
	// /environments/PROJECT/ENV, which only their keys open.
	Environments []string
	// MaxEvaluations bounds a batch; 0 is 1,000.
	MaxEvaluations int
	// Brief leaves the reasons out of answers.
	Brief bool
}

// The paths of the API, below the base URL.
const (
	pathEvaluation     = "/access/v1/evaluation"
	pathEvaluations    = "/access/v1/evaluations"
	pathSearchSubject  = "/access/v1/search/subject"
	pathSearchResource = "/access/v1/search/resource"
	pathSearchAction   = "/access/v1/search/action"
	pathMetadata       = "/.well-known/authzen-configuration"
)

type handler struct {
	config Config
	path   string // of the base URL
}

// New gives the protocol. A base URL that is none is a CodeInvalid error.
func New(c Config) (server.Protocol, error) {
	if c.MaxEvaluations <= 0 {
		c.MaxEvaluations = 1000
	}
	path := ""
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return server.Protocol{}, writ.Errorf(writ.CodeInvalid, "the base URL %q is none that clients can use", c.BaseURL).
				WithHint("write it as https://pdp.example.com, without a query")
		}
		c.BaseURL, path = strings.TrimRight(c.BaseURL, "/"), strings.TrimRight(u.Path, "/")
	}
	h := &handler{c, path}
	p := server.Protocol{
		Name:     "authzen",
		Handler:  h,
		Prefixes: []string{"/access/v1/", pathMetadata, pathMetadata + "/"},
		Open:     func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, pathMetadata) },
		Needs:    needs,
		Bulk:     func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, pathEvaluations) },
		Fail:     fail,
	}
	for _, name := range c.Environments {
		if strings.Count(name, "/") != 1 {
			return p, writ.Errorf(writ.CodeInvalid, "%q is not written project/environment", name)
		}
		p.Prefixes = append(p.Prefixes, server.PathEnvironments+name+"/access/v1/")
	}
	return p, nil
}

// needs gives the role that a request needs: a search lists what is stored.
func needs(r *http.Request) server.Role {
	path, err := server.InEnvironment(r.URL.Path, server.CallerOf(r.Context()))
	if err != nil || path == pathEvaluation || path == pathEvaluations { // another environment's is refused as such
		return server.Ask
	}
	return server.Read
}

// ServeHTTP finds the endpoint.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if strings.HasPrefix(path, pathMetadata) {
		h.metadata(w, r)
		return
	}
	path, err := server.InEnvironment(path, server.CallerOf(r.Context()))
	if err == nil {
		err = h.post(w, r, path)
	}
	if err != nil {
		server.Fail(w, r, err)
	}
}

func (h *handler) post(w http.ResponseWriter, r *http.Request, path string) error {
	answer := map[string]func(http.ResponseWriter, *http.Request, []byte) error{
		pathEvaluation: h.evaluation, pathEvaluations: h.evaluations,
		pathSearchSubject: h.searchSubject, pathSearchResource: h.searchResource, pathSearchAction: h.searchAction,
	}[path]
	if answer == nil {
		return writ.Errorf(writ.CodeNotFound, "AuthZEN has no such path")
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return &server.StatusError{Status: http.StatusMethodNotAllowed, Err: writ.Errorf(writ.CodeInvalid, "the method must be POST")}
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		// The specification's certification wants 400 here, not 415.
		if kind, _, err := mime.ParseMediaType(kind); err != nil || kind != "application/json" {
			return writ.Errorf(writ.CodeInvalid, "the Content-Type must be application/json: send the header  Content-Type: application/json")
		}
	}
	var body []byte
	if r.ContentLength > 0 {
		body = make([]byte, 0, r.ContentLength+1) // and a byte more, to see the end without growing
	}
	body, err := server.Body(r, body)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return writ.Errorf(writ.CodeInvalid, "the body is empty")
	}
	return answer(w, r, body)
}

// fail answers with the message as plain text, as section 10.1.3 of the specification has it.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	_, message := server.Public(r, err)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(server.StatusOf(err))
	_, _ = w.Write([]byte(message + "\n")) // the client may be gone
}

// metadata says where the endpoints are: of the server, or of one environment. It has no `capabilities`: these
// are names out of a registry that has none for what there is here.
func (h *handler) metadata(w http.ResponseWriter, r *http.Request) {
	scope := strings.TrimPrefix(r.URL.Path, pathMetadata)
	// The well-known part stands before the path of the base URL, so a proxy cannot take that off as it does elsewhere.
	if rest, ok := strings.CutPrefix(scope, h.path); ok && (rest == "" || rest[0] == '/') {
		scope = rest
	}
	known := scope == "" || strings.HasPrefix(scope, server.PathEnvironments) && slices.Contains(h.config.Environments, strings.TrimPrefix(scope, server.PathEnvironments))
	switch {
	case h.config.BaseURL == "" || !known:
		server.Fail(w, r, writ.Errorf(writ.CodeNotFound, "there is no decision point of that name"))
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		server.Fail(w, r, &server.StatusError{Status: http.StatusMethodNotAllowed, Err: writ.Errorf(writ.CodeInvalid, "the method must be GET")})
		return
	}
	base := h.config.BaseURL + scope
	server.WriteJSON(w, http.StatusOK, map[string]string{
		"policy_decision_point":       base,
		"access_evaluation_endpoint":  base + pathEvaluation,
		"access_evaluations_endpoint": base + pathEvaluations,
		"search_subject_endpoint":     base + pathSearchSubject,
		"search_resource_endpoint":    base + pathSearchResource,
		"search_action_endpoint":      base + pathSearchAction,
	})
}
