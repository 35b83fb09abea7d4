package synth

import "github.com/writ-dev/writ/topology"

// skipRest lists the entities that have no synthesis yet.
func (b *builder) skipRest() {
	t := b.t
	const notYet = "not synthesised yet"
	for _, f := range t.Functions {
		if f.Runtime.Provider != "" {
			continue // it is left out as a whole
		}
		for _, o := range f.Others {
			b.skip("key", "function "+f.Name+" "+o.Key, o.Pos, notYet)
		}
	}
	for _, r := range t.Routes {
		for _, o := range r.Others {
			b.skip("key", "route "+routeText(r)+" "+o.Key, o.Pos, notYet)
		}
	}
	b.skipLocal()
	for _, s := range t.Others {
		b.skip("section", s.Key, s.Pos, notYet)
	}
	for _, n := range t.Nodes {
		b.skip("node", n.Name, n.Pos, "a namespace of its own has a stack of its own")
	}
	b.out.Skipped = sorted(b.out.Skipped, func(s Skipped) string { return s.Kind + "\x00" + s.Name })
}

// NotLocal is why Options.Local leaves something out.
const NotLocal = "it is deployed to AWS, and not run locally yet"

// notLocal are the kinds of things that the local cloud has no service for.
var notLocal = map[topology.Kind]bool{topology.KindStream: true, topology.KindKey: true}

// skipLocal lists what the local cloud has no service for.
func (b *builder) skipLocal() {
	if !b.o.Local {
		return
	}
	for _, c := range b.t.Channels {
		b.skip("channel", c.Name, c.Pos, NotLocal)
	}
	if b.t.Mutations != nil {
		b.skip("mutations", b.t.Name, b.t.Mutations.Pos, NotLocal)
	}
	if b.t.States != nil {
		b.skip("states", b.t.Name, b.t.States.Pos, NotLocal)
	}
	for _, x := range b.t.Streams {
		b.skip("stream", x.Name, x.Pos, NotLocal)
	}
	for _, x := range b.t.Keys {
		b.skip("key", x.Name, x.Pos, NotLocal)
	}
	for _, p := range b.t.Pages {
		b.skip("page", p.Name, p.Pos, NotLocal)
	}
	for _, p := range b.t.Pools {
		b.skip("pool", p.Name, p.Pos, NotLocal)
	}
}
