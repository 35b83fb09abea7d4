package identity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/writ-dev/writ/identity"
)

// TestACurveHasOneAlgorithm: a signature that is good on P-256 with the hash of ES384 is none, even by a key that does not say
// what it is for (RFC 7518 §3.4).
func TestACurveHasOneAlgorithm(t *testing.T) {
	t.Parallel()
	key := ecKey().private.(*ecdsa.PrivateKey)
	text := b64([]byte(`{"alg":"ES384","kid":"ec-1"}`)) + "." + b64(must(json.Marshal(claims(nil))))
	sum := sha512.Sum384([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil || !ecdsa.Verify(&key.PublicKey, sum[:], r, s) {
		t.Fatal("the signature is not good at all")
	}
	signature := append(r.FillBytes(make([]byte, 48)), s.FillBytes(make([]byte, 48))...)
	v := verifier(t, &publisher{body: jwks(with(ecKey().jwk(), map[string]any{"alg": nil}))}, &clock{}, nil)
	if _, err := v.Verify(t.Context(), text+"."+b64(signature)); err == nil {
		t.Error("ES384 on P-256 is taken")
	}
	if _, err := v.Verify(t.Context(), ecKey().token(claims(nil), nil)); err != nil {
		t.Errorf("ES256 on P-256: %v", err)
	}
}

// TestTheSaltIsAsLongAsTheHash (RFC 7518 §3.5).
func TestTheSaltIsAsLongAsTheHash(t *testing.T) {
	t.Parallel()
	v := verifier(t, publish(signer{"rsa-1", "PS256", rsaKey().private}), &clock{}, nil)
	text := b64([]byte(`{"alg":"PS256","kid":"rsa-1"}`)) + "." + b64(must(json.Marshal(claims(nil))))
	sum := sha256.Sum256([]byte(text))
	for salt, want := range map[int]bool{32: true, 1: false, 20: false, 64: false, rsa.PSSSaltLengthAuto: false} {
		signature := must(rsa.SignPSS(rand.Reader, rsaKey().private.(*rsa.PrivateKey), crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: salt}))
		if _, err := v.Verify(t.Context(), text+"."+b64(signature)); (err == nil) != want {
			t.Errorf("a salt of %d: %v", salt, err)
		}
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestARedirectToPlainHTTP on the same host is not followed.
func TestARedirectToPlainHTTP(t *testing.T) {
	t.Parallel()
	asked := 0
	_, err := identity.OverHTTP(transport(func(r *http.Request) (*http.Response, error) {
		if asked++; r.URL.Scheme != "https" {
			return nil, errors.New("plain http was asked")
		}
		return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {"http://" + r.URL.Host + "/keys"}}, Body: http.NoBody}, nil
	}))(t.Context(), "https://issuer.example.com/keys")
	if err == nil || !strings.Contains(err.Error(), "it redirects to http://issuer.example.com") || asked != 1 {
		t.Errorf("%d requests, %v", asked, err)
	}
}
