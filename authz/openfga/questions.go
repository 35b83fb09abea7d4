package openfga

import "github.com/writ-dev/writ"

func (r storeReader) test(v value) (Test, error) {
	keys, err := v.known("name", "description", "tuples", "tuple_file", "tuple_files", "check", "list_objects", "list_users")
	if err != nil {
		return Test{}, err
	}
	var t Test
	if t.Name, err = keys["name"].text(); err != nil {
		return t, err
	}
	if t.Description, err = keys["description"].text(); err != nil {
		return t, err
	}
	if t.Tuples, err = r.tuples(keys); err != nil {
		return t, err
	}
	for _, part := range []struct {
		key  string
		read func(value) ([]Question, error)
	}{{"check", readCheck}, {"list_objects", readListObjects}, {"list_users", readListUsers}} {
		items, err := keys[part.key].items()
		if err != nil {
			return t, err
		}
		for _, item := range items {
			questions, err := part.read(item)
			if err != nil {
				return t, err
			}
			t.Questions = append(t.Questions, questions...)
		}
	}
	return t, nil
}

// several gives what stands under one key, or under its plural as a list.
func several(v value, keys map[string]value, one, many string) ([]string, error) {
	single, list := keys[one], keys[many]
	hasOne, hasMany := !single.empty(), !list.empty()
	switch {
	case hasOne && hasMany:
		return nil, v.errorf("%s and %s stand together: one of them is enough", one, many)
	case hasMany:
		return list.texts()
	case hasOne:
		s, err := single.text()
		return []string{s}, err
	}
	return nil, v.errorf("%s is missing", one)
}

func readCheck(v value) ([]Question, error) {
	keys, err := v.known("user", "users", "object", "objects", "context", "assertions")
	if err != nil {
		return nil, err
	}
	users, err := several(v, keys, "user", "users")
	if err != nil {
		return nil, err
	}
	objects, err := several(v, keys, "object", "objects")
	if err != nil {
		return nil, err
	}
	context, err := keys["context"].object()
	if err != nil {
		return nil, err
	}
	var out []Question
	err = v.assertions(keys, func(q Question, wanted value) error {
		if q.Allowed, err = wanted.boolean(); err != nil {
			return err
		}
		for _, q.User = range users {
			for _, q.Object = range objects {
				q.Kind, q.Context = "check", context
				out = append(out, q)
			}
		}
		return nil
	})
	return out, err
}

// assertions calls each for every relation under assertions, with its place.
func (v value) assertions(keys map[string]value, each func(Question, value) error) error {
	all, err := keys["assertions"].entries()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return v.errorf("there are no assertions here: nothing is tested")
	}
	for _, e := range all {
		q := Question{Relation: e.Key, Position: e.Pos, source: v.file.Line(e.Pos)}
		if err := each(q, value{v.file, e.Value}); err != nil {
			return err
		}
	}
	return nil
}

func readListObjects(v value) ([]Question, error) {
	keys, err := v.known("user", "type", "context", "assertions")
	if err != nil {
		return nil, err
	}
	var base Question
	if base.User, err = keys["user"].text(); err != nil {
		return nil, err
	}
	if base.Object, err = keys["type"].text(); err != nil {
		return nil, err
	}
	if base.User == "" || base.Object == "" {
		return nil, v.errorf("list_objects needs a user and a type")
	}
	if base.Context, err = keys["context"].object(); err != nil {
		return nil, err
	}
	var out []Question
	err = v.assertions(keys, func(q Question, wanted value) error {
		q.Kind, q.User, q.Object, q.Context = "list_objects", base.User, base.Object, base.Context
		q.Listed, err = wanted.texts()
		out = append(out, q)
		return err
	})
	return out, err
}

func readListUsers(v value) ([]Question, error) {
	keys, err := v.known("object", "user_filter", "context", "assertions")
	if err != nil {
		return nil, err
	}
	object, err := keys["object"].text()
	if err != nil {
		return nil, err
	}
	if object == "" {
		return nil, v.errorf("list_users needs an object")
	}
	filter, err := readFilter(v, keys["user_filter"])
	if err != nil {
		return nil, err
	}
	context, err := keys["context"].object()
	if err != nil {
		return nil, err
	}
	var out []Question
	err = v.assertions(keys, func(q Question, wanted value) error {
		inner, err := wanted.known("users")
		if err != nil {
			return err
		}
		q.Kind, q.User, q.Object, q.Context = "list_users", filter, object, context
		q.Listed, err = inner["users"].texts()
		out = append(out, q)
		return err
	})
	return out, err
}

// readFilter reads a list of just one {type, relation}.
func readFilter(v, filter value) (string, error) {
	items, err := filter.items()
	if err != nil {
		return "", err
	}
	if len(items) != 1 {
		return "", v.errorf("user_filter holds one type")
	}
	keys, err := items[0].known("type", "relation")
	if err != nil {
		return "", err
	}
	kind, err := keys["type"].text()
	if err != nil || kind == "" {
		return "", items[0].errorf("the filter has no type")
	}
	relation, err := keys["relation"].text()
	if relation != "" {
		kind += "#" + relation
	}
	return kind, err
}

// At gives the place of a question and the text of its line.
func (q Question) At() (writ.Position, string) { return q.Position, q.source }
