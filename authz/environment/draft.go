package environment

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/ledger"
)

// draft is the next state while it is made. Nobody but the maker sees it.
type draft struct {
	parse func(authz.Source) (Document, error)
	state State
	edit  *authz.Edit // nil as long as state.Snapshot is all
}

func (e *Environment) draft() *draft { return &draft{parse: e.config.Parse, state: *e.State()} }

// view is the state so far, as a plan sees it.
func (d *draft) view() *State {
	s := d.state
	if d.edit != nil {
		s.Snapshot = d.edit.Snapshot()
	}
	return &s
}

// done gives the state at head. The draft must not be used again.
func (d *draft) done() *State {
	d.settle()
	return &d.state
}

// settle puts the edit into state.Snapshot.
func (d *draft) settle() {
	if d.edit != nil {
		d.state.Snapshot, d.edit = d.edit.Done(), nil
	}
}

func (d *draft) facts() (*authz.Edit, error) {
	if d.edit == nil {
		if d.state.Snapshot == nil {
			return nil, writ.Errorf(writ.CodeInvalid, "facts come after a model, and there is none")
		}
		d.edit = d.state.Snapshot.Edit()
	}
	return d.edit, nil
}

// apply makes one change that a plan asked for, with Before filled in, and
// reports whether it makes a difference.
func (d *draft) apply(c *authz.Change, now time.Time) (changed bool, err error) {
	switch {
	case c.Model != nil:
		return d.applyModel(c.Model)
	case c.Key != nil:
		return d.applyKey(c.Key)
	}
	edit, err := d.facts()
	if err != nil {
		return false, err
	}
	if c.Tuple != nil {
		d.dateTuple(c.Tuple, now)
	} else {
		d.dateRecord(c.Record, now)
	}
	if err := edit.Apply(c); err != nil {
		return false, err
	}
	if c.Tuple != nil {
		return !same(c.Tuple), nil
	}
	return !same(c.Record), nil
}

func same[T any](s *authz.Step[T]) bool { return reflect.DeepEqual(s.Before, s.After) }

// dateTuple gives a tuple without a date that of the tuple it replaces, else now.
func (d *draft) dateTuple(s *authz.Step[authz.Tuple], now time.Time) {
	if s.After == nil || !s.After.Created.IsZero() {
		return
	}
	s.After.Created = now.Truncate(time.Second)
	if old, ok := d.edit.Snapshot().Tuple(s.After.Object, s.After.Relation, s.After.Subject); ok {
		s.After.Created = old.Created
	}
}

// dateRecord does the same for a record; one that stays as it is keeps its date of change too.
func (d *draft) dateRecord(s *authz.Step[authz.Record], now time.Time) {
	if s.After == nil || !s.After.Created.IsZero() && !s.After.Updated.IsZero() {
		return
	}
	r := s.After
	old, ok := d.edit.Snapshot().Record(r.Entity)
	if r.Created.IsZero() {
		if r.Created = now; ok {
			r.Created = old.Created
		}
	}
	if r.Updated.IsZero() {
		if r.Updated = old.Updated; !ok || !reflect.DeepEqual(*r, old) {
			r.Updated = now
		}
	}
}

func (d *draft) applyModel(s *authz.Step[authz.Source]) (bool, error) {
	if s.After == nil {
		return false, writ.Errorf(writ.CodeInvalid, "an environment always has a model: replace it, it cannot be taken away")
	}
	s.Before = nil
	if d.state.Document != nil {
		before := d.state.Source
		s.Before = &before
	}
	if same(s) {
		return false, nil
	}
	return true, d.setModel(*s.After)
}

// setModel puts the facts under another model, and leaves all as it was when they do not fit.
func (d *draft) setModel(source authz.Source) error {
	document, err := d.parse(source)
	if err != nil {
		return err
	}
	return d.setDocument(source, document)
}

func (d *draft) setDocument(source authz.Source, document Document) error {
	m, err := document.Model()
	if err != nil {
		return err
	}
	d.settle()
	var next *authz.Snapshot
	if d.state.Snapshot == nil {
		next, err = authz.New(m)
	} else {
		next, err = d.state.Snapshot.WithModel(m)
	}
	if err != nil {
		return err
	}
	d.state.Snapshot, d.state.Source, d.state.Document = next, source, document
	return nil
}

func (d *draft) applyKey(s *authz.Step[authz.Key]) (bool, error) {
	id := keyID(s)
	s.Before = nil
	if i, found := findKey(d.state.Keys, id); found {
		before := d.state.Keys[i]
		s.Before = &before
	}
	if same(s) {
		return false, nil
	}
	d.setKey(id, s.After)
	return true, nil
}

func keyID(s *authz.Step[authz.Key]) string {
	if s.After != nil {
		return s.After.ID
	}
	return s.Before.ID
}

func findKey(keys []authz.Key, id string) (int, bool) {
	return slices.BinarySearchFunc(keys, id, func(k authz.Key, id string) int { return strings.Compare(k.ID, id) })
}

// setKey copies the list first: published states share it.
func (d *draft) setKey(id string, k *authz.Key) {
	keys := slices.Clone(d.state.Keys)
	i, found := findKey(keys, id)
	switch {
	case k == nil && found:
		keys = slices.Delete(keys, i, i+1)
	case k != nil && found:
		keys[i] = *k
	case k != nil:
		keys = slices.Insert(keys, i, *k)
	}
	d.state.Keys = keys
}

// undo takes back changes that led here from a state with that source, document and keys.
func (d *draft) undo(changes []authz.Change, to *State) error {
	remodelled := false
	for _, c := range slices.Backward(changes) {
		switch {
		case c.Model != nil:
			remodelled = true
		case c.Key == nil && d.state.Snapshot != nil:
			edit, err := d.facts()
			if err != nil {
				return err
			}
			edit.Restore(c.Inverse())
		}
	}
	d.state.Keys = to.Keys
	if !remodelled {
		return nil
	}
	if to.Document == nil { // there was no model, so there were no facts
		d.state.Snapshot, d.state.Source, d.state.Document, d.edit = nil, authz.Source{}, nil, nil
		return nil
	}
	return d.setDocument(to.Source, to.Document)
}

// replay makes changes that were valid when they were recorded.
func (d *draft) replay(changes []authz.Change) error {
	for _, c := range changes {
		switch {
		case c.Model != nil && c.Model.After != nil:
			if err := d.setModel(*c.Model.After); err != nil {
				return err
			}
		case c.Key != nil:
			d.setKey(keyID(c.Key), c.Key.After)
		default:
			edit, err := d.facts()
			if err != nil {
				return err
			}
			edit.Restore(c)
		}
	}
	return nil
}

// follow makes an entry the head.
func (d *draft) follow(e *ledger.Entry) { d.state.Head, d.state.Time = e.Head(), e.Time }
