package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/writ-dev/writ/internal/strictjson"
)

const (
	mostKeys    = 100
	leastRSA    = 2048 // RFC 7518 §3.3
	mostRSA     = 8192 // above, one signature costs too much
	mostKeyName = 256
)

// key is a public key of an issuer that may verify signatures.
type key struct {
	id     string
	alg    string // the one algorithm that it is for; empty: any that fits its kind
	kind   string
	curve  string
	public any // as golang-jwt takes it
}

// fits says which algorithms a key may be used with: its kind and curve, and what the
// issuer says it is for, decide; never the token (RFC 8725 §3.1).
func (k *key) fits(a algorithm) bool {
	return k.kind == a.kind && k.curve == a.curve && (k.alg == "" || k.alg == a.name)
}

func (k *key) String() string {
	s := k.kind
	if k.curve != "" {
		s += " " + k.curve
	}
	if k.alg != "" {
		s += " for " + k.alg
	}
	return s
}

// keySet is what an issuer published at a time. It is not changed after it was made.
type keySet struct {
	keys []key
	// left says why keys of these IDs are not used, for messages.
	left map[string]string
}

// parseKeys reads a JWK set (RFC 7517 §5). Keys that are not understood, weak or for something
// else are left out, as that section asks; a text that is no key set is an error.
func parseKeys(text []byte) (*keySet, error) {
	o, err := strictjson.Object(text)
	if err != nil {
		return nil, fmt.Errorf("the key set %w", err)
	}
	list, ok := o["keys"].([]any)
	switch {
	case !ok:
		return nil, errors.New("the key set has no list `keys`")
	case len(list) == 0: // a slip of the issuer, or of who stands before it: nobody could sign
		return nil, errors.New("the key set has no key")
	case len(list) > mostKeys:
		return nil, fmt.Errorf("the key set has %d keys, which is more than %d", len(list), mostKeys)
	}
	set := &keySet{left: map[string]string{}}
	for _, v := range list {
		jwk, ok := v.(map[string]any)
		if !ok {
			return nil, errors.New("the key set has a key that is not an object")
		}
		k, err := parseKey(jwk)
		if err != nil {
			if id, ok := jwk["kid"].(string); ok && len(id) <= mostKeyName {
				set.left[id] = err.Error()
			}
			continue
		}
		set.keys = append(set.keys, k)
	}
	return set, nil
}

func parseKey(jwk map[string]any) (key, error) {
	var k key
	for member, to := range map[string]*string{"kid": &k.id, "alg": &k.alg, "kty": &k.kind, "crv": &k.curve} {
		v, there := jwk[member]
		s, ok := v.(string)
		if there && (!ok || s == "" || len(s) > mostKeyName) {
			return key{}, fmt.Errorf("its %s is no name", member)
		}
		*to = s
	}
	if use, there := jwk["use"]; there && use != "sig" {
		return key{}, fmt.Errorf("its use is %s, not sig", shown(fmt.Sprint(use)))
	}
	if ops, there := jwk["key_ops"]; there {
		if list, ok := ops.([]any); !ok || !slices.Contains(list, any("verify")) {
			return key{}, errors.New("its key_ops have no verify")
		}
	}
	if _, there := jwk["d"]; there {
		return key{}, errors.New("its private part is published, so anybody may have signed")
	}
	var err error
	switch k.kind {
	case "RSA":
		k.curve = ""
		k.public, err = rsaKey(jwk)
	case "EC":
		k.public, err = ecKey(jwk, k.curve)
	case "OKP":
		k.public, err = edKey(jwk, k.curve)
	default:
		err = fmt.Errorf("its kty is %s; RSA, EC and OKP are understood", shown(k.kind))
	}
	if err != nil {
		return key{}, err
	}
	if a, ok := algorithmOf(k.alg); k.alg != "" && (!ok || !k.fits(a)) {
		return key{}, fmt.Errorf("its alg is %s, which is not for a key of its kind", shown(k.alg))
	}
	return k, nil
}

func rsaKey(jwk map[string]any) (any, error) {
	n, err := bytesOf(jwk, "n")
	if err != nil {
		return nil, err
	}
	e, err := bytesOf(jwk, "e")
	if err != nil {
		return nil, err
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	switch bits := modulus.BitLen(); {
	case bits < leastRSA:
		return nil, fmt.Errorf("it is RSA with %d bits, and fewer than %d are forgeable", bits, leastRSA)
	case bits > mostRSA:
		return nil, fmt.Errorf("it is RSA with %d bits, which is more than %d", bits, mostRSA)
	case exponent.BitLen() < 2 || exponent.BitLen() > 31 || exponent.Bit(0) == 0 || modulus.Bit(0) == 0:
		return nil, errors.New("its numbers make no RSA key")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
}

func ecKey(jwk map[string]any, crv string) (any, error) {
	curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
	curve, ok := curves[crv]
	if !ok {
		return nil, fmt.Errorf("its curve is %s; P-256, P-384 and P-521 are understood", shown(crv))
	}
	point := []byte{4} // SEC 1 §2.3.3: uncompressed
	for _, member := range []string{"x", "y"} {
		b, err := bytesOf(jwk, member)
		if err != nil {
			return nil, err
		}
		if len(b) != (curve.Params().BitSize+7)/8 { // RFC 7518 §6.2.1.2
			return nil, fmt.Errorf("its %s has %d bytes, which is not the length of %s", member, len(b), crv)
		}
		point = append(point, b...)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, fmt.Errorf("its point is not on %s", crv)
	}
	return public, nil
}

func edKey(jwk map[string]any, crv string) (any, error) {
	if crv != "Ed25519" {
		return nil, fmt.Errorf("its curve is %s; Ed25519 is understood", shown(crv))
	}
	x, err := bytesOf(jwk, "x")
	if err != nil {
		return nil, err
	}
	if len(x) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("its x has %d bytes, which is not the length of Ed25519", len(x))
	}
	return ed25519.PublicKey(x), nil
}

func bytesOf(jwk map[string]any, member string) ([]byte, error) {
	s, _ := jwk[member].(string)
	b, err := base64url(s)
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("its %s is no base64url", member)
	}
	return b, nil
}

// base64url decodes as RFC 7515 §2 writes it: no padding, nothing between, and one spelling for each value.
func base64url(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") { // which encoding/base64 skips
		return nil, errors.New("a line ends in it")
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}
