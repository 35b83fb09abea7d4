package environment

// Queued is how many writers wait for their turn.
func Queued(e *Environment) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.queue)
}
