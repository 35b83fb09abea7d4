package identity

import (
	"time"

	"github.com/writ-dev/writ"
)

// Kind is how a caller was proven.
type Kind string

// The kinds of callers.
const (
	JWT         Kind = "jwt"
	APIKey      Kind = "key"
	Certificate Kind = "certificate"
)

// Caller is who is calling, proven.
type Caller struct {
	Kind Kind
	// Subject is the ID of the caller, never empty: what [Issuer], [Key] or [CertificateRules] says it is.
	Subject string
	// Prefix is what [Issuer] or [CertificateRules] puts before each subject: Subject has it, and whoever makes another ID
	// of the claims puts it before that too, or the caller could be one of another issuer.
	Prefix string
	// Issuer is who vouches: the token's `iss`, or the distinguished name of the certificate's
	// issuer. It is empty for a key.
	Issuer string
	// Claims is what else is vouched for, as JSON has it: nil, bool, string, []any, map[string]any; numbers
	// are int64 where they are whole and fit, else float64. It is the caller's own copy. A certificate has
	// subject_dn, issuer_dn, serial, sha256, and lists dns, email, uri.
	Claims map[string]any
	// Expires is when the proof ends; zero for a key without an end.
	Expires time.Time
}

// Properties are the subject's properties for a [writ.Request]: `identity` with kind, issuer and
// claims. Claims stay below that one name, so that no claim can stand in for an attribute that is
// stored of the user.
func (c Caller) Properties() map[string]any {
	about := map[string]any{"kind": string(c.Kind), "claims": cloneClaims(c.Claims)}
	if c.Issuer != "" {
		about["issuer"] = c.Issuer
	}
	return map[string]any{"identity": about}
}

// As gives the caller as the subject of a request, of a type of the policy such as "user".
func (c Caller) As(typ string) writ.Subject {
	return writ.Subject{Type: typ, ID: c.Subject, Properties: c.Properties()}
}

func (c Caller) clone() Caller {
	c.Claims = cloneClaims(c.Claims)
	return c
}

func cloneClaims(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return cloneValue(m).(map[string]any)
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			out[name] = cloneValue(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = cloneValue(value)
		}
		return out
	}
	return v
}
