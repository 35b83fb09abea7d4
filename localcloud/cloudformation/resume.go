package cloudformation

import "context"

// Resume takes up the operations that a crash cut short, once: an interrupted
// create or update is rolled back, an interrupted rollback, clean-up or delete
// is finished. It returns at once and may be called as soon as Config.Do can
// make calls; the first request calls it in any case.
func (s *Service) Resume() {
	s.resume.Do(func() {
		stacks, err := s.allStacks()
		if err != nil {
			s.cfg.Log.Error("the stacks could not be read", "error", err.Error())
			return
		}
		for _, stack := range stacks {
			if !stack.inProgress() {
				continue
			}
			s.cfg.Log.Info("taking up a stack operation that was interrupted", "stack", stack.Name, "status", stack.Status)
			err := s.start(func(ctx context.Context) { s.carryOut(ctx, stack, (*execution).takeUp) })
			if err != nil {
				s.cfg.Log.Error("an interrupted stack operation could not be taken up", "stack", stack.Name, "error", err.Error())
			}
		}
	})
}

// takeUp brings an interrupted operation to its end.
func (e *execution) takeUp() error {
	const reason = "The operation was interrupted when the local cloud stopped. "
	switch e.stack.Status {
	case "CREATE_IN_PROGRESS":
		return e.afterFailure(false, reason)
	case "UPDATE_IN_PROGRESS":
		return e.afterFailure(true, reason)
	case "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
		return e.cleanUp()
	case "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS":
		return e.rollBackUpdate()
	case "ROLLBACK_IN_PROGRESS":
		return e.rollBackCreate()
	}
	return e.removeStack() // DELETE_IN_PROGRESS
}
