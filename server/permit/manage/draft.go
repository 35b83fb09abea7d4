package manage

import (
	"encoding/json"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/schema"
)

// draft is a write while it is planned: what is there, as it will be after the steps
// so far. Whether a thing exists is decided on it, so that of two callers who create the same thing one is told.
type draft struct {
	*call
	now     time.Time
	changes []authz.Change
	records map[authz.Entity]*authz.Record // nil: removed
	tuples  map[string]*authz.Tuple        // nil: removed
	schema  *schema.Schema                 // when it is edited
}

// write plans and makes one write; afterwards c.state is the state that it made.
func (c *call) write(kind, subject string, plan func(*draft) error) error {
	now := time.Now
	if c.api.Now != nil {
		now = c.api.Now
	}
	key := c.caller.Key
	state, err := c.caller.Environment.Write(c.r.Context(), environment.Write{
		Actor: writ.Subject{Type: "key", ID: key.ID}, Kind: kind, Subject: subject,
		Plan: func(s *environment.State) ([]authz.Change, error) {
			c.state = s // names are looked up in what the plan follows
			d := &draft{
				call: c, now: now().UTC().Truncate(time.Second),
				records: map[authz.Entity]*authz.Record{}, tuples: map[string]*authz.Tuple{},
			}
			if err := plan(d); err != nil {
				return nil, err
			}
			return d.done()
		},
	})
	if err != nil {
		return err
	}
	c.state = state
	return nil
}

// done gives the changes. The model comes last: facts that it no longer knows are gone by then.
func (d *draft) done() ([]authz.Change, error) {
	if d.schema == nil {
		return d.changes, nil
	}
	text, err := json.Marshal(d.schema)
	if err != nil {
		return nil, writ.Errorf(writ.CodeInternal, "the policy cannot be written: %w", err)
	}
	if string(text) == d.state.Source.Text {
		return d.changes, nil
	}
	source := authz.Source{Format: "policy", Text: string(text)}
	return append(d.changes, authz.Change{Model: &authz.Step[authz.Source]{After: &source}}), nil
}

// edit gives the policy to change: a copy, which the write stores.
func (d *draft) edit() (*schema.Schema, error) {
	if d.schema != nil {
		return d.schema, nil
	}
	if _, err := policy(d.state); err != nil {
		return nil, err
	}
	var err error
	d.schema, err = schema.Parse([]byte(d.state.Source.Text))
	return d.schema, err
}

// record gives what will be stored about an entity.
func (d *draft) record(kind, id string) (authz.Record, bool) {
	e := authz.Entity{Type: kind, ID: id}
	if r, ok := d.records[e]; ok {
		if r == nil {
			return authz.Record{}, false
		}
		return *r, true
	}
	return d.state.Snapshot.Record(e)
}

// put stores a record.
func (d *draft) put(r authz.Record) {
	r.Updated = d.now
	if r.Created.IsZero() {
		r.Created = d.now
	}
	d.records[r.Entity] = &r
	d.changes = append(d.changes, authz.Change{Record: &authz.Step[authz.Record]{After: &r}})
}

// drop removes a record and the tuples that it stands in.
func (d *draft) drop(r authz.Record) {
	d.dropTuples(authz.TupleFilter{Object: r.Entity})
	d.dropTuples(authz.TupleFilter{Subject: authz.Holder{Entity: r.Entity}})
	d.records[r.Entity] = nil
	d.changes = append(d.changes, authz.Change{Record: &authz.Step[authz.Record]{Before: &r}})
}

// tuple gives a tuple that will be stored.
func (d *draft) tuple(t authz.Tuple) (authz.Tuple, bool) {
	if known, ok := d.tuples[t.String()]; ok {
		if known == nil {
			return authz.Tuple{}, false
		}
		return *known, true
	}
	return d.state.Snapshot.Tuple(t.Object, t.Relation, t.Subject)
}

func (d *draft) putTuple(t authz.Tuple) {
	t.Created = d.now
	d.tuples[t.String()] = &t
	d.changes = append(d.changes, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}})
}

func (d *draft) dropTuple(t authz.Tuple) {
	d.tuples[t.String()] = nil
	d.changes = append(d.changes, authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &t}})
}

// dropTuples removes the stored tuples that a filter finds.
func (d *draft) dropTuples(f authz.TupleFilter) {
	d.state.Snapshot.Tuples(f, func(t authz.Tuple) bool {
		if _, there := d.tuple(t); there {
			d.dropTuple(t)
		}
		return true
	})
}

// dropRecords removes the stored records of a type that f finds, and their tuples.
func (d *draft) dropRecords(kind string, f func(authz.Record) bool) {
	d.state.Snapshot.Records(kind, "", func(r authz.Record) bool {
		if _, there := d.record(kind, r.ID); there && f(r) {
			d.drop(r)
		}
		return true
	})
}

// tenant gives the key of a tenant, which must exist. The default tenant is
// stored when it is first used.
func (d *draft) tenant(text string) (string, error) {
	key := DefaultTenant
	if text != "" {
		key = d.entity(authz.TenantType, text)
	}
	if _, ok := d.record(authz.TenantType, key); ok {
		return key, nil
	}
	if key != DefaultTenant {
		return "", missing("tenant", text)
	}
	d.put(authz.Record{Entity: authz.Entity{Type: authz.TenantType, ID: key}, Profile: map[string]string{"name": key}})
	return key, nil
}

// missing is the error of a thing that is not there.
func missing(kind, key string) *writ.Error {
	return writ.Errorf(writ.CodeNotFound, "there is no %s %q", kind, key)
}

// taken is the error of a thing that is there already.
func taken(kind, key string) *writ.Error {
	return writ.Errorf(writ.CodeConflict, "there is a %s %q already", kind, key)
}
