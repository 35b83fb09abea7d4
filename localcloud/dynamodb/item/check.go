package item

// maxNesting is the deepest level that a value may lie on; an attribute's own is 1.
const maxNesting = 32

const errNesting = Error("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")

// Check gives the first rule that the value breaks, as an [Error].
func (v Value) Check() error { return v.check(1) }

func (v Value) check(level int) error {
	if level > maxNesting {
		return errNesting
	}
	switch v.Type {
	case Invalid:
		return Error(v.Text)
	case L:
		for _, e := range v.List {
			if err := e.check(level + 1); err != nil {
				return err
			}
		}
	case M:
		return v.Map.check(level + 1)
	}
	return nil
}

// Check gives the first rule, by attribute name, that the item breaks.
func (it Item) Check() error { return it.check(1) }

func (it Item) check(level int) error {
	var found error
	var at string
	for name, v := range it {
		if err := v.check(level); err != nil && (found == nil || name < at) {
			found, at = err, name
		}
	}
	return found
}

// Size is what the item counts for, by the Developer Guide's "DynamoDB item
// sizes and formats": names and values in UTF-8, numbers by their digits,
// three bytes for a list or map and one for each element.
func (it Item) Size() int {
	size := 0
	for name, v := range it {
		size += len(name) + v.Size()
	}
	return size
}

// Size is what the value counts for.
func (v Value) Size() int {
	switch v.Type {
	case S, B:
		return len(v.Text)
	case N:
		return v.Number().Size()
	case Null, Bool:
		return 1
	case SS, BS:
		size := 0
		for _, e := range v.Set {
			size += len(e)
		}
		return size
	case NS:
		size := 0
		for _, e := range v.Set {
			size += Value{Type: N, Text: e}.Size()
		}
		return size
	case L:
		size := 3
		for _, e := range v.List {
			size += 1 + e.Size()
		}
		return size
	case M:
		return 3 + len(v.Map) + v.Map.Size()
	}
	return 0
}
