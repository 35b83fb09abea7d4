package identity_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

// FuzzToken signs whatever header and payload with the issuer's key, and holds the verifier against the oracle; unsigned, the
// same is refused.
func FuzzToken(f *testing.F) {
	header := must(json.Marshal(edKey().header()))
	f.Add(header, must(json.Marshal(claims(nil))))
	f.Add([]byte(`{"alg":"EdDSA","kid":"ed-1","crit":["x"]}`), must(json.Marshal(claims(map[string]any{"aud": []string{"a", "shop"}}))))
	f.Add([]byte(`{"alg":"EdDSA","alg":"none"}`), []byte(`{"iss":"`+iss+`","exp":1e999,"sub":"\ud800"}`))
	f.Add(header, []byte(strings.Repeat(`{"a":`, 40)+`1`+strings.Repeat(`}`, 40)))
	cold := verifier(f, publish(published()...), &clock{}, nil)
	warm := verifier(f, publish(published()...), &clock{}, func(s *identity.Settings) { s.Remember = 10 })
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		token := edKey().sign(header, payload)
		want := proven(token, published(), shop(), start)
		for _, v := range []*identity.Verifier{cold, warm, warm} {
			got, err := v.Verify(t.Context(), token)
			if (err == nil) != (want != "") || got.Subject != want {
				t.Fatalf("%q, %v; the oracle says %q", got.Subject, err, want)
			}
			if err != nil {
				if code := writ.CodeOf(err); code != writ.CodeAuth || len(err.Error()) > 2000 {
					t.Fatalf("code %s: %v", code, err)
				}
			}
		}
		for _, forged := range []string{token[:len(token)-86], edTwo().sign(header, payload), string(header), string(payload)} {
			if _, err := cold.Verify(t.Context(), forged); err == nil {
				t.Fatalf("taken: %s", forged)
			}
		}
	})
}

// FuzzKeySet publishes whatever as keys: a token is taken only if its issuer's key is among them.
func FuzzKeySet(f *testing.F) {
	f.Add(jwksOf(edKey()))
	f.Add(jwksOf(published()...))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQ"},{"kty":"EC","crv":"P-256","x":"","y":""},{"kty":"oct","k":"AA"}]}`))
	var tokens []string
	for _, s := range published() {
		tokens = append(tokens, s.token(claims(nil), nil), s.token(claims(nil), map[string]any{"kid": nil}))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v := verifier(t, nil, &clock{}, func(s *identity.Settings) {
			s.Fetch = func(context.Context, string) (identity.Document, error) { return identity.Document{Body: body}, nil }
		})
		for i, token := range tokens {
			if _, err := v.Verify(t.Context(), token); err == nil && !publishes(body, published()[i/2].jwk()) {
				t.Fatalf("token %d is taken without its key", i)
			}
		}
	})
}

// publishes looks for the parts of a key anywhere in a text.
func publishes(body []byte, jwk map[string]any) bool {
	var all any
	if json.Unmarshal(body, &all) != nil {
		return false
	}
	text := string(must(json.Marshal(all)))
	for _, part := range []string{"n", "x", "y"} {
		if s, ok := jwk[part].(string); ok && !strings.Contains(text, s[:len(s)-1]) {
			return false
		}
	}
	return true
}

// FuzzClientCertificate reads whatever as a certificate: what is taken is one certificate of an issuer that is allowed, now valid.
func FuzzClientCertificate(f *testing.F) {
	f.Add(certificate("Devices CA", nil))
	f.Add(certificate("Other CA", nil))
	f.Add(certificate("Devices CA", names("a", "b")))
	f.Add("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----")
	var all []*identity.Certificates
	for _, part := range []identity.Part{identity.CommonName, identity.URI, identity.DistinguishedName} {
		all = append(all, must(identity.NewCertificates(rules(part))))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range all {
			caller, err := c.VerifyPEM(text)
			if err != nil {
				if writ.CodeOf(err) != writ.CodeAuth || len(err.Error()) > 20000 {
					t.Fatal(err)
				}
				continue
			}
			block, _ := pem.Decode([]byte(text))
			cert := must(x509.ParseCertificate(block.Bytes))
			if caller.Subject == "" || caller.Issuer != ca || cert.Issuer.CommonName != "Devices CA" || cert.NotAfter.Before(start) || cert.NotBefore.After(start) {
				t.Fatalf("%+v", caller)
			}
		}
	})
}
