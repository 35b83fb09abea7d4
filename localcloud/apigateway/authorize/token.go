package authorize

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bearer gives the token of an identity, which may have the word Bearer before it.
func Bearer(identity string) string {
	if word, token, ok := strings.Cut(identity, " "); ok && strings.EqualFold(word, "Bearer") {
		return strings.TrimSpace(token)
	}
	return identity
}

// Client gives the app client that a token says it is for, "" when it says none.
// Nobody has verified the token: nothing may be allowed by it.
func Client(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	var claims struct {
		Audience string `json:"aud"`
		Client   string `json:"client_id"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	if claims.Audience != "" {
		return claims.Audience
	}
	return claims.Client
}

// OfToken makes the answer of a verified token, which lets in. It is false when
// the token has none of the scopes that are wanted, where any are.
func (a *Authorizer) OfToken(claims map[string]any, wanted []string) (answer *Answer, ok bool) {
	answer = &Answer{authorized: true, Claims: map[string]string{}}
	for _, scope := range scopesOf(claims) {
		if slices.Contains(wanted, scope) {
			answer.Scopes = append(answer.Scopes, scope)
		}
	}
	for name, value := range claims {
		answer.Claims[name] = a.claim(name, value)
	}
	return answer, len(wanted) == 0 || len(answer.Scopes) > 0
}

// scopesOf reads scope, or scp, a text with spaces between or a list.
func scopesOf(claims map[string]any) []string {
	var scopes []string
	for _, name := range []string{"scope", "scp"} {
		switch v := claims[name].(type) {
		case string:
			scopes = append(scopes, strings.Fields(v)...)
		case []any:
			for _, one := range v {
				if text, ok := one.(string); ok {
					scopes = append(scopes, text)
				}
			}
		}
	}
	return scopes
}

// claim writes a claim as text, as each kind of API passes it on: an HTTP API
// a list as "[a b]"; a REST API a list as "a,b" and a time as a date.
func (a *Authorizer) claim(name string, value any) string {
	if !a.REST {
		return fmt.Sprint(value)
	}
	switch v := value.(type) {
	case []any:
		texts := make([]string, len(v))
		for i, one := range v {
			texts[i] = fmt.Sprint(one)
		}
		return strings.Join(texts, ",")
	case int64:
		if name == "exp" || name == "iat" {
			return time.Unix(v, 0).UTC().Format("Mon Jan 02 15:04:05 MST 2006")
		}
	case map[string]any:
		if data, err := json.Marshal(v); err == nil {
			return string(data)
		}
	}
	return fmt.Sprint(value)
}
