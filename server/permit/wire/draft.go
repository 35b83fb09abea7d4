package wire

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
)

// Draft is a write while it is planned: what is there, as it will be after the steps
// so far. Whether a thing exists is decided on it, so that of two callers who create the same thing one is told.
type Draft struct {
	// Now dates parts of the policy; facts are dated by the environment.
	Now     time.Time
	call    *Call
	changes []authz.Change
	records map[authz.Entity]*authz.Record // nil: removed
	tuples  map[tupleName]*authz.Tuple     // nil: removed
	schema  *schema.Schema                 // when it is edited
}

// tupleName is what names a tuple. Its text would not do: IDs may have any sign in them.
type tupleName struct {
	object   authz.Entity
	relation string
	subject  authz.Holder
}

func nameOf(t authz.Tuple) tupleName { return tupleName{t.Object, t.Relation, t.Subject} }

// Write plans and makes one write; afterwards State is what it made.
func (c *Call) Write(kind, subject string, plan func(*Draft) error) error {
	state, err := c.Caller.Write(c.R.Context(), kind, subject, func(s *environment.State) ([]authz.Change, error) {
		c.State = s // names are looked up in what the plan follows
		d := &Draft{
			Now: c.Caller.Now().UTC().Truncate(time.Second), call: c,
			records: map[authz.Entity]*authz.Record{}, tuples: map[tupleName]*authz.Tuple{},
		}
		if err := plan(d); err != nil {
			return nil, err
		}
		return d.done()
	})
	if err != nil {
		return err
	}
	c.State = state
	// Until here the header said what the write followed.
	c.W.Header().Set(server.RevisionHeader, strconv.FormatUint(state.Head.Seq, 10))
	return nil
}

// done gives the changes. The model comes last: facts that it no longer knows are gone by then.
func (d *Draft) done() ([]authz.Change, error) {
	if d.schema == nil {
		return d.changes, nil
	}
	text, err := json.Marshal(d.schema)
	if err != nil {
		return nil, writ.Errorf(writ.CodeInternal, "the policy cannot be written: %w", err)
	}
	source := authz.Source{Format: d.call.State.Source.Format, Text: string(text)}
	return append(d.changes, authz.Change{Model: &authz.Step[authz.Source]{After: &source}}), nil
}

// Edit gives the policy to change: a copy, which the write stores.
func (d *Draft) Edit() (*schema.Schema, error) {
	if d.schema != nil {
		return d.schema, nil
	}
	p, err := Policy(d.call.State)
	if err != nil {
		return nil, err
	}
	d.schema = p.Clone()
	return d.schema, nil
}

// Edited gives the policy as it will be; false when the write does not change it.
func (d *Draft) Edited() (*schema.Schema, bool) { return d.schema, d.schema != nil }

// Record gives what will be stored about an entity.
func (d *Draft) Record(kind, id string) (authz.Record, bool) {
	e := authz.Entity{Type: kind, ID: id}
	if r, ok := d.records[e]; ok {
		if r == nil {
			return authz.Record{}, false
		}
		return *r, true
	}
	return d.call.State.Snapshot.Record(e)
}

// Put stores a record.
func (d *Draft) Put(r authz.Record) {
	r.Updated = time.Time{} // the environment dates it
	d.records[r.Entity] = &r
	d.changes = append(d.changes, authz.Change{Record: &authz.Step[authz.Record]{After: &r}})
}

// Drop removes a record and the tuples that it stands in.
func (d *Draft) Drop(r authz.Record) {
	d.DropTuples(authz.TupleFilter{Object: r.Entity})
	d.DropTuples(authz.TupleFilter{Subject: authz.Holder{Entity: r.Entity}})
	d.records[r.Entity] = nil
	d.changes = append(d.changes, authz.Change{Record: &authz.Step[authz.Record]{Before: &r}})
}

// Tuple gives a tuple that will be stored.
func (d *Draft) Tuple(t authz.Tuple) (authz.Tuple, bool) {
	if known, ok := d.tuples[nameOf(t)]; ok {
		if known == nil {
			return authz.Tuple{}, false
		}
		return *known, true
	}
	return d.call.State.Snapshot.Tuple(t.Object, t.Relation, t.Subject)
}

// PutTuple stores a tuple.
func (d *Draft) PutTuple(t authz.Tuple) {
	d.tuples[nameOf(t)] = &t
	d.changes = append(d.changes, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}})
}

// DropTuple removes a tuple.
func (d *Draft) DropTuple(t authz.Tuple) {
	d.tuples[nameOf(t)] = nil
	d.changes = append(d.changes, authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &t}})
}

// DropTuples removes the stored tuples that a filter finds.
func (d *Draft) DropTuples(f authz.TupleFilter) {
	d.call.State.Snapshot.Tuples(f, func(t authz.Tuple) bool {
		if _, there := d.Tuple(t); there {
			d.DropTuple(t)
		}
		return true
	})
}

// DropRecords removes the stored records of a type that f wants, and their tuples.
func (d *Draft) DropRecords(kind string, f func(authz.Record) bool) {
	d.call.State.Snapshot.Records(kind, "", func(r authz.Record) bool {
		if _, there := d.Record(kind, r.ID); there && f(r) {
			d.Drop(r)
		}
		return true
	})
}

// Tenant gives the key of a tenant, which must exist; "" is the default tenant, which is stored when it is first
// used. A model without tenants has none, and gives "".
func (d *Draft) Tenant(text string) (string, error) {
	key := DefaultTenant
	if text != "" {
		key = d.call.Entity(authz.TenantType, text)
	}
	if _, ok := d.Record(authz.TenantType, key); ok {
		return key, nil
	}
	if key != DefaultTenant {
		return "", Missing("tenant", text)
	}
	types := d.call.State.Snapshot.Model().Types
	if !slices.ContainsFunc(types, func(t authz.Type) bool { return t.Name == authz.TenantType }) {
		return "", nil
	}
	d.Put(authz.Record{Entity: authz.Entity{Type: authz.TenantType, ID: key}, Profile: map[string]string{"name": key}})
	return key, nil
}
