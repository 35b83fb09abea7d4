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

// refusal is one that says what it is owed to: the proofs as they came. The same proofs are always refused so.
type refusal struct {
	error
	owed []string
}

func (r refusal) Unwrap() error { return r.error }

// owedTo gives the proofs that a refusal is owed to. Of an [Identify] that does not tell it is the token, else the key.
func owedTo(err error, c *Call) []string {
	var r refusal
	switch {
	case errors.As(err, &r):
		return r.owed
	case c.Token != "":
		return []string{c.Token}
	case c.Key != "":
		return []string{c.Key}
	}
	return nil
}

// Identify implements [Identify].
func (i *Identity) Identify(ctx context.Context, c *Call) (identity.Caller, error) {
	if c.twice != "" {
		return identity.Caller{}, refusal{writ.Errorf(writ.CodeAuth, "the header %s is given twice", c.twice), []string{c.twiceText}}
	}
	var proofs []func() (identity.Caller, error)
	var texts []string
	add := func(text string, prove func() (identity.Caller, error)) {
		texts, proofs = append(texts, text), append(proofs, prove)
	}
	if i.Tokens != nil && c.Token != "" {
		add(c.Token, func() (identity.Caller, error) {
			token, err := bearer(c.Token)
			if err != nil {
				return identity.Caller{}, err
			}
			return i.Tokens.Verify(ctx, token)
		})
	}
	if i.Keys != nil && c.Key != "" {
		add(c.Key, func() (identity.Caller, error) { return i.Keys.Verify(c.Key) })
	}
	if i.Certificates != nil && c.Certificate != "" {
		add(c.Certificate, func() (identity.Caller, error) { return i.Certificates.VerifyPEM(c.Certificate) })
	}
	switch {
	case len(proofs) == 0:
		return identity.Caller{}, refusal{writ.Errorf(writ.CodeAuth, "the request has nothing that says who it is from"), nil}
	case len(proofs) > 1 && !i.Several:
		return identity.Caller{}, refusal{writ.Errorf(writ.CodeAuth, "the request has %d proofs of who it is from, where one is taken", len(proofs)), texts}
	}
	var first identity.Caller
	for n, prove := range proofs {
		caller, err := prove()
		if err != nil {
			return identity.Caller{}, refusal{err, texts}
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
