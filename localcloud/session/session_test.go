package session_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
)

var (
	issued = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	expiry = issued.Add(time.Hour)
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, session.KeySize) }

func caller() gate.Caller {
	return gate.Caller{
		Kind: iam.PrincipalSession, ARN: "arn:aws:sts::000000000000:assumed-role/hello/s", Account: "000000000000",
		UserID: "AROAEXAMPLE:s", RoleName: "hello", SessionName: "s", SessionPolicies: []string{`{"Version":"2012-10-17"}`},
		SessionTags: map[string]string{"team": "blue"}, TransitiveTags: []string{"team"}, Issued: issued,
		FunctionARN: "arn:aws:lambda:us-east-1:000000000000:function:hello",
	}
}

func issue(t testing.TB, v *session.Vault) session.Credentials {
	t.Helper()
	k, err := v.Issue(caller(), expiry)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Two sessions of one caller made in the same second hold the same, and still
// have secrets of their own.
func TestSecretPerKey(t *testing.T) {
	t.Parallel()
	v := session.NewVault(key(1))
	for _, k := range []session.Credentials{issue(t, v), issue(t, v)} {
		for range 2 {
			if secret, _, err := v.Lookup(k.AccessKeyID, k.SessionToken, issued); err != nil || secret != k.SecretAccessKey {
				t.Errorf("the secret of %s is %q, %v", k.AccessKeyID, secret, err)
			}
		}
	}
}

// Another vault of the same key reads the session: a restart loses nothing.
func TestSessionsOutliveTheVault(t *testing.T) {
	t.Parallel()
	k := issue(t, session.NewVault(key(1)))
	secret, got, err := session.NewVault(key(1)).Lookup(k.AccessKeyID, k.SessionToken, expiry.Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	want := caller()
	want.AccessKeyID = k.AccessKeyID
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if secret != k.SecretAccessKey || len(secret) != 40 {
		t.Error("another secret")
	}
	if !strings.HasPrefix(k.AccessKeyID, "ASIA") || len(k.AccessKeyID) != 20 || !k.Expiration.Equal(expiry) {
		t.Errorf("%s %s", k.AccessKeyID, k.Expiration)
	}
	if strings.Contains(k.SessionToken, k.SecretAccessKey) {
		t.Error("the token holds the secret")
	}
}

func TestLookupRefuses(t *testing.T) {
	t.Parallel()
	v := session.NewVault(key(1))
	k, other := issue(t, v), issue(t, v)
	for _, tt := range []struct {
		name, id, token string
		vault           *session.Vault
		now             time.Time
		want            string
	}{
		{"good", k.AccessKeyID, k.SessionToken, v, issued, ""},
		{"expired", k.AccessKeyID, k.SessionToken, v, expiry, "ExpiredToken"},
		{"no token", k.AccessKeyID, "", v, issued, "InvalidClientTokenId"},
		{"another session's token", k.AccessKeyID, other.SessionToken, v, issued, "InvalidClientTokenId"},
		{"another cloud's token", k.AccessKeyID, k.SessionToken, session.NewVault(key(2)), issued, "InvalidClientTokenId"},
		{"a long-lived key", "AKIAIOSFODNN7EXAMPLE", "", v, issued, "InvalidClientTokenId"},
		{"no key", "", k.SessionToken, v, issued, "InvalidClientTokenId"},
		{"a token of nonsense", k.AccessKeyID, "!!!", v, issued, "InvalidClientTokenId"},
		{"a token that is too long", k.AccessKeyID, strings.Repeat("A", session.MaxToken+1), v, issued, "InvalidClientTokenId"},
		{"a token with something behind it", k.AccessKeyID, k.SessionToken + "AAAA", v, issued, "InvalidClientTokenId"},
		{"a token cut short", k.AccessKeyID, k.SessionToken[:8], v, issued, "InvalidClientTokenId"},
		{"a vault without a key", k.AccessKeyID, k.SessionToken, session.NewVault(nil), issued, "InvalidClientTokenId"},
	} {
		secret, got, err := tt.vault.Lookup(tt.id, tt.token, tt.now)
		if gate.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if tt.want != "" && (secret != "" || got.RoleName != "") {
			t.Errorf("%s: gave %+v", tt.name, got)
		}
	}
}

// Whatever character of a token is changed, it is no longer good.
func TestTamperedTokens(t *testing.T) {
	t.Parallel()
	v := session.NewVault(key(1))
	k := issue(t, v)
	for i := range len(k.SessionToken) {
		b := []byte(k.SessionToken)
		for b[i] == k.SessionToken[i] {
			b[i] = "ABC="[(i+int(b[i]))%4]
			if b[i] == k.SessionToken[i] {
				b[i]++
			}
		}
		if _, _, err := v.Lookup(k.AccessKeyID, string(b), issued); err == nil {
			t.Fatalf("character %d of %d was changed unseen", i, len(b))
		}
	}
}

func TestIssueIsBounded(t *testing.T) {
	t.Parallel()
	c := caller()
	c.SessionPolicies = []string{strings.Repeat("x", session.MaxToken)}
	if _, err := session.NewVault(key(1)).Issue(c, expiry); gate.CodeOf(err) != "PackedPolicyTooLarge" {
		t.Error(err)
	}
	if _, err := session.NewVault([]byte("short")).Issue(caller(), expiry); err == nil {
		t.Error("a short key was taken")
	}
}

func ExampleVault() {
	vault := session.NewVault(make([]byte, session.KeySize)) // a real key is random and lies in the state directory
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	credentials, err := vault.Issue(gate.Caller{
		Kind: iam.PrincipalSession, ARN: "arn:aws:sts::000000000000:assumed-role/hello/s", RoleName: "hello", SessionName: "s", Issued: now,
	}, now.Add(time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, caller, err := vault.Lookup(credentials.AccessKeyID, credentials.SessionToken, now)
	fmt.Println(caller.ARN, err)
	_, _, err = vault.Lookup(credentials.AccessKeyID, credentials.SessionToken, now.Add(2*time.Hour))
	fmt.Println(gate.CodeOf(err))
	// Output:
	// arn:aws:sts::000000000000:assumed-role/hello/s <nil>
	// ExpiredToken
}

func BenchmarkLookup(b *testing.B) {
	v := session.NewVault(key(1))
	k := issue(b, v)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := v.Lookup(k.AccessKeyID, k.SessionToken, issued); err != nil {
			b.Fatal(err)
		}
	}
}

// Whatever is presented, a vault finds nobody but whom it issued credentials to.
func FuzzToken(f *testing.F) {
	v := session.NewVault(key(1))
	k := issue(f, v)
	f.Add(k.AccessKeyID, k.SessionToken)
	f.Add(k.AccessKeyID, "")
	f.Add("ASIA", "AQ==")
	f.Add("ASIAAAAAAAAAAAAAAAAA", strings.Repeat("AQID", 20))
	f.Fuzz(func(t *testing.T, id, token string) {
		secret, got, err := v.Lookup(id, token, issued)
		if err != nil {
			if secret != "" || got.ARN != "" || gate.CodeOf(err) != "InvalidClientTokenId" {
				t.Fatalf("Lookup(%q, %q): %q, %+v, %v", id, token, secret, got, err)
			}
			return
		}
		want := caller()
		want.AccessKeyID = id
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("Lookup(%q, %q): %s", id, token, diff)
		}
	})
}
