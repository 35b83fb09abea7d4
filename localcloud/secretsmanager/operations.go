package secretsmanager

import (
	"maps"
	"slices"
)

// Operations lists the operations that there are, sorted.
func Operations() []string { return slices.Sorted(maps.Keys((&Service{}).operations())) }
