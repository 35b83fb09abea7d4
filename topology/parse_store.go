package topology

import (
	"slices"
	"strings"
)

var (
	storeKeys  = []string{"kind", "key", "sort", "indexes", "ttl", "stream", "retain", "attributes", "key_schema", "name"}
	bucketKeys = []string{"kind", "notify"}
	indexKeys  = []string{"key", "sort", "local", "projection", "include"}
	keyKeys    = []string{"name", "type"}
)

// stores reads stores:, and tc's tables: and buckets: as stores of one kind.
func (p *reader) stores(t *Topology, f fields) {
	for _, group := range []struct {
		key  string
		kind StoreKind
	}{{"stores", ""}, {"tables", StoreTable}, {"buckets", StoreBucket}} {
		for _, e := range p.named(f.value(group.key), group.key) {
			if s := p.store(e, group.kind); s != nil {
				t.Stores = append(t.Stores, s)
			} else {
				p.fail(KindStore, e.key)
				p.fail(KindBucket, e.key)
			}
		}
	}
}

// store reads one store; kind is "" when its own kind: key decides.
func (p *reader) store(e entry, kind StoreKind) *Store {
	s := &Store{Name: e.key, Kind: kind, Pos: e.pos}
	if written := p.text(e.value.get("kind"), "kind"); written != "" {
		s.Kind = StoreKind(written)
		if s.Kind != StoreTable && s.Kind != StoreBucket {
			p.suggest(p.add(e.value.get("kind").pos, "unknown kind of store %s", quoted(written)), written,
				[]string{string(StoreTable), string(StoreBucket)}, "the kinds are ")
			return nil
		}
	}
	if s.Kind == "" {
		s.Kind = StoreTable
	}
	if s.Kind == StoreBucket {
		if f, ok := p.object(e.value, "bucket "+s.Name, bucketKeys); ok {
			s.Notify = p.notify(f.value("notify"), s.Name)
		}
		return s
	}
	f, ok := p.object(e.value, "table "+s.Name, storeKeys)
	if !ok {
		return nil
	}
	s.Table = p.table(f, s, e)
	return s
}

func (p *reader) table(f fields, s *Store, e entry) *Table {
	t := &Table{TTL: p.text(f.value("ttl"), "ttl"), Retain: p.boolean(f.value("retain"), "retain")}
	if n := f.value("key_schema"); n != nil { // tc's shape
		p.tcKeys(t, n, f.value("attributes"))
	} else if k := p.key(f.value("key"), "key"); k != nil {
		t.PartitionKey, t.SortKey = withType(*k), withTypeOrNil(p.key(f.value("sort"), "sort"))
	} else if f.value("key") == nil && !e.value.misspells("key", storeKeys) {
		p.add(e.pos, "table %s has no key", s.Name).WithHint("add  key: id  (the partition key's attribute; a string unless written {name: id, type: N})")
	}
	types := knownTypes(t)
	if n := f.value("key_schema"); n != nil {
		p.tcTypes(types, f.value("attributes"))
	}
	if n := f.value("stream"); n != nil {
		t.Stream = p.stream(n)
	}
	for _, ie := range p.named(f.value("indexes"), "indexes") {
		if index := p.index(ie, t); index != nil {
			t.Indexes = append(t.Indexes, *index)
			p.mark(s.Pos, "index "+index.Name, ie.pos)
		}
	}
	t.fillTypes(types)
	return t
}

var streamViews = []string{"NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"}

// stream gives the stream's view; true means all of it.
func (p *reader) stream(n *node) string {
	text := p.text(n, "stream")
	switch strings.ToLower(text) {
	case "true":
		return "NEW_AND_OLD_IMAGES"
	case "false":
		return ""
	}
	view := strings.ToUpper(text)
	if !slices.Contains(streamViews, view) {
		p.suggest(p.add(n.pos, "unknown stream view %s", quoted(text)), view, streamViews, "the views are ")
	}
	return view
}

// key reads "path" or {name: path, type: S}; nil when it is missing or wrong.
// Its type is "" when it is not written.
func (p *reader) key(n *node, what string) *Key {
	if n.null() {
		return nil
	}
	if n.kind == scalarNode {
		return &Key{Name: n.text}
	}
	f, ok := p.object(n, what, keyKeys)
	if !ok {
		return nil
	}
	k := &Key{Name: p.text(f.value("name"), "name")}
	if k.Name == "" {
		p.add(n.pos, "%s has no name", what).WithHint("as in  %s: {name: id, type: S}", what)
		return nil
	}
	if t := f.value("type"); t != nil {
		k.Type = p.keyType(t)
	}
	return k
}

var keyTypes = map[string]string{"s": "S", "string": "S", "n": "N", "number": "N", "b": "B", "binary": "B"}

func (p *reader) keyType(n *node) string {
	text := p.text(n, "type")
	if t, ok := keyTypes[strings.ToLower(text)]; ok {
		return t
	}
	p.add(n.pos, "unknown key type %s", quoted(text)).WithHint("a key is S (string), N (number) or B (binary)")
	return "S"
}

func (p *reader) index(e entry, t *Table) *Index {
	f, ok := p.object(e.value, "index "+e.key, indexKeys)
	if !ok {
		return nil
	}
	index := &Index{
		Name: e.key, Projection: "ALL", Local: p.boolean(f.value("local"), "local"),
		SortKey: p.key(f.value("sort"), "sort"), Include: p.texts(f.value("include"), "include"),
	}
	if k := p.key(f.value("key"), "key"); k != nil {
		index.PartitionKey = *k
	} else if index.Local {
		index.PartitionKey = t.PartitionKey
	} else if f.value("key") == nil && !e.value.misspells("key", indexKeys) {
		p.add(e.pos, "index %s has no key", e.key).WithHint("add  key: ATTRIBUTE, or  local: true  for an index on the table's own key")
		return nil
	}
	if n := f.value("projection"); n != nil {
		index.Projection = p.projection(n)
	} else if len(index.Include) > 0 {
		index.Projection = "INCLUDE"
	}
	return index
}

func (p *reader) projection(n *node) string {
	projections := []string{"ALL", "KEYS_ONLY", "INCLUDE"}
	text := strings.ToUpper(p.text(n, "projection"))
	if !slices.Contains(projections, text) {
		p.suggest(p.add(n.pos, "unknown projection %s", quoted(n.text)), text, projections, "the projections are ")
	}
	return text
}

// tcKeys reads key_schema: [{name, rtype: HASH|RANGE}] with attributes:
// [{name, rtype: S|N|B}].
func (p *reader) tcKeys(t *Table, schema, attributes *node) {
	if schema.kind != listNode || !attributes.null() && attributes.kind != listNode {
		p.wrongKind(schema, "key_schema", "a list")
		return
	}
	types := map[string]string{}
	p.tcTypes(types, attributes)
	var keys []Key
	for _, item := range schema.items {
		k := Key{Name: p.text(item.get("name"), "name"), Type: "S"}
		if typ, ok := types[k.Name]; ok {
			k.Type = typ
		}
		if strings.EqualFold(p.text(item.get("rtype"), "rtype"), "RANGE") {
			keys = append(keys, k)
		} else {
			keys = append([]Key{k}, keys...)
		}
	}
	if len(keys) == 0 || len(keys) > 2 || keys[0].Name == "" {
		p.add(schema.pos, "key_schema needs one HASH key and at most one RANGE key")
		return
	}
	t.PartitionKey = keys[0]
	if len(keys) == 2 {
		t.SortKey = &keys[1]
	}
}

// tcTypes reads attributes: [{name, rtype: S|N|B}] into the types not known yet.
func (p *reader) tcTypes(types map[string]string, attributes *node) {
	if attributes.null() {
		return
	}
	for _, a := range attributes.items {
		name := p.text(a.get("name"), "name")
		if rtype := a.get("rtype"); rtype != nil && types[name] == "" {
			types[name] = p.keyType(rtype)
		}
	}
}
