package identity_test

import (
	"context"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

// fetches are how many there were, and until when the last might take.
type fetches struct {
	n     int
	until time.Time
}

// slowIssuer publishes edKey, and hangs once it is told to.
func slowIssuer(t *testing.T, c *clock, remember int) (v *identity.Verifier, hang func(), seen *fetches) {
	t.Helper()
	p, hanging := publish(edKey()), false
	seen = &fetches{}
	v = verifier(t, p, c, func(s *identity.Settings) {
		s.Remember = remember
		s.Fetch = func(ctx context.Context, url string) (identity.Document, error) {
			seen.n++
			seen.until, _ = ctx.Deadline()
			if hanging {
				<-ctx.Done()
				return identity.Document{}, ctx.Err()
			}
			return p.fetch(ctx, url)
		}
	})
	if err := ask(t, v, edKey()); err != nil {
		t.Fatal(err)
	}
	return v, func() { hanging = true }, seen
}

// TestAnIssuerThatHangsKeepsNobodyOut: while there are keys that will do, nobody waits for newer ones for long, and nobody is
// refused for want of them; the next try comes after the usual pause.
func TestAnIssuerThatHangsKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	for _, remember := range []int{0, 8} {
		c := &clock{}
		v, hang, seen := slowIssuer(t, c, remember)
		hang()
		c.advance(61 * time.Minute)
		for try := range 5 {
			begun := time.Now()
			if err := ask(t, v, edKey()); err != nil {
				t.Errorf("try %d: %v", try, err)
			}
			if took := time.Since(begun); took > 3*time.Second {
				t.Errorf("try %d took %s", try, took)
			}
		}
		if seen.n != 2 {
			t.Errorf("%d fetches without a pause", seen.n)
		}
		c.advance(30 * time.Second)
		if err := ask(t, v, edKey()); err != nil || seen.n != 3 {
			t.Errorf("%d fetches after the pause, %v", seen.n, err)
		}
	}
}

// TestWhoFetchesIsNotHeldBeyondItsDeadline while there are keys that will do, with however little time it comes.
func TestWhoFetchesIsNotHeldBeyondItsDeadline(t *testing.T) {
	t.Parallel()
	c := &clock{}
	v, hang, seen := slowIssuer(t, c, 8)
	hang()
	c.advance(61 * time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := v.Verify(ctx, edKey().token(claims(map[string]any{"exp": start.Add(5 * time.Hour).Unix()}), nil))
	if by, _ := ctx.Deadline(); err != nil || seen.until.After(by) || seen.n != 2 {
		t.Errorf("the last of %d fetches ends at %s, the caller's time at %s: %v", seen.n, seen.until, by, err)
	}
}

// TestAForgedKeyIDIsNotHeld by an issuer that hangs.
func TestAForgedKeyIDIsNotHeld(t *testing.T) {
	t.Parallel()
	c := &clock{}
	v, hang, seen := slowIssuer(t, c, 8)
	hang()
	c.advance(31 * time.Second)
	begun := time.Now()
	err := ask(t, v, edTwo())
	if took := time.Since(begun); writ.CodeOf(err) != writ.CodeExternal || took > 3*time.Second || seen.n != 2 {
		t.Errorf("%s, %d fetches, %v", took, seen.n, err)
	}
	if err := ask(t, v, edKey()); err != nil {
		t.Errorf("the good one beside it: %v", err)
	}
}

// TestAnIssuerThatIsSlowIsHeardInTheEnd: each failure gives the next fetch more time.
func TestAnIssuerThatIsSlowIsHeardInTheEnd(t *testing.T) {
	t.Parallel()
	p, c, slow := publish(edKey()), &clock{}, false
	v := verifier(t, p, c, func(s *identity.Settings) {
		s.Fetch = func(ctx context.Context, url string) (identity.Document, error) {
			if slow {
				select {
				case <-time.After(350 * time.Millisecond):
				case <-ctx.Done():
					return identity.Document{}, ctx.Err()
				}
			}
			return p.fetch(ctx, url)
		}
	})
	if err := ask(t, v, edKey()); err != nil {
		t.Fatal(err)
	}
	slow = true
	p.set(jwksOf(edKey(), edTwo()), nil)
	var err error
	for range 4 {
		c.advance(31 * time.Second)
		if err = ask(t, v, edTwo()); err == nil {
			return
		}
	}
	t.Errorf("a new key is never found: %v", err)
}

// TestAnEmptyKeySetEndsNothing: an issuer that publishes no key at all has slipped; its keys of before are used.
func TestAnEmptyKeySetEndsNothing(t *testing.T) {
	t.Parallel()
	p, c := publish(edKey()), &clock{}
	v := verifier(t, p, c, func(s *identity.Settings) { s.Remember = 8 })
	if err := ask(t, v, edKey()); err != nil {
		t.Fatal(err)
	}
	p.set(jwks(), nil)
	c.advance(61 * time.Minute)
	if err := ask(t, v, edKey()); err != nil || p.fetches() != 2 {
		t.Errorf("%d fetches, %v", p.fetches(), err)
	}
	c.advance(6 * time.Hour)
	if err := ask(t, v, edKey()); writ.CodeOf(err) != writ.CodeExternal {
		t.Errorf("it lives on for ever: %v", err)
	}
}
