package expr

import (
	"net/netip"
	"time"
)

// Text is a text that was read once as a time, a duration or an address: a [Source] that gives
// the same value to many questions need not have it parsed by each. A condition that is declared
// so sees the value; to all others it is the text.
type Text struct {
	source string
	value  any
}

// Read gives a [*Text] for a text of a type that conditions would parse, and all else as it is.
func Read(v any, t Type) any {
	source, ok := v.(string)
	if !ok || t.Kind != KindTime && t.Kind != KindDuration && t.Kind != KindIP {
		return v
	}
	value, err := convert(source, t)
	if err != nil {
		return v
	}
	return &Text{source, value}
}

// Plain gives what [Read] was given.
func Plain(v any) any {
	if t, ok := v.(*Text); ok {
		return t.source
	}
	return v
}

// is reports whether the text was read as a kind.
func (t *Text) is(k Kind) bool {
	switch t.value.(type) {
	case time.Time:
		return k == KindTime
	case time.Duration:
		return k == KindDuration
	case netip.Addr:
		return k == KindIP
	}
	return false
}
