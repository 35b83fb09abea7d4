package synth

// skipRest lists the entities that have no synthesis yet.
func (b *builder) skipRest() {
	t := b.t
	const notYet = "not synthesised yet"
	for _, f := range t.Functions {
		for _, o := range f.Others {
			b.skip("key", "function "+f.Name+" "+o.Key, o.Pos, notYet)
		}
	}
	for _, r := range t.Routes {
		for _, o := range r.Others {
			b.skip("key", "route "+routeText(r)+" "+o.Key, o.Pos, notYet)
		}
	}
	for _, c := range t.Channels {
		b.skip("channel", c.Name, c.Pos, notYet)
	}
	if t.Mutations != nil {
		b.skip("mutations", t.Name, t.Mutations.Pos, notYet)
	}
	if t.States != nil {
		b.skip("states", t.Name, t.States.Pos, notYet)
	}
	for _, p := range t.Pages {
		b.skip("page", p.Name, p.Pos, notYet)
	}
	for _, i := range t.Imports {
		name := ""
		if i.Body != nil {
			name = i.Body.Key
		}
		b.skip("import", name, i.Pos, notYet)
	}
	for _, s := range t.Others {
		b.skip("section", s.Key, s.Pos, notYet)
	}
	for _, n := range t.Nodes {
		b.skip("node", n.Name, n.Pos, "a namespace of its own has a stack of its own")
	}
	b.out.Skipped = sorted(b.out.Skipped, func(s Skipped) string { return s.Kind + "\x00" + s.Name })
}
