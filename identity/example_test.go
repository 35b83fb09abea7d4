package identity_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/writ-dev/writ/identity"
)

func ExampleVerifier() {
	// The issuer signs; here it is three lines of our own.
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	keys := `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"` + base64.RawURLEncoding.EncodeToString(private.Public().(ed25519.PublicKey)) + `"}]}`
	sign := func(audience string, expires time.Time) string {
		token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
			"iss": "https://issuer.example.com", "aud": audience, "sub": "ann", "org": "acme", "exp": expires.Unix(),
		})
		token.Header["kid"] = "1"
		text, _ := token.SignedString(private)
		return text
	}

	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	verifier, err := identity.NewVerifier(identity.Settings{
		Issuers: []identity.Issuer{{
			Issuer: "https://issuer.example.com", JWKS: "https://issuer.example.com/keys", Audiences: []string{"shop"},
		}},
		Now:      func() time.Time { return now },
		Remember: 1000,
		// Without this, keys are fetched over HTTPS.
		Fetch: func(context.Context, string) (identity.Document, error) {
			return identity.Document{Body: []byte(keys)}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	caller, err := verifier.Verify(ctx, sign("shop", now.Add(time.Hour)))
	fmt.Println(caller.Subject, caller.Claims["org"], err)

	for _, token := range []string{sign("billing", now.Add(time.Hour)), sign("shop", now.Add(-3*time.Minute))} {
		_, err = verifier.Verify(ctx, token)
		fmt.Println("log:   ", err)
		fmt.Println("caller:", identity.Public(err))
	}
	// Output:
	// ann acme <nil>
	// log:    token not valid: its `aud` is "billing"; wanted is shop
	// caller: token not valid
	// log:    token expired: 3m0s ago, at 2026-05-04T11:57:00Z; the leeway is 1m0s
	// caller: token expired
}
