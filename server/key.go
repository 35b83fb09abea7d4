package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

// Role is what an API key may do. Each has the rights of those before it.
type Role string

// The roles of keys: ask asks for decisions, read reads facts and lists too, write changes facts, admin changes the model and keys.
const (
	Ask   Role = "ask"
	Read  Role = "read"
	Write Role = "write"
	Admin Role = "admin"
)

// Roles are all roles, from the least to the most.
func Roles() []Role { return []Role{Ask, Read, Write, Admin} }

// has reports whether a key of role r may do what needs role need.
func (r Role) has(need Role) bool {
	have := slices.Index(Roles(), r)
	return have >= 0 && have >= slices.Index(Roles(), need) && slices.Contains(Roles(), need)
}

// NewKey makes a key for an environment: the token, `writ_ENV_SECRET` with 256 random bits, which is
// shown once and stored nowhere, and what is stored of it.
func NewKey(env, name string, role Role, created, expires time.Time) (token string, k authz.Key, err error) {
	if !slices.Contains(Roles(), role) {
		return "", k, writ.Errorf(writ.CodeInvalid, "a key cannot have the role %q", role).WithHint("it takes ask, read, write or admin")
	}
	if !expires.IsZero() && !expires.After(created) {
		return "", k, writ.Errorf(writ.CodeInvalid, "the key would be expired from the start: at %s", expires.Format(time.RFC3339))
	}
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", k, writ.Errorf(writ.CodeInternal, "no random numbers: %w", err)
	}
	token = "writ_" + env + "_" + base62(secret[:])
	k, err = KeyOf(token, name, role, created, expires)
	return token, k, err
}

// mostName is how long the name of a key may be, in bytes.
const mostName = 256

var tokenText = regexp.MustCompile(`^[\x21-\x7e]{32,512}$`)

// KeyOf gives what is stored of a token that the caller chose, which must be 32 to 512
// visible ASCII characters and ought to be random.
func KeyOf(token, name string, role Role, created, expires time.Time) (authz.Key, error) {
	if !tokenText.MatchString(token) {
		return authz.Key{}, writ.Errorf(writ.CodeInvalid, "an API key has 32 to 512 visible ASCII characters and no spaces; this one has %d bytes", len(token)).
			WithHint("leave it out, and `writ serve` makes one")
	}
	if len(name) > mostName || !utf8.ValidString(name) {
		return authz.Key{}, writ.Errorf(writ.CodeInvalid, "the name of a key has at most %d bytes of UTF-8", mostName)
	}
	hash := sha256.Sum256([]byte(token))
	// The ID comes from the hash: it names the key in logs and lists and opens nothing.
	return authz.Key{
		ID: hex.EncodeToString(hash[:6]), Name: name, Hash: hash[:], Role: string(role),
		Created: created.UTC().Truncate(time.Second), Expires: expires.UTC().Truncate(time.Second),
	}, nil
}

// base62 writes bytes as digits and letters, 43 of them for 32 bytes.
func base62(b []byte) string {
	text := new(big.Int).SetBytes(b).Text(62)
	return strings.Repeat("0", max(0, 43-len(text))) + text
}

// AddKey stores a key; a key with the same ID is replaced.
func AddKey(ctx context.Context, e *environment.Environment, actor writ.Subject, k authz.Key) error {
	_, err := e.Write(ctx, environment.Write{
		Actor: actor, Kind: "key.create", Subject: "key:" + k.ID,
		Plan: func(s *environment.State) ([]authz.Change, error) {
			return []authz.Change{{Key: &authz.Step[authz.Key]{After: &k}}}, nil
		},
	})
	return err
}

// RevokeKey forgets a key, on all nodes; a key that is not there is a CodeNotFound error.
func RevokeKey(ctx context.Context, e *environment.Environment, actor writ.Subject, id string) error {
	_, err := e.Write(ctx, environment.Write{
		Actor: actor, Kind: "key.revoke", Subject: "key:" + id,
		Plan: func(s *environment.State) ([]authz.Change, error) {
			for _, k := range s.Keys {
				if k.ID == id {
					return []authz.Change{{Key: &authz.Step[authz.Key]{Before: &k}}}, nil
				}
			}
			return nil, writ.Errorf(writ.CodeNotFound, "there is no key %s", id).WithHint("`writ key list` shows all")
		},
	})
	return err
}
