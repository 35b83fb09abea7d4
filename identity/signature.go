package identity

import (
	"context"
	"strings"

	"github.com/writ-dev/writ"
)

// mostTried is how many keys are tried for a token that names none.
const mostTried = 4

// checkSignature gives the key set with which the token is verified. Where no key will do, it looks once for newer ones.
func (by *trusted) checkSignature(ctx context.Context, t token) (*keySet, error) {
	a, ok := by.algorithms[t.alg]
	if !ok {
		return nil, tokenNotValid.because("its algorithm is %s; issuer %s is trusted with %s",
			shown(t.alg), by.Issuer.Issuer, strings.Join(by.Algorithms, ", "))
	}
	set, _, err := by.source.keys(ctx, nil)
	if err != nil {
		return nil, err
	}
	known, refused := set.verify(t, a)
	if known || refused == nil {
		return set, refused
	}
	// The key may be newer than what was fetched.
	newer, failed, err := by.source.keys(ctx, set)
	switch {
	case err != nil:
		return nil, err
	case newer != set:
		_, refused = newer.verify(t, a)
		return newer, refused
	case failed != nil:
		return nil, writ.Errorf(writ.CodeExternal, "the token may be signed with a newer key of %s, which cannot be fetched: %w",
			by.Issuer.Issuer, failed)
	}
	return nil, refused
}

// verify reports what is wrong with the signature. known is false when another key set could change that.
func (s *keySet) verify(t token, a algorithm) (known bool, refused error) {
	var named, fitting []*key
	for i := range s.keys {
		k := &s.keys[i]
		if t.kid != "" && k.id != t.kid {
			continue
		}
		named = append(named, k)
		if k.fits(a) {
			fitting = append(fitting, k)
		}
	}
	left, isLeft := s.left[t.kid]
	switch {
	case len(fitting) > mostTried:
		return true, tokenNotValid.because("it names no key, and the issuer has %d for %s: at most %d are tried", len(fitting), t.alg, mostTried)
	case t.kid != "" && len(named) == 0 && isLeft:
		return true, tokenNotValid.because("its key %s is not used: %s", shown(t.kid), left)
	case t.kid != "" && len(named) == 0:
		return false, tokenNotValid.because("the issuer has no key %s", shown(t.kid))
	case t.kid != "" && len(fitting) == 0:
		return true, tokenNotValid.because("its algorithm is %s, and its key %s is %s", t.alg, shown(t.kid), named[0])
	case len(fitting) == 0:
		return false, tokenNotValid.because("it names no key, and the issuer has none for %s", t.alg)
	}
	for _, k := range fitting {
		if a.method.Verify(t.signed, t.signature, k.public) == nil {
			return true, nil
		}
	}
	if t.kid == "" {
		return false, tokenNotValid.because("it names no key, and none of the issuer's %d for %s made its signature", len(fitting), t.alg)
	}
	return true, tokenNotValid.because("its signature is not of the issuer's key %s", shown(t.kid))
}
