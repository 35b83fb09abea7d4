package authz

import "strings"

// wording makes the texts of one answer. They lie in one piece of memory: a piece for each would
// take longer to get than the texts take to find.
type wording struct{ b strings.Builder }

// firstWords holds the texts of most answers, in bytes.
const firstWords = 384

// begin starts a text, which ends with w.end(begun). Texts do not overlap.
func (w *wording) begin() (begun int) {
	if w.b.Cap() == 0 {
		w.b.Grow(firstWords)
	}
	return w.b.Len()
}

func (w *wording) end(begun int) string { return w.b.String()[begun:] }

func (w *wording) add(parts ...string) {
	for _, p := range parts {
		w.b.WriteString(p)
	}
}

// join is one text of parts.
func (w *wording) join(parts ...string) string {
	begun := w.begin()
	w.add(parts...)
	return w.end(begun)
}

// tuple is a tuple as it is written.
func (w *wording) tuple(t *Tuple) string {
	begun := w.begin()
	w.add(t.Object.Type, ":", t.Object.ID, "#", t.Relation, "@", t.Subject.Type, ":", t.Subject.ID)
	if t.Subject.Relation != "" {
		w.add("#", t.Subject.Relation)
	}
	return w.end(begun)
}

// entity adds entityText.
func (w *wording) entity(e Entity) {
	switch {
	case e.ID == "", len(e.Type)+len(e.ID) >= maxShownBytes:
		w.add(entityText(e))
	default:
		w.add(e.Type, ":", e.ID)
	}
}

// holder adds the subject side of a tuple.
func (w *wording) holder(h Holder) {
	switch {
	case h.Relation != "":
		w.add("who is ", brief(h.Relation), " of ")
	case h.ID == Everyone:
		w.add("every ", brief(h.Type))
		return
	}
	w.entity(h.Entity)
}

// place adds placeText.
func (w *wording) place(object Entity, relation string) {
	if object.Type == TenantType {
		w.add(relation, " in tenant ", brief(object.ID))
		return
	}
	w.add(relation, " of ")
	w.entity(object)
}
