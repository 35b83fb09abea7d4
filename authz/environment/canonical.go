package environment

import (
	"encoding/json"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// Bounds of what is stored. An index row of PostgreSQL, which holds a whole
// tuple, has at most 2,704 bytes.
const (
	MaxName  = 128      // bytes of a type, a relation, a condition's name
	MaxID    = 1024     // bytes of the ID of an entity or a key
	MaxValue = 1 << 20  // bytes of what one record or tuple carries, as JSON
	MaxDepth = 64       // of attributes and parameters
	MaxModel = 16 << 20 // bytes of a model's text
)

// canonical copies a change that a plan gave into the form in which every store
// gives it back: JSON values, UTC, no more than microseconds (seconds for a tuple's date). Before is only
// kept where it names what is removed.
func canonical(c authz.Change) (authz.Change, error) {
	set := 0
	for _, is := range []bool{c.Model != nil, c.Record != nil, c.Tuple != nil, c.Key != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return c, writ.Errorf(writ.CodeInvalid, "a change is of one thing, this one of %d", set)
	}
	var err error
	switch {
	case c.Model != nil:
		c.Model, err = step(c.Model, canonicalSource)
	case c.Record != nil:
		c.Record, err = step(c.Record, canonicalRecord)
	case c.Tuple != nil:
		c.Tuple, err = step(c.Tuple, canonicalTuple)
	default:
		c.Key, err = step(c.Key, canonicalKey)
	}
	return c, err
}

func step[T any](s *authz.Step[T], canonical func(*T) error) (*authz.Step[T], error) {
	made := &authz.Step[T]{}
	from, to := s.After, &made.After
	if from == nil {
		from, to = s.Before, &made.Before
	}
	if from == nil {
		return nil, writ.Errorf(writ.CodeInvalid, "a change has neither a before nor an after")
	}
	value := *from
	*to = &value
	return made, canonical(&value)
}

func canonicalSource(s *authz.Source) error {
	if len(s.Text) > MaxModel {
		return writ.Errorf(writ.CodeTooLarge, "the model has %d bytes, over the %d that are kept", len(s.Text), MaxModel)
	}
	if !utf8.ValidString(s.Text) || strings.ContainsRune(s.Text, 0) {
		return writ.Errorf(writ.CodeInvalid, "the model is not UTF-8 text")
	}
	return nil
}

func canonicalRecord(r *authz.Record) error {
	if err := checkEntity(r.Entity); err != nil {
		return err
	}
	if err := checkText("tenant of "+r.Entity.String(), r.Tenant, MaxID, true); err != nil {
		return err
	}
	for k, v := range r.Profile {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return writ.Errorf(writ.CodeInvalid, "the profile of %s is not UTF-8", r.Entity)
		}
	}
	if len(r.Profile) == 0 {
		r.Profile = nil
	}
	r.Created, r.Updated = micro(r.Created), micro(r.Updated)
	var err error
	if r.Attributes, err = canonicalMap(r.Attributes); err != nil {
		return writ.Errorf(writ.CodeOf(err), "attributes of %s: %w", r.Entity, err)
	}
	return checkSize(r.Entity.String(), r)
}

func canonicalTuple(t *authz.Tuple) error {
	if err := checkEntity(t.Object); err != nil {
		return err
	}
	if err := checkEntity(t.Subject.Entity); err != nil {
		return err
	}
	for _, n := range []struct {
		what, text string
		empty      bool
	}{
		{"relation of ", t.Relation, false},
		{"subject's relation of ", t.Subject.Relation, true},
		{"condition of ", t.Condition, true},
	} {
		if err := checkText(n.what+t.String(), n.text, MaxName, n.empty); err != nil {
			return err
		}
	}
	t.Created = micro(t.Created).Truncate(time.Second)
	var err error
	if t.Expires, err = ending(t.Expires, t.String()); err != nil {
		return err
	}
	if len(t.Params) == 0 {
		t.Params = nil
		return nil
	}
	if t.Params, err = canonicalMap(t.Params); err != nil {
		return writ.Errorf(writ.CodeOf(err), "parameters of %s: %w", t, err)
	}
	return checkSize(t.String(), t)
}

func canonicalKey(k *authz.Key) error {
	if err := checkText("ID of a key", k.ID, MaxID, false); err != nil {
		return err
	}
	if err := checkText("name of key "+k.ID, k.Name, MaxID, true); err != nil {
		return err
	}
	if err := checkText("role of key "+k.ID, k.Role, MaxName, true); err != nil {
		return err
	}
	k.Created = micro(k.Created)
	var err error
	if k.Expires, err = ending(k.Expires, "key "+k.ID); err != nil {
		return err
	}
	return checkSize("key "+k.ID, k)
}

// micro is what every store keeps of a time; the zero time stays zero.
func micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// ending is micro of an end. What would become the zero time, which stands for no end, is refused.
func ending(t time.Time, of string) (time.Time, error) {
	kept := micro(t)
	if kept.IsZero() && !t.IsZero() {
		return t, writ.Errorf(writ.CodeInvalid, "the end of %s is the first microsecond of year 1, which is kept as no end", clip(of))
	}
	return kept, nil
}

func checkEntity(e authz.Entity) error {
	if err := checkText("type of "+e.String(), e.Type, MaxName, false); err != nil {
		return err
	}
	return checkText("ID of "+e.String(), e.ID, MaxID, false)
}

// checkText keeps out what some store or protocol cannot hold: no zero bytes in PostgreSQL's text.
func checkText(what, s string, most int, empty bool) error {
	switch {
	case s == "" && !empty:
		return writ.Errorf(writ.CodeInvalid, "the %s is empty", clip(what))
	case len(s) > most:
		return writ.Errorf(writ.CodeTooLarge, "the %s has %d bytes, over the %d that are kept", clip(what), len(s), most)
	case !utf8.ValidString(s):
		return writ.Errorf(writ.CodeInvalid, "the %s is not UTF-8", clip(what))
	case strings.IndexByte(s, 0) >= 0:
		return writ.Errorf(writ.CodeInvalid, "the %s has a zero byte", clip(what))
	}
	return nil
}

// clip keeps a hostile name out of an error message.
func clip(s string) string {
	if s = strings.ToValidUTF8(s, "\ufffd"); len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

func checkSize(what string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return writ.Errorf(writ.CodeInvalid, "%s cannot be stored: %w", clip(what), err)
	}
	if len(text) > MaxValue {
		return writ.Errorf(writ.CodeTooLarge, "%s has %d bytes, over the %d that are kept", clip(what), len(text), MaxValue)
	}
	return nil
}

// canonicalMap gives the values as they are after a way through JSON, where an
// int becomes a float64: what is decided now must be decided again after a restart.
func canonicalMap(m map[string]any) (map[string]any, error) {
	if len(m) == 0 {
		return nil, nil
	}
	if plain, err := plainJSON(m, 0); plain || err != nil {
		return m, err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "not JSON: %w", err)
	}
	var read map[string]any
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "not JSON: %w", err)
	}
	if _, err := plainJSON(read, 0); err != nil {
		return nil, err
	}
	return read, nil
}

// plainJSON reports whether v is what encoding/json reads.
func plainJSON(v any, depth int) (bool, error) {
	if depth > MaxDepth {
		return false, writ.Errorf(writ.CodeTooLarge, "values are nested over %d deep", MaxDepth)
	}
	switch v := v.(type) {
	case nil, bool:
		return true, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false, writ.Errorf(writ.CodeInvalid, "%v is no JSON number", v)
		}
		return true, nil
	case string:
		if !utf8.ValidString(v) {
			return false, writ.Errorf(writ.CodeInvalid, "a value is not UTF-8")
		}
		return true, nil
	case []any:
		for _, e := range v {
			if plain, err := plainJSON(e, depth+1); !plain || err != nil {
				return false, err
			}
		}
		return true, nil
	case map[string]any:
		for k, e := range v {
			if !utf8.ValidString(k) {
				return false, writ.Errorf(writ.CodeInvalid, "a name is not UTF-8")
			}
			if plain, err := plainJSON(e, depth+1); !plain || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	return false, nil
}
