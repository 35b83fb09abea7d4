package cloudformation

// Interrupt stops the operations under way where they are, as a crash would.
func (s *Service) Interrupt() { s.stop() }
