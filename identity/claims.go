package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// times are those of a token, in seconds since 1970 (RFC 7519 §4.1.4 to 6).
type times struct {
	exp, nbf, iat int64
}

// read gives the caller of a token whose signature is verified, if its claims allow it.
func (by *trusted) read(t token, now time.Time) (Caller, times, error) {
	none := func(err error) (Caller, times, error) { return Caller{}, times{}, err }
	when, err := readTimes(t.claims)
	if err != nil {
		return none(err)
	}
	if err := by.checkTimes(when, now); err != nil {
		return none(err)
	}
	if err := by.checkAudience(t.claims); err != nil {
		return none(err)
	}
	if err := by.checkUse(t); err != nil {
		return none(err)
	}
	subject, err := by.subject(t.claims)
	if err != nil {
		return none(err)
	}
	if _, err := plainNumbers(t.claims); err != nil {
		return none(tokenNotValid.because("its payload %w", err))
	}
	return Caller{
		Kind: JWT, Subject: subject, Prefix: by.SubjectPrefix, Issuer: by.Issuer.Issuer, Claims: t.claims,
		Expires: time.Unix(when.exp, 0).UTC(),
	}, when, nil
}

func readTimes(claims map[string]any) (t times, err error) {
	for _, c := range []struct {
		name string
		to   *int64
	}{{"exp", &t.exp}, {"nbf", &t.nbf}, {"iat", &t.iat}} {
		v, there := claims[c.name]
		if !there {
			continue
		}
		if *c.to, err = seconds(v); err != nil {
			return t, tokenNotValid.because("its `%s` %w", c.name, err)
		}
	}
	if t.exp == 0 {
		return t, tokenNotValid.because("it has no `exp`, so it would never expire")
	}
	return t, nil
}

// seconds takes whole seconds from 1970 to the year 9999. RFC 7519 would allow fractions; no issuer needs them, and whoever rounds
// them differently disagrees about who is let in.
func seconds(v any) (int64, error) {
	const last = 253402300799
	number, ok := v.(json.Number)
	if !ok {
		return 0, errors.New("is no number")
	}
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil || n <= 0 || n > last {
		return 0, fmt.Errorf("is %s, which is no time in whole seconds", shown(string(number)))
	}
	return n, nil
}

func (by *trusted) checkTimes(t times, now time.Time) error {
	at := func(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
	away := func(seconds int64) time.Duration { return now.Sub(time.Unix(seconds, 0)).Abs().Round(time.Second) }
	leeway := func(seconds int64, d time.Duration) time.Time { return time.Unix(seconds, 0).Add(d) }
	switch {
	case !now.Before(leeway(t.exp, by.Leeway)):
		return tokenExpired.because("%s ago, at %s; the leeway is %s", away(t.exp), at(t.exp), by.Leeway)
	case t.nbf != 0 && now.Before(leeway(t.nbf, -by.Leeway)):
		return tokenNotValid.because("it begins in %s, at %s; the leeway is %s", away(t.nbf), at(t.nbf), by.Leeway)
	case t.iat != 0 && now.Before(leeway(t.iat, -by.Leeway)):
		return tokenNotValid.because("it was made %s in the future, at %s; the leeway is %s", away(t.iat), at(t.iat), by.Leeway)
	}
	return nil
}

// checkAudience: a token that was made for somebody else was given to them, not to us (RFC 8725 §3.9).
func (by *trusted) checkAudience(claims map[string]any) error {
	name, v := "aud", claims["aud"]
	if _, there := claims["aud"]; !there && claims["token_use"] == "access" {
		name, v = "client_id", claims["client_id"] // Cognito
	}
	var audiences []string
	switch v := v.(type) {
	case nil:
		return tokenNotValid.because("it has no `aud` that says whom it is for; wanted is %s", strings.Join(by.Audiences, " or "))
	case string:
		audiences = []string{v}
	case []any:
		if name != "aud" {
			return tokenNotValid.because("its `%s` is no string", name)
		}
		for _, one := range v {
			s, ok := one.(string)
			if !ok {
				return tokenNotValid.because("its `aud` has something that is no string")
			}
			audiences = append(audiences, s)
		}
	default:
		return tokenNotValid.because("its `%s` is no string", name)
	}
	if !slices.ContainsFunc(audiences, func(s string) bool { return slices.Contains(by.Audiences, s) }) {
		return tokenNotValid.because("its `%s` is %s; wanted is %s", name, shown(strings.Join(audiences, ", ")), strings.Join(by.Audiences, " or "))
	}
	return nil
}

// checkUse: an ID token says who signed in, to the client that it was made for; it opens no API.
func (by *trusted) checkUse(t token) error {
	use, there := t.claims["token_use"]
	switch {
	case by.TokenUse == "", use == by.TokenUse:
		return nil
	case !there && by.TokenUse == "access" && t.typ == "at+jwt":
		return nil
	case !there:
		return tokenNotValid.because("it does not say what it is for; wanted is %s", by.TokenUse)
	}
	return tokenNotValid.because("its use is %s; wanted is %s", shownValue(use), by.TokenUse)
}

func (by *trusted) subject(claims map[string]any) (string, error) {
	v, there := claims[by.SubjectClaim]
	s, ok := v.(string)
	switch {
	case !there:
		return "", tokenNotValid.because("it has no `%s` to name the caller", by.SubjectClaim)
	case !ok:
		return "", tokenNotValid.because("its `%s` is no string", by.SubjectClaim)
	}
	if err := checkSubject(s); err != nil {
		return "", tokenNotValid.because("its `%s` %w", by.SubjectClaim, err)
	}
	// Whoever may choose their own address could otherwise choose whom to be.
	switch by.SubjectClaim {
	case "email", "phone_number":
		if verified := claims[by.SubjectClaim+"_verified"]; verified != true && verified != "true" {
			return "", tokenNotValid.because("its `%s` is not verified", by.SubjectClaim)
		}
	}
	return by.SubjectPrefix + s, nil
}

func shownValue(v any) string { return shown(fmt.Sprint(v)) }
