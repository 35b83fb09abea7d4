package cfn

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
)

func itoa(n int) string { return strconv.Itoa(n) }

type subNameError string

func (e subNameError) Error() string {
	return fmt.Sprintf("Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons, got ${%s}", string(e))
}

func errSubName(name string) error { return subNameError(name) }

// Dependencies gives the logical ids that a resource needs before it: those it
// refers to and those in DependsOn, sorted, each once. Names that are no
// resource are left out. choose is as in [References].
func (t *Template) Dependencies(id string, choose func(condition string) (value, known bool)) []string {
	r, ok := t.Resource(id)
	if !ok {
		return nil
	}
	needs := map[string]bool{}
	for _, d := range r.DependsOn {
		needs[d] = true
	}
	properties, _ := r.Body.Get("Properties")
	for _, ref := range References(properties, nil, choose) {
		needs[ref.Name] = true
	}
	var list []string
	for name := range needs {
		if t.Resources().Object(name) != nil {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// Levels orders the resources that active accepts (nil: all) for creation:
// those of one level need only those of earlier levels. Inside a level they
// stand in document order. A cycle is an error that names its path.
func (t *Template) Levels(active func(id string) bool, choose func(condition string) (value, known bool)) ([][]string, error) {
	needs := map[string][]string{}
	var left []string
	for id := range t.Resources().All() {
		if active == nil || active(id) {
			left = append(left, id)
		}
	}
	for _, id := range left {
		needs[id] = slices.DeleteFunc(t.Dependencies(id, choose), func(d string) bool { return !slices.Contains(left, d) })
	}
	done := map[string]bool{}
	var levels [][]string
	for len(left) > 0 {
		var level, rest []string
		for _, id := range left {
			if slices.ContainsFunc(needs[id], func(d string) bool { return !done[d] }) {
				rest = append(rest, id)
			} else {
				level = append(level, id)
			}
		}
		if len(level) == 0 {
			return nil, t.cycleError(rest, needs)
		}
		for _, id := range level {
			done[id] = true
		}
		levels = append(levels, level)
		left = rest
	}
	return levels, nil
}

// Order gives all resources in an order of creation: that of [Template.Levels], flattened.
func (t *Template) Order() ([]string, error) {
	levels, err := t.Levels(nil, nil)
	return slices.Concat(levels...), err
}

// cycleError walks the dependencies of stuck resources until one comes again.
func (t *Template) cycleError(stuck []string, needs map[string][]string) *writ.Error {
	seen := map[string]int{}
	var path []string
	for at := stuck[0]; ; {
		if first, again := seen[at]; again {
			path = append(path[first:], at)
			break
		}
		seen[at] = len(path)
		path = append(path, at)
		next := slices.IndexFunc(needs[at], func(d string) bool { return slices.Contains(stuck, d) })
		at = needs[at][next]
	}
	members := slices.Clone(path[:len(path)-1])
	slices.Sort(members)
	return t.Errorf([]string{"Resources", path[0]}, "Circular dependency between resources: [%s]", strings.Join(members, ", ")).
		WithHint("the cycle is %s", strings.Join(path, " -> "))
}
