package gateway

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

// Admitted is what is known of a request that [Authorizer.Middleware] has let in.
type Admitted struct {
	Subject    writ.Subject
	Tenant     string
	Roles      []string
	DecisionID string
	Revision   string
}

type admittedKey struct{}

// AdmittedFrom gives what is known of the request that a context is of; ok is false where no Middleware let it in.
func AdmittedFrom(ctx context.Context) (a Admitted, ok bool) {
	a, ok = ctx.Value(admittedKey{}).(Admitted)
	return a, ok
}

// Middleware guards an http.Handler with the same routes. The most specific route that takes the method counts (a GET route takes HEAD
// where its path has no HEAD route, as in [http.ServeMux]), found by the path as
// it came (url.URL.EscapedPath), before any mux has tidied it up; odd paths are refused with 400. What is not known is answered with
// 401 and a Bearer challenge (RFC 6750), what is denied with 403. Nothing is kept, whatever the route's group.
//
// X-Forwarded-* headers are not looked at: the ip of a question is that of the connection. A client certificate
// counts when this process has verified its chain.
func (a *Authorizer) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := a.d.Now()
		c := callOf(r)
		o := a.decideInTime(r.Context(), c, a.table.ofRequest(c))
		a.log(r.Context(), &o, started, nil)
		if !o.allowed {
			a.refuse(w, &o)
			return
		}
		admitted := Admitted{o.subject, o.tenant, o.roles, o.id, o.revision}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), admittedKey{}, admitted)))
	})
}

// callOf reads a request.
func callOf(r *http.Request) *Call {
	path := r.URL.EscapedPath()
	c := &Call{
		Form: Service, Method: r.Method, Path: path, Header: map[string][]string{},
		UserAgent: r.UserAgent(), SourceIP: r.RemoteAddr,
		odd: oddness(stray(path), stray(decoded(path))),
	}
	if !strings.HasPrefix(path, "/") {
		c.odd = "the path does not begin with a slash"
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c.SourceIP = host
	}
	for name, list := range r.Header {
		name = strings.ToLower(name)
		c.Header[name] = append(c.Header[name], list...)
	}
	var err error
	if c.Query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		c.odd = oddness(c.odd, "the query cannot be read")
	}
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 && len(r.TLS.PeerCertificates) > 0 {
		c.Certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.TLS.PeerCertificates[0].Raw}))
	}
	if err := c.proofs(true); err != nil {
		c.odd = oddness(c.odd, err.Error())
	}
	return c
}

// refusalBody is what a caller is told.
type refusalBody struct {
	Error      string   `json:"error"`
	Message    string   `json:"message"`
	DecisionID string   `json:"decision_id"`
	Reasons    []string `json:"reasons,omitempty"`
}

func (a *Authorizer) refuse(w http.ResponseWriter, o *outcome) {
	body := refusalBody{DecisionID: o.id}
	status := http.StatusForbidden
	challenge := ""
	switch {
	case o.call.odd != "":
		status, body.Error, body.Message = http.StatusBadRequest, "invalid_request", "the request can be read in more than one way"
	case o.call.twice != "" && o.unauthorized != nil:
		status, body.Error, body.Message = http.StatusBadRequest, "invalid_request", "the request says more than once who it is from"
		challenge = `Bearer error="invalid_request"`
	case o.unauthorized != nil && o.call.Token == "" && o.call.Key == "" && o.call.Certificate == "":
		// Who brings nothing is told no error code (RFC 6750 §3.1).
		status, body.Error, body.Message, challenge = http.StatusUnauthorized, "unauthorized", "a token is needed", "Bearer"
	case o.unauthorized != nil:
		status, body.Error, body.Message = http.StatusUnauthorized, "invalid_token", publicly(o.unauthorized)
		challenge = `Bearer error="invalid_token", error_description="` + body.Message + `"`
	case o.failure != nil && a.c.FailMode == FailError:
		status, body.Error, body.Message = http.StatusInternalServerError, "server_error", "no decision could be made"
	default:
		body.Error, body.Message, challenge = "insufficient_scope", "not allowed", `Bearer error="insufficient_scope"`
		if a.c.Debug {
			body.Reasons = o.why()
		}
	}
	if challenge != "" {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that went away reads no answer.
	_ = json.NewEncoder(w).Encode(body)
}

// publicly is what a caller may be told of why their proof does not hold.
func publicly(err error) string {
	if text := identity.Public(err); !strings.ContainsAny(text, "\"\\\r\n") && strings.HasSuffix(text, "expired") {
		return text
	}
	return "the proof is not valid"
}
