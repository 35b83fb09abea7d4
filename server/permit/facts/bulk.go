package facts

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server/permit/wire"
)

func bulkRoutes() []route {
	return []route{
		{"POST /bulk/users", bulkUsers((*draft).createUser)},
		{"PUT /bulk/users", bulkUsers(func(d *draft, b userBody) error { _, err := d.replaceUser(b); return err })},
		{"DELETE /bulk/users", bulkDelete(wire.UserType)},
		{"POST /bulk/tenants", bulkTenants},
		{"DELETE /bulk/tenants", bulkDelete(authz.TenantType)},
		{"PUT /bulk/resource_instances", bulkInstances},
		{"DELETE /bulk/resource_instances", bulkDelete("")},
	}
}

// bulk makes many steps in one write: all or none. An answer is an object, which some SDKs insist on.
func (c *call) bulk(kind string, body any, count func() (int, error), step func(*draft, int) error) error {
	if err := c.Decode(body); err != nil {
		return err
	}
	n, err := count()
	if err != nil {
		return err
	}
	err = c.write(kind, "", func(d *draft) error {
		for i := range n {
			if err := step(d, i); err != nil {
				return inItem(i, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Send(http.StatusOK, map[string]any{})
}

// atMost refuses what is too much for one request.
func atMost(n, limit, usual int, what string) error {
	if limit = cmp.Or(limit, usual); n > limit {
		return writ.Errorf(writ.CodeTooLarge, "%d %s are too many for one request; %d are allowed", n, what, limit)
	}
	return nil
}

// inItem says which item of a request an error is about.
func inItem(i int, err error) error {
	var e *writ.Error
	if !errors.As(err, &e) {
		return err
	}
	at := *e
	at.Message = fmt.Sprintf("item %d: %s", i, e.Message)
	return &at
}

func unlessMissing(err error) error {
	if writ.CodeOf(err) == writ.CodeNotFound {
		return nil
	}
	return err
}

func bulkUsers(step func(*draft, userBody) error) func(*call) error {
	return func(c *call) error {
		var b struct {
			Operations []userBody `json:"operations"`
		}
		return c.bulk("users.write", &b, func() (int, error) {
			return len(b.Operations), atMost(len(b.Operations), c.Limits.Records, 3000, "users")
		}, func(d *draft, i int) error { return step(d, b.Operations[i]) })
	}
}

func bulkTenants(c *call) error {
	var b struct {
		Operations []tenantBody `json:"operations"`
	}
	return c.bulk("tenants.create", &b, func() (int, error) {
		return len(b.Operations), atMost(len(b.Operations), c.Limits.Records, 3000, "tenants")
	}, func(d *draft, i int) error { return d.createTenant(b.Operations[i]) })
}

func bulkInstances(c *call) error {
	var b struct {
		Operations []instanceBody `json:"operations"`
	}
	return c.bulk("instances.write", &b, func() (int, error) {
		return len(b.Operations), atMost(len(b.Operations), c.Limits.Records, 3000, "resource instances")
	}, func(d *draft, i int) error {
		r, _, err := d.namedInstance(b.Operations[i])
		if err != nil {
			return err
		}
		return d.putInstance(r, b.Operations[i])
	})
}

// bulkDelete removes what is there of the keys or ids named; kind "" is resource instances.
func bulkDelete(kind string) func(*call) error {
	return func(c *call) error {
		var b struct {
			Idents []string `json:"idents"`
		}
		return c.bulk(cmp.Or(kind, "instances")+".delete", &b, func() (int, error) {
			return len(b.Idents), atMost(len(b.Idents), c.Limits.Records, 3000, "idents")
		}, func(d *draft, i int) error { return d.dropNamed(kind, b.Idents[i]) })
	}
}

func (d *draft) dropNamed(kind, text string) error {
	e := authz.Entity{Type: kind, ID: text}
	if kind == "" {
		var err error
		if e, err = d.instance(text); err != nil {
			return unlessMissing(err)
		}
	} else {
		e.ID = d.Entity(kind, text)
	}
	r, ok := d.Record(e.Type, e.ID)
	switch {
	case kind == authz.TenantType && e.ID == wire.DefaultTenant:
		return writ.Errorf(writ.CodeConflict, "the tenant %q is always there", e.ID)
	case !ok:
		return nil
	case kind == authz.TenantType:
		d.dropTenant(r)
	default:
		d.Drop(r)
	}
	return nil
}
