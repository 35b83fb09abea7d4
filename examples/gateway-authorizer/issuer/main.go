// Command issuer stands for the company's identity provider: it signs whatever it is asked to sign, and publishes its key. Never
// run anything like it where others can reach it.
//
//	issuer --listen 127.0.0.1:8790
//	curl 'http://127.0.0.1:8790/token?sub=ann&department=music'
//
// forge= makes a token that no API may take: signature (of another key), expired, audience, none (alg: none).
package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8790", "the `ADDRESS` to answer at; its URL is the issuer's name")
	flag.Parse()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	issuer := &issuer{url: "http://" + l.Addr().String(), key: newKey(), other: newKey()}
	http.HandleFunc("GET /.well-known/jwks.json", issuer.keys)
	http.HandleFunc("GET /.well-known/openid-configuration", issuer.configuration)
	http.HandleFunc("GET /token", issuer.token)
	fmt.Println(issuer.url)
	log.Fatal((&http.Server{ReadHeaderTimeout: 5 * time.Second}).Serve(l))
}

type issuer struct {
	url        string
	key, other *rsa.PrivateKey
}

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	return key
}

const keyID = "first"

func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID,
		"n": text(i.key.N.Bytes()), "e": text(big.NewInt(int64(i.key.E)).Bytes()),
	}}})
}

func (i *issuer) configuration(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"issuer": i.url, "jwks_uri": i.url + "/.well-known/jwks.json"})
}

// token makes an access token as RFC 9068 has it.
func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	header := map[string]string{"typ": "at+jwt", "alg": "RS256", "kid": keyID}
	now := time.Now()
	claims := map[string]any{"iss": i.url, "aud": "library", "client_id": "curl", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	for name, values := range r.URL.Query() {
		if name != "forge" {
			claims[name] = values[0]
		}
	}
	key := i.key
	switch r.URL.Query().Get("forge") {
	case "signature":
		key = i.other
	case "expired":
		claims["iat"], claims["exp"] = now.Add(-2*time.Hour).Unix(), now.Add(-time.Hour).Unix()
	case "audience":
		claims["aud"] = "museum"
	case "none":
		header["alg"], key = "none", nil
	}
	fmt.Fprintln(w, sign(header, claims, key))
}

func sign(header map[string]string, claims map[string]any, key *rsa.PrivateKey) string {
	signed := text(asJSON(header)) + "." + text(asJSON(claims))
	if key == nil {
		return signed + "."
	}
	hash := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, hash[:])
	if err != nil {
		log.Fatal(err)
	}
	return signed + "." + text(signature)
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func asJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		log.Fatal(err)
	}
	return b
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(asJSON(v)) // a caller who is gone needs no answer
}
