package identity_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/writ-dev/writ/identity"
)

var start = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// clock is a time that tests set.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time          { return start.Add(time.Duration(c.passed.Load())) }
func (c *clock) advance(d time.Duration) { c.passed.Add(int64(d)) }

// signer is a key pair of an issuer.
type signer struct {
	kid, alg string
	private  any
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newRSA(bits int) *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, bits)) }
func newEC(c elliptic.Curve) *ecdsa.PrivateKey {
	return must(ecdsa.GenerateKey(c, rand.Reader))
}

func newEd() ed25519.PrivateKey {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return must(private, err)
}

// Keys take long to make, so tests share them; none changes them.
var (
	rsaKey = sync.OnceValue(func() signer { return signer{"rsa-1", "RS256", newRSA(2048)} })
	rsaTwo = sync.OnceValue(func() signer { return signer{"rsa-2", "RS256", newRSA(2048)} })
	weak   = sync.OnceValue(func() signer { return signer{"weak", "RS256", newRSA(1024)} })
	ecKey  = sync.OnceValue(func() signer { return signer{"ec-1", "ES256", newEC(elliptic.P256())} })
	ec384  = sync.OnceValue(func() signer { return signer{"ec-2", "ES384", newEC(elliptic.P384())} })
	ec521  = sync.OnceValue(func() signer { return signer{"ec-3", "ES512", newEC(elliptic.P521())} })
	edKey  = sync.OnceValue(func() signer { return signer{"ed-1", "EdDSA", newEd()} })
	edTwo  = sync.OnceValue(func() signer { return signer{"ed-2", "EdDSA", newEd()} })
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwk is the public key as an issuer publishes it.
func (s signer) jwk() map[string]any {
	m := map[string]any{"kid": s.kid, "alg": s.alg, "use": "sig"}
	switch k := s.private.(type) {
	case *rsa.PrivateKey:
		m["kty"], m["n"], m["e"] = "RSA", b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes())
	case *ecdsa.PrivateKey:
		point := must(k.PublicKey.Bytes())
		half := (len(point) - 1) / 2
		m["kty"], m["crv"], m["x"], m["y"] = "EC", k.Params().Name, b64(point[1:1+half]), b64(point[1+half:])
	case ed25519.PrivateKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", b64(k.Public().(ed25519.PublicKey))
	}
	return m
}

// with gives a map with members changed; a nil one is left out.
func with(m map[string]any, changes map[string]any) map[string]any {
	m = maps.Clone(m)
	for name, v := range changes {
		if m[name] = v; v == nil {
			delete(m, name)
		}
	}
	return m
}

func jwks(keys ...map[string]any) []byte {
	if keys == nil {
		keys = []map[string]any{} // not null, which is no list
	}
	return must(json.Marshal(map[string]any{"keys": keys}))
}

func jwksOf(signers ...signer) []byte {
	var keys []map[string]any
	for _, s := range signers {
		keys = append(keys, s.jwk())
	}
	return jwks(keys...)
}

// sign signs any header and payload.
func (s signer) sign(header, payload []byte) string {
	return s.signAs(s.alg, header, payload)
}

func (s signer) signAs(alg string, header, payload []byte) string {
	text := b64(header) + "." + b64(payload)
	return text + "." + b64(must(jwt.GetSigningMethod(alg).Sign(text, s.private)))
}

func (s signer) header() map[string]any {
	return map[string]any{"alg": s.alg, "kid": s.kid, "typ": "JWT"}
}

// token signs claims, with changes to the header.
func (s signer) token(claims map[string]any, header map[string]any) string {
	return s.sign(must(json.Marshal(with(s.header(), header))), must(json.Marshal(claims)))
}

const (
	iss  = "https://issuer.example.com/pool"
	keys = "https://issuer.example.com/pool/.well-known/jwks.json"
)

// claims are those of a valid access token, with changes.
func claims(changes map[string]any) map[string]any {
	return with(map[string]any{
		"iss": iss, "aud": "shop", "token_use": "access", "sub": "ann", "org": "acme",
		"exp": start.Add(time.Hour).Unix(), "nbf": start.Add(-time.Minute).Unix(), "iat": start.Add(-time.Minute).Unix(),
	}, changes)
}

// publisher is an issuer's web server without the web.
type publisher struct {
	mu     sync.Mutex
	body   []byte
	maxAge time.Duration
	err    error
	urls   []string
	before func() // runs in each fetch
}

func publish(signers ...signer) *publisher { return &publisher{body: jwksOf(signers...)} }

func (p *publisher) set(body []byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.body, p.err = body, err
}

func (p *publisher) fetches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.urls)
}

func (p *publisher) fetch(_ context.Context, url string) (identity.Document, error) {
	if p.before != nil {
		p.before()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.urls = append(p.urls, url)
	return identity.Document{Body: slices.Clone(p.body), MaxAge: p.maxAge}, p.err
}

// shop is the issuer that most tests trust.
func shop() identity.Issuer {
	return identity.Issuer{Issuer: iss, JWKS: keys, Audiences: []string{"shop"}, TokenUse: "access"}
}

func verifier(t testing.TB, p *publisher, c *clock, change func(*identity.Settings)) *identity.Verifier {
	t.Helper()
	s := identity.Settings{Issuers: []identity.Issuer{shop()}, Now: c.now, Fetch: p.fetch}
	if change != nil {
		change(&s)
	}
	v, err := identity.NewVerifier(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func number(text string) json.Number { return json.Number(text) }
