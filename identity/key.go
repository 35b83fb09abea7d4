package identity

import (
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"github.com/writ-dev/writ"
)

// The lengths of the secret of an API key, in bytes. Its hash has no salt and is quick to make: a secret must be
// random, so that nobody can guess what is hashed.
const (
	LeastSecret = 32
	MostSecret  = 512
)

// Key is what is known of an API key; the secret is not.
type Key struct {
	// Name says which key it is, in logs.
	Name string
	// Subject is whom the key speaks for.
	Subject string
	// Hash is the SHA-256 of the secret, as [HashSecret] makes it.
	Hash []byte
	// Expires is when it ends; zero is never.
	Expires time.Time
	// Claims are given to each caller with this key, beside `key`, its name.
	Claims map[string]any
}

// HashSecret gives what is stored of a secret of 32 to 512 bytes.
func HashSecret(secret string) ([]byte, error) {
	if len(secret) < LeastSecret || len(secret) > MostSecret {
		return nil, writ.Errorf(writ.CodeInvalid, "the secret of an API key has %d to %d bytes, not %d", LeastSecret, MostSecret, len(secret))
	}
	sum := sha256.Sum256([]byte(secret))
	return sum[:], nil
}

// Keys tells who an API key speaks for. It may be used by many goroutines at once.
type Keys struct {
	keys []Key
	now  func() time.Time
}

// NewKeys checks keys; what is wrong with them is a CodeInvalid error.
func NewKeys(now func() time.Time, keys ...Key) (*Keys, error) {
	const most = 4096 // each is compared with
	switch {
	case now == nil:
		return nil, writ.Errorf(writ.CodeInvalid, "API keys need a clock")
	case len(keys) > most:
		return nil, writ.Errorf(writ.CodeInvalid, "there are %d API keys, which is more than %d", len(keys), most)
	}
	k := &Keys{now: now}
	seen := map[string]string{string(make([]byte, sha256.Size)): "no secret"}
	for _, one := range keys {
		if err := checkSubject(one.Subject); err != nil {
			return nil, writ.Errorf(writ.CodeInvalid, "the subject of the API key %s %w", shown(one.Name), err)
		}
		if len(one.Hash) != sha256.Size {
			return nil, writ.Errorf(writ.CodeInvalid, "the hash of the API key %s has %d bytes; SHA-256 has %d", shown(one.Name), len(one.Hash), sha256.Size)
		}
		if other, twice := seen[string(one.Hash)]; twice {
			return nil, writ.Errorf(writ.CodeInvalid, "the API key %s has the hash of %s", shown(one.Name), other)
		}
		seen[string(one.Hash)] = "the key " + shown(one.Name)
		claims := cloneClaims(one.Claims)
		claims["key"] = one.Name
		one.Hash, one.Claims = append([]byte(nil), one.Hash...), claims
		k.keys = append(k.keys, one)
	}
	return k, nil
}

// Verify gives the caller that the secret of a key speaks for. It compares with every key, in the same time whichever it is.
func (k *Keys) Verify(secret string) (Caller, error) {
	if len(secret) < LeastSecret || len(secret) > MostSecret {
		return Caller{}, keyNotValid.because("it has %d bytes; keys have %d to %d", len(secret), LeastSecret, MostSecret)
	}
	sum := sha256.Sum256([]byte(secret))
	found := -1
	for i := range k.keys {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(k.keys[i].Hash, sum[:]), i, found)
	}
	if found < 0 {
		return Caller{}, keyNotValid.because("it is none of the %d that are known", len(k.keys))
	}
	one := &k.keys[found]
	if !one.Expires.IsZero() && !k.now().Before(one.Expires) {
		return Caller{}, keyNotValid.because("the key %s expired at %s", shown(one.Name), one.Expires.UTC().Format(time.RFC3339))
	}
	return Caller{Kind: APIKey, Subject: one.Subject, Claims: cloneClaims(one.Claims), Expires: one.Expires}, nil
}
