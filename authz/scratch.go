package authz

// scratch is what the reasons of an answer are put together in. It goes back with its question, so
// nothing of it is given out: reasons are made of texts alone.
type scratch struct {
	rooms  []*room
	used   int
	failed map[step]int
	proved map[step]*Node
	denial denial
	links  [2]link // of [explanation.mine]
}

// room is a node with what belongs to most of them.
type room struct {
	Node
	tuple Tuple
	parts [1]*Node
}

// maxRooms is how many nodes are kept for the next question.
const maxRooms = 128

// room gives an empty one: of the scratch where only reasons are asked for.
func (x *explanation) room() *room {
	x.nodes++
	if !x.terse {
		return &room{}
	}
	s := &x.a.scratch
	if s.used == len(s.rooms) {
		s.rooms = append(s.rooms, new(room))
	}
	r := s.rooms[s.used]
	s.used++
	r.Parts = r.parts[:0]
	return r
}

// reset forgets all of an answer: the next one must not hold on to its facts.
func (s *scratch) reset() {
	for _, r := range s.rooms[:s.used] {
		*r = room{}
	}
	if s.used > maxRooms || len(s.proved) > maxRooms || len(s.failed) > maxRooms {
		*s = scratch{}
		return
	}
	clear(s.failed)
	clear(s.proved)
	s.denial.reset()
	s.used, s.links = 0, [2]link{}
}
