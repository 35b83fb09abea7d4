package authzen

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server/internal/jsonread"
)

// entity is a subject, an action or a resource as it came. An action's name is its id.
type entity struct {
	present      bool
	kind, id     string
	properties   map[string]any
	hasKind, has bool // has: the id or name
}

// four is what a request asks about. bad is the first thing in it that has a wrong type.
type four struct {
	subject, action, resource entity
	context                   map[string]any
	hasContext                bool
	bad                       error
}

func (f *four) wrong(err error) {
	if f.bad == nil {
		f.bad = err
	}
}

// part reads a field of the four; known is false when the name is none of theirs. Values of wrong types are noted,
// so that the rest of a batch can be read; an error means that the text is no JSON.
func (f *four) part(r *jsonread.Reader, name []byte) (known bool, err error) {
	switch string(name) {
	case "subject":
		return true, f.entity(r, &f.subject, "subject")
	case "action":
		return true, f.entity(r, &f.action, "action")
	case "resource":
		return true, f.entity(r, &f.resource, "resource")
	case "context":
		f.context, f.hasContext, err = f.object(r, "context", "")
		return true, err
	}
	return false, nil
}

func (f *four) entity(r *jsonread.Reader, e *entity, what string) error {
	if kind := r.Next(); kind != jsonread.Object {
		if kind != jsonread.Null {
			f.wrong(writ.Errorf(writ.CodeInvalid, "%s must be an object, not %s", what, kind))
		}
		return r.Skip()
	}
	e.present = true
	return r.Fields(func(name []byte) (err error) {
		switch {
		case string(name) == "type" && what != "action":
			e.kind, e.hasKind, err = f.text(r, what, "type")
		case string(name) == "id" && what != "action":
			e.id, e.has, err = f.text(r, what, "id")
		case string(name) == "name" && what == "action":
			e.id, e.has, err = f.text(r, what, "name")
		case string(name) == "properties":
			e.properties, _, err = f.object(r, what, ".properties")
		default:
			err = r.Skip()
		}
		return err
	})
}

func (f *four) text(r *jsonread.Reader, what, field string) (string, bool, error) {
	if kind := r.Next(); kind != jsonread.String {
		if kind != jsonread.None {
			f.wrong(writ.Errorf(writ.CodeInvalid, "%s.%s must be a string, not %s", what, field, kind))
		}
		return "", false, r.Skip()
	}
	text, err := r.Text()
	return text, true, err
}

// object reads an optional object; null is as if it were not there.
func (f *four) object(r *jsonread.Reader, what, field string) (map[string]any, bool, error) {
	if kind := r.Next(); kind != jsonread.Object {
		if kind != jsonread.Null && kind != jsonread.None {
			f.wrong(writ.Errorf(writ.CodeInvalid, "%s%s must be an object, not %s", what, field, kind))
		}
		return nil, false, r.Skip()
	}
	m, err := r.Map()
	return m, true, err
}

// The parts that a request may need.
const (
	needSubject = 1 << iota
	needSubjectID
	needAction
	needResource
	needResourceID
)

const needAll = needSubject | needSubjectID | needAction | needResource | needResourceID

// lacks says what is missing of the needed parts, or wrong.
func (f *four) lacks(need int) error {
	if f.bad != nil {
		return f.bad
	}
	for _, part := range []struct {
		need int
		ok   bool
		name string
	}{
		{needSubject, f.subject.present, "subject"},
		{needSubject, f.subject.kind != "", "subject.type"},
		{needSubjectID, f.subject.id != "", "subject.id"},
		{needAction, f.action.present, "action"},
		{needAction, f.action.id != "", "action.name"},
		{needResource, f.resource.present, "resource"},
		{needResource, f.resource.kind != "", "resource.type"},
		{needResourceID, f.resource.id != "", "resource.id"},
	} {
		if need&part.need != 0 && !part.ok {
			return writ.Errorf(writ.CodeInvalid, "%s is missing", part.name)
		}
	}
	return nil
}

// defaults fills what an item of a batch leaves out. An entity that is there replaces the whole
// default; only its required fields come from the default when it lacks them.
func (f *four) defaults(d *four) {
	for _, pair := range [][2]*entity{{&f.subject, &d.subject}, {&f.action, &d.action}, {&f.resource, &d.resource}} {
		own, other := pair[0], pair[1]
		if !own.present {
			*own = *other
			continue
		}
		if !own.hasKind {
			own.kind, own.hasKind = other.kind, other.hasKind
		}
		if !own.has {
			own.id, own.has = other.id, other.has
		}
	}
	if !f.hasContext {
		f.context = d.context
	}
}

func (f *four) request() writ.Request {
	return writ.Request{
		Subject:  writ.Subject{Type: f.subject.kind, ID: f.subject.id, Properties: f.subject.properties},
		Action:   writ.Action{Name: f.action.id, Properties: f.action.properties},
		Resource: writ.Resource{Type: f.resource.kind, ID: f.resource.id, Properties: f.resource.properties},
		Context:  f.context,
	}
}

// batch is the body of evaluations.
type batch struct {
	four
	items    []four
	semantic string
}

// decodeBatch reads the body of evaluations, and stops at one item more than there may be.
func decodeBatch(body []byte, most int) (*batch, error) {
	b := &batch{semantic: executeAll}
	r := jsonread.New(body)
	if kind := r.Next(); kind != jsonread.Object && kind != jsonread.None {
		return nil, writ.Errorf(writ.CodeInvalid, "the body must be an object, not %s", kind)
	}
	err := r.Fields(func(name []byte) error {
		if known, err := b.part(r, name); known || err != nil {
			return err
		}
		switch {
		case string(name) == "evaluations" && r.Next() != jsonread.Null:
			return b.readItems(r, most)
		case string(name) == "options" && r.Next() != jsonread.Null:
			return b.options(r)
		}
		return r.Skip()
	})
	if err != nil {
		return nil, err
	}
	return b, r.End()
}

func (b *batch) readItems(r *jsonread.Reader, most int) error {
	if kind := r.Next(); kind != jsonread.Array && kind != jsonread.None {
		return writ.Errorf(writ.CodeInvalid, "evaluations must be an array, not %s", kind)
	}
	return r.Items(func(i int) error {
		if i == most {
			return writ.Errorf(writ.CodeInvalid, "there are more than the %d evaluations that one request may have", most)
		}
		b.items = append(b.items, four{})
		item := &b.items[i]
		if kind := r.Next(); kind != jsonread.Object {
			item.wrong(writ.Errorf(writ.CodeInvalid, "an evaluation must be an object, not %s", kind))
			return r.Skip()
		}
		return r.Fields(func(name []byte) error {
			if known, err := item.part(r, name); known || err != nil {
				return err
			}
			return r.Skip()
		})
	})
}

func (b *batch) options(r *jsonread.Reader) error {
	if kind := r.Next(); kind != jsonread.Object && kind != jsonread.None {
		return writ.Errorf(writ.CodeInvalid, "options must be an object, not %s", kind)
	}
	return r.Fields(func(name []byte) error {
		if string(name) != "evaluations_semantic" {
			return r.Skip()
		}
		semantic, ok, err := b.text(r, "options", "evaluations_semantic")
		if err == nil && ok && semantic != executeAll && semantic != denyOnFirst && semantic != permitOnFirst {
			b.wrong(writ.Errorf(writ.CodeInvalid, "options.evaluations_semantic must be %s, %s or %s", executeAll, denyOnFirst, permitOnFirst))
		}
		b.semantic = semantic
		return err
	})
}

// decodeFour reads the body of an evaluation; more takes the fields that are not of the four.
func decodeFour(body []byte, f *four, more func(r *jsonread.Reader, name []byte) error) error {
	r := jsonread.New(body)
	if kind := r.Next(); kind != jsonread.Object && kind != jsonread.None {
		return writ.Errorf(writ.CodeInvalid, "the body must be an object, not %s", kind)
	}
	err := r.Fields(func(name []byte) error {
		if known, err := f.part(r, name); known || err != nil {
			return err
		}
		if more != nil {
			return more(r, name)
		}
		return r.Skip()
	})
	if err != nil {
		return err
	}
	return r.End()
}
