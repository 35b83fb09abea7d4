package identity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/writ-dev/writ/identity"
	"pgregory.net/rapid"
)

// The oracle reads the rules of docs/identity.md a second time, slowly, and with nothing of the package: does this token prove
// the subject, with these keys of the issuer, at this time?

var (
	compact = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$`)
	whole   = regexp.MustCompile(`^[1-9][0-9]{0,11}$`)
	// unnameable: control characters, and the one that stands for what could not be read.
	unnameable = regexp.MustCompile(`[\p{Cc}\x{fffd}]`)
)

// proven gives the subject, or "" when there is no proof. published are JWKs.
func proven(token string, published []signer, trusts identity.Issuer, now time.Time) string {
	if len(token) > 16384 || !compact.MatchString(token) {
		return ""
	}
	p := strings.Split(token, ".")
	var raw [3][]byte
	for i := range p {
		b, err := base64.RawURLEncoding.DecodeString(p[i])
		if err != nil || base64.RawURLEncoding.EncodeToString(b) != p[i] {
			return ""
		}
		raw[i] = b
	}
	header, ok := distinct(raw[0])
	if !ok {
		return ""
	}
	body, ok := distinct(raw[1])
	if !ok || body["iss"] != trusts.Issuer {
		return ""
	}
	if _, critical := header["crit"]; critical {
		return ""
	}
	typ, isText := header["typ"].(string)
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	if hasName(header, "typ") && !isText || typ != "" && typ != "jwt" && typ != "at+jwt" {
		return ""
	}
	if hasName(header, "kid") {
		if kid, ok := header["kid"].(string); !ok || kid == "" {
			return ""
		}
	}
	signed := false
	for _, s := range published {
		if hasName(header, "kid") && header["kid"] != s.kid {
			continue
		}
		if header["alg"] == s.alg && made(s, p[0]+"."+p[1], raw[2]) {
			signed = true
		}
	}
	if !signed {
		return ""
	}
	leeway := int64(60)
	at := func(name string) (n int64, there, ok bool) {
		v, there := body[name]
		if !there {
			return 0, false, true
		}
		number, isNumber := v.(json.Number)
		if !isNumber || !whole.MatchString(string(number)) {
			return 0, true, false
		}
		n, _ = strconv.ParseInt(string(number), 10, 64)
		return n, true, n < 253402300800
	}
	exp, there, ok := at("exp")
	if !there || !ok || now.Unix() >= exp+leeway {
		return ""
	}
	for _, name := range []string{"nbf", "iat"} {
		if n, there, ok := at(name); !ok || there && now.Unix() < n-leeway {
			return ""
		}
	}
	if use, there := body["token_use"]; trusts.TokenUse != "" && use != trusts.TokenUse &&
		!(!there && trusts.TokenUse == "access" && typ == "at+jwt") {
		return ""
	}
	meant := false
	switch aud := body["aud"].(type) {
	case string:
		meant = aud == trusts.Audiences[0]
	case []any:
		for _, one := range aud {
			s, isString := one.(string)
			if !isString {
				return ""
			}
			meant = meant || s == trusts.Audiences[0]
		}
	case nil:
		meant = !hasName(body, "aud") && body["token_use"] == "access" && body["client_id"] == trusts.Audiences[0]
	}
	sub, _ := body["sub"].(string)
	if !meant || len(sub) > 512 || strings.TrimSpace(sub) != sub || unnameable.MatchString(sub) || endless(body) {
		return ""
	}
	return sub
}

func hasName(m map[string]any, name string) bool { _, there := m[name]; return there }

// distinct reads an object, and writes out what it reads with all names to see whether one stood twice.
func distinct(text []byte) (map[string]any, bool) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var m map[string]any
	if !utf8.Valid(text) || d.Decode(&m) != nil || m == nil || deepest(m) > 32 || d.More() || strings.TrimSpace(string(text[d.InputOffset():])) != "" {
		return nil, false
	}
	return m, countNames(m) == strings.Count(unquoted(text), ":")
}

var quoted = regexp.MustCompile(`"(\\.|[^"\\])*"`)

func unquoted(text []byte) string { return quoted.ReplaceAllString(string(text), `""`) }

func countNames(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for _, below := range v {
			n += 1 + countNames(below)
		}
	case []any:
		for _, below := range v {
			n += countNames(below)
		}
	}
	return n
}

// deepest is how many levels are below a value.
func deepest(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for _, below := range v {
			n = max(n, 1+deepest(below))
		}
	case []any:
		for _, below := range v {
			n = max(n, 1+deepest(below))
		}
	}
	return n
}

// endless reports a number that is too large for a float.
func endless(v any) bool {
	switch v := v.(type) {
	case json.Number:
		_, err := v.Float64()
		return err != nil
	case map[string]any:
		for _, below := range v {
			if endless(below) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, endless)
	}
	return false
}

func made(s signer, text string, signature []byte) bool {
	hashes := map[string]struct {
		id  crypto.Hash
		new func() hash.Hash
	}{"256": {crypto.SHA256, sha256.New}, "384": {crypto.SHA384, sha512.New384}, "512": {crypto.SHA512, sha512.New}}
	var sum []byte
	h := hashes[s.alg[2:]]
	if h.new != nil {
		d := h.new()
		d.Write([]byte(text))
		sum = d.Sum(nil)
	}
	switch k := s.private.(type) {
	case *rsa.PrivateKey:
		if strings.HasPrefix(s.alg, "PS") {
			return rsa.VerifyPSS(&k.PublicKey, h.id, sum, signature, &rsa.PSSOptions{SaltLength: h.id.Size()}) == nil
		}
		return rsa.VerifyPKCS1v15(&k.PublicKey, h.id, sum, signature) == nil
	case *ecdsa.PrivateKey:
		half := (k.Params().BitSize + 7) / 8
		if len(signature) != 2*half {
			return false
		}
		return ecdsa.Verify(&k.PublicKey, sum, new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
	case ed25519.PrivateKey:
		return ed25519.Verify(k.Public().(ed25519.PublicKey), []byte(text), signature)
	}
	return false
}

// dimensions are the values that each part of a token may have; the first is the valid one.
func dimensions() (header, payload map[string][]any) {
	absent := any(nil)
	now := start.Unix()
	type list = []any
	header = map[string][]any{
		"typ":  {"JWT", absent, "at+jwt", "application/at+jwt", "dpop+jwt", "", 7},
		"crit": {absent, list{}, list{"exp"}, "exp"},
		"jku":  {absent, "https://evil.example.com"},
		"jwk":  {absent, map[string]any{"kty": "oct", "k": "AA"}},
	}
	payload = map[string][]any{
		"iss":       {iss, absent, iss + "/", "evil", 1, list{iss}},
		"aud":       {"shop", absent, list{"shop"}, list{"a", "shop"}, list{}, "a", list{"a"}, list{"shop", 1}, 7, ""},
		"client_id": {absent, "shop", "a", list{"shop"}},
		"token_use": {"access", absent, "id", true, ""},
		"sub":       {"ann", absent, "", 7, "a\nb", strings.Repeat("x", 600), " ann", "bob"},
		"exp": {
			now + 300, absent, now - 59, now - 60, now - 61, now, 0, -1, "300", number("1e12"), number("1777899600.0"),
			number("99999999999999999999"), 253402300799, 253402300800, true,
		},
		"nbf": {now, absent, now + 60, now + 61, now - 9999, "0", 0, number("1.5")},
		"iat": {now, absent, now + 60, now + 61, 0, list{}},
		"x":   {absent, map[string]any{"a": list{1, 2.5, "s"}}, 1e300, "text: with {\"a\":1}"},
	}
	return header, payload
}

func published() []signer {
	rsaPS := signer{"rsa-2", "PS256", rsaTwo().private}
	return []signer{rsaKey(), rsaPS, ecKey(), ec384(), ec521(), edKey()}
}

// TestAgreesWithASlowReading draws tokens with each part valid or not, and with keys that may be others', and holds the verifier,
// with a memory and without, against the oracle.
func TestAgreesWithASlowReading(t *testing.T) {
	t.Parallel()
	header, payload := dimensions()
	signers := append(published(), edTwo(), signer{"ed-1", "EdDSA", edTwo().private}, signer{"ec-1", "EdDSA", edKey().private})
	p, c := publish(published()...), &clock{}
	cold := verifier(t, p, c, nil)
	warm := verifier(t, p, c, func(s *identity.Settings) { s.Remember = 50 })
	asked, taken, each := 0, 0, 15
	if testing.Short() {
		each = 5 // and rapid runs a fifth
	}
	var last []string
	one := func(t *rapid.T) {
		faults := rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 3}).Draw(t, "faults")
		draw := func(m map[string]any, all map[string][]any, name string) {
			value := rapid.SampledFrom(all[name]).Draw(t, name)
			if m[name] = value; value == nil {
				delete(m, name)
			}
		}
		s := rapid.SampledFrom(published()).Draw(t, "signer")
		h, b := s.header(), map[string]any{}
		for name, values := range payload {
			if values[0] != nil {
				b[name] = values[0]
			}
		}
		for range faults {
			switch rapid.IntRange(0, 9).Draw(t, "where") {
			case 0:
				s = rapid.SampledFrom(signers).Draw(t, "other signer")
				h["kid"], h["alg"] = s.kid, s.alg
			case 1:
				h["kid"] = rapid.SampledFrom([]any{"rsa-1", "ed-1", "ec-2", "", 7, "no"}).Draw(t, "kid")
			case 2:
				delete(h, "kid")
			case 3, 4:
				draw(h, header, rapid.SampledFrom(sortedNames(header)).Draw(t, "header name"))
			default:
				draw(b, payload, rapid.SampledFrom(sortedNames(payload)).Draw(t, "claim"))
			}
		}
		token := s.sign(must(json.Marshal(h)), must(json.Marshal(b)))
		if rapid.IntRange(0, 19).Draw(t, "flip") == 0 {
			i := rapid.IntRange(0, len(token)-1).Draw(t, "at")
			token = token[:i] + string(rapid.SampledFrom([]rune("Ab0_.= \n")).Draw(t, "to")) + token[i+1:]
		}
		if len(last) > 0 && rapid.IntRange(0, 4).Draw(t, "again") == 0 {
			token = rapid.SampledFrom(last).Draw(t, "token of before")
		}
		last = append(last[max(0, len(last)-99):], token)
		want := proven(token, published(), shop(), c.now())
		for name, v := range map[string]*identity.Verifier{"cold": cold, "warm": warm} {
			got, err := v.Verify(t.Context(), token)
			if (err == nil) != (want != "") || got.Subject != want {
				t.Fatalf("%s: %q, %v; the oracle says %q\nheader %s\nclaims %s", name, got.Subject, err, want, must(json.Marshal(h)), must(json.Marshal(b)))
			}
		}
		asked++
		if want != "" {
			taken++
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for range each {
			one(t)
		}
	})
	t.Logf("%d tokens, %d taken", asked, taken)
	if taken < asked/5 || taken > asked*9/10 || asked < 100 {
		t.Errorf("%d tokens of which %d are taken test too little", asked, taken)
	}
}

// TestOnlyTheUntouchedTokenPasses changes a valid token in one place at a time, each with each value, and every one of its characters.
func TestOnlyTheUntouchedTokenPasses(t *testing.T) {
	t.Parallel()
	header, payload := dimensions()
	v := verifier(t, publish(published()...), &clock{}, nil)
	passed, refused := 0, 0
	ask := func(token string) {
		t.Helper()
		want := proven(token, published(), shop(), start)
		got, err := v.Verify(t.Context(), token)
		if (err == nil) != (want != "") || got.Subject != want {
			t.Errorf("%q, %v; the oracle says %q: %s", got.Subject, err, want, token)
		}
		if err == nil {
			passed++
		} else {
			refused++
		}
	}
	signers := published()
	if testing.Short() {
		signers = []signer{ecKey(), edKey()} // RSA takes long with the race detector
	}
	for _, s := range signers {
		for name, values := range header {
			for _, value := range values {
				ask(s.token(claims(nil), map[string]any{name: value}))
			}
		}
		for name, values := range payload {
			for _, value := range values {
				ask(s.token(claims(map[string]any{name: value}), nil))
			}
		}
	}
	if passed < 50 || refused < 80 {
		t.Errorf("%d passed and %d were refused, which tests too little", passed, refused)
	}
	t.Logf("%d passed, %d refused", passed, refused)

	token := edKey().token(claims(nil), nil)
	for i := range token {
		for _, other := range "AQgw9-_.=\x00" {
			changed := token[:i] + string(other) + token[i+1:]
			if _, err := v.Verify(t.Context(), changed); (err == nil) != (changed == token) {
				t.Fatalf("character %d as %q: %v", i, other, err)
			}
		}
		if _, err := v.Verify(t.Context(), token[:i]); err == nil {
			t.Fatalf("its first %d characters are taken", i)
		}
	}
}

func sortedNames(m map[string][]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
