package topology

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/tree"
)

// API Gateway keeps an answer for an hour at most, and waits ten seconds for one.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html
const (
	maxKeep              = time.Hour
	maxAuthorizerTimeout = (AuthorizerTimeoutSec - 1) * time.Second
	maxIssuers           = 20
)

var sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

var snapshotPattern = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\s*?]{1,900}$`)

func (c *checker) authorizers() {
	first := map[string]*Authorizer{}
	for _, a := range c.t.Authorizers {
		if other := first[a.Name]; other != nil {
			c.add(a.Pos, "two authorizers have the name %s", quoted(a.Name)).WithHint("the other one is at %s", tree.Place(other.Pos))
			continue
		}
		first[a.Name] = a
		c.declared(a)
	}
	for _, r := range c.t.Routes {
		c.asked(r)
		if r.Authorizer == "cognito" && first["cognito"] == nil {
			c.onePool(r)
		}
	}
	if m := c.t.Mutations; m != nil && first[m.Authorizer] != nil {
		c.add(c.spot(m.Pos, "authorizer"), "authorizer %s stands before routes, and not before mutations", m.Authorizer).
			WithHint("mutations take a function of yours, cognito or iam")
	}
}

// onePool makes sure that cognito means one pool.
func (c *checker) onePool(r *Route) {
	pools := c.names[KindPool]
	if len(pools) == 1 {
		return
	}
	e := c.add(c.spot(r.Pos, "authorizer"), "the authorizer cognito of route %s %s could be any of %d pools", r.Method, r.Path, len(pools)).
		WithHint("declare an authorizer that names one:  authorizers: {NAME: {identity: [{cognito: %s, use: access}]}}", strings.Join(pools, " or "))
	if len(pools) == 0 {
		e.Message = "the authorizer cognito of route " + r.Method + " " + r.Path + " needs a user pool, and the topology has none"
		e.Hint = "add one, as in  pools: [users]"
	}
}

// declared checks one authorizer.
func (c *checker) declared(a *Authorizer) {
	what := "authorizer " + a.Name
	switch {
	case contains(builtinAuthorizers, a.Name):
		c.add(a.Pos, "an authorizer cannot be called %s, which API Gateway has of its own", a.Name).WithHint("give it another name")
	case !namePattern.MatchString(a.Name):
		c.add(a.Pos, "%s cannot be an authorizer's name", quoted(a.Name)).WithHint("use letters, digits, - and _, 64 at most")
	}
	for _, f := range c.t.Functions {
		if f.Name == a.Name && f.Authorizer == nil {
			c.add(a.Pos, "a function and an authorizer have the name %s", quoted(a.Name)).
				WithHint("the function is at %s; the authorizer's own function would have its name", tree.Place(f.Pos))
		}
	}
	if len(a.Identity) == 0 && !c.broken(KindFunction, a.Name+" identity") {
		c.add(a.Pos, "%s does not say whose tokens it takes", what).WithHint("add  identity: [{issuer: https://idp.example.com/, audience: NAME}]")
	}
	if len(a.Identity) > maxIssuers {
		c.add(a.Pos, "%s has more than %d issuers", what, maxIssuers)
	}
	for _, i := range a.Identity {
		if i.Cognito != "" && len(a.Identity) > 1 {
			c.add(i.Pos, "pool %s is not the only identity of %s", i.Cognito, what).
				WithHint("the ID of a pool is known when it is deployed, and the function takes one such: declare an authorizer for the pool alone")
		}
		c.issuer(what, i)
	}
	c.prefixes(what, a.Identity)
	c.choice(a.Fail, c.spot(a.Pos, "fail"), "fail of "+what, "deny", "error")
	c.choice(a.Architecture, c.spot(a.Pos, "architecture"), "architecture of "+what, "arm64", "x86_64")
	c.duration(a.Timeout, c.spot(a.Pos, "timeout"), "timeout of "+what, 50*time.Millisecond, maxAuthorizerTimeout,
		"API Gateway waits ten seconds, and the function needs one to answer")
	if c.duration(a.Keep, c.spot(a.Pos, "keep"), "keep of "+what, 0, maxKeep, "API Gateway keeps an answer for an hour at most; 0 keeps none") && subSecond(a.Keep) {
		c.add(c.spot(a.Pos, "keep"), "keep of %s is %s, and API Gateway counts whole seconds", what, a.Keep)
	}
	c.decide(what, a.Decide)
}

func subSecond(text string) bool {
	d, err := time.ParseDuration(text)
	return err == nil && d%time.Second != 0
}

// choice checks a word that is one of a few, or not there.
func (c *checker) choice(word string, at writ.Position, what string, words ...string) {
	if word != "" && !contains(words, word) {
		c.suggest(c.add(at, "%s is %s", what, quoted(word)), word, words, "it is one of ")
	}
}

// duration checks a length of time; "" is fine. It reports whether the text is one that fits.
func (c *checker) duration(text string, at writ.Position, what string, least, most time.Duration, why string) bool {
	if text == "" {
		return true
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		c.add(at, "%s is %s, which is no length of time", what, quoted(text)).WithHint("write it with a unit, as in 800ms, 2s or 5m")
		return false
	}
	if d < least || d > most {
		c.add(at, "%s is %s, out of range", what, text).WithHint("%s to %s: %s", least, most, why)
		return false
	}
	return true
}

// prefixes: of several issuers none may name a subject of another; the function would not start.
func (c *checker) prefixes(what string, all []TokenIssuer) {
	for n, one := range all {
		for _, other := range all[:n] {
			a, b := one.SubjectPrefix, other.SubjectPrefix
			if one.Cognito != "" || other.Cognito != "" || a != "" && b != "" && !strings.HasPrefix(a, b) && !strings.HasPrefix(b, a) {
				continue
			}
			c.add(one.Pos, "two issuers of %s have the prefixes %s and %s: one could name the subjects of the other", what, quoted(b), quoted(a)).
				WithHint("give each a prefix that no other's begins with, as in  prefix: \"staff:\"")
			return
		}
	}
}

func (c *checker) issuer(what string, i TokenIssuer) {
	switch {
	case (i.Issuer == "") == (i.Cognito == ""):
		c.add(i.Pos, "an identity of %s is either an issuer or a Cognito pool", what).
			WithHint("write  {issuer: https://idp.example.com/, audience: NAME}  or  {cognito: POOL, use: access}")
		return
	case i.Cognito != "":
		c.pool(what, i)
	default:
		for _, text := range append([]string{i.Issuer, i.JWKS}, i.Audiences...) {
			if containsTemplate(text) {
				c.add(i.Pos, "an identity is the same in all sandboxes, and cannot hold %s", templatePattern.FindString(text)).
					WithHint("declare an authorizer for each issuer")
				return
			}
		}
		c.webURL(i.Issuer, c.spot(i.Pos, "issuer"), "the issuer")
		if len(i.Audiences) == 0 {
			c.add(i.Pos, "issuer %s has no audience", quoted(i.Issuer)).
				WithHint("add  audience: NAME : a token that was made for somebody else is no proof here")
		}
	}
	if i.JWKS != "" {
		c.webURL(i.JWKS, c.spot(i.Pos, "jwks"), "the URL of the keys")
	}
	c.choice(i.Use, c.spot(i.Pos, "use"), "use of an identity of "+what, "access", "id")
}

// pool checks an identity that is a pool of the topology.
func (c *checker) pool(what string, i TokenIssuer) {
	if !c.known[Target{Kind: KindPool, Name: i.Cognito}] {
		c.suggest(c.add(c.spot(i.Pos, "cognito"), "there is no pool %s", quoted(i.Cognito)), i.Cognito, c.names[KindPool], "the pools are ")
		if len(c.names[KindPool]) == 0 {
			c.errs[len(c.errs)-1].Hint = "add it, as in  pools: [" + i.Cognito + "]"
		}
	}
	if i.Use == "" {
		c.add(i.Pos, "pool %s makes access tokens and ID tokens for the same client, and %s does not say which it takes", i.Cognito, what).
			WithHint("add  use: access")
	}
	if i.JWKS != "" {
		c.add(c.spot(i.Pos, "jwks"), "the keys of a pool are its own").WithHint("take jwks out")
	}
}

// webURL checks a URL that is asked for keys or decisions: only this machine is trusted without TLS.
func (c *checker) webURL(text string, at writ.Position, what string) {
	if loc := templatePattern.FindStringIndex(text); loc != nil && loc[0] == 0 {
		return // known when it is deployed
	}
	u, err := url.Parse(templatePattern.ReplaceAllString(text, "1")) // which may stand for a port too
	_, rest, _ := strings.Cut(text, "://")
	host := rest[:len(rest)-len(strings.TrimLeftFunc(rest, func(r rune) bool { return !strings.ContainsRune("/?#", r) }))]
	if i := strings.LastIndex(host, ":"); i >= 0 {
		host = host[:i]
	}
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "":
		c.add(at, "%s %s is no address", what, quoted(text)).WithHint("write it as  https://HOST/")
	case u.Scheme == "http" && (!loopback(u.Hostname()) || containsTemplate(host)):
		c.add(at, "%s %s can be changed on its way", what, quoted(text)).WithHint("use https; http is for this machine alone")
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (c *checker) decide(what string, d Decide) {
	switch d.Kind {
	case "", DecideServer:
		if d.URL != "" {
			c.webURL(d.URL, d.Pos, "the server")
		}
		if d.URL != "" && d.Secret == "" {
			c.add(d.Pos, "%s has no key for its server", what).WithHint("add  key: {secret: NAME}")
		}
	case DecideSnapshot:
		switch {
		case d.URL == "" && c.t.Policy == nil:
			c.add(d.Pos, "%s decides by a snapshot of the policy, and the topology has no policy", what).
				WithHint("add a  policy:  section, or name a snapshot, as in  decide: {snapshot: s3://BUCKET/KEY}")
		case d.URL != "" && !snapshotPattern.MatchString(templatePattern.ReplaceAllString(d.URL, "x")):
			c.add(d.Pos, "%s is not the place of a snapshot", quoted(d.URL)).WithHint("write it as  s3://BUCKET/KEY")
		case d.URL != "" && !sha256Pattern.MatchString(d.SHA256):
			c.add(c.spot(d.Pos, "sha256"), "the snapshot of %s needs its SHA-256, 64 hexadecimal digits", what).
				WithHint("`writ policy export` prints it; add  sha256: HASH : who may write the bucket must not decide")
		}
	case DecidePermit:
		switch {
		case d.URL == "":
			c.add(d.Pos, "%s does not say where the Permit PDP is", what).WithHint("write  decide: {permit: https://cloudpdp.api.permit.io, token: {secret: NAME}}")
		default:
			c.webURL(d.URL, d.Pos, "the Permit PDP")
			if d.Secret == "" {
				c.add(d.Pos, "%s has no token for the Permit PDP", what).WithHint("add  token: {secret: NAME}")
			}
		}
	default:
		c.choice(string(d.Kind), d.Pos, "decide of "+what, decideWays...)
	}
}

// asked checks what a route asks against who would read it.
func (c *checker) asked(r *Route) {
	a := AuthorizerOf(c.t, r)
	ask := r.Authorize
	switch {
	case ask == nil:
		return
	case a == nil && (c.broken(KindFunction, r.Authorizer) || c.strange(r.Authorizer)):
		return // that was said
	case a == nil:
		e := c.add(ask.Pos, "nobody reads the authorize of route %s %s", r.Method, r.Path)
		names := names(c.t.Authorizers)
		switch {
		case r.Authorizer != "":
			e.Hint = "authorizer " + r.Authorizer + " is none of  authorizers: , and decides by itself"
		case len(names) > 0:
			e.Hint = "add  authorizer: NAME ; the authorizers are " + strings.Join(names, ", ")
		default:
			e.Hint = "declare one under  authorizers:  and name it with  authorizer: NAME"
		}
		return
	}
	ways := 0
	for _, way := range []bool{ask.Resource != "", ask.Signed, ask.Mapping} {
		if way {
			ways++
		}
	}
	if ways != 1 {
		c.add(ask.Pos, "the authorize of route %s %s asks nothing, or several things", r.Method, r.Path).
			WithHint("write  {action: read, resource: \"document:{id}\"} , or one of  signed: true  and  mapping: true")
	}
	if a == nil {
		return
	}
	if ask.Mapping && a.Decide.Kind != DecideSnapshot {
		c.add(ask.Pos, "the URL mapping rules are read from the policy, which authorizer %s does not have beside it", a.Name).
			WithHint("write  decide: snapshot  in the authorizer, or say what the route asks")
	}
	if i := slices.IndexFunc(c.t.Routes, func(o *Route) bool { return o.Authorizer == a.Name }); c.t.Routes[i].API != r.API {
		c.add(c.spot(r.Pos, "authorizer"), "authorizer %s is used by an HTTP API and by a REST API", a.Name).
			WithHint("they are answered in different ways: declare a second authorizer for one of them")
	}
}

func names(list []*Authorizer) []string {
	var all []string
	for _, a := range list {
		all = append(all, a.Name)
	}
	return all
}
