package policy

import "slices"

// hand is the practical limit: slices and maps made for just this data, asked by
// name as every engine is.
type hand struct {
	users     map[string]int32
	kinds     map[string]int32
	actions   map[string]int32
	things    []map[string]int32
	rolesOf   [][]int32
	grants    [permissions][2]uint64 // bits of roles, by permission
	people    []person
	inventory [][]thing
}

func newHand(w *rbac) *hand {
	h := &hand{users: map[string]int32{}, kinds: map[string]int32{}, actions: map[string]int32{}}
	for u := range w.rolesOf {
		h.users[userName(u)] = int32(u)
		var own []int32
		for _, r := range w.rolesOf[u] {
			own = append(own, int32(r))
		}
		h.rolesOf = append(h.rolesOf, own)
	}
	for r := range w.grants {
		for p, has := range w.grants[r] {
			if has {
				h.grants[p][r>>6] |= 1 << (r & 63)
			}
		}
	}
	for a := range actions {
		h.actions[actionName(a)] = int32(a)
	}
	for t := range types {
		h.kinds[typeName(t)] = int32(t)
		m := map[string]int32{}
		for i := range instances {
			m[thingName(i)] = int32(i)
		}
		h.things = append(h.things, m)
		h.inventory = append(h.inventory, w.things[t][:])
	}
	h.people = w.people[:]
	return h
}

func (h *hand) role(user, kind, action string) bool {
	u, ok := h.users[user]
	if !ok {
		return false
	}
	k, ok := h.kinds[kind]
	if !ok {
		return false
	}
	a, ok := h.actions[action]
	if !ok {
		return false
	}
	bits := &h.grants[k*actions+a]
	for _, r := range h.rolesOf[u] {
		if bits[r>>6]&(1<<(r&63)) != 0 {
			return true
		}
	}
	return false
}

func (h *hand) attributes(user, kind, action, instance string) bool {
	if !h.role(user, kind, action) {
		return false
	}
	p, k := &h.people[h.users[user]], h.kinds[kind]
	i, ok := h.things[k][instance]
	if !ok {
		return false
	}
	t := &h.inventory[k][i]
	return p.department == t.department && p.clearance >= t.level && slices.Contains(p.regions, t.region)
}

// handTree is the limit of W2 and W4.
type handTree struct {
	users, documents map[string]int32
	w                *tree
	above            [][]int32 // groups of a user, those above them too, sorted
	foldersOf        [groupCount][]int32
	children         [folders][]int32
	documentsIn      [folders][]int32
	viewed           [][]int32 // documents by direct viewer
	names, userNames []string
	membersOf        [groupCount][]int32 // by group, without those of groups inside it
	groupsIn         [groupCount][]int32
}

func newHandTree(w *tree) *handTree {
	h := &handTree{users: map[string]int32{}, documents: map[string]int32{}, w: w, viewed: make([][]int32, users)}
	for u := range users {
		h.userNames = append(h.userNames, userName(u))
		h.users[h.userNames[u]] = int32(u)
		var all []int32
		for _, g := range w.groupsOf[u] {
			h.membersOf[g] = append(h.membersOf[g], int32(u))
			for ; g >= 0; g = w.groupParent[g] {
				all = append(all, int32(g))
			}
		}
		slices.Sort(all)
		h.above = append(h.above, slices.Compact(all))
	}
	for g, above := range w.groupParent {
		if above >= 0 {
			h.groupsIn[above] = append(h.groupsIn[above], int32(g))
		}
	}
	for d := range documents {
		h.names = append(h.names, documentName(d))
		h.documents[h.names[d]] = int32(d)
		h.documentsIn[w.folderOf[d]] = append(h.documentsIn[w.folderOf[d]], int32(d))
		h.viewed[w.viewerOf[d]] = append(h.viewed[w.viewerOf[d]], int32(d))
	}
	for f, p := range w.parent {
		if p >= 0 {
			h.children[p] = append(h.children[p], int32(f))
		}
		if g := w.groupOf[f]; g >= 0 {
			h.foldersOf[g] = append(h.foldersOf[g], int32(f))
		}
	}
	return h
}

func (h *handTree) views(user, document string) bool {
	u, ok := h.users[user]
	if !ok {
		return false
	}
	d, ok := h.documents[document]
	if !ok {
		return false
	}
	if h.w.viewerOf[d] == int(u) {
		return true
	}
	in := h.above[u]
	for f := h.w.folderOf[d]; f >= 0; f = h.w.parent[f] {
		if g := h.w.groupOf[f]; g >= 0 {
			if _, ok := slices.BinarySearch(in, int32(g)); ok {
				return true
			}
		}
	}
	return false
}

// list gives the names of all documents that a user views, sorted.
func (h *handTree) list(user string) []string {
	u := h.users[user]
	seen := make(map[int32]bool)
	var walk []int32
	for _, g := range h.above[u] {
		for _, f := range h.foldersOf[g] {
			if !seen[f] {
				seen[f] = true
				walk = append(walk, f)
			}
		}
	}
	var found []int32
	for len(walk) > 0 {
		f := walk[len(walk)-1]
		walk = walk[:len(walk)-1]
		found = append(found, h.documentsIn[f]...)
		for _, c := range h.children[f] {
			if !seen[c] {
				seen[c] = true
				walk = append(walk, c)
			}
		}
	}
	found = append(found, h.viewed[u]...)
	slices.Sort(found)
	found = slices.Compact(found)
	names := make([]string, len(found))
	for i, d := range found {
		names[i] = h.names[d]
	}
	slices.Sort(names)
	return names
}

// viewers gives the names of all users who view a document, sorted.
func (h *handTree) viewers(document string) []string {
	d := h.documents[document]
	var groups, found []int32
	for f := h.w.folderOf[d]; f >= 0; f = h.w.parent[f] {
		if g := h.w.groupOf[f]; g >= 0 && !slices.Contains(groups, int32(g)) {
			groups = append(groups, int32(g))
		}
	}
	for i := 0; i < len(groups); i++ {
		found = append(found, h.membersOf[groups[i]]...)
		for _, below := range h.groupsIn[groups[i]] {
			if !slices.Contains(groups, below) {
				groups = append(groups, below)
			}
		}
	}
	found = append(found, int32(h.w.viewerOf[d]))
	slices.Sort(found)
	found = slices.Compact(found)
	names := make([]string, len(found))
	for i, u := range found {
		names[i] = h.userNames[u]
	}
	slices.Sort(names)
	return names
}
