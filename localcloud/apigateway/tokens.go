package apigateway

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
)

// tokens verifies the tokens of JWT and COGNITO_USER_POOLS authorizers.
type tokens struct {
	now   func() time.Time
	fetch identity.Fetch

	mu        sync.Mutex
	verifiers map[string]*identity.Verifier // by the settings of an authorizer
	documents map[string]document           // by URL
}

// maxVerifiers bounds what is kept of earlier settings of authorizers.
const maxVerifiers = 256

// algorithms are those that API Gateway takes: "Currently, only RSA-based
// algorithms are supported".
var algorithms = []string{"RS256", "RS384", "RS512"}

// newTokens makes tokens whose issuers are where at says: it maps an issuer to
// the URL that stands in for it.
func newTokens(now func() time.Time, at map[string]string) *tokens {
	t := &tokens{now: now, verifiers: map[string]*identity.Verifier{}, documents: map[string]document{}}
	overHTTP := identity.OverHTTP(nil)
	t.fetch = func(ctx context.Context, url string) (identity.Document, error) {
		for issuer, local := range at {
			if rest, ok := strings.CutPrefix(url, strings.TrimSuffix(issuer, "/")+"/"); ok {
				url = strings.TrimSuffix(local, "/") + "/" + rest
				break
			}
		}
		return t.once(ctx, url, overHTTP)
	}
	return t
}

// document is what an issuer said, and until when it is not asked again.
type document struct {
	identity.Document
	until time.Time
}

// often bounds how often one URL is asked: a user pool's keys are looked up for
// each token, and tokens that nobody signed cost nothing to make.
const often = 5 * time.Second

// once asks a URL, but not twice in a short time. Only URLs of the
// configuration, and those that they lead to, are asked.
func (t *tokens) once(ctx context.Context, url string, ask identity.Fetch) (identity.Document, error) {
	t.mu.Lock()
	known, ok := t.documents[url]
	t.mu.Unlock()
	if ok && t.now().Before(known.until) {
		return known.Document, nil
	}
	doc, err := ask(ctx, url)
	if err != nil {
		return doc, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.documents) >= maxVerifiers {
		clear(t.documents)
	}
	t.documents[url] = document{doc, t.now().Add(often)}
	return doc, nil
}

// Claims gives what a token says whose issuer is the authorizer's.
func (t *tokens) Claims(ctx context.Context, a *authorize.Authorizer, token string, access bool) (map[string]any, error) {
	if a.Kind == authorize.UserPools {
		return t.poolClaims(ctx, a, token, access)
	}
	// Of Cognito's tokens an authorizer of an HTTP API takes both kinds.
	uses := []string{""}
	if strings.HasPrefix(a.Issuers[0], "https://cognito-idp.") {
		uses = []string{"access", "id"}
	}
	var err error
	for _, use := range uses {
		var v *identity.Verifier
		if v, err = t.verifier(ctx, a.Issuers, a.Audiences, use); err != nil {
			return nil, err
		}
		var caller identity.Caller
		if caller, err = v.Verify(ctx, token); err == nil {
			return caller.Claims, nil
		}
	}
	return nil, err
}

// poolClaims verifies a token of a user pool, of whichever app client it is:
// an access token where the method has scopes, else an ID token.
func (t *tokens) poolClaims(ctx context.Context, a *authorize.Authorizer, token string, access bool) (map[string]any, error) {
	use := "id"
	if access {
		use = "access"
	}
	client := authorize.Client(token)
	switch {
	case client == "":
		return nil, writ.Errorf(writ.CodeAuth, "the token does not say for which app client it is")
	case a.Pattern != nil && !a.Pattern.MatchString(client):
		return nil, writ.Errorf(writ.CodeAuth, "the token's app client does not match the validation expression")
	}
	// Which client it says decides nothing: all are let in, once the pool has signed it.
	v, err := t.newVerifier(ctx, a.Issuers, []string{client}, use)
	if err != nil {
		return nil, err
	}
	caller, err := v.Verify(ctx, token)
	return caller.Claims, err
}

// verifier gives the verifier of an authorizer's settings.
func (t *tokens) verifier(ctx context.Context, issuers, audiences []string, use string) (*identity.Verifier, error) {
	key, err := json.Marshal([]any{issuers, audiences, use})
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	v := t.verifiers[string(key)]
	t.mu.Unlock()
	if v != nil {
		return v, nil
	}
	if v, err = t.newVerifier(ctx, issuers, audiences, use); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.verifiers) >= maxVerifiers {
		clear(t.verifiers)
	}
	t.verifiers[string(key)] = v
	return v, nil
}

// newVerifier asks the issuers where their keys are.
func (t *tokens) newVerifier(ctx context.Context, issuers, audiences []string, use string) (*identity.Verifier, error) {
	settings := identity.Settings{Now: t.now, Fetch: t.fetch}
	for _, name := range issuers {
		issuer, err := identity.DiscoverFrom(ctx, t.fetch, name)
		if err != nil {
			return nil, err
		}
		// API Gateway allows no leeway, and does not ask for a subject: every token has an issuer.
		issuer.Audiences, issuer.TokenUse, issuer.Algorithms, issuer.Leeway, issuer.SubjectClaim = audiences, use, algorithms, -1, "iss"
		issuer.SubjectPrefix = name + " " // no subject is looked at, and no issuer has a space
		settings.Issuers = append(settings.Issuers, issuer)
	}
	return identity.NewVerifier(settings)
}
