package server

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

// MostTuples is how many tuples one request may write or list.
const MostTuples = 1000

// Tuple is a tuple on the wire: Subject has Relation on Object.
type Tuple struct {
	// Object is written type:id.
	Object   string `json:"object"`
	Relation string `json:"relation"`
	// Subject is written type:id, type:* or type:id#relation.
	Subject string `json:"subject"`
	// Condition names a condition of the model, with values that are fixed here.
	Condition string         `json:"condition,omitempty"`
	Params    map[string]any `json:"params,omitempty"`
	// Expires is the first moment at which the tuple counts no more; zero: never.
	Expires time.Time `json:"expires,omitzero"`
	// Created is the server's own; what a caller says of it is not read.
	Created time.Time `json:"created,omitzero"`
}

// TupleOf is a stored tuple for the wire.
func TupleOf(t authz.Tuple) Tuple {
	return Tuple{
		Object: t.Object.String(), Relation: t.Relation, Subject: t.Subject.String(),
		Condition: t.Condition, Params: t.Params, Expires: t.Expires, Created: t.Created,
	}
}

// Stored reads a tuple of the wire. Whether the model takes it is not asked here.
func (t Tuple) Stored() (authz.Tuple, error) {
	s := authz.Tuple{Relation: t.Relation, Condition: t.Condition, Params: t.Params, Expires: t.Expires}
	var err error
	if s.Object, err = authz.ParseEntity(t.Object); err != nil {
		return s, err
	}
	s.Subject, err = authz.ParseHolder(t.Subject)
	return s, err
}

// TupleWrite is the body of a POST to [PathTuples]: all of it is written, or nothing. What is removed
// goes first; of a tuple to remove only its three names count.
type TupleWrite struct {
	Add    []Tuple `json:"add,omitempty"`
	Remove []Tuple `json:"remove,omitempty"`
}

// givenTuple tells an end that is given from none.
type givenTuple struct {
	Tuple
	Expires *time.Time `json:"expires"`
}

type givenTuples struct {
	Add    []givenTuple `json:"add"`
	Remove []givenTuple `json:"remove"`
}

// TuplesWritten is the answer to it. Replaced had another condition or end, Unchanged were stored as they are.
type TuplesWritten struct {
	Revision  string `json:"revision"`
	Added     int    `json:"added"`
	Replaced  int    `json:"replaced"`
	Unchanged int    `json:"unchanged"`
	Removed   int    `json:"removed"`
	// Notes tell of what was written as asked and may be a slip, such as a role in a tenant of which nothing was known.
	Notes []string `json:"notes,omitempty"`
}

// TuplePage is the answer to a GET of [PathTuples]. Next is the `after` of the next page, empty on the last.
type TuplePage struct {
	Revision string  `json:"revision"`
	Tuples   []Tuple `json:"tuples"`
	Next     string  `json:"next,omitempty"`
}

func writeTuples(w http.ResponseWriter, r *http.Request) error {
	var asked givenTuples
	if err := DecodeStrict(r, &asked); err != nil {
		return err
	}
	p, err := readTuplePlan(&asked)
	if err != nil {
		return err
	}
	caller := CallerOf(r.Context())
	state, err := caller.Write(r.Context(), "tuples.write", p.about(), p.plan)
	if err != nil {
		return err
	}
	p.done.Revision = strconv.FormatUint(state.Head.Seq, 10)
	w.Header().Set(RevisionHeader, p.done.Revision)
	WriteJSON(w, http.StatusOK, p.done)
	return nil
}

// tuplePlan is a write of tuples.
type tuplePlan struct {
	add, remove []authz.Tuple
	done        TuplesWritten
}

func readTuplePlan(asked *givenTuples) (*tuplePlan, error) {
	n := len(asked.Add) + len(asked.Remove)
	switch {
	case n == 0:
		return nil, writ.Errorf(writ.CodeInvalid, "nothing to write").WithHint(`send {"add": [...]} or {"remove": [...]}`)
	case n > MostTuples:
		return nil, writ.Errorf(writ.CodeTooLarge, "%d tuples are too many for one request; %d are allowed", n, MostTuples)
	}
	p := &tuplePlan{}
	var err error
	if p.add, err = readTuples("add", asked.Add); err == nil {
		p.remove, err = readTuples("remove", asked.Remove)
	}
	return p, err
}

func readTuples(what string, list []givenTuple) ([]authz.Tuple, error) {
	read := make([]authz.Tuple, len(list))
	for i := range list {
		var err error
		if read[i], err = list[i].Stored(); err == nil {
			read[i].Expires, err = authz.ReadExpiry(list[i].Expires)
		}
		if err != nil {
			return nil, ofItem(fmt.Sprintf("%s[%d]", what, i), err)
		}
	}
	return read, nil
}

// ofItem says which of several an error is about.
func ofItem(name string, err error) error {
	wrapped := writ.Errorf(writ.CodeOf(err), "%s: %w", name, err)
	wrapped.Hint = hintOf(err)
	return wrapped
}

// about names what the write is about in the history.
func (p *tuplePlan) about() string {
	if len(p.add)+len(p.remove) > 1 {
		return "tuples"
	}
	return slices.Concat(p.add, p.remove)[0].Object.String()
}

// plan gives the changes, having tried them out on the state: so the error says which tuple is wrong.
func (p *tuplePlan) plan(s *environment.State) ([]authz.Change, error) {
	p.done = TuplesWritten{}
	var changes []authz.Change
	var missing []string
	edit := s.Snapshot.Edit()
	for _, t := range p.remove {
		stored, ok := edit.Snapshot().Tuple(t.Object, t.Relation, t.Subject)
		if !ok {
			missing = append(missing, clip(t.String()))
			continue
		}
		c := authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &stored}}
		changes = append(changes, c)
		if err := edit.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &stored}}); err != nil {
			return nil, err
		}
		p.done.Removed++
	}
	if len(missing) > 0 {
		return nil, notStored(missing)
	}
	for _, t := range p.add {
		c := authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}}
		tried := authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}}
		if err := edit.Apply(&tried); err != nil {
			return nil, refusedTuple(s.Snapshot, t, err)
		}
		switch before := tried.Tuple.Before; {
		case before == nil:
			p.done.Added++
			p.noteTenant(s.Snapshot, t.Object)
		case sameTuple(*before, t):
			p.done.Unchanged++
			continue
		default:
			p.done.Replaced++
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// mostNamed is how many tuples an error names.
const mostNamed = 10

func notStored(missing []string) error {
	left := ""
	if n := len(missing) - mostNamed; n > 0 {
		missing, left = missing[:mostNamed], fmt.Sprintf(" and %d more", n)
	}
	is := "is"
	if len(missing) > 1 || left != "" {
		is = "are"
	}
	return writ.Errorf(writ.CodeNotFound, "%s%s %s not stored: nothing was written", strings.Join(missing, ", "), left, is)
}

// refusedTuple names the tuple that the model does not take; one that was written the wrong way
// round is told so, when the model would take it the other way.
func refusedTuple(s *authz.Snapshot, t authz.Tuple, err error) error {
	refused := ofItem(clip(t.String()), err).(*writ.Error)
	if turned, ok := s.Turned(t); ok {
		refused.Hint = "it is the wrong way round: write " + clip(turned.String())
	}
	return refused
}

// sameTuple reports whether a tuple is stored as it is asked for.
func sameTuple(stored, asked authz.Tuple) bool {
	return stored.Condition == asked.Condition && stored.Expires.Equal(asked.Expires.Truncate(time.Microsecond)) &&
		(len(stored.Params)+len(asked.Params) == 0 || reflect.DeepEqual(stored.Params, asked.Params))
}

// tupleQuery are the names that a list of tuples may be asked with.
var tupleQuery = []string{"object", "relation", "subject", "after", "limit"}

func listTuples(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	for name, values := range query {
		if !slices.Contains(tupleQuery, name) || len(values) > 1 {
			return writ.Errorf(writ.CodeInvalid, "the parameter %q is not known, or is there twice", clip(name)).
				WithHint("a list of tuples takes %s", strings.Join(tupleQuery, ", "))
		}
	}
	view, err := CallerOf(r.Context()).View(w, r)
	if err != nil {
		return err
	}
	filter, err := tupleFilter(view.Snapshot.Model(), query)
	if err != nil {
		return err
	}
	limit := MostTuples
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > MostTuples {
			return writ.Errorf(writ.CodeInvalid, "limit: %q is no number from 1 to %d", clip(text), MostTuples)
		}
	}
	found, err := view.Snapshot.TuplePage(&authz.TupleList{
		TupleFilter: filter, After: query.Get("after"), Limit: limit, Stop: r.Context().Err,
	})
	if err != nil {
		return err
	}
	page := TuplePage{Revision: w.Header().Get(RevisionHeader), Tuples: make([]Tuple, len(found.Tuples)), Next: found.Next}
	for i, t := range found.Tuples {
		page.Tuples[i] = TupleOf(t)
	}
	WriteJSON(w, http.StatusOK, page)
	return nil
}

// tupleFilter reads what is listed. A type or a relation that the model does not have is an error: the list
// would be empty for ever.
func tupleFilter(m *authz.Model, query url.Values) (f authz.TupleFilter, err error) {
	if text := query.Get("object"); text != "" {
		if f.Object, err = authz.ParseEntity(text); err != nil {
			return f, ofItem("object", err)
		}
	}
	if text := query.Get("subject"); text != "" {
		if f.Subject, err = authz.ParseHolder(text); err != nil {
			return f, ofItem("subject", err)
		}
	}
	f.Relation = query.Get("relation")
	names := NamesOf(m)
	if f.Object.Type != "" {
		if err := names.Known(f.Object.Type, f.Relation); err != nil {
			return f, err
		}
	}
	if f.Subject.Type != "" {
		return f, names.Known(f.Subject.Type, f.Subject.Relation)
	}
	return f, nil
}
