package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

func secret(c string) string { return "sk_" + strings.Repeat(c, 40) }

func TestKeys(t *testing.T) {
	t.Parallel()
	c := &clock{}
	hash := func(s string) []byte { return must(identity.HashSecret(s)) }
	k, err := identity.NewKeys(c.now,
		identity.Key{Name: "ci", Subject: "build", Hash: hash(secret("a")), Claims: map[string]any{"team": []any{"infra"}}},
		identity.Key{Name: "old", Subject: "legacy", Hash: hash(secret("b")), Expires: start.Add(time.Hour)},
		identity.Key{Name: "last", Subject: "last", Hash: hash(secret("c"))},
	)
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[string]string{
		secret("a"): "build", secret("b"): "legacy", secret("c"): "last",
		secret("d"): "", "": "", "a": "", secret("a") + " ": "", secret("A"): "", secret("a")[:42]: "", strings.Repeat("a", 1<<20): "",
		string(hash(secret("a"))): "", strings.Repeat("\x00", 32): "",
	} {
		caller, err := k.Verify(s)
		if (err == nil) != (want != "") || caller.Subject != want {
			t.Errorf("%.50q: %+v, %v", s, caller, err)
		}
		if err != nil && (writ.CodeOf(err) != writ.CodeAuth || identity.Public(err) != "key not valid" || s != "" && len(s) > 3 && strings.Contains(err.Error(), s)) {
			t.Errorf("%.50q: %v, %q", s, err, identity.Public(err))
		}
	}
	caller, _ := k.Verify(secret("a"))
	if caller.Kind != identity.APIKey || caller.Claims["key"] != "ci" || !caller.Expires.IsZero() || caller.Issuer != "" {
		t.Errorf("%+v", caller)
	}
	caller.Claims["team"].([]any)[0] = "root"
	if again, _ := k.Verify(secret("a")); again.Claims["team"].([]any)[0] != "infra" {
		t.Error("callers share their claims")
	}
	c.advance(time.Hour)
	if _, err := k.Verify(secret("b")); err == nil || !strings.Contains(err.Error(), `key "old" expired at 2026-05-04T13:00:00Z`) || identity.Public(err) != "key not valid" {
		t.Errorf("expired: %v", err)
	}
	empty, err := identity.NewKeys(c.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := empty.Verify(secret("a")); writ.CodeOf(err) != writ.CodeAuth {
		t.Errorf("no keys: %v", err)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	now, hash := (&clock{}).now, must(identity.HashSecret(secret("a")))
	good := identity.Key{Name: "a", Subject: "s", Hash: hash}
	for name, row := range map[string]struct {
		now  func() time.Time
		keys []identity.Key
		want string
	}{
		"no clock":     {nil, nil, "need a clock"},
		"no subject":   {now, []identity.Key{{Name: "a", Hash: hash}}, "is empty"},
		"no hash":      {now, []identity.Key{{Name: "a", Subject: "s"}}, "has 0 bytes"},
		"empty hash":   {now, []identity.Key{{Name: "a", Subject: "s", Hash: make([]byte, 32)}}, "has the hash of no secret"},
		"hash in text": {now, []identity.Key{{Name: "a", Subject: "s", Hash: make([]byte, 64)}}, "has 64 bytes"},
		"twice":        {now, []identity.Key{good, good}, `has the hash of the key "a"`},
		"many":         {now, make([]identity.Key, 5000), "more than 4096"},
	} {
		if _, err := identity.NewKeys(row.now, row.keys...); writ.CodeOf(err) != writ.CodeInvalid || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []string{"", "short", strings.Repeat("a", 513)} {
		if _, err := identity.HashSecret(s); writ.CodeOf(err) != writ.CodeInvalid {
			t.Errorf("%.10q: %v", s, err)
		}
	}
}
