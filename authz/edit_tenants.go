package authz

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// checkTenants refuses a tuple between things of two tenants. What has no record, or none with a tenant, as users, is of none;
// a tenant is its own.
func (e *Edit) checkTenants(t *Tuple) error {
	now := e.Snapshot()
	object, subject := now.TenantOf(t.Object), now.TenantOf(t.Subject.Entity)
	if object == "" || subject == "" || object == subject {
		return nil
	}
	return twoTenants(t.Object, object, t.Subject.Entity, subject)
}

// checkMove refuses a record whose tenant is not that of all things that tuples join it to. They are looked at only
// when the tenant is not what it was.
func (e *Edit) checkMove(r *Record) error {
	if r.Tenant == "" || r.Type == TenantType {
		return nil
	}
	now := e.Snapshot()
	g := now.facts
	id := g.Lookup(g.Type(r.Type), r.ID)
	if id == 0 || now.tenantKey(id) == r.Tenant {
		return nil
	}
	for _, edges := range []graph.Edges{g.Subjects(id, 0), g.ObjectsAny(id)} {
		for edge, ok := edges.Next(); ok; edge, ok = edges.Next() {
			// One that leads to the thing itself moves with it.
			if other := now.tenantKey(edge.Other); edge.Other != id && other != "" && other != r.Tenant {
				return twoTenants(r.Entity, r.Tenant, entityOf(g, edge.Other), other)
			}
		}
	}
	return nil
}

func twoTenants(a Entity, inA string, b Entity, inB string) error {
	return writ.Errorf(writ.CodeInvalid, "%s belongs to tenant %q and %s to tenant %q: no tuple may join them", a, inA, b, inB).
		WithHint("nothing crosses tenants: a grant holds between things of one tenant, and users, who are of none")
}
