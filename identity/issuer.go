package identity

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/strictjson"
)

// mostLeeway is how far the clocks of issuer and verifier may differ at most.
const mostLeeway = time.Minute

// Issuer is one whose tokens are trusted, for every subject that it may name.
type Issuer struct {
	// Issuer is what `iss` must be, to the letter.
	Issuer string
	// JWKS is the URL of the issuer's keys: https, or http on this machine. It is never taken from a token.
	JWKS string
	// Audiences are those that tokens may be made for: one of them must be in `aud`, or be the `client_id`
	// of an access token of Cognito that has no `aud`. At least one is needed.
	Audiences []string
	// TokenUse is "access" or "id" when only those are taken. It is what Cognito's claim `token_use` says; without the
	// claim, the header `typ: at+jwt` (RFC 9068) makes an access token. Empty takes both, and is refused for Cognito.
	TokenUse string
	// Algorithms are those that are taken; none are all with a public key: RS, PS, ES with 256, 384 or 512,
	// and EdDSA. The key decides which of them fit.
	Algorithms []string
	// Leeway is how far the issuer's clock may be off; zero is a minute, which is the most, and below zero is none.
	Leeway time.Duration
	// SubjectClaim is the claim that names the caller; empty is "sub". With "email" and "phone_number",
	// `email_verified` and `phone_number_verified` must be true.
	SubjectClaim string
	// SubjectPrefix is put before each subject. Of several issuers each needs one of its own ("staff:"), which is not the
	// beginning of another's: else two may mean different people by one ID, and each may speak for those of the other.
	SubjectPrefix string
}

var (
	regionText = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)
	poolText   = regexp.MustCompile(`^[a-z0-9-]+_[0-9A-Za-z]{1,55}$`)
)

// Cognito is the issuer of a Cognito user pool, such as eu-west-1_a1B2c3D4e in eu-west-1, for tokens of
// the use "access" or "id" that were made for one of its app clients.
func Cognito(region, pool, use string, clients ...string) (Issuer, error) {
	switch {
	case !regionText.MatchString(region):
		return Issuer{}, writ.Errorf(writ.CodeInvalid, "%s is no region of AWS", shown(region))
	case !poolText.MatchString(pool) || !strings.HasPrefix(pool, region+"_"):
		return Issuer{}, writ.Errorf(writ.CodeInvalid, "%s is no ID of a user pool in %s", shown(pool), region).
			WithHint("it looks like %s_a1B2c3D4e", region)
	}
	suffix := ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix += ".cn"
	}
	iss := "https://cognito-idp." + region + suffix + "/" + pool
	return Issuer{
		Issuer: iss, JWKS: iss + "/.well-known/jwks.json",
		Audiences: clients, TokenUse: use, Algorithms: []string{"RS256"},
	}, nil
}

// DiscoverFrom asks an issuer where its keys are (RFC 8414 §3, OpenID Connect Discovery §4). It is for a
// configuration that says so, at start; Audiences and the rest are still to be set. A nil fetch is [OverHTTP].
func DiscoverFrom(ctx context.Context, fetch Fetch, issuer string) (Issuer, error) {
	if err := checkURL(issuer); err != nil {
		return Issuer{}, writ.Errorf(writ.CodeInvalid, "the issuer %w", err)
	}
	if strings.ContainsAny(issuer, "?#") {
		return Issuer{}, writ.Errorf(writ.CodeInvalid, "the issuer %s has a query, which no issuer has", shown(issuer))
	}
	if fetch == nil {
		fetch = OverHTTP(nil)
	}
	at := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	doc, err := fetch(ctx, at)
	if err != nil {
		return Issuer{}, writ.Errorf(writ.CodeExternal, "%s cannot be read: %w", at, err)
	}
	if len(doc.Body) > mostBody {
		return Issuer{}, writ.Errorf(writ.CodeExternal, "%s has more than %d bytes", at, mostBody)
	}
	o, err := strictjson.Object(doc.Body)
	if err != nil {
		return Issuer{}, writ.Errorf(writ.CodeExternal, "%s %w", at, err)
	}
	// Another issuer's document would let that one sign for this (RFC 8414 §3.3).
	if named, _ := o["issuer"].(string); named != issuer {
		return Issuer{}, writ.Errorf(writ.CodeExternal, "%s is of the issuer %s, not of %s", at, shown(named), shown(issuer))
	}
	keys, _ := o["jwks_uri"].(string)
	if err := checkURL(keys); err != nil {
		return Issuer{}, writ.Errorf(writ.CodeExternal, "%s has no `jwks_uri` to use: %w", at, err)
	}
	return Issuer{Issuer: issuer, JWKS: keys}, nil
}

var cognitoIssuer = regexp.MustCompile(`^https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/`)

// checked gives the issuer with its defaults filled in.
func (i Issuer) checked() (Issuer, error) {
	invalid := func(format string, args ...any) (Issuer, error) {
		return Issuer{}, writ.Errorf(writ.CodeInvalid, "issuer %s: "+format, append([]any{shown(i.Issuer)}, args...)...)
	}
	if i.Issuer == "" {
		return Issuer{}, writ.Errorf(writ.CodeInvalid, "an issuer has no name").WithHint("it is what `iss` is in its tokens")
	}
	if err := checkURL(i.JWKS); err != nil {
		return invalid("the URL of its keys: %w", err)
	}
	if len(i.Audiences) == 0 || slices.Contains(i.Audiences, "") {
		return invalid("it needs audiences, none of them empty: a token that was made for somebody else is no proof here")
	}
	switch {
	case i.TokenUse != "" && i.TokenUse != "access" && i.TokenUse != "id":
		return invalid("the token use is %s; it is access or id", shown(i.TokenUse))
	case i.TokenUse == "" && cognitoIssuer.MatchString(i.Issuer):
		return invalid("Cognito makes access tokens and ID tokens for the same client: the token use must say which")
	case i.Leeway > mostLeeway:
		return invalid("the leeway %s is more than %s", i.Leeway, mostLeeway)
	case i.Leeway == 0:
		i.Leeway = mostLeeway
	}
	i.Leeway = max(i.Leeway, 0)
	i.Audiences, i.Algorithms = slices.Clone(i.Audiences), slices.Clone(i.Algorithms)
	for _, name := range i.Algorithms {
		if _, ok := algorithmOf(name); !ok {
			return invalid("%s is not an algorithm with a public key", shown(name))
		}
	}
	if len(i.Algorithms) == 0 {
		for _, a := range algorithms() {
			i.Algorithms = append(i.Algorithms, a.name)
		}
	}
	if i.SubjectClaim == "" {
		i.SubjectClaim = "sub"
	}
	return i, nil
}
