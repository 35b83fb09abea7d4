package topology

var importKeys = []string{"sandbox", "namespace", "entity", "access", "function", "functions", "bus", "hyphenated_names"}

// imports reads name: {sandbox, namespace, entity, access}, or a list of such
// maps, where each has its entity's name.
func (p *reader) imports(t *Topology, f fields) {
	e, ok := f.entry("imports")
	if !ok {
		return
	}
	switch e.value.kind {
	case mapNode:
		for _, ie := range e.value.entries {
			p.importOf(t, ie.key, ie)
		}
	case listNode:
		for _, item := range e.value.items {
			if item.null() {
				p.add(item.pos, "an empty import in the list")
				continue
			}
			p.importOf(t, "", entry{pos: item.pos, value: item})
		}
	default:
		p.wrongKind(e.value, "imports", "a map of names, or a list").
			WithHint("write each as  NAME: {sandbox: stable, entity: queue/orders, access: send}")
		p.fail(KindImport, "")
	}
}

// importOf reads one import; without a name it has its entity's.
func (p *reader) importOf(t *Topology, name string, e entry) {
	what := "import " + name
	if name == "" {
		what = "an import"
	}
	f, ok := p.object(e.value, what, importKeys)
	i := &Import{Name: name, Sandbox: p.text(f.value("sandbox"), "sandbox"), Namespace: p.text(f.value("namespace"), "namespace"), Pos: e.pos}
	i.Kind, i.Entity, i.FIFO = splitEntity(p.text(f.value("entity"), "entity"))
	if i.Name == "" {
		i.Name = i.Entity
	}
	misspelt := ok && !e.value.null() && len(f.entries) != len(e.value.entries)
	if ok && !misspelt && i.Entity == "" {
		p.add(e.pos, "%s does not say of what", what).WithHint("add  entity: KIND/NAME  with the name that it has there, as in  entity: queue/orders")
	}
	if !ok || misspelt || i.Entity == "" { // what else there is to say follows from that
		p.fail(KindImport, name)
		return
	}
	for _, verb := range p.values(f.value("access"), "access") {
		i.Access = append(i.Access, verb.text)
		p.mark(i.Pos, "access "+verb.text, verb.pos)
	}
	i.Functions = p.targets(f, KindFunction, "function", "functions")
	i.Bus = p.text(f.value("bus"), "bus")
	i.Hyphenated = p.boolean(f.value("hyphenated_names"), "hyphenated_names")
	p.markAll(i.Pos, f, "sandbox", "namespace", "entity", "bus", "hyphenated_names")
	t.Imports = append(t.Imports, i)
}

// grantImport reads a grant that says who uses an import.
func (p *reader) grantImport(target Target, f fields) []Grant {
	if e, ok := f.entry("access"); ok {
		p.add(e.pos, "the grant of import %s has an access of its own", target.Name).
			WithHint("write  {import: %s}  alone; what it allows is said under  imports:", target.Name)
		return nil
	}
	return []Grant{{Kind: KindImport, Name: target.Name, Pos: target.Pos}}
}
