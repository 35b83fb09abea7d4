package directory

import (
	"maps"
	"slices"
)

// Operations lists the operations of IAM that there are, sorted.
func Operations() []string { return slices.Sorted(maps.Keys(operations)) }
