package authz

import (
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
	"github.com/writ-dev/writ/authz/internal/walk"
)

// List asks for a part of a listing.
type List struct {
	Query
	// Type is the type of resources or subjects that are looked for.
	Type string
	// After is the last ID of the page before; empty for the first page.
	After string
	// Limit is the length of a page; 0 is 1,000.
	Limit int
	// Stop is asked before each that is looked at, and ends the listing with a CodeCancelled
	// error: a page may look at a million, each as costly as a question. nil: never.
	Stop func() error
}

// Page is a part of a listing in order of IDs (by bytes). Next is what After must
// be for the next page; empty on the last.
type Page struct {
	IDs  []string
	Next string
	// Everyone: every subject of the type is allowed, those too that nothing is
	// stored about. IDs holds only those that are known.
	Everyone bool
}

// defaultLimit is the length of a page of which nothing is said.
const defaultLimit = 1_000

// Resources gives the stored resources of a type that the subject may do the
// action on; Resource is ignored but for its properties. What a tuple of the query
// names counts as stored. Complete: a bound that is hit is an error, never a cut.
func (s *Snapshot) Resources(l *List) (Page, error) {
	q := l.Query
	q.Resource.Type, q.Resource.ID = l.Type, ""
	a := s.ask(&q)
	defer a.done()
	if a.err != nil {
		return Page{}, a.err
	}
	goal := s.c.goal(&q)
	if goal == nil || a.SubjectType == 0 {
		return Page{}, nil
	}
	fixed := q.Tenant != "" || propertyTenant(&q) != ""
	found, ok := s.c.uses.Resources(a.start(), &goal.Relation, fixed)
	if !ok {
		return Page{}, tooManySteps()
	}
	return a.page(l, found, func(c walk.Candidate, name string) (bool, error) {
		if c.Sure() && (!fixed || a.home(c.ID())) {
			return true, nil
		}
		q.Resource.ID = name
		return s.Allowed(&q)
	})
}

// Subjects gives the stored subjects of a type that may do the action on the
// resource; Subject's ID is ignored. With SubjectRelation they are the entities whose userset may.
func (s *Snapshot) Subjects(l *List) (Page, error) {
	q := l.Query
	q.Subject.Type, q.Subject.ID = l.Type, ""
	a := s.ask(&q)
	defer a.done()
	if a.err != nil {
		return Page{}, a.err
	}
	of := s.c.types[l.Type]
	if of == nil || a.goal == nil {
		return Page{}, nil
	}
	var srel graph.Rel
	if q.SubjectRelation != "" {
		r := of.relations[q.SubjectRelation]
		if r == nil {
			return Page{}, nil
		}
		srel = r.Rel
	}
	found, ok := s.c.uses.Subjects(a.start(), &a.goal.Relation, of.number, srel)
	if !ok {
		return Page{}, tooManySteps()
	}
	p, err := a.page(l, found, func(c walk.Candidate, name string) (bool, error) {
		if c.Sure() {
			return true, nil
		}
		q.Subject.ID = name
		return s.Allowed(&q)
	})
	if err != nil || !found.All() {
		return p, err
	}
	q.Subject.ID = a.stranger(of)
	p.Everyone, err = s.Allowed(&q)
	return p, err
}

// Actions gives the names of all that the subject may do on the resource, sorted. On a type
// without actions these are its relations.
func (s *Snapshot) Actions(q *Query) ([]string, error) {
	of := s.c.types[q.Resource.Type]
	if of == nil {
		return nil, nil
	}
	names := of.source.Actions
	if len(names) == 0 && !of.source.ActionsOnly {
		names = of.source.Relations
	}
	var may []string
	each := *q
	for i := range names {
		each.Action.Name = names[i].Name
		ok, err := s.Allowed(&each)
		if err != nil {
			return nil, err
		}
		if ok {
			may = append(may, names[i].Name)
		}
	}
	slices.Sort(may)
	return may, nil
}

// Tenants gives the keys of the stored tenants in which the query is allowed, paged.
func (s *Snapshot) Tenants(l *List) (Page, error) {
	q := l.Query
	a := s.ask(&q)
	defer a.done()
	if a.err != nil {
		return Page{}, a.err
	}
	of := s.c.types[TenantType]
	if of == nil {
		return Page{}, nil
	}
	return a.page(l, walk.Known(a.start(), of.number), func(_ walk.Candidate, name string) (bool, error) {
		q.Tenant = name
		return s.Allowed(&q)
	})
}

// goal is what a question asks of a type.
func (c *compiled) goal(q *Query) *relation {
	of := c.types[q.Resource.Type]
	switch {
	case of == nil:
		return nil
	case q.Relation:
		return of.relations[q.Action.Name]
	}
	return of.goals.find(q.Action.Name)
}

// propertyTenant is the tenant that the resource of a request says to be in.
func propertyTenant(q *Query) string {
	tenant, _ := q.Resource.Properties["tenant"].(string)
	return tenant
}

// start is where the walks of a listing start.
func (a *question) start() walk.From {
	return walk.From{Asker: &a.Asker, Resource: a.resource, ForAll: a.forAll}
}

// forAll is the entity that stands for all of a type in tuples, 0 for none.
func (a *question) forAll(of graph.Type) graph.ID {
	if id := a.Facts.Lookup(of, Everyone); id != 0 {
		return id
	}
	kind := a.Facts.TypeName(of)
	for i, e := range a.strangers {
		if e.ID == Everyone && e.Type == kind {
			return engine.Stranger(i, of)
		}
	}
	return 0
}

func tooManySteps() error {
	return writ.Errorf(writ.CodeTooLarge, "the list needs more than %d steps", walk.MaxSteps)
}

// home reports whether the tenant of a request is also that of a resource, as far as it has one.
func (a *question) home(id graph.ID) bool {
	r := a.Record(id)
	return r == nil || r.Tenant == 0 || r.Tenant == a.Tenant
}

// stranger is an ID of a type that nothing has.
func (a *question) stranger(of *kind) string {
	id := "\x00"
	for a.Facts.Lookup(of.number, id) != 0 || slices.ContainsFunc(a.strangers, func(e Entity) bool { return e.ID == id }) {
		id += "\x00"
	}
	return id
}

// page takes the first candidates after l.After that pass. Only as many names are put
// in order as the page needs.
func (a *question) page(l *List, found *walk.Found, passes func(walk.Candidate, string) (bool, error)) (Page, error) {
	limit := l.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	if ask := passes; l.Stop != nil {
		passes = func(c walk.Candidate, name string) (bool, error) {
			if err := l.Stop(); err != nil {
				return false, writ.Errorf(writ.CodeCancelled, "the listing was ended: %w", err)
			}
			return ask(c, name)
		}
	}
	all := found.Candidates(limit)
	rest := make(names, 0, len(all))
	for _, c := range all {
		if name := a.name(c.ID()).ID; name > l.After {
			rest = append(rest, named{name, c})
		}
	}
	if len(rest) <= limit {
		return rest.whole(passes)
	}
	for i := len(rest)/2 - 1; i >= 0; i-- {
		rest.down(i)
	}
	p := Page{}
	for len(rest) > 0 {
		next := rest[0]
		last := len(rest) - 1
		rest[0], rest = rest[last], rest[:last]
		rest.down(0)
		ok, err := passes(next.Candidate, next.name)
		switch {
		case err != nil:
			return Page{}, err
		case !ok:
		case len(p.IDs) == limit:
			p.Next = p.IDs[limit-1]
			return p, nil
		default:
			p.IDs = append(p.IDs, next.name)
		}
	}
	return p, nil
}

type named struct {
	name string
	walk.Candidate
}

// names is a heap with the first name on top.
type names []named

// whole is the page that all of the names fit on.
func (n names) whole(passes func(walk.Candidate, string) (bool, error)) (Page, error) {
	p := Page{}
	if len(n) > 0 {
		p.IDs = make([]string, 0, len(n))
	}
	for _, x := range n {
		ok, err := passes(x.Candidate, x.name)
		if err != nil {
			return Page{}, err
		}
		if ok {
			p.IDs = append(p.IDs, x.name)
		}
	}
	slices.Sort(p.IDs)
	p.IDs = slices.Compact(p.IDs)
	return p, nil
}

// down puts the name at i into its place among those below it.
func (n names) down(i int) {
	for {
		least := i
		for _, k := range [2]int{2*i + 1, 2*i + 2} {
			if k < len(n) && n[k].name < n[least].name {
				least = k
			}
		}
		if least == i {
			return
		}
		n[i], n[least] = n[least], n[i]
		i = least
	}
}
