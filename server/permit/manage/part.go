package manage

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server/permit/wire"
)

// part is a kind of thing in the policy that is created, read, changed and removed by
// its key: what differs between resources, actions, roles and the rest.
type part[T any] struct {
	kind string // in ids and messages
	name string // of the path's element
	// list gives where the things are; the path says which, when they are those of a resource.
	list func(*call, *schema.Schema) (*[]T, error)
	// owner is the key of the resource that they belong to; nil for none.
	owner func(*call) string
	head  func(*T) *schema.Header
	// apply sets the fields that a body has. Also when an existing thing is changed.
	apply func(*draft, *T, json.RawMessage) error
	read  func(*call, *T) map[string]any
	// values are the attributes that a list can be asked for; nil for none.
	values func(*T) map[string]any
	// removed takes a thing out of the policy with all that speaks of it, and the facts that need it; nil:
	// it is taken off its list and nothing speaks of it.
	removed func(*draft, *schema.Schema, *T) error
	shape   wire.Shape
}

// header are the fields that most bodies have.
type header struct {
	Key         *string `json:"key"`
	Name        *string `json:"name"`
	Description *string `json:"description"`
}

func (b *header) apply(h *schema.Header) {
	if b.Name != nil {
		h.Name = *b.Name
	}
	if b.Description != nil {
		h.Description = *b.Description
	}
}

// readHeader gives the common fields of a part of the policy.
func (c *call) readHeader(h *schema.Header, kind string, owner ...string) map[string]any {
	m := c.Common(c.ID(kind, append(owner, h.Key)...), h.Key, h.Created, h.Updated)
	m["name"], m["description"] = h.Name, wire.Optional(h.Description)
	if h.Name == "" {
		m["name"] = h.Key
	}
	return m
}

func (p *part[T]) routes(path string) []route {
	one := path + "/{" + p.name + "}"
	return []route{
		{"GET " + path, p.all},
		{"POST " + path, p.create},
		{"GET " + one, p.one},
		{"PATCH " + one, p.update},
		{"DELETE " + one, p.remove},
	}
}

// owners are the names that stand before a thing's own in its id.
func (p *part[T]) owners(c *call) []string {
	if p.owner == nil {
		return nil
	}
	return []string{p.owner(c)}
}

// index finds the thing that text names by key or, where none has that key, by id; -1 for none.
func (p *part[T]) index(c *call, list []T, text string) int {
	if i := slices.IndexFunc(list, func(x T) bool { return p.head(&x).Key == text }); i >= 0 {
		return i
	}
	owners := p.owners(c)
	return slices.IndexFunc(list, func(x T) bool { return c.Is(text, p.head(&x).Key, p.kind, owners...) })
}

func (p *part[T]) all(c *call) error {
	l, err := c.List()
	if err != nil {
		return err
	}
	s, err := wire.Policy(c.State)
	if err != nil {
		return err
	}
	list, err := p.list(c, s)
	if err != nil {
		return err
	}
	for i := range *list {
		x := &(*list)[i]
		var values map[string]any
		if p.values != nil {
			values = p.values(x)
		}
		if h := p.head(x); c.Matches(wire.Of(values), h.Key, h.Name) {
			l.Add(func() map[string]any { return p.read(c, x) })
		}
	}
	return c.SendList(l, p.shape)
}

// find gives the thing that the path names in s.
func (p *part[T]) find(c *call, s *schema.Schema) (*T, error) {
	list, err := p.list(c, s)
	if err != nil {
		return nil, err
	}
	text := c.R.PathValue(p.name)
	i := p.index(c, *list, text)
	if i < 0 {
		return nil, wire.Missing(p.kind, text)
	}
	return &(*list)[i], nil
}

func (p *part[T]) one(c *call) error {
	s, err := wire.Policy(c.State)
	if err != nil {
		return err
	}
	x, err := p.find(c, s)
	if err != nil {
		return err
	}
	return c.Send(http.StatusOK, p.read(c, x))
}

// send answers with a thing as it is after a write.
func (p *part[T]) send(c *call, status int, key string) error {
	s, err := wire.Policy(c.State)
	if err != nil {
		return err
	}
	list, err := p.list(c, s)
	if err != nil {
		return err
	}
	i := p.index(c, *list, key)
	if i < 0 {
		return wire.Missing(p.kind, key) // somebody removed it at once
	}
	return c.Send(status, p.read(c, &(*list)[i]))
}

func (p *part[T]) create(c *call) error {
	var raw json.RawMessage
	if err := c.Decode(&raw); err != nil {
		return err
	}
	var b header
	if err := unmarshal(raw, &b); err != nil {
		return err
	}
	if b.Key == nil {
		return writ.Errorf(writ.CodeInvalid, "a %s needs a key", p.kind)
	}
	err := c.write("schema."+p.kind+".create", p.kind+":"+*b.Key, func(d *draft) error {
		s, err := d.Edit()
		if err != nil {
			return err
		}
		list, err := p.list(c, s)
		if err != nil {
			return err
		}
		return p.add(d, list, *b.Key, raw)
	})
	if err != nil {
		return err
	}
	return p.send(c, http.StatusCreated, *b.Key)
}

// add puts a new thing into a list.
func (p *part[T]) add(d *draft, list *[]T, key string, raw json.RawMessage) error {
	if err := wire.CheckKey(p.kind, key); err != nil {
		return err
	}
	if slices.ContainsFunc(*list, func(x T) bool { return p.head(&x).Key == key }) {
		return wire.Taken(p.kind, key)
	}
	var x T
	h := p.head(&x)
	h.Key, h.Created, h.Updated = key, d.Now, d.Now
	if err := p.apply(d, &x, raw); err != nil {
		return err
	}
	*list = append(*list, x)
	return nil
}

func (p *part[T]) update(c *call) error {
	var raw json.RawMessage
	if err := c.Decode(&raw); err != nil {
		return err
	}
	return p.change(c, "update", func(d *draft, x *T) error { return p.apply(d, x, raw) })
}

// change edits the thing that the path names, and answers with it.
func (p *part[T]) change(c *call, verb string, edit func(*draft, *T) error) error {
	key := ""
	err := c.write("schema."+p.kind+"."+verb, p.kind+":"+c.R.PathValue(p.name), func(d *draft) error {
		s, err := d.Edit()
		if err != nil {
			return err
		}
		x, err := p.find(c, s)
		if err != nil {
			return err
		}
		key = p.head(x).Key
		p.head(x).Updated = d.Now
		return edit(d, x)
	})
	if err != nil {
		return err
	}
	return p.send(c, http.StatusOK, key)
}

func (p *part[T]) remove(c *call) error {
	err := c.write("schema."+p.kind+".delete", p.kind+":"+c.R.PathValue(p.name), func(d *draft) error {
		s, err := d.Edit()
		if err != nil {
			return err
		}
		x, err := p.find(c, s)
		if err != nil {
			return err
		}
		gone := *x
		if p.removed != nil {
			return p.removed(d, s, &gone)
		}
		list, err := p.list(c, s)
		if err == nil {
			*list = slices.DeleteFunc(*list, func(x T) bool { return p.head(&x).Key == p.head(&gone).Key })
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.Send(http.StatusNoContent, nil)
}
