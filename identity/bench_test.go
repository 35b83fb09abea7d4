package identity_test

import (
	"testing"

	"github.com/writ-dev/writ/identity"
)

// BenchmarkVerify: cold pays the signature, cached does not; the keys are there in both.
func BenchmarkVerify(b *testing.B) {
	for _, s := range []signer{rsaKey(), ecKey(), edKey()} {
		token := s.token(claims(map[string]any{"scope": "read write", "cognito:groups": []string{"staff", "admins"}}), nil)
		for name, remember := range map[string]int{"cold": 0, "cached": 100} {
			b.Run(s.alg+"/"+name, func(b *testing.B) {
				v := verifier(b, publish(published()...), &clock{}, func(s *identity.Settings) { s.Remember = remember })
				b.ReportAllocs()
				for b.Loop() {
					if _, err := v.Verify(b.Context(), token); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkRefuse is what a flood of forged tokens costs: a wrong signature, and a token of nobody.
func BenchmarkRefuse(b *testing.B) {
	forged := signer{"rsa-1", "RS256", rsaTwo().private}
	for name, token := range map[string]string{
		"forged RS256":   forged.token(claims(nil), nil),
		"unknown issuer": forged.token(claims(map[string]any{"iss": "evil"}), nil),
		"unknown kid":    rsaTwo().token(claims(nil), map[string]any{"kid": "forged"}),
	} {
		b.Run(name, func(b *testing.B) {
			v := verifier(b, publish(rsaKey()), &clock{}, func(s *identity.Settings) { s.Remember = 100 })
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err == nil {
					b.Fatal("taken")
				}
			}
		})
	}
}

func BenchmarkKeys(b *testing.B) {
	var keys []identity.Key
	for i := range 100 {
		keys = append(keys, identity.Key{Name: "k", Subject: "s", Hash: must(identity.HashSecret(secret(string(rune('0' + i)))))})
	}
	k := must(identity.NewKeys((&clock{}).now, keys...))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Verify(secret("0")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCertificate(b *testing.B) {
	c, text := must(identity.NewCertificates(rules(identity.CommonName))), certificate("Devices CA", nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.VerifyPEM(text); err != nil {
			b.Fatal(err)
		}
	}
}
