package gateway

import (
	"context"
	"errors"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

// Identity proves callers by token, API key or certificate: those of its parts that are not nil. A proof of another kind is not
// looked at, so that a usage plan's key may come with a token where only tokens are proof.
type Identity struct {
	Tokens       *identity.Verifier
	Keys         *identity.Keys
	Certificates *identity.Certificates
	// Several takes requests with more than one proof, such as a token over mutual TLS: every one of them must hold, and the
	// caller is the token's, else the key's. Without it such a request is refused: it says twice who it is from.
	Several bool
}

// mixed is a refusal that is owed to more than one part of a request.
type mixed struct{ error }

func (m mixed) Unwrap() error { return m.error }

func isMixed(err error) bool { return errors.As(err, &mixed{}) }

// Identify implements [Identify].
func (i *Identity) Identify(ctx context.Context, c *Call) (identity.Caller, error) {
	if c.twice != "" {
		return identity.Caller{}, mixed{writ.Errorf(writ.CodeAuth, "the header %s is given twice", c.twice)}
	}
	var proofs []func() (identity.Caller, error)
	if i.Tokens != nil && c.Token != "" {
		proofs = append(proofs, func() (identity.Caller, error) {
			token, err := bearer(c.Token)
			if err != nil {
				return identity.Caller{}, err
			}
			return i.Tokens.Verify(ctx, token)
		})
	}
	if i.Keys != nil && c.Key != "" {
		proofs = append(proofs, func() (identity.Caller, error) { return i.Keys.Verify(c.Key) })
	}
	if i.Certificates != nil && c.Certificate != "" {
		proofs = append(proofs, func() (identity.Caller, error) { return i.Certificates.VerifyPEM(c.Certificate) })
	}
	switch {
	case len(proofs) == 0:
		return identity.Caller{}, writ.Errorf(writ.CodeAuth, "the request has nothing that says who it is from")
	case len(proofs) > 1 && !i.Several:
		return identity.Caller{}, mixed{writ.Errorf(writ.CodeAuth, "the request has %d proofs of who it is from, where one is taken", len(proofs))}
	}
	var first identity.Caller
	for n, prove := range proofs {
		caller, err := prove()
		if err != nil && len(proofs) > 1 {
			err = mixed{err}
		}
		if err != nil {
			return identity.Caller{}, err
		}
		if n == 0 {
			first = caller
		}
	}
	return first, nil
}

// bearer takes the token out of "Bearer TOKEN" (RFC 6750 §2.1); a token may also stand alone. The scheme ignores case
// (RFC 9110 §11.1).
func bearer(text string) (string, error) {
	scheme, token, spaced := strings.Cut(strings.Trim(text, " \t"), " ")
	if !spaced {
		return scheme, nil
	}
	token = strings.TrimLeft(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.ContainsAny(token, " ,") {
		return "", writ.Errorf(writ.CodeAuth, "the header is no Bearer token")
	}
	return token, nil
}
