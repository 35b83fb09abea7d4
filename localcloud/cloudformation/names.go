package cloudformation

import (
	"maps"
	"slices"

	"github.com/writ-dev/writ/localcloud/cloudformation/resource"
)

// Operations lists the operations that there are, sorted.
func Operations() []string { return slices.Sorted(maps.Keys(operations)) }

// ResourceTypes lists the types of resources that stacks may hold, sorted.
func ResourceTypes() []string { return resource.Names() }
