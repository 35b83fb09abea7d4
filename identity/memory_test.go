package identity_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

// TestARememberedTokenExpires, to the second that it would have without a memory.
func TestARememberedTokenExpires(t *testing.T) {
	t.Parallel()
	for _, remember := range []int{0, 1} {
		p, c := publish(edKey()), &clock{}
		v := verifier(t, p, c, func(s *identity.Settings) { s.Remember = remember; s.Issuers[0].Leeway = -1 })
		token := edKey().token(claims(map[string]any{"exp": start.Unix() + 100}), nil)
		for range 2 {
			if _, err := v.Verify(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		c.advance(100*time.Second - 1)
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("remember %d: a moment before: %v", remember, err)
		}
		c.advance(1)
		if _, err := v.Verify(t.Context(), token); identity.Public(err) != "token expired" {
			t.Errorf("remember %d: then: %v", remember, err)
		}
		c.advance(-200 * time.Second)
		if _, err := v.Verify(t.Context(), token); writ.CodeOf(err) != writ.CodeAuth {
			t.Errorf("remember %d: before it was made: %v", remember, err)
		}
	}
}

// TestCallersShareNothing: what one does with its claims reaches nobody else.
func TestCallersShareNothing(t *testing.T) {
	t.Parallel()
	v := verifier(t, publish(edKey()), &clock{}, func(s *identity.Settings) { s.Remember = 5 })
	token := edKey().token(claims(map[string]any{"groups": []string{"staff"}, "at": map[string]any{"city": "Bern"}}), nil)
	for range 3 {
		caller, err := v.Verify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		groups := caller.Claims["groups"].([]any)
		at := caller.As("user").Properties["identity"].(map[string]any)["claims"].(map[string]any)["at"].(map[string]any)
		if groups[0] != "staff" || at["city"] != "Bern" || caller.Claims["role"] != nil {
			t.Fatalf("claims of another caller: %v", caller.Claims)
		}
		groups[0], at["city"], caller.Claims["role"] = "admin", "Rome", "root"
		if caller.Claims["at"].(map[string]any)["city"] != "Bern" {
			t.Error("the properties are the claims themselves")
		}
	}
}

// TestTheMemoryIsBounded, and many goroutines may use it.
func TestTheMemoryIsBounded(t *testing.T) {
	t.Parallel()
	v := verifier(t, publish(edKey()), &clock{}, func(s *identity.Settings) { s.Remember = 3 })
	var tokens []string
	for i := range 10 {
		tokens = append(tokens, edKey().token(claims(map[string]any{"sub": fmt.Sprint("user-", i)}), nil))
	}
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			for i := range 100 {
				n := (i*7 + g) % len(tokens)
				if caller, err := v.Verify(t.Context(), tokens[n]); err != nil || caller.Subject != fmt.Sprint("user-", n) {
					t.Errorf("token of user-%d: %s, %v", n, caller.Subject, err)
				}
			}
		})
	}
	wait.Wait()
	if n := v.Remembered(); n != 3 {
		t.Errorf("%d tokens are remembered", n)
	}
}
