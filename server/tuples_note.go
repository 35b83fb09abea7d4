package server

import (
	"fmt"
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// mostTenants is how many tenants are looked at for the one that was likely meant.
const mostTenants = 1000

// noteTenant tells of a role in a tenant that has no record and in which nobody had a role, where there are others.
func (p *tuplePlan) noteTenant(s *authz.Snapshot, object authz.Entity) {
	if object.Type != authz.TenantType || object.ID == s.Model().DefaultTenant || len(p.done.Notes) == mostNamed {
		return
	}
	known := false
	if _, known = s.Record(object); !known {
		s.Tuples(authz.TupleFilter{Object: object}, func(authz.Tuple) bool { known = true; return false })
	}
	if known {
		return
	}
	var tenants []string
	s.Records(authz.TenantType, "", func(r authz.Record) bool {
		if r.ID != s.Model().DefaultTenant {
			tenants = append(tenants, r.ID)
		}
		return len(tenants) < mostTenants
	})
	if len(tenants) == 0 {
		return
	}
	told := fmt.Sprintf("nothing was stored about the tenant %s before", clip(object.ID))
	if near := writ.Nearest(clip(object.ID), tenants); near != "" {
		told += fmt.Sprintf(": did you mean %s?", clip(near))
	}
	if !slices.Contains(p.done.Notes, told) {
		p.done.Notes = append(p.done.Notes, told)
	}
}
