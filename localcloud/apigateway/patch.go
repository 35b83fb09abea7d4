package apigateway

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// patchOperation is one change of v1's PATCH calls, a dialect of JSON Patch
// whose values are always strings.
type patchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value"`
}

// patchKind is the type of a member that may be patched.
type patchKind int

const (
	patchText patchKind = iota
	patchFlag
	patchNumber
	patchMap  // "/variables/NAME"
	patchList // "/binaryMediaTypes/image~1png"
	// patchValues is a list whose path is its name alone: "/providerARNs".
	patchValues
)

// patch applies the call's operations to target. Only the members in kinds may change.
func (r *request) patch(target any, kinds map[string]patchKind) error {
	var body struct {
		PatchOperations []patchOperation `json:"patchOperations"`
	}
	if err := r.decode(&body); err != nil {
		return err
	}
	data, err := json.Marshal(target)
	if err != nil {
		return fmt.Errorf("encode for patching: %w", err)
	}
	members := map[string]any{}
	if err := json.Unmarshal(data, &members); err != nil {
		return fmt.Errorf("decode for patching: %w", err)
	}
	for _, op := range body.PatchOperations {
		if err := op.apply(members, kinds); err != nil {
			return err
		}
	}
	for name := range kinds {
		if _, ok := members[name]; !ok {
			members[name] = nil // so that a removed member does not stay
		}
	}
	if data, err = json.Marshal(members); err != nil {
		return fmt.Errorf("encode after patching: %w", err)
	}
	// encoding/json leaves what is null as it was, and adds to maps: start those members empty.
	if err := clearMembers(target, kinds); err != nil {
		return err
	}
	if err := json.Unmarshal(data, target); err != nil {
		return badRequest("Invalid patch value: %v", err)
	}
	return nil
}

// clearMembers sets the patchable members of target to their zero values.
func clearMembers(target any, kinds map[string]patchKind) error {
	empty := map[string]any{}
	for name, kind := range kinds {
		switch kind {
		case patchText:
			empty[name] = ""
		case patchFlag:
			empty[name] = false
		case patchNumber:
			empty[name] = 0
		case patchMap, patchList, patchValues:
			empty[name] = nil // null empties a map or a slice
		}
	}
	data, err := json.Marshal(empty)
	if err != nil {
		return fmt.Errorf("encode an empty patch: %w", err)
	}
	if err := json.Unmarshal(data, target); err != nil {
		return fmt.Errorf("clear for patching: %w", err)
	}
	return nil
}

func (op patchOperation) apply(members map[string]any, kinds map[string]patchKind) error {
	name, rest, nested := strings.Cut(strings.TrimPrefix(op.Path, "/"), "/")
	kind, ok := kinds[name]
	if !ok || !strings.HasPrefix(op.Path, "/") || nested != (kind == patchMap || kind == patchList) {
		return badRequest("Invalid patch path '%s' specified for op '%s'", op.Path, op.Op)
	}
	if op.Op != "add" && op.Op != "replace" && op.Op != "remove" {
		return badRequest("Invalid patch operation specified: '%s'", op.Op)
	}
	key := strings.NewReplacer("~1", "/", "~0", "~").Replace(rest)
	switch {
	case kind == patchMap:
		m, _ := members[name].(map[string]any)
		if m == nil {
			m = map[string]any{}
		}
		if m[key] = op.Value; op.Op == "remove" {
			delete(m, key)
		}
		members[name] = m
	case kind == patchList, kind == patchValues:
		if kind == patchValues {
			key = op.Value
		}
		list, _ := members[name].([]any)
		list = slices.DeleteFunc(list, func(v any) bool { return v == key })
		if op.Op != "remove" {
			list = append(list, key)
		}
		members[name] = list
	case op.Op == "remove", op.Value == "" && kind != patchText:
		delete(members, name)
	case kind == patchText:
		members[name] = op.Value
	case kind == patchFlag:
		flag, err := strconv.ParseBool(op.Value)
		if err != nil {
			return badRequest("Invalid value '%s' for %s", op.Value, op.Path)
		}
		members[name] = flag
	default:
		number, err := strconv.Atoi(op.Value)
		if err != nil {
			return badRequest("Invalid value '%s' for %s", op.Value, op.Path)
		}
		members[name] = number
	}
	return nil
}
