package authz

// List asks for a part of a listing.
type List struct {
	Query
	// Type is the type of resources or subjects that are looked for.
	Type string
	// After is the last ID of the page before; empty for the first page.
	After string
	// Limit is the length of a page; 0 is 1,000.
	Limit int
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

// Resources gives the stored resources of a type that the subject may do the
// action on; Resource is ignored but for its properties. Complete: a bound that is hit is an error, never a cut.
func (s *Snapshot) Resources(l *List) (Page, error) { return Page{}, nil }

// Subjects gives the stored subjects of a type that may do the action on the resource; Subject's ID is ignored.
func (s *Snapshot) Subjects(l *List) (Page, error) { return Page{}, nil }

// Actions gives the names of all that the subject may do on the resource, sorted.
func (s *Snapshot) Actions(q *Query) ([]string, error) { return nil, nil }

// Tenants gives the keys of the stored tenants in which the query is allowed, paged.
func (s *Snapshot) Tenants(l *List) (Page, error) { return Page{}, nil }
