package front

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
)

// Tokens verifies JSON web tokens.
type Tokens interface {
	// Claims gives what a token says that one of the authorizer's issuers made
	// for one of its audiences; access wants an access token of a user pool
	// rather than an ID token. A token that proves nothing is a writ.CodeAuth error.
	Claims(ctx context.Context, a *authorize.Authorizer, token string, access bool) (map[string]any, error)
}

var (
	tokenExpired = failure{
		http.StatusUnauthorized, "UnauthorizedException", `{"message":"The incoming token has expired"}`,
		&failure{status: http.StatusUnauthorized, body: `{"message":"Unauthorized"}`},
	}
	tooNarrow = failure{
		http.StatusUnauthorized, "UnauthorizedException", `{"message":"Unauthorized"}`, &forbidden,
	}
)

// verify lets in who has a token of the authorizer's issuers. An HTTP API says
// in WWW-Authenticate what is wrong; AWS documents its words for one case only.
func (x *exchange) verify(a *authorize.Authorizer, token string) bool {
	route := x.in.Match.Route
	log := x.Log.With("api", x.in.Match.Stage.APIID, "route", route.Key, "authorizer", cmp.Or(a.Name, a.ID))
	if x.Tokens == nil {
		log.Error("nothing verifies tokens")
		x.fail(authorizerFailed)
		return false
	}
	claims, err := x.Tokens.Claims(x.r.Context(), a, token, len(route.Scopes) > 0)
	switch {
	case err != nil && writ.CodeOf(err) != writ.CodeAuth:
		log.Error("the token cannot be verified", "error", err)
		x.fail(authorizerFailed)
		return false
	case err != nil:
		log.Warn("the token proves nothing", "error", err)
		refusal, reason := unauthorized, "the token is not valid"
		if expired(err) {
			refusal, reason = tokenExpired, "the token has expired"
		}
		x.challenge(`Bearer scope="" error="invalid_token" error_description="` + reason + `"`)
		x.fail(refusal)
		return false
	}
	answer, ok := a.OfToken(claims, route.Scopes)
	if !ok {
		log.Warn("the token has none of the route's scopes", "scopes", strings.Join(route.Scopes, " "))
		x.challenge(`Bearer scope="` + strings.Join(route.Scopes, " ") + `" error="insufficient_scope"`)
		x.fail(tooNarrow)
		return false
	}
	x.in.Authorized = answer
	return true
}

// challenge says to the client of an HTTP API what its token lacks.
func (x *exchange) challenge(text string) {
	if x.in.Match.Stage.Kind == HTTP {
		x.w.Header().Set("Www-Authenticate", text)
	}
}

// expired reports whether a token was good once.
func expired(err error) bool { return identity.Public(err) == "token expired" }
