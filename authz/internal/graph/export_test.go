package graph

// LimitEntities lets a test reach the end of the numbers.
func LimitEntities(e *Edit, n uint32) { e.g.names.ids.max = n }
