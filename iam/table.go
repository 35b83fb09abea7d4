package iam

// table is a small hash table from lower-case text to statements. It is here,
// and not a map, because one hash serves the tables of all policies.
type table struct {
	slots []slot // a power of two, at most half full
	used  int
}

type slot struct {
	hash  uint64
	key   string
	entry *entry // nil where nothing is
}

// entry gives the statements under a key, to be added to.
func (t *table) entry(key string) *entry {
	if 2*(t.used+1) > len(t.slots) {
		t.grow()
	}
	hash := hashFold(key)
	at := t.slot(hash, key)
	if at.entry == nil {
		t.used++
		*at = slot{hash, key, &entry{}}
	}
	return at.entry
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]slot, max(4, 2*len(old)))
	for _, s := range old {
		if s.entry != nil {
			*t.slot(s.hash, s.key) = s
		}
	}
}

// get gives the statements under a key, nil when there are none.
func (t *table) get(key string) *entry { return t.find(hashFold(key), key) }

// find is get with the key's hash. key may be in any case.
func (t *table) find(hash uint64, key string) *entry {
	if t.used == 0 {
		return nil
	}
	return t.slot(hash, key).entry
}

// slot gives the slot of a key, or the empty one where it belongs.
func (t *table) slot(hash uint64, key string) *slot {
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.entry == nil || s.hash == hash && sameFold(s.key, key) {
			return s
		}
	}
}

// entries goes through all entries with their keys.
func (t *table) entries(yield func(*entry, string) bool) {
	for i := range t.slots {
		if s := &t.slots[i]; s.entry != nil && !yield(s.entry, s.key) {
			return
		}
	}
}
