package policy

// peer is an engine beside Writ. A field is nil where the engine cannot hold or
// answer that workload.
type peer struct {
	name string
	rbac func(w *rbac, attributes bool) (engine, error)
	tree func(w *tree) (engine, lister, error)
	// lists says that tree gives a lister too.
	lists bool
}

// attributesOf are the parameters of W3's condition, for engines that hold no attributes.
func attributesOf(w *rbac, q rbacQuery) map[string]any {
	p, t := &w.people[q.user], &w.things[q.kind][q.instance]
	var regions []any
	for _, r := range p.regions {
		regions = append(regions, r)
	}
	return map[string]any{
		"department": p.department, "clearance": int64(p.clearance), "regions": regions,
		"owner": t.department, "level": int64(t.level), "region": t.region,
	}
}
