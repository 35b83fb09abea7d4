package identity

// Remembered is how many tokens are remembered.
func (v *Verifier) Remembered() int {
	v.memory.mu.Lock()
	defer v.memory.mu.Unlock()
	if len(v.memory.at) != v.memory.last.Len() {
		return -1
	}
	return v.memory.last.Len()
}
