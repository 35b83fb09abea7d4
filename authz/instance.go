package authz

// Instance implements [expr.Instances]: what is stored about another object, under the names that
// it would have as `resource`. What the request says of an object does not count here. ok is false
// for one without a record, and when the question is over its bound.
func (a *question) Instance(kind, key string) (map[string]any, bool) {
	of := a.c.types[kind]
	if of == nil {
		return nil, false
	}
	id := a.Facts.Lookup(of.number, key)
	r := a.Record(id)
	if r == nil {
		return nil, false
	}
	if !a.Charge(len(r.Attributes)) {
		return nil, false
	}
	m := make(map[string]any, len(r.Attributes)+4)
	a.spread(m, id, nil)
	m["key"], m["id"], m["type"] = key, key, kind
	if r.Tenant != 0 {
		m["tenant"] = a.name(r.Tenant).ID
	}
	return m, true
}
