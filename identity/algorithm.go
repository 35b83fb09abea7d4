package identity

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // of all algorithms with 256
	_ "crypto/sha512" // of those with 384 and 512
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// algorithm is a way to sign, and what key it takes.
type algorithm struct {
	name   string
	method jwt.SigningMethod
	kind   string // the `kty` of RFC 7517
	curve  string // the `crv`
}

// algorithms are those of RFC 7518 §3.1 and RFC 8037 with a public key. There is no HMAC: who could verify
// such a token could forge it, and a public key could be passed off as its secret (RFC 8725 §2.1).
func algorithms() []algorithm {
	return []algorithm{
		{"RS256", jwt.SigningMethodRS256, "RSA", ""},
		{"RS384", jwt.SigningMethodRS384, "RSA", ""},
		{"RS512", jwt.SigningMethodRS512, "RSA", ""},
		{"PS256", pss("PS256", crypto.SHA256), "RSA", ""},
		{"PS384", pss("PS384", crypto.SHA384), "RSA", ""},
		{"PS512", pss("PS512", crypto.SHA512), "RSA", ""},
		{"ES256", jwt.SigningMethodES256, "EC", "P-256"},
		{"ES384", jwt.SigningMethodES384, "EC", "P-384"},
		{"ES512", jwt.SigningMethodES512, "EC", "P-521"},
		{"EdDSA", jwt.SigningMethodEdDSA, "OKP", "Ed25519"},
	}
}

// pss wants a salt as long as the hash (RFC 7518 §3.5), where the library takes any.
func pss(name string, hash crypto.Hash) jwt.SigningMethod {
	return &jwt.SigningMethodRSAPSS{
		SigningMethodRSA: &jwt.SigningMethodRSA{Name: name, Hash: hash},
		Options:          &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash},
	}
}

func algorithmOf(name string) (algorithm, bool) {
	all := algorithms()
	i := slices.IndexFunc(all, func(a algorithm) bool { return a.name == name })
	if i < 0 {
		return algorithm{}, false
	}
	return all[i], true
}
