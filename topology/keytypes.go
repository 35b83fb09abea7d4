package topology

// knownTypes gives the types of the table's own keys by attribute.
func knownTypes(t *Table) map[string]string {
	types := map[string]string{}
	if t.PartitionKey.Name != "" {
		types[t.PartitionKey.Name] = t.PartitionKey.Type
	}
	if t.SortKey != nil && types[t.SortKey.Name] == "" {
		types[t.SortKey.Name] = t.SortKey.Type
	}
	return types
}

// fillTypes gives the keys of indexes that are written without a type the one
// that their attribute has: an attribute has one type in a table. The table's
// own keys decide, then what another index says; else it is a string.
func (t *Table) fillTypes(types map[string]string) {
	t.eachIndexKey(func(k *Key) {
		if k.Type != "" && types[k.Name] == "" {
			types[k.Name] = k.Type
		}
	})
	t.eachIndexKey(func(k *Key) {
		if k.Type == "" {
			k.Type = types[k.Name]
		}
		*k = withType(*k)
	})
}

func (t *Table) eachIndexKey(do func(*Key)) {
	for i := range t.Indexes {
		do(&t.Indexes[i].PartitionKey)
		if t.Indexes[i].SortKey != nil {
			do(t.Indexes[i].SortKey)
		}
	}
}

func withType(k Key) Key {
	if k.Type == "" {
		k.Type = "S"
	}
	return k
}

// withTypeOrNil gives a copy, so that what the caller holds stays as it is.
func withTypeOrNil(k *Key) *Key {
	if k == nil {
		return nil
	}
	typed := withType(*k)
	return &typed
}
