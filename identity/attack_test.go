package identity_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

var update = flag.Bool("update", false, "write the golden file anew")

type attack struct {
	name  string
	token string
}

// attacks are tokens that are no proof, for an issuer with the keys rsa-1, ec-1, ed-1 and some that must not be used.
func attacks() []attack {
	good := rsaKey().token(claims(nil), nil)
	parts := strings.Split(good, ".")
	public := must(x509.MarshalPKIXPublicKey(rsaKey().private.(*rsa.PrivateKey).Public()))
	hs256 := func(secret []byte, kid string) string {
		text := b64(fmt.Appendf(nil, `{"alg":"HS256","kid":%q}`, kid)) + "." + parts[1]
		m := hmac.New(sha256.New, secret)
		m.Write([]byte(text))
		return text + "." + b64(m.Sum(nil))
	}
	header := func(text string) string {
		return rsaKey().sign([]byte(text), must(json.Marshal(claims(nil))))
	}
	payload := func(text string) string {
		return rsaKey().sign(must(json.Marshal(rsaKey().header())), []byte(text))
	}
	changed := func(name string, value any) string { return rsaKey().token(claims(map[string]any{name: value}), nil) }
	inHeader := func(name string, value any) string { return rsaKey().token(claims(nil), map[string]any{name: value}) }
	stranger := signer{"rsa-1", "RS256", rsaTwo().private}
	text := `{"iss":"` + iss + `","aud":"shop","token_use":"access","sub":"ann","exp":1777899600`
	return []attack{
		{"nothing", ""},
		{"one part", "abc"},
		{"two parts", parts[0] + "." + parts[1]},
		{"four parts", good + "." + parts[2]},
		{"JWE", "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d"},
		{"1 MB", parts[0] + "." + strings.Repeat("A", 1<<20) + "." + parts[2]},
		{"16 KB and a byte", parts[0] + "." + parts[1] + "." + strings.Repeat("A", 16<<10+1-len(parts[0])-len(parts[1])-2)},
		{"Bearer before it", "Bearer " + good},
		{"a space after it", good + " "},
		{"a line end in it", parts[0] + "." + parts[1] + "." + parts[2][:10] + "\n" + parts[2][10:]},
		{"padding", good + "="},
		{"the other base64", strings.Join([]string{parts[0], parts[1], base64.RawStdEncoding.EncodeToString([]byte{0xff, 0xff, 0xff})}, ".")},
		{"second spelling of the signature", parts[0] + "." + parts[1] + "." + respell(parts[2])},
		{"no signature", parts[0] + "." + parts[1] + "."},
		{"long signature", parts[0] + "." + parts[1] + "." + strings.Repeat("A", 4000)},
		{"signature of another token", parts[0] + "." + b64(must(json.Marshal(claims(map[string]any{"sub": "root"})))) + "." + parts[2]},

		{"alg none", b64([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."},
		{"alg NoNe, signed", header(`{"alg":"NoNe","kid":"rsa-1"}`)},
		{"alg missing", header(`{"kid":"rsa-1"}`)},
		{"alg a list", header(`{"alg":["RS256"],"kid":"rsa-1"}`)},
		{"alg rs256", header(`{"alg":"rs256","kid":"rsa-1"}`)},
		{"HS256 with the public key in DER", hs256(public, "rsa-1")},
		{"HS256 with the public key in PEM", hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), "rsa-1")},
		{"HS256 with the modulus", hs256(rsaKey().private.(*rsa.PrivateKey).N.Bytes(), "rsa-1")},
		{"RS256 with an EC key", inHeader("kid", "ec-1")},
		{"ES256 with an RSA key", ecKey().token(claims(nil), map[string]any{"kid": "rsa-1"})},
		{"ES384 with a key on P-256", ecKey().sign([]byte(`{"alg":"ES384","kid":"ec-1"}`), must(json.Marshal(claims(nil))))},
		{"PS256 with a key for RS256", rsaKey().signAs("PS256", []byte(`{"alg":"PS256","kid":"rsa-1"}`), must(json.Marshal(claims(nil))))},
		{"RS512 with a key for RS256", rsaKey().signAs("RS512", []byte(`{"alg":"RS512","kid":"rsa-1"}`), must(json.Marshal(claims(nil))))},
		{"EdDSA with an EC key", edKey().token(claims(nil), map[string]any{"kid": "ec-1"})},
		{"RSA of 1024 bits", weak().token(claims(nil), nil)},
		{"key to encrypt with", signer{"enc", "RS256", rsaTwo().private}.token(claims(nil), nil)},
		{"key whose private part is published", signer{"leaked", "EdDSA", edTwo().private}.token(claims(nil), nil)},
		{"own key under the name of the issuer's", stranger.token(claims(nil), nil)},

		{"own key in jwk", stranger.token(claims(nil), map[string]any{"jwk": stranger.jwk(), "kid": nil})},
		{"own key at jku", rsaTwo().token(claims(nil), map[string]any{"jku": "https://evil.example.com/jwks.json"})},
		{"own key at x5u", rsaTwo().token(claims(nil), map[string]any{"x5u": "https://evil.example.com/cert.pem"})},
		{"own key in x5c", rsaTwo().token(claims(nil), map[string]any{"x5c": []string{"MIIB"}})},
		{"kid unknown", inHeader("kid", "rsa-9")},
		{"kid a URL", rsaTwo().token(claims(nil), map[string]any{"kid": "https://evil.example.com/key"})},
		{"kid a path", rsaTwo().token(claims(nil), map[string]any{"kid": "../../../../dev/null"})},
		{"kid SQL", rsaTwo().token(claims(nil), map[string]any{"kid": "x' UNION SELECT 'secret"})},
		{"kid a number", inHeader("kid", 1)},
		{"kid null", header(`{"alg":"RS256","kid":null}`)},
		{"kid empty", inHeader("kid", "")},
		{"kid of a thousand bytes", inHeader("kid", strings.Repeat("k", 1000))},
		{"kid with a line end", inHeader("kid", "rsa-1\nlevel=info msg=allowed")},
		{"kid missing, own key", rsaTwo().token(claims(nil), map[string]any{"kid": nil})},
		{"crit unknown", inHeader("crit", []string{"exp"})},
		{"crit empty", inHeader("crit", []string{})},
		{"b64 in crit", rsaKey().token(claims(nil), map[string]any{"crit": []string{"b64"}, "b64": false})},
		{"typ of a logout token", inHeader("typ", "logout+jwt")},
		{"typ of a proof of possession", inHeader("typ", "dpop+jwt")},
		{"typ a number", inHeader("typ", 1)},
		{"alg twice", header(`{"alg":"RS256","alg":"none","kid":"rsa-1"}`)},
		{"alg twice, escaped", header(`{"alg":"RS256","\u0061lg":"RS256","kid":"rsa-1"}`)},
		{"header no JSON", header(`alg`)},
		{"header a list", header(`[{"alg":"RS256"}]`)},
		{"header with more behind", header(`{"alg":"RS256","kid":"rsa-1"}{}`)},
		{"header no UTF-8", header("{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"x\":\"\xff\"}")},

		{"payload no JSON", payload("ann")},
		{"payload a token", payload(`"` + good + `"`)},
		{"payload too deep", payload(text + `,"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}")},
		{"sub twice", payload(text + `,"sub":"root"}`)},
		{"name twice below", payload(text + `,"x":{"a":1,"a":2}}`)},
		{"iss missing", changed("iss", nil)},
		{"iss of another pool", changed("iss", "https://issuer.example.com/other")},
		{"iss with a slash more", changed("iss", iss+"/")},
		{"iss in capitals", changed("iss", strings.ToUpper(iss))},
		{"iss a list", changed("iss", []string{iss})},
		{"exp missing", changed("exp", nil)},
		{"exp null", payload(strings.Replace(text, "1777899600", "null", 1) + "}")},
		{"exp a string", changed("exp", "1777899600")},
		{"exp passed", changed("exp", start.Unix()-120)},
		{"exp passed by the leeway", changed("exp", start.Unix()-60)},
		{"exp zero", changed("exp", 0)},
		{"exp below zero", changed("exp", -1)},
		{"exp a fraction", changed("exp", number("1777899600.5"))},
		{"exp with an exponent", changed("exp", number("1e99"))},
		{"exp beyond 64 bits", changed("exp", number("18446744073709551616"))},
		{"exp beyond the year 9999", changed("exp", number("253402300800"))},
		{"nbf ahead", changed("nbf", start.Unix()+61)},
		{"nbf a string", changed("nbf", "now")},
		{"iat ahead", changed("iat", start.Unix()+61)},
		{"iat a boolean", changed("iat", true)},
		{"aud missing", changed("aud", nil)},
		{"aud of another", changed("aud", "billing")},
		{"aud in capitals", changed("aud", "SHOP")},
		{"aud a list of others", changed("aud", []string{"billing", "shop2"})},
		{"aud an empty list", changed("aud", []string{})},
		{"aud with a number", changed("aud", []any{"shop", 1})},
		{"aud an object", changed("aud", map[string]any{"shop": true})},
		{"client_id beside another aud", rsaKey().token(claims(map[string]any{"aud": "billing", "client_id": "shop"}), nil)},
		{"client_id of another, no aud", rsaKey().token(claims(map[string]any{"aud": nil, "client_id": "billing"}), nil)},
		{"client_id a list, no aud", rsaKey().token(claims(map[string]any{"aud": nil, "client_id": []string{"shop"}}), nil)},
		{"client_id of an ID token without aud", rsaKey().token(claims(map[string]any{"aud": nil, "client_id": "shop", "token_use": "id"}), nil)},
		{"ID token where access is asked", changed("token_use", "id")},
		{"no use where access is asked", changed("token_use", nil)},
		{"use a list", changed("token_use", []string{"access"})},
		{"sub missing", changed("sub", nil)},
		{"sub a number", changed("sub", 7)},
		{"sub empty", changed("sub", "")},
		{"sub with a line end", changed("sub", "ann\nroot")},
		{"sub with a space after it", changed("sub", "ann ")},
		{"sub of a lone surrogate", payload(strings.Replace(text, "ann", `\ud800`, 1) + "}")},
		{"sub of 513 bytes", changed("sub", strings.Repeat("a", 513))},
		{"number without end", changed("x", number("1e999"))},
	}
}

// respell changes the last bits of base64, which code for no bit of the value.
func respell(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + alphabet[i^1:i^1+1]
}

func attacked() *publisher {
	leaked := with(signer{"leaked", "EdDSA", edTwo().private}.jwk(), map[string]any{"d": b64(edTwo().private.(ed25519.PrivateKey).Seed())})
	return &publisher{body: jwks(
		rsaKey().jwk(), ecKey().jwk(), edKey().jwk(), weak().jwk(), leaked,
		with(signer{"enc", "RS256", rsaTwo().private}.jwk(), map[string]any{"use": "enc"}),
		map[string]any{"kty": "oct", "kid": "secret", "k": b64([]byte("secret"))},
	)}
}

// TestAttacksAreRefused: each attack is a CodeAuth error whose message says why and whose public form does not, and no attack
// makes the verifier fetch anything but the configured URL. The golden file holds both texts.
func TestAttacksAreRefused(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	all := attacks()
	if len(all) < 90 {
		t.Fatalf("only %d attacks", len(all))
	}
	names := map[string]bool{}
	for _, a := range all {
		if names[a.name] {
			t.Errorf("two attacks are named %s", a.name)
		}
		names[a.name] = true
		for _, remember := range []int{0, 10} {
			p := attacked()
			v := verifier(t, p, &clock{}, func(s *identity.Settings) { s.Remember = remember })
			for range 2 { // the second time it may not be remembered either
				caller, err := v.Verify(t.Context(), a.token)
				if err == nil {
					t.Errorf("%s: taken for %s", a.name, caller.Subject)
					break
				}
				if code := writ.CodeOf(err); code != writ.CodeAuth || code.HTTPStatus() != 401 {
					t.Errorf("%s: code %s: %v", a.name, code, err)
				}
				if caller.Kind != "" || caller.Subject != "" || caller.Claims != nil {
					t.Errorf("%s: a refusal names the caller %+v", a.name, caller)
				}
				checkSaysLittle(t, a.name, a.token, err)
			}
			for _, url := range p.urls {
				if url != keys {
					t.Errorf("%s: %s was fetched", a.name, url)
				}
			}
		}
		_, err := verifier(t, attacked(), &clock{}, nil).Verify(t.Context(), a.token)
		fmt.Fprintf(&said, "%s\n    log:    %v\n    caller: %s\n", a.name, err, identity.Public(err))
	}
	const golden = "testdata/refusals.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(said.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if said.String() != string(want) {
		t.Errorf("the messages changed; with -update they are written anew. They are now:\n%s", said.String())
	}
	t.Logf("%d attacks", len(all))
}

var inside = regexp.MustCompile(`[A-Za-z0-9_-]{20,}`)

// checkSaysLittle: no error holds a part of the token, a line end, or much text, and the public form is one of two.
func checkSaysLittle(t *testing.T, name, token string, err error) {
	t.Helper()
	text := err.Error()
	if len(text) > 1000 || strings.ContainsAny(text, "\r\n") {
		t.Errorf("%s: a message of %d bytes: %q", name, len(text), text)
	}
	for _, long := range inside.FindAllString(text, -1) {
		if strings.Contains(token, long) {
			t.Errorf("%s: the message holds a part of the token: %s", name, text)
		}
	}
	if p := identity.Public(err); p != "token not valid" && p != "token expired" {
		t.Errorf("%s: the caller is told %q", name, p)
	}
}

// TestTheUntouchedTokenPasses keeps the attacks honest: what they start from is taken.
func TestTheUntouchedTokenPasses(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{
		"RS256":                 rsaKey().token(claims(nil), nil),
		"ES256":                 ecKey().token(claims(nil), nil),
		"EdDSA":                 edKey().token(claims(nil), nil),
		"no kid":                rsaKey().token(claims(nil), map[string]any{"kid": nil}),
		"no typ":                rsaKey().token(claims(nil), map[string]any{"typ": nil}),
		"at+jwt, no use":        rsaKey().token(claims(map[string]any{"token_use": nil}), map[string]any{"typ": "application/AT+JWT"}),
		"aud in a list":         rsaKey().token(claims(map[string]any{"aud": []string{"x", "shop"}}), nil),
		"client_id, no aud":     rsaKey().token(claims(map[string]any{"aud": nil, "client_id": "shop"}), nil),
		"exp passed, in leeway": rsaKey().token(claims(map[string]any{"exp": start.Unix() - 59}), nil),
		"nbf ahead, in leeway":  rsaKey().token(claims(map[string]any{"nbf": start.Unix() + 60, "iat": start.Unix() + 60}), nil),
		"only exp":              rsaKey().token(claims(map[string]any{"nbf": nil, "iat": nil}), nil),
		"foreign jku, own key":  rsaKey().token(claims(nil), map[string]any{"jku": "https://evil.example.com", "x5c": []string{"A"}}),
	} {
		v := verifier(t, attacked(), &clock{}, nil)
		caller, err := v.Verify(t.Context(), token)
		if err != nil || caller.Subject != "ann" || caller.Issuer != iss || caller.Kind != identity.JWT {
			t.Errorf("%s: %+v, %v", name, caller, err)
		}
	}
}
