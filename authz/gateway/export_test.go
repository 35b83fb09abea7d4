package gateway

// NewUnchecked makes an authorizer whose groups are taken as they are, to show what the rules of [Plan] are for.
func NewUnchecked(c Config, d Dependencies) (*Authorizer, error) {
	alone := c
	alone.Routes = nil
	a, err := New(alone, d)
	if err != nil {
		return nil, err
	}
	if a.table, err = compileRoutes(c.Routes); err != nil {
		return nil, err
	}
	a.groups = map[int]*group{}
	for _, r := range a.table.routes {
		if r.Group == 0 {
			continue
		}
		if a.groups[r.Group] == nil {
			a.groups[r.Group] = &group{number: r.Group}
		}
		a.groups[r.Group].add(r)
	}
	return a, nil
}
