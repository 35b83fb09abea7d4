package authz

// WithWork is s with another bound of the work of a question.
func WithWork(s *Snapshot, bound int) *Snapshot {
	other := *s
	other.maxWork = bound
	return &other
}
