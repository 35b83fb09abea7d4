package identity_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

func ask(t *testing.T, v *identity.Verifier, s signer) error {
	t.Helper()
	_, err := v.Verify(t.Context(), s.token(claims(map[string]any{"exp": start.Add(1000 * time.Hour).Unix()}), nil))
	return err
}

func TestKeysAreFetchedOnceAndAgainInTime(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		maxAge, fresh time.Duration
	}{{0, time.Hour}, {time.Second, 5 * time.Minute}, {20 * time.Minute, 20 * time.Minute}, {24 * time.Hour, time.Hour}} {
		p, c := publish(edKey()), &clock{}
		p.maxAge = row.maxAge
		v := verifier(t, p, c, nil)
		for range 3 {
			if err := ask(t, v, edKey()); err != nil {
				t.Fatal(err)
			}
		}
		c.advance(row.fresh - time.Second)
		_ = ask(t, v, edKey())
		if p.fetches() != 1 {
			t.Errorf("max-age %s: %d fetches before %s have passed", row.maxAge, p.fetches(), row.fresh)
		}
		c.advance(time.Second)
		_ = ask(t, v, edKey())
		if p.fetches() != 2 {
			t.Errorf("max-age %s: %d fetches after %s", row.maxAge, p.fetches(), row.fresh)
		}
	}
}

// TestRotation: a key that is new is found at once, one that was taken back ends what was verified with it.
func TestRotation(t *testing.T) {
	t.Parallel()
	p, c := publish(edKey()), &clock{}
	v := verifier(t, p, c, func(s *identity.Settings) { s.Remember = 10 })
	if err := ask(t, v, edKey()); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Minute)
	p.set(jwksOf(edTwo()), nil)
	if err := ask(t, v, edTwo()); err != nil {
		t.Errorf("the new key: %v", err)
	}
	if err := ask(t, v, edKey()); writ.CodeOf(err) != writ.CodeAuth {
		t.Errorf("a token that is remembered, by a key that was taken back: %v", err)
	}
	c.advance(time.Hour)
	p.set(jwksOf(ecKey()), nil)
	if err := ask(t, v, edTwo()); writ.CodeOf(err) != writ.CodeAuth {
		t.Errorf("both keys were taken back: %v", err)
	}
}

// TestForgedKeyIDsDoNotMakeUsFetch: at most one fetch in 30 seconds, whatever comes.
func TestForgedKeyIDsDoNotMakeUsFetch(t *testing.T) {
	t.Parallel()
	p, c := publish(edKey()), &clock{}
	v := verifier(t, p, c, nil)
	for i := range 600 {
		forged := edTwo()
		if forged.kid = "forged-" + time.Duration(i).String(); i%3 == 0 {
			forged.kid = ""
		}
		if err := ask(t, v, forged); writ.CodeOf(err) != writ.CodeAuth {
			t.Fatalf("forged: %v", err)
		}
		if err := ask(t, v, edKey()); err != nil {
			t.Fatalf("the good one beside it: %v", err)
		}
		c.advance(100 * time.Millisecond)
	}
	if n := p.fetches(); n != 2 { // at 0 and 30 seconds
		t.Errorf("%d fetches in a minute", n)
	}
}

func TestIssuerDown(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	p, c := publish(edKey()), &clock{}
	v := verifier(t, p, c, func(s *identity.Settings) { s.KeepKeys = 3 * time.Hour; s.Remember = 10 })
	if err := ask(t, v, edKey()); err != nil {
		t.Fatal(err)
	}
	p.set(nil, down)
	c.advance(3*time.Hour - time.Second)
	if err := ask(t, v, edKey()); err != nil {
		t.Errorf("keys are kept for three hours: %v", err)
	}
	// A key that is not known might be a new one: that is not the caller's fault.
	if err := ask(t, v, edTwo()); writ.CodeOf(err) != writ.CodeExternal || !errors.Is(err, down) {
		t.Errorf("a key that is not known: %v", err)
	}
	c.advance(time.Second)
	err := ask(t, v, edKey())
	if writ.CodeOf(err) != writ.CodeExternal || !errors.Is(err, down) || identity.Public(err) != "the caller cannot be identified now" {
		t.Errorf("keys are kept no longer, not for what is remembered either: %v", err)
	}
	for _, body := range []string{"", "{}", "<html>", `{"keys":{}}`, `{"keys":null}`, `{"keys":[]}`, `{"keys":[1]}`, `{"keys":[],"keys":[]}`, strings.Repeat(" ", 1<<20) + `{"keys":[]}`} {
		c.advance(time.Minute)
		p.set([]byte(body), nil)
		if err := ask(t, v, edKey()); writ.CodeOf(err) != writ.CodeExternal {
			t.Errorf("%.20q: %v", body, err)
		}
	}
	n := p.fetches()
	for range 10 {
		_ = ask(t, v, edKey())
	}
	if p.fetches() != n {
		t.Errorf("%d fetches without a pause", p.fetches()-n)
	}
	c.advance(2 * time.Second)
	p.set(jwksOf(edKey()), nil)
	if err := ask(t, v, edKey()); err != nil {
		t.Errorf("the issuer is back: %v", err)
	}
}

// TestOneFetchForAllWaiters: 100 callers, of whom half have a key that is not known, make one fetch.
func TestOneFetchForAllWaiters(t *testing.T) {
	t.Parallel()
	p, c := publish(edKey()), &clock{}
	var running, most atomic.Int64
	begun, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.before = func() {
		most.Store(max(most.Load(), running.Add(1)))
		once.Do(func() { close(begun) })
		<-release
		running.Add(-1)
	}
	v := verifier(t, p, c, func(s *identity.Settings) { s.Remember = 5 })
	good, bad := edKey().token(claims(nil), nil), edTwo().token(claims(nil), nil)
	var wait sync.WaitGroup
	var taken, refused atomic.Int64
	for i := range 100 {
		wait.Go(func() {
			token := good
			if i%2 == 1 {
				token = bad
			}
			switch _, err := v.Verify(t.Context(), token); writ.CodeOf(err) {
			case writ.CodeAuth:
				refused.Add(1)
			default:
				if err != nil {
					t.Error(err)
				}
				taken.Add(1)
			}
		})
	}
	<-begun
	// One who goes away while it waits gets an error at once; the fetch goes on.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(ctx, good); writ.CodeOf(err) != writ.CodeCancelled {
		t.Errorf("gone away: %v", err)
	}
	close(release)
	wait.Wait()
	if p.fetches() != 1 || most.Load() != 1 || taken.Load() != 50 || refused.Load() != 50 {
		t.Errorf("%d fetches, %d at a time; %d taken, %d refused", p.fetches(), most.Load(), taken.Load(), refused.Load())
	}
}

// TestNobodyWaitsForARefresh: while one caller fetches keys that are merely old, the others use them.
func TestNobodyWaitsForARefresh(t *testing.T) {
	t.Parallel()
	p, c := publish(edKey()), &clock{}
	v := verifier(t, p, c, nil)
	if err := ask(t, v, edKey()); err != nil {
		t.Fatal(err)
	}
	begun, release := make(chan struct{}), make(chan struct{})
	p.before = func() { close(begun); <-release }
	c.advance(time.Hour)
	token := edKey().token(claims(map[string]any{"exp": start.Add(5 * time.Hour).Unix()}), nil)
	done := make(chan error)
	go func() { _, err := v.Verify(context.Background(), token); done <- err }()
	<-begun
	for range 10 {
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	close(release)
	if err := <-done; err != nil || p.fetches() != 2 {
		t.Errorf("%d fetches, %v", p.fetches(), err)
	}
}

// TestALeaderWhoGoesAwayStillFetches: else callers who hang up could have fetches begun without end.
func TestALeaderWhoGoesAwayStillFetches(t *testing.T) {
	t.Parallel()
	p := publish(edKey())
	v := verifier(t, p, &clock{}, func(s *identity.Settings) {
		s.Fetch = func(ctx context.Context, url string) (identity.Document, error) {
			if err := ctx.Err(); err != nil {
				return identity.Document{}, err
			}
			if _, bounded := ctx.Deadline(); !bounded {
				return identity.Document{}, errors.New("no end")
			}
			return p.fetch(ctx, url)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(ctx, edKey().token(claims(nil), nil)); err != nil {
		t.Error(err)
	}
}

func TestAFetchThatPanicsLetsNobodyHang(t *testing.T) {
	t.Parallel()
	p, c := publish(edKey()), &clock{}
	p.before = func() { panic("broken") }
	v := verifier(t, p, c, nil)
	func() {
		defer func() { _ = recover() }()
		_ = ask(t, v, edKey())
		t.Error("no panic")
	}()
	if err := ask(t, v, edKey()); writ.CodeOf(err) != writ.CodeExternal {
		t.Error(err)
	}
	p.before = nil
	c.advance(2 * time.Second)
	if err := ask(t, v, edKey()); err != nil {
		t.Error(err)
	}
}

// TestAClockThatGoesBack does not keep keys for ever, and a clock that leaps does not fetch without end.
func TestAClockThatGoesBack(t *testing.T) {
	t.Parallel()
	p, c := publish(edKey()), &clock{}
	c.advance(500 * time.Hour)
	v := verifier(t, p, c, nil)
	if err := ask(t, v, edKey()); err != nil {
		t.Fatal(err)
	}
	c.advance(-400 * time.Hour)
	p.set(jwksOf(edTwo()), nil)
	if err := ask(t, v, edKey()); writ.CodeOf(err) != writ.CodeAuth || p.fetches() != 2 {
		t.Errorf("%d fetches, %v", p.fetches(), err)
	}

	leaping := verifier(t, p, c, func(s *identity.Settings) {
		s.Now = func() time.Time { c.advance(10 * time.Hour); return c.now() }
	})
	_ = ask(t, leaping, edKey())
	if n := p.fetches(); n > 5 {
		t.Errorf("%d fetches", n)
	}
}

func TestNoKeyIDAndManyKeys(t *testing.T) {
	t.Parallel()
	unnamed := with(edKey().jwk(), map[string]any{"kid": nil})
	token := edKey().token(claims(nil), map[string]any{"kid": nil})
	for _, row := range []struct {
		name string
		keys []map[string]any
		want bool
	}{
		{"one that fits among others", []map[string]any{rsaKey().jwk(), ecKey().jwk(), unnamed}, true},
		{"the last of four", []map[string]any{edTwo().jwk(), edTwo().jwk(), edTwo().jwk(), edKey().jwk()}, true},
		{"the first of five", []map[string]any{edKey().jwk(), edTwo().jwk(), edTwo().jwk(), edTwo().jwk(), edTwo().jwk()}, false},
		{"none that fits", []map[string]any{rsaKey().jwk()}, false},
	} {
		_, err := verifier(t, &publisher{body: jwks(row.keys...)}, &clock{}, nil).Verify(t.Context(), token)
		if (err == nil) != row.want || err != nil && writ.CodeOf(err) != writ.CodeAuth {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// TestWhichKeysAreUsed changes a published key in one member at a time.
func TestWhichKeysAreUsed(t *testing.T) {
	t.Parallel()
	point := ecKey().jwk()
	for _, row := range []struct {
		name    string
		s       signer
		changes map[string]any
		want    bool
	}{
		{"as it is", rsaKey(), nil, true},
		{"no alg", rsaKey(), map[string]any{"alg": nil}, true},
		{"no use", rsaKey(), map[string]any{"use": nil}, true},
		{"members that are not known", rsaKey(), map[string]any{"x5t": "abc", "ext": true}, true},
		{"key_ops with verify", rsaKey(), map[string]any{"key_ops": []string{"verify"}}, true},
		{"key_ops without", rsaKey(), map[string]any{"key_ops": []string{"encrypt"}}, false},
		{"key_ops a string", rsaKey(), map[string]any{"key_ops": "verify"}, false},
		{"use enc", rsaKey(), map[string]any{"use": "enc"}, false},
		{"use a list", rsaKey(), map[string]any{"use": []string{"sig"}}, false},
		{"alg of another kind", rsaKey(), map[string]any{"alg": "ES256"}, false},
		{"alg HS256", rsaKey(), map[string]any{"alg": "HS256"}, false},
		{"alg another of its kind", rsaKey(), map[string]any{"alg": "PS256"}, false},
		{"alg a number", rsaKey(), map[string]any{"alg": 1}, false},
		{"kid a number", rsaKey(), map[string]any{"kid": 1}, false},
		{"kty missing", rsaKey(), map[string]any{"kty": nil}, false},
		{"kty oct", rsaKey(), map[string]any{"kty": "oct", "k": "AAAA"}, false},
		{"n missing", rsaKey(), map[string]any{"n": nil}, false},
		{"n even", rsaKey(), map[string]any{"n": b64(append([]byte{0xff}, make([]byte, 255)...))}, false},
		{"n of 9000 bits", rsaKey(), map[string]any{"n": b64([]byte(strings.Repeat("\xff", 1125)))}, false},
		{"n with padding", rsaKey(), map[string]any{"n": rsaKey().jwk()["n"].(string) + "="}, false},
		{"e one", rsaKey(), map[string]any{"e": "AQ"}, false},
		{"e even", rsaKey(), map[string]any{"e": "AQAA"}, false},
		{"e huge", rsaKey(), map[string]any{"e": "AQAAAAAAAAAB"}, false},
		{"EC as it is", ecKey(), nil, true},
		{"EC on another curve", ecKey(), map[string]any{"crv": "P-384"}, false},
		{"EC on secp256k1", ecKey(), map[string]any{"crv": "secp256k1"}, false},
		{"EC off the curve", ecKey(), map[string]any{"x": point["y"]}, false},
		{"EC at infinity", ecKey(), map[string]any{"x": b64(make([]byte, 32)), "y": b64(make([]byte, 32))}, false},
		{"EC with a short x", ecKey(), map[string]any{"x": b64(make([]byte, 31))}, false},
		{"EC as RSA", ecKey(), map[string]any{"kty": "RSA"}, false},
		{"Ed25519 as it is", edKey(), nil, true},
		{"Ed25519 as X25519", edKey(), map[string]any{"crv": "X25519"}, false},
		{"Ed25519 short", edKey(), map[string]any{"x": "AAAA"}, false},
		{"Ed25519 with its private part", edKey(), map[string]any{"d": "AAAA"}, false},
	} {
		p := &publisher{body: jwks(with(row.s.jwk(), row.changes), edTwo().jwk())}
		v := verifier(t, p, &clock{}, nil)
		if err := ask(t, v, row.s); (err == nil) != row.want || err != nil && writ.CodeOf(err) != writ.CodeAuth {
			t.Errorf("%s: %v", row.name, err)
		}
		if err := ask(t, v, edTwo()); err != nil {
			t.Errorf("%s: the key beside it: %v", row.name, err)
		}
	}
	many := make([]map[string]any, 101)
	for i := range many {
		many[i] = edKey().jwk()
	}
	if err := ask(t, verifier(t, &publisher{body: jwks(many...)}, &clock{}, nil), edKey()); writ.CodeOf(err) != writ.CodeExternal {
		t.Errorf("101 keys: %v", err)
	}
}

// TestANewKeyIsWaitedFor: who has a key that is not known waits for the fetch that runs, however long ago it began, and
// begins no second one.
func TestANewKeyIsWaitedFor(t *testing.T) {
	t.Parallel()
	p, c := publish(edKey()), &clock{}
	v := verifier(t, p, c, nil)
	if err := ask(t, v, edKey()); err != nil {
		t.Fatal(err)
	}
	begun, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.before = func() { once.Do(func() { close(begun) }); <-release }
	p.set(jwksOf(edKey(), edTwo()), nil)
	c.advance(time.Minute)
	token := edTwo().token(claims(nil), nil)
	var wait sync.WaitGroup
	verify := func() {
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	wait.Go(verify)
	<-begun
	c.advance(time.Minute)
	for range 10 {
		wait.Go(verify)
	}
	time.Sleep(20 * time.Millisecond) // most of them wait by now; whoever comes later finds the key there
	close(release)
	wait.Wait()
	if p.fetches() != 2 {
		t.Errorf("%d fetches", p.fetches())
	}
}
