package identity

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

// Settings are what a [Verifier] is made of.
type Settings struct {
	// Issuers are those that are trusted. The `iss` of a token chooses among them.
	Issuers []Issuer
	// Now is the clock. It is needed.
	Now func() time.Time
	// Fetch gets key sets; nil is [OverHTTP].
	Fetch Fetch
	// KeepKeys is how long keys are used after they were last fetched, when the issuer does not answer; zero is six hours,
	// and a week is the most. It is also how long a key that the issuer takes back may live on if nobody can hear of it.
	KeepKeys time.Duration
	// Remember is how many verified tokens are remembered, so that one which comes again costs no signature; zero is
	// none. What is remembered is used as long as the token's times and the issuer's keys are what a verification would want.
	Remember int
}

// Verifier tells who a token speaks for. It may be used by many goroutines at once.
type Verifier struct {
	issuers map[string]*trusted
	now     func() time.Time
	memory  *memory // nil: nothing is remembered
}

// trusted is an issuer with its keys.
type trusted struct {
	Issuer
	algorithms map[string]algorithm
	source     *source
}

// NewVerifier checks settings; what is wrong with them is a CodeInvalid error. It fetches nothing yet.
func NewVerifier(s Settings) (*Verifier, error) {
	const mostKeep, mostRemember = 7 * 24 * time.Hour, 1 << 20
	switch {
	case s.Now == nil:
		return nil, writ.Errorf(writ.CodeInvalid, "a verifier needs a clock")
	case len(s.Issuers) == 0:
		return nil, writ.Errorf(writ.CodeInvalid, "a verifier needs an issuer")
	case s.KeepKeys < 0 || s.KeepKeys > mostKeep:
		return nil, writ.Errorf(writ.CodeInvalid, "keys are kept for at most %s, not %s", mostKeep, s.KeepKeys)
	case s.Remember < 0 || s.Remember > mostRemember:
		return nil, writ.Errorf(writ.CodeInvalid, "at most %d tokens are remembered, not %d", mostRemember, s.Remember)
	}
	if s.KeepKeys == 0 {
		s.KeepKeys = 6 * time.Hour
	}
	if s.Fetch == nil {
		s.Fetch = OverHTTP(nil)
	}
	v := &Verifier{issuers: map[string]*trusted{}, now: s.Now}
	if s.Remember > 0 {
		v.memory = newMemory(s.Remember)
	}
	for _, raw := range s.Issuers {
		i, err := raw.checked()
		if err != nil {
			return nil, err
		}
		if _, twice := v.issuers[i.Issuer]; twice {
			return nil, writ.Errorf(writ.CodeInvalid, "issuer %s is given twice", shown(i.Issuer))
		}
		t := &trusted{Issuer: i, algorithms: map[string]algorithm{}}
		for _, name := range i.Algorithms {
			t.algorithms[name], _ = algorithmOf(name)
		}
		t.source = &source{url: i.JWKS, fetch: s.Fetch, now: s.Now, keep: s.KeepKeys}
		v.issuers[i.Issuer] = t
	}
	if err := checkPrefixes(s.Issuers); err != nil {
		return nil, err
	}
	return v, nil
}

// checkPrefixes: of several issuers none may name a subject of another.
func checkPrefixes(issuers []Issuer) error {
	for n, one := range issuers {
		for m, other := range issuers {
			if n == m || one.SubjectPrefix != "" && !strings.HasPrefix(other.SubjectPrefix, one.SubjectPrefix) {
				continue
			}
			return writ.Errorf(writ.CodeInvalid, "issuer %s has the subject prefix %s, and issuer %s has %s: one could name the subjects of the other",
				shown(one.Issuer), shown(one.SubjectPrefix), shown(other.Issuer), shown(other.SubjectPrefix)).
				WithHint("give each of several issuers a prefix that no other's begins with, such as staff:")
		}
	}
	return nil
}

// Verify gives the caller that a token speaks for: a JSON Web Token in the compact form, without the
// word Bearer. A token that proves nothing is a CodeAuth error; a CodeExternal one says that the issuer's keys, or a
// key that might be new, cannot be had now.
func (v *Verifier) Verify(ctx context.Context, token string) (Caller, error) {
	if len(token) > mostToken {
		return Caller{}, tokenNotValid.because("it has %d bytes, which is more than %d", len(token), mostToken)
	}
	if v.memory == nil {
		p, err := v.prove(ctx, token)
		return p.caller, err
	}
	sum := sha256.Sum256([]byte(token))
	if p, ok := v.memory.get(sum); ok {
		set, _, err := p.by.source.keys(ctx, nil)
		if err == nil && set == p.keys && p.by.checkTimes(p.times, v.now()) == nil {
			return p.caller.clone(), nil
		}
		v.memory.forget(sum)
	}
	p, err := v.prove(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	v.memory.put(sum, p)
	return p.caller.clone(), nil
}

// proof is a token that was verified, and what that rests on.
type proof struct {
	caller Caller
	times  times
	by     *trusted
	keys   *keySet
}

func (v *Verifier) prove(ctx context.Context, token string) (proof, error) {
	t, err := split(token)
	if err != nil {
		return proof{}, err
	}
	// Until the signature is verified, `iss` chooses among the issuers that are configured, and `alg` and `kid` among
	// the keys of that one; nothing else is used.
	iss, _ := t.claims["iss"].(string)
	by, ok := v.issuers[iss]
	if !ok {
		return proof{}, tokenNotValid.because("its issuer is %s, which is not one that is trusted", shown(iss))
	}
	keys, err := by.checkSignature(ctx, t)
	if err != nil {
		return proof{}, err
	}
	caller, times, err := by.read(t, v.now())
	if err != nil {
		return proof{}, err
	}
	return proof{caller, times, by, keys}, nil
}
