package topology

import "github.com/writ-dev/writ"

// table looks at what DynamoDB would refuse.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
func (c *checker) table(s *Store) {
	t := s.Table
	types := map[string]string{}
	attribute := func(k Key, at writ.Position) {
		switch {
		case k.Type != "S" && k.Type != "N" && k.Type != "B":
			c.add(at, "unknown type %s of key %s", quoted(k.Type), k.Name).WithHint("a key is S (string), N (number) or B (binary)")
		case types[k.Name] != "" && types[k.Name] != k.Type:
			c.add(at, "key %s of table %s is %s here and %s elsewhere", k.Name, s.Name, k.Type, types[k.Name]).
				WithHint("an attribute has one type in all keys: write it once, at the table's own key or at one index, and elsewhere  %s  alone", k.Name)
			return
		}
		types[k.Name] = k.Type
	}
	if t.PartitionKey.Name == "" {
		return // said already
	}
	attribute(t.PartitionKey, s.Pos)
	if t.SortKey != nil {
		if t.SortKey.Name == t.PartitionKey.Name {
			c.add(s.Pos, "table %s has %s as key and as sort", s.Name, t.SortKey.Name)
		}
		attribute(*t.SortKey, s.Pos)
	}
	names := map[string]bool{}
	for _, index := range t.Indexes {
		at := c.spot(s.Pos, "index "+index.Name)
		if names[index.Name] {
			c.add(at, "two indexes of table %s have the name %s", s.Name, index.Name)
		}
		names[index.Name] = true
		if !validIndexName(index.Name) {
			c.add(at, "%s cannot be the name of an index", quoted(index.Name)).WithHint("DynamoDB takes 3 to 255 letters, digits, _, - and .")
		}
		attribute(index.PartitionKey, at)
		if index.SortKey != nil {
			attribute(*index.SortKey, at)
		}
		if index.Local && (t.SortKey == nil || index.PartitionKey != t.PartitionKey || index.SortKey == nil) {
			c.add(at, "local index %s needs the table's own key, another sort, and a table that has a sort", index.Name).
				WithHint("take  local: true  out for a global index")
		}
		if (index.Projection == "INCLUDE") != (len(index.Include) > 0) {
			c.add(at, "index %s: projection INCLUDE and the include list go together", index.Name)
		}
	}
}

func validIndexName(name string) bool {
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.') {
			return false
		}
	}
	return len(name) >= 3 && len(name) <= 255
}
