package environment

import (
	"context"
	"crypto/sha256"
	"encoding/json"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/ledger"
)

// Verified is what [Verify] has gone through.
type Verified struct {
	Head    ledger.Head
	Entries uint64
	// Things are the model, keys, records and tuples that are there.
	Things int
}

// Verify goes through the whole history of a store, entry by entry, and compares
// what it comes to with the state that the store would load. What was altered, taken
// away or added beside the history is a CodeInvalid error that names it. It takes 100 bytes
// of memory for each thing that is there.
func Verify(ctx context.Context, s Store) (Verified, error) {
	var v Verified
	want := map[thing]ledger.Hash{}
	err := s.Commits(ctx, 0, func(c Commit) error {
		head, err := v.Head.Next(&c.Entry)
		if err != nil {
			return err
		}
		v.Head, v.Entries = head, v.Entries+1
		changes, err := DecodeChanges(c.Data) // what the hash covers, whatever stands beside it
		if err != nil {
			return writ.Errorf(writ.CodeInvalid, "entry %d: %w", c.Seq, err)
		}
		for i := range changes {
			if err := note(want, &changes[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return v, err
	}
	v.Things = len(want)
	head, err := s.Load(ctx, func(c authz.Change) error { return v.compare(want, &c) })
	switch {
	case err != nil:
		return v, err
	case head != v.Head:
		return v, writ.Errorf(writ.CodeInvalid, "the state is said to be at entry %d, the history ends at entry %d or has another hash there", head.Seq, v.Head.Seq)
	}
	for missing := range want {
		return v, writ.Errorf(writ.CodeInvalid, "%s is missing from the state: the history has it", missing)
	}
	return v, nil
}

// note keeps what a change leaves behind.
func note(want map[thing]ledger.Hash, c *authz.Change) error {
	left := after(*c)
	if left == nil {
		delete(want, thingOf(c))
		return nil
	}
	hash, err := hashOf(left)
	want[thingOf(c)] = hash
	return err
}

// compare takes a thing that is loaded out of what is wanted.
func (v *Verified) compare(want map[thing]ledger.Hash, c *authz.Change) error {
	name := thingOf(c)
	hash, err := hashOf(c)
	if err != nil {
		return err
	}
	switch wanted, there := want[name]; {
	case !there:
		return writ.Errorf(writ.CodeInvalid, "%s is in the state: the history has it not", name)
	case wanted != hash:
		return writ.Errorf(writ.CodeInvalid, "%s is not in the state as the history has it", name)
	}
	delete(want, name)
	return nil
}

// after is a change with what it leaves alone; nil for nothing.
func after(c authz.Change) *authz.Change {
	switch {
	case c.Model != nil && c.Model.After != nil:
		return &authz.Change{Model: &authz.Step[authz.Source]{After: c.Model.After}}
	case c.Record != nil && c.Record.After != nil:
		return &authz.Change{Record: &authz.Step[authz.Record]{After: c.Record.After}}
	case c.Tuple != nil && c.Tuple.After != nil:
		return &authz.Change{Tuple: &authz.Step[authz.Tuple]{After: c.Tuple.After}}
	case c.Key != nil && c.Key.After != nil:
		return &authz.Change{Key: &authz.Step[authz.Key]{After: c.Key.After}}
	}
	return nil
}

func hashOf(c *authz.Change) (ledger.Hash, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return ledger.Hash{}, writ.Errorf(writ.CodeInvalid, "%s cannot be read: %w", thingOf(c), err)
	}
	return sha256.Sum256(text), nil
}

// String names a thing to a person.
func (t thing) String() string {
	switch t.kind {
	case 'm':
		return "the model"
	case 'k':
		return "key " + t.relation
	case 'r':
		return "the record of " + t.object.String()
	}
	return "the tuple " + authz.Tuple{Object: t.object, Relation: t.relation, Subject: t.subject}.String()
}
