package topology

import (
	"regexp"
	"slices"
	"strings"
)

// sandboxVariables are the template variables whose values are known before a
// deploy: names are made of them.
var sandboxVariables = []string{"sandbox", "namespace", "env", "profile"}

// sandboxPattern is a sandbox's name, as the command line takes it.
var sandboxPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

// eventPattern is an event's name, a detail-type: IAM reads ${...} in it, and Writ {{...}}.
var eventPattern = regexp.MustCompile(`^[^${}\pC]{1,128}$`)

func entityPattern(kind Kind) *regexp.Regexp {
	if kind == KindEvent {
		return eventPattern
	}
	return storeNamePattern
}

// imported checks one import by itself, and against the topology where it is
// of another sandbox of its own.
func (c *checker) imported(i *Import) {
	c.named(KindImport, i.Name, i.Pos)
	c.importPlace(i)
	if !c.importEntity(i) {
		return
	}
	c.importAccess(i)
	c.importUsers(i)
	if i.Namespace == c.t.Name {
		c.against(i, c.t)
	}
}

// importPlace checks where an import leads.
func (c *checker) importPlace(i *Import) {
	at := c.spot(i.Pos, "sandbox")
	if i.Sandbox == "" && i.Namespace == c.t.Name {
		e := c.add(at, "import %s is of this namespace in this sandbox", i.Name)
		e.Hint = "name another with  sandbox:  or  namespace:"
		if len(i.Access) > 0 && importAttributes[i.Kind] != nil {
			e.Hint = "for what is here write a grant:  - {" + string(i.Kind) + ": " + i.Entity + ", access: " + i.Access[0] + "}"
		}
		return
	}
	if !namePattern.MatchString(i.Namespace) {
		c.add(c.spot(i.Pos, "namespace"), "%s cannot be a topology's name", quoted(i.Namespace)).
			WithHint("write the  name:  of the other topology")
	}
	for _, m := range templatePattern.FindAllStringSubmatch(i.Sandbox, -1) {
		if name := strings.TrimSpace(m[1]); !contains(sandboxVariables, name) {
			c.add(at, "the sandbox of import %s cannot hold {{%s}}", i.Name, name).
				WithHint("it takes {{%s}}", strings.Join(sandboxVariables[:3], "}}, {{"))
			return
		}
	}
	if text := templatePattern.ReplaceAllString(i.Sandbox, "x"); text != "" && !sandboxPattern.MatchString(text) {
		c.add(at, "%s cannot be the name of a sandbox", quoted(i.Sandbox)).WithHint("it takes letters, digits, - and _")
	}
}

// importEntity checks what is imported; false where nothing more can be said of it.
func (c *checker) importEntity(i *Import) bool {
	at := c.spot(i.Pos, "entity")
	known := importAttributes[i.Kind] != nil
	switch {
	case i.Kind == "":
		c.add(at, "import %s does not say what kind %s is", i.Name, quoted(i.Entity)).WithHint("as in  entity: queue/%s", i.Entity)
	case i.Entity == "":
		c.add(at, "import %s does not say which %s", i.Name, i.Kind).WithHint("as in  entity: %s/NAME", i.Kind)
	case i.Kind == KindKey:
		c.add(at, "the ARN of another's key cannot be known: KMS makes its id").
			WithHint("write  keys: {%s: {external: ARN}}  with the key's ARN, and grant on that", i.Entity)
	case i.Kind == KindMutation || i.Kind == KindChannel:
		c.add(at, "the ARN of another's %s cannot be known: AppSync makes the id of its API", i.Kind).
			WithHint("import a function or an event of %s that does it", i.Namespace)
	case contains(allKinds, string(i.Kind)) && !known:
		c.add(at, "there is no access to a %s", i.Kind).WithHint("what can be imported is %s", strings.Join(sortedKeys(importKinds), ", "))
	case !known:
		c.suggest(c.add(at, "unknown kind %s of import %s", quoted(string(i.Kind)), i.Name), string(i.Kind), sortedKeys(importKinds), "what can be imported is ")
	case !entityPattern(i.Kind).MatchString(i.Entity):
		c.add(at, "%s cannot be a %s's name", quoted(i.Entity), i.Kind).
			WithHint("write the name that %s has for it, without variables", i.Namespace)
	default:
		switch bus := c.spot(i.Pos, "bus"); {
		case i.Bus != "" && i.Kind != KindEvent:
			c.add(bus, "import %s has a bus and is no event", i.Name).WithHint("take it out; a bus itself is  entity: bus/%s", i.Bus)
		case i.Bus != "":
			c.named(KindBus, i.Bus, bus)
		}
		return true
	}
	return false
}

// allKinds are the topology's words for kinds that cannot be imported.
var allKinds = []string{string(KindPage), string(KindRoute), string(KindSchedule), string(KindPool)}

// importAccess checks the verbs of an import and puts them into CDK's words.
func (c *checker) importAccess(i *Import) {
	if len(i.Access) == 0 {
		c.add(i.Pos, "import %s does not say which access", i.Name).WithHint("add  access: %s", strings.Join(Verbs(i.Kind, StoreTable), " | "))
	}
	for n, access := range i.Access {
		if verb, ok := c.verb(i.Kind, StoreTable, i.Entity, access, c.spot(i.Pos, "access "+access)); ok {
			i.Access[n] = verb
		}
	}
	slices.Sort(i.Access)
	i.Access = slices.Compact(i.Access)
}

// importUsers checks that an import is for functions that are here.
func (c *checker) importUsers(i *Import) {
	for _, to := range i.Functions {
		if !c.known[to.bare()] && !c.broken(KindFunction, to.Name) {
			c.missing(to.Pos, KindFunction, to.Name, c.names[KindFunction], c.whereToAdd(KindFunction))
		}
	}
	if len(c.t.Users(i)) > 0 || c.anyBroken(KindFunction) {
		return
	}
	e := c.add(i.Pos, "import %s is used by no function", i.Name)
	e.Hint = "this topology has no function"
	if len(c.t.Functions) > 0 {
		e.Hint = "write  - {import: " + i.Name + "}  under the grants of a function, or here  functions: [" + c.t.Functions[0].Name + "]"
	}
}

func (t Target) bare() Target { return Target{Kind: t.Kind, Name: t.Name} }

// anyBroken reports whether anything of a kind is written but wrong.
func (p *problems) anyBroken(kind Kind) bool {
	for t := range p.failed {
		if t.Kind == kind {
			return true
		}
	}
	return false
}

// against checks an import with what its namespace is here. What is written has
// to be true: the same topology gives the same template with the other and without.
func (p *problems) against(i *Import, there *Topology) {
	at, own := p.spot(i.Pos, "entity"), slices.Contains(there.Imports, i)
	if i.Hyphenated != there.Hyphenated {
		e := p.add(p.spot(i.Pos, "hyphenated_names"), "import %s and the names of %s do not agree", i.Name, there.Name)
		if e.Hint = "add  hyphenated_names: true  as it has"; i.Hyphenated {
			e.Hint = "take  hyphenated_names  out: it has not"
		}
	}
	found, have := declared(there, i)
	switch {
	case found == nil && own: // the other sandbox may hold another version
	case found == nil:
		if i.Kind == KindState {
			p.add(at, "%s has no state machine", there.Name)
			return
		}
		p.suggest(p.add(at, "%s has no %s %s", there.Name, i.Kind, quoted(i.Entity)), i.Entity, have, "it has ")
	case found.wrong != "":
		p.add(at, "%s", found.wrong).Hint = found.hint
	case i.Bus != found.bus:
		e := p.add(p.spot(i.Pos, "bus"), "event %s of %s is on another bus", i.Entity, there.Name)
		if e.Hint = "add  bus: " + found.bus; found.bus == "" {
			e.Hint = "take  bus  out: it is on the account's default bus"
		}
	}
}

// counterpart is what the other namespace says of an import's entity.
type counterpart struct {
	wrong, hint string // why it cannot be imported so
	bus         string // of an event
}

// declared finds the entity of an import; nil when it is not there, with the
// names of what is.
func declared(there *Topology, i *Import) (found *counterpart, have []string) {
	note := func(name, external string) bool {
		have = append(have, name)
		if name != i.Entity {
			return false
		}
		found = &counterpart{}
		if external != "" {
			found.wrong = string(i.Kind) + " " + name + " is another's for " + there.Name + " too"
			found.hint = "declare it here:  " + name + ": {external: " + external + "}"
		}
		return true
	}
	switch i.Kind {
	case KindFunction:
		for _, f := range there.Functions {
			note(f.Name, "")
		}
	case KindStore, KindBucket:
		for _, s := range there.Stores {
			if note(s.Name, "") {
				found.wrong, found.hint = wrongStore(i, s)
			}
		}
	case KindQueue:
		for _, q := range there.Queues {
			if note(q.Name, q.External) && q.External == "" && q.FIFO != i.FIFO {
				found.wrong, found.hint = "queue "+q.Name+" of "+there.Name+" is no FIFO queue", "write  entity: queue/"+q.Name
				if q.FIFO {
					found.wrong, found.hint = "queue "+q.Name+" of "+there.Name+" is a FIFO queue", "write  entity: queue/"+q.Name+".fifo"
				}
			}
		}
	case KindTopic:
		for _, x := range there.Topics {
			note(x.Name, x.External)
		}
	case KindStream:
		for _, x := range there.Streams {
			note(x.Name, x.External)
		}
	case KindBus:
		for _, x := range there.Buses {
			note(x.Name, x.External)
		}
	case KindSecret:
		for _, x := range there.Secrets {
			note(x.Name, x.External)
		}
	case KindParameter:
		for _, x := range there.Parameters {
			note(x.Name, x.External)
		}
	case KindState: // a namespace has one, whatever it is called
		if there.States != nil {
			note(i.Entity, "")
		}
	case KindEvent:
		for _, e := range there.Events {
			if note(e.Name, "") {
				found.bus = e.Bus
				found.wrong, found.hint = wrongEvent(there, e)
			}
		}
	}
	return found, have
}

func wrongStore(i *Import, s *Store) (wrong, hint string) {
	kind := KindStore
	if s.Kind == StoreBucket {
		kind = KindBucket
	}
	switch {
	case kind != i.Kind:
		return "store " + s.Name + " of " + i.Namespace + " is a " + string(s.Kind), "write  entity: " + string(s.Kind) + "/" + s.Name
	case contains(i.Access, "streamRead") && s.Table != nil && s.Table.Stream == "":
		return "table " + s.Name + " of " + i.Namespace + " has no stream to read", "give it one there, such as  stream: NEW_AND_OLD_IMAGES"
	}
	return "", ""
}

// wrongEvent: an import knows of an event its name and its bus alone.
func wrongEvent(there *Topology, e *Event) (wrong, hint string) {
	if e.Pattern != "" {
		return "event " + e.Name + " of " + there.Name + " has a pattern of its own", "import its bus, or an event that is known by its name"
	}
	for _, bus := range there.Buses {
		if bus.Name == e.Bus && bus.External != "" {
			return "bus " + bus.Name + " of event " + e.Name + " is another's for " + there.Name + " too",
				"declare the bus here:  " + bus.Name + ": {external: " + bus.External + "}"
		}
	}
	return "", ""
}

// namespaces is a tree of topologies as it was loaded.
type namespaces []namespace

type namespace struct {
	*Topology
	problems *problems
}

// checkImports checks the imports of every topology of the tree with those of
// its namespaces that are in it.
func (all namespaces) checkImports() {
	byName := map[string]*Topology{}
	for _, n := range all {
		byName[n.Name] = n.Topology
	}
	for _, n := range all {
		for _, i := range n.Imports {
			if there := byName[i.Namespace]; there != nil && there != n.Topology && importAttributes[i.Kind] != nil {
				n.problems.against(i, there)
			}
		}
	}
}

// errs gives what is wrong with any but the first.
func (all namespaces) errs(first *problems) []error {
	var errs []error
	for _, n := range all {
		if n.problems != first {
			errs = append(errs, n.problems.err())
		}
	}
	return errs
}
