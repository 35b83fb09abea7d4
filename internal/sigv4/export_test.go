package sigv4

// KeyCount is the number of derived keys that are kept.
func (v *Verifier) KeyCount() int { return len(v.young) + len(v.old) }

// CanonicalQuery is the form of a query that is signed.
func CanonicalQuery(raw string) string { return string(appendQuery(nil, raw, false)) }

// Escape escapes all but the unreserved characters.
func Escape(s string) string { return string(appendEscaped(nil, s, false)) }
