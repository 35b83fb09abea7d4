package poller

// Succeeded gives the ids of the messages that a partial answer says were done.
func Succeeded(ids []string, answer []byte) (done []string, ok bool) {
	var batch []message
	for _, id := range ids {
		batch = append(batch, message{MessageID: id})
	}
	list, ok := succeeded(batch, answer)
	for _, one := range list {
		done = append(done, one.MessageID)
	}
	return done, ok
}

// Split gives the sizes of the parts that bodies of some lengths are cut into.
func Split(lengths ...int) (parts []int) {
	var batch []message
	for _, n := range lengths {
		batch = append(batch, message{Body: string(make([]byte, n))})
	}
	for _, part := range split(batch) {
		parts = append(parts, len(part))
	}
	return parts
}
