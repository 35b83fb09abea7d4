package identity

import (
	"strings"
	"unicode"

	"github.com/writ-dev/writ/internal/strictjson"
)

const (
	mostToken     = 16 << 10
	mostSignature = mostRSA / 8
)

// token is one that was taken apart, with nothing proven yet.
type token struct {
	alg       string
	kid       string // empty: none
	typ       string // in lower case, without "application/"
	claims    map[string]any
	signed    string // what the signature is of
	signature []byte
}

// split takes the compact form of RFC 7515 §7.1 apart.
func split(text string) (token, error) {
	var t token
	parts := strings.Split(text, ".")
	switch {
	case len(parts) == 5:
		return t, tokenNotValid.because("it is encrypted (JWE), and only signed ones are taken")
	case len(parts) != 3:
		return t, tokenNotValid.because("a signed token has three parts with dots between, and it has %d", len(parts))
	}
	var err error
	if t.signature, err = base64url(parts[2]); err != nil || len(t.signature) > mostSignature {
		return t, tokenNotValid.because("its signature is not base64url, or is longer than any")
	}
	header, err := part(parts[0], "header")
	if err != nil {
		return t, err
	}
	if t.claims, err = part(parts[1], "payload"); err != nil {
		return t, err
	}
	t.signed = text[:len(parts[0])+1+len(parts[1])]
	return t, t.readHeader(header)
}

func part(text, name string) (map[string]any, error) {
	b, err := base64url(text)
	if err != nil {
		return nil, tokenNotValid.because("its %s is not base64url", name)
	}
	o, err := strictjson.Object(b)
	if err != nil {
		return nil, tokenNotValid.because("its %s %w", name, err)
	}
	return o, nil
}

// readHeader takes what it knows and ignores the rest, jku, jwk, x5u and x5c above all: a token does not say which
// key it is to be verified with (RFC 8725 §3.10).
func (t *token) readHeader(header map[string]any) error {
	var ok bool
	if t.alg, ok = header["alg"].(string); !ok {
		return tokenNotValid.because("its header has no `alg`")
	}
	if kid, there := header["kid"]; there {
		t.kid, ok = kid.(string)
		if !ok || t.kid == "" || len(t.kid) > mostKeyName || strings.ContainsFunc(t.kid, unicode.IsControl) {
			return tokenNotValid.because("its `kid` is no name of a key")
		}
	}
	// No extension is understood, so none may be critical (RFC 7515 §4.1.11).
	if crit, there := header["crit"]; there {
		return tokenNotValid.because("it wants extensions to be understood, in `crit`: %s", shownValue(crit))
	}
	typ, there := header["typ"]
	if t.typ, ok = typ.(string); there && !ok {
		return tokenNotValid.because("its `typ` is no string")
	}
	t.typ = strings.TrimPrefix(strings.ToLower(t.typ), "application/")
	// Issuers sign other things with the same keys: logout tokens, events, proofs (RFC 8725 §3.11).
	switch t.typ {
	case "", "jwt", "at+jwt":
		return nil
	}
	return tokenNotValid.because("its `typ` is %s, which is no token of a caller", shown(t.typ))
}
