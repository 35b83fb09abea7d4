package oracle

import (
	"time"

	"github.com/writ-dev/writ/authz"
	"pgregory.net/rapid"
)

// Worlds are small worlds in which everything may happen: rewrites nested in
// each other, cycles, exclusions on cycles, everyone, usersets, conditions that have no
// answer, expiry, tenants. What [authz.New] must refuse is left out.
func Worlds() *rapid.Generator[*World] {
	return rapid.Custom(func(t *rapid.T) *World {
		g := &generator{t: t, m: &authz.Model{}}
		g.conditions()
		g.types()
		w := &World{Model: g.m}
		w.Tuples = distinct(rapid.SliceOfN(rapid.Custom(g.tuple), 4, 24).Draw(t, "tuples"))
		w.Records = g.records()
		return w
	})
}

// Queries are queries about a world, half of them about what is in it.
func Queries(w *World) *rapid.Generator[*authz.Query] {
	return rapid.Custom(func(t *rapid.T) *authz.Query {
		g := &generator{t: t, m: w.Model}
		q := &authz.Query{}
		object := w.Model.Types[rapid.IntRange(1, len(w.Model.Types)-1).Draw(t, "resource")]
		q.Resource.Type, q.Resource.ID = object.Name, g.id()
		q.Action.Name = rapid.SampledFrom(names(&object)).Draw(t, "action")
		q.Subject.Type, q.Subject.ID = "user", g.id()
		if g.one(8) {
			q.Subject.ID = authz.Everyone
		}
		if g.one(4) {
			subject := rapid.SampledFrom(w.Model.Types).Draw(t, "subject")
			q.Subject.Type = subject.Name
			if len(subject.Relations) > 0 && g.one(2) {
				q.SubjectRelation = rapid.SampledFrom(subject.Relations).Draw(t, "userset").Name
			}
		}
		if len(w.Tuples) > 0 && g.one(2) {
			near := rapid.SampledFrom(w.Tuples).Draw(t, "near")
			q.Resource.Type, q.Resource.ID = near.Object.Type, near.Object.ID
			q.Action.Name = rapid.SampledFrom(names(w.kind(near.Object.Type))).Draw(t, "near action")
			q.Subject.Type, q.Subject.ID, q.SubjectRelation = near.Subject.Type, near.Subject.ID, near.Subject.Relation
		}
		q.Tenant = rapid.SampledFrom([]string{"", "", "", "", "t1", "t1", "t2", "t9"}).Draw(t, "tenant")
		q.Now = time.Unix(rapid.Int64Range(0, 2).Draw(t, "now")*100, 0).UTC()
		q.Context = g.attributes("context")
		q.Subject.Properties = g.attributes("subject properties")
		q.Resource.Properties = g.attributes("resource properties")
		q.Action.Properties = g.attributes("action properties")
		if g.one(4) {
			q.Extra = distinct(rapid.SliceOfN(rapid.Custom(g.tuple), 1, 2).Draw(t, "extra"))
		}
		return q
	})
}

func names(kind *authz.Type) []string {
	all := []string{"unheard"}
	for _, r := range kind.Relations {
		all = append(all, r.Name, r.Name)
	}
	for _, a := range kind.Actions {
		all = append(all, a.Name, a.Name, a.Name)
	}
	return all
}

type generator struct {
	t *rapid.T
	m *authz.Model
}

// one is true about once in n times.
func (g *generator) one(n int) bool { return rapid.Uint16().Draw(g.t, "one in")%uint16(n) == 0 }

func (g *generator) id() string {
	return rapid.SampledFrom([]string{"a", "b", "c:d"}).Draw(g.t, "id")
}

func (g *generator) attributes(label string) map[string]any {
	if g.one(4) {
		return nil
	}
	m := map[string]any{}
	for _, name := range []string{"level", "x", "y"} {
		if !g.one(4) {
			m[name] = float64(rapid.IntRange(0, 2).Draw(g.t, label))
		}
	}
	if label != "stored" && g.one(6) {
		m["level"] = nil
	}
	if !g.one(4) {
		m["dept"] = rapid.SampledFrom([]string{"hr", "it"}).Draw(g.t, label)
	}
	return m
}

func (g *generator) records() []authz.Record {
	var all []authz.Record
	seen := map[authz.Entity]bool{}
	for range rapid.IntRange(0, 8).Draw(g.t, "records") {
		kind := rapid.SampledFrom(g.m.Types).Draw(g.t, "kind")
		r := authz.Record{Entity: authz.Entity{Type: kind.Name, ID: g.idOf(kind.Name)}}
		r.Attributes = g.attributes("stored")
		if g.one(3) && kind.Name != authz.TenantType && kind.Name != "user" {
			r.Tenant = rapid.SampledFrom([]string{"t1", "t2"}).Draw(g.t, "of tenant")
		}
		if !seen[r.Entity] {
			seen[r.Entity] = true
			all = append(all, r)
		}
	}
	return all
}

func (g *generator) idOf(kind string) string {
	if kind == authz.TenantType {
		return rapid.SampledFrom([]string{"t1", "t2"}).Draw(g.t, "tenant")
	}
	return g.id()
}

// tuple is one that the model allows.
func (g *generator) tuple(t *rapid.T) authz.Tuple {
	g = &generator{t, g.m}
	type place struct {
		kind string
		of   authz.Relation
	}
	var places []place
	for _, kind := range g.m.Types {
		for _, r := range kind.Relations {
			if len(r.Subjects) > 0 {
				places = append(places, place{kind.Name, r})
			}
		}
	}
	p := rapid.SampledFrom(places).Draw(t, "place")
	s := rapid.SampledFrom(p.of.Subjects).Draw(t, "subject type")
	tuple := authz.Tuple{
		Object: authz.Entity{Type: p.kind, ID: g.idOf(p.kind)}, Relation: p.of.Name,
		Subject:   authz.Holder{Entity: authz.Entity{Type: s.Type, ID: g.idOf(s.Type)}, Relation: s.Relation},
		Condition: s.Condition,
	}
	if s.Everyone {
		tuple.Subject.ID = authz.Everyone
	}
	if s.Condition != "" {
		for _, name := range []string{"x", "y"} {
			if !g.one(4) {
				if tuple.Params == nil {
					tuple.Params = map[string]any{}
				}
				tuple.Params[name] = float64(rapid.IntRange(0, 2).Draw(t, "parameter"))
			}
		}
	}
	if g.one(8) {
		tuple.Expires = time.Unix(rapid.Int64Range(1, 2).Draw(t, "expires")*100, 0).UTC()
	}
	return tuple
}

func distinct(all []authz.Tuple) []authz.Tuple {
	seen := map[string]bool{}
	var kept []authz.Tuple
	for _, t := range all {
		if !seen[t.String()] {
			seen[t.String()] = true
			kept = append(kept, t)
		}
	}
	return kept
}
