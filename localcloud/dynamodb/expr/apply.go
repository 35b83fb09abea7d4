package expr

import (
	"slices"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/dynamodb/number"
)

const (
	errUpdatePath   = item.Error("The document path provided in the update expression is invalid for update")
	errOperandType  = item.Error("An operand in the update expression has an incorrect data type")
	errNoAttribute  = item.Error("The provided expression refers to an attribute that does not exist in the item")
	errTypeMismatch = item.Error("Type mismatch for attribute to update")
)

// Apply changes the item, which must be the caller's own; the values in it are
// not changed but replaced. On an error the item is to be thrown away.
func (u *Update) Apply(it item.Item) error {
	values := make([]item.Value, len(u.actions))
	for i, a := range u.actions { // all operands mean the item as it was
		if a.section == "REMOVE" {
			continue
		}
		v, err := a.value.compute(it)
		if err != nil {
			return err
		}
		values[i] = v
	}
	for i, a := range u.actions {
		if err := a.apply(it, values[i]); err != nil {
			return err
		}
	}
	return nil
}

// compute gives the value of an operand of an update.
func (o operand) compute(it item.Item) (item.Value, error) {
	switch {
	case o.path != nil:
		v, ok := o.path.Resolve(it)
		if !ok {
			return v, errNoAttribute
		}
		return v, nil
	case o.fn == "":
		return o.value, nil
	case o.fn == "if_not_exists":
		if v, ok := o.args[0].path.Resolve(it); ok {
			return v, nil
		}
		return o.args[1].compute(it)
	}
	a, err := o.args[0].compute(it)
	if err != nil {
		return a, err
	}
	b, err := o.args[1].compute(it)
	if err != nil {
		return b, err
	}
	switch {
	case o.fn == "list_append" && a.Type == item.L && b.Type == item.L:
		return item.Value{Type: item.L, List: slices.Concat([]item.Value{}, a.List, b.List)}, nil
	case o.fn == "+" && a.Type == item.N && b.Type == item.N:
		return sum(number.Add, a, b)
	case o.fn == "-" && a.Type == item.N && b.Type == item.N:
		return sum(number.Sub, a, b)
	default:
		return item.Value{}, errOperandType
	}
}

func sum(op func(a, b number.Number) (number.Number, error), a, b item.Value) (item.Value, error) {
	n, err := op(a.Number(), b.Number())
	if err != nil {
		return item.Value{}, item.Error(err.Error())
	}
	return item.Number(n), nil
}

// edit gives the new value of one place; keep false removes it.
type edit func(old item.Value, exists bool) (v item.Value, keep bool, err error)

func (a action) apply(it item.Item, v item.Value) error {
	e := func(old item.Value, exists bool) (item.Value, bool, error) {
		switch a.section {
		case "SET":
			return v, true, nil
		case "REMOVE":
			return v, false, nil
		case "ADD":
			return add(old, exists, v, errOperandType)
		default:
			return subtract(old, exists, v, errOperandType)
		}
	}
	head := a.path[0].Name
	old, exists := it[head]
	changed, keep, err := change(old, exists, a.path[1:], e)
	switch {
	case err != nil:
		return err
	case keep:
		it[head] = changed
	default:
		delete(it, head)
	}
	return nil
}

// change edits the place that path leads to within v, copying what lies on the way.
func change(v item.Value, exists bool, path Path, e edit) (item.Value, bool, error) {
	if len(path) == 0 {
		return e(v, exists)
	}
	step := path[0]
	switch {
	case !exists:
		return v, false, errUpdatePath
	case step.Index < 0 && v.Type == item.M:
		old, ok := v.Map[step.Name]
		changed, keep, err := change(old, ok, path[1:], e)
		if err != nil {
			return v, false, err
		}
		copied := make(item.Item, len(v.Map)+1)
		for name, value := range v.Map {
			copied[name] = value
		}
		if keep {
			copied[step.Name] = changed
		} else {
			delete(copied, step.Name)
		}
		return item.Value{Type: item.M, Map: copied}, true, nil
	case step.Index >= 0 && v.Type == item.L:
		return changeList(v, path, e)
	default:
		return v, false, errUpdatePath
	}
}

func changeList(v item.Value, path Path, e edit) (item.Value, bool, error) {
	i, inside := path[0].Index, path[0].Index < len(v.List)
	var old item.Value
	if inside {
		old = v.List[i]
	}
	changed, keep, err := change(old, inside, path[1:], e)
	if err != nil {
		return v, false, err
	}
	list := slices.Clone(v.List)
	switch {
	case keep && inside:
		list[i] = changed
	case keep:
		list = append(list, changed)
	case inside:
		list = slices.Delete(list, i, i+1)
	}
	return item.Value{Type: item.L, List: list}, true, nil
}

// add is ADD: a number to a number, a set to a set.
func add(old item.Value, exists bool, v item.Value, mismatch error) (item.Value, bool, error) {
	switch {
	case !exists:
		return v, true, nil
	case old.Type != v.Type:
		return v, false, mismatch
	case v.Type == item.N:
		n, err := sum(number.Add, old, v)
		return n, true, err
	case v.Type == item.L: // AttributeUpdates only
		return item.Value{Type: item.L, List: slices.Concat(old.List, v.List)}, true, nil
	}
	union := slices.Concat(old.Set, v.Set)
	slices.Sort(union)
	return item.Value{Type: v.Type, Set: slices.Compact(union)}, true, nil
}

// subtract is DELETE: the elements of a set. A set without elements is gone.
func subtract(old item.Value, exists bool, v item.Value, mismatch error) (item.Value, bool, error) {
	switch {
	case !exists:
		return v, false, nil
	case old.Type != v.Type:
		return v, false, mismatch
	}
	rest := []string{}
	for _, e := range old.Set {
		if !v.Contains(e) {
			rest = append(rest, e)
		}
	}
	return item.Value{Type: v.Type, Set: rest}, len(rest) > 0, nil
}
