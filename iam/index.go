package iam

// index finds the statements of one effect that may be about a request: by
// action, and where many share an action by what their resource starts with.
type index struct {
	// always holds statements whose action has to be tested whatever the
	// request: "*", NotAction, a wildcard before the colon.
	always group
	// table holds statements by full action ("s3:getobject", sure to match)
	// and by service prefix ("s3:", to be tested).
	table table
}

// build indexes the statements of one effect. A statement may stand in several
// places; finding it twice does no harm.
func (x *index) build(statements []*statement, deny bool) {
	for _, s := range statements {
		if s.deny != deny {
			continue
		}
		always := s.notAction
		for j := range s.actions {
			always = always || !s.actions[j].never && s.actions[j].service == ""
		}
		if always {
			x.always.add(s)
			continue
		}
		for j := range s.actions {
			switch a := &s.actions[j]; {
			case a.never:
			case a.isLiteral:
				x.table.group(a.literal).add(s)
			default:
				x.table.group(a.service).add(s)
			}
		}
	}
	x.always.plant()
	for i := range x.table.slots {
		x.table.slots[i].group.plant()
	}
}

// scan tests the statements that may be about the query; done means that no
// other can add anything.
func (x *index) scan(q *query, d *side) (done bool) {
	if x.always.scan(q, d, true) {
		return true
	}
	if len(x.table.slots) == 0 {
		return false
	}
	return x.table.find(q.actionHash, q.action).group.scan(q, d, false) ||
		x.table.find(q.serviceHash, q.service).group.scan(q, d, true)
}

// table is a small hash table from lower-case text to statements. It is here,
// and not a map, because one hash serves the tables of all policies.
type table struct {
	slots []slot // a power of two, at most half full
	used  int
}

type slot struct {
	used  bool
	hash  uint64
	key   string
	group group
}

// group gives the statements under a key, to be added to.
func (t *table) group(key string) *group {
	if 2*(t.used+1) > len(t.slots) {
		t.grow()
	}
	hash := hashFold(key)
	at := t.find(hash, key)
	if !at.used {
		t.used++
		at.used, at.hash, at.key = true, hash, key
	}
	return &at.group
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]slot, max(8, 2*len(old)))
	for _, s := range old {
		if s.used {
			*t.find(s.hash, s.key) = s
		}
	}
}

// find gives the slot of a key, or the empty slot where it belongs. key may be
// in any case.
func (t *table) find(hash uint64, key string) *slot {
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if !s.used || s.hash == hash && sameFold(s.key, key) {
			return s
		}
	}
}

// hashFold is FNV-1a over the text in lower case (ASCII), mixed once more so
// that its low bits are good for small tables.
func hashFold(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(lower(s[i]))) * 1099511628211
	}
	return h ^ h>>29
}
