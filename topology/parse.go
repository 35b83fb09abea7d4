package topology

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/asl"
)

// topologyKeys are Writ's and tc's top-level keys.
var topologyKeys = []string{
	"name", "description", "infra", "hyphenated_names", "functions", "stores", "tables", "buckets", "routes", "queues", "events",
	"channels", "mutations", "states", "flow", "mode", "pages", "schedules", "tests", "imports", "policy", "datasets", "access",
	"topics", "streams", "buses", "secrets", "parameters", "keys", "roles", "authorizers",
	"nodes", "recursive", "root", "logging", "tracing", "triggers", "pools", "kind", "version", "config", "auto", "dir",
}

// Parse reads the text of one topology.yml. file is how the user names it;
// relative paths start from dir, and functions are inferred from the folders
// there. With dir "" no other file is looked at, so code folders are neither
// checked nor completed. All problems come together, as a join of *writ.Error.
//
// Sub-folders with topologies of their own are read by [Load], not here.
func Parse(src []byte, file, dir string) (*Topology, error) {
	p := newReader(file, dir)
	t := p.parse(src)
	if t == nil {
		return nil, p.err()
	}
	p.finish(t)
	if err := p.err(); err != nil {
		return nil, err
	}
	return t, nil
}

// reader turns the nodes of one topology into entities.
type reader struct {
	*problems
	file, dir string
	// noCode are the functions whose code is elsewhere: an image, a remote uri.
	noCode map[*Function]bool
	// nodes is the nodes: section, for Load.
	nodes *node
	// declares says that the topology names functions of its own.
	declares bool
	// recursive is the recursive: key, nil when it is not written.
	recursive *bool
	// definition is the ASL that is written inline, aslRoot the whole that was read.
	definition *node
	aslRoot    *asl.Value
}

func newReader(file, dir string) *reader {
	return &reader{problems: newProblems(), file: file, dir: dir, noCode: map[*Function]bool{}}
}

func (p *reader) parse(src []byte) *Topology {
	path := ""
	if p.dir != "" {
		path = filepath.Join(p.dir, filepath.Base(p.file))
	}
	root := p.readYAML(src, p.file, path)
	if root == nil {
		return nil
	}
	if root.null() {
		p.add(root.pos, "the topology is empty").WithHint("a topology has at least a name, as in  name: hitcounter")
		return nil
	}
	return p.topology(root)
}

// finish completes and checks what was read.
func (p *reader) finish(t *Topology) {
	p.readStates(t)
	p.ownNames(t)
	if p.dir != "" {
		p.inferFunctions(t)
		p.applyInfra(t)
		p.complete(t)
	}
	addAuthorizerFunctions(t)
	normalise(t)
	p.check(t)
	p.checkStates(t)
}

func (p *reader) topology(root *node) *Topology {
	f, ok := p.object(root, "the topology", topologyKeys)
	if !ok {
		return nil
	}
	t := &Topology{File: p.file, Dir: p.dir, Pos: root.pos}
	if n := f.value("name"); n != nil {
		t.Name, t.Pos = p.text(n, "name"), n.pos
	} else if !root.misspells("name", topologyKeys) {
		p.add(root.pos, "the topology has no name").
			WithHint("add  name: %s  as the first line; it is the namespace of all that is deployed", exampleName(p.dir))
	}
	t.Infra = p.text(f.value("infra"), "infra")
	t.Hyphenated = p.boolean(f.value("hyphenated_names"), "hyphenated_names")
	t.Roles = p.roleSettings(f)
	p.functions(t, f)
	p.stores(t, f)
	p.authorizers(t, f)
	p.routes(t, f)
	p.queues(t, f)
	p.events(t, f)
	p.channels(t, f)
	p.mutations(t, f)
	p.states(t, f)
	p.pages(t, f)
	p.schedules(t, f.value("schedules"), "schedules")
	p.entities(t, f)
	p.tests(t, f)
	p.imports(t, f)
	t.Policy, t.Datasets, t.Access = f.section("policy"), f.section("datasets"), f.section("access")
	for _, key := range []string{"kind", "version", "config", "auto", "description"} {
		if s := f.section(key); s != nil {
			t.Others = append(t.Others, s)
		}
	}
	p.pools(t, f)
	p.nodes = f.value("nodes")
	if n := f.value("recursive"); n != nil {
		recursive := p.boolean(n, "recursive")
		p.recursive = &recursive
	}
	p.checkTemplates(root)
	return t
}

// exampleName makes a usable topology name of a directory's.
func exampleName(dir string) string {
	abs, err := filepath.Abs(dir)
	if dir == "" || err != nil {
		return "my-system"
	}
	name := strings.Trim(regexp.MustCompile(`[^A-Za-z0-9_-]+`).ReplaceAllString(filepath.Base(abs), "-"), "-")
	return cmp.Or(name, "my-system")
}

// normalise brings the topology to its one form: lists sorted, no edge twice.
func normalise(t *Topology) {
	byName := func(a, b string) int { return strings.Compare(a, b) }
	slices.SortStableFunc(t.Functions, func(a, b *Function) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Stores, func(a, b *Store) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Queues, func(a, b *Queue) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Events, func(a, b *Event) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Channels, func(a, b *Channel) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Pools, func(a, b *Pool) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Pages, func(a, b *Page) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Schedules, func(a, b *Schedule) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Topics, func(a, b *Topic) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Streams, func(a, b *Stream) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Buses, func(a, b *Bus) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Secrets, func(a, b *Secret) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Parameters, func(a, b *Parameter) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Keys, func(a, b *EncryptionKey) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Tests, func(a, b *Test) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Routes, func(a, b *Route) int {
		return cmp.Or(byName(a.Path, b.Path), byName(a.Method, b.Method), byName(string(a.API), string(b.API)))
	})
	slices.SortStableFunc(t.Authorizers, func(a, b *Authorizer) int { return byName(a.Name, b.Name) })
	slices.SortStableFunc(t.Nodes, func(a, b *Topology) int { return byName(a.Name, b.Name) })
	normaliseImports(t)
	for _, f := range t.Functions {
		normaliseFunction(f)
	}
	for _, s := range t.Stores {
		if s.Table != nil {
			slices.SortStableFunc(s.Table.Indexes, func(a, b Index) int { return byName(a.Name, b.Name) })
		}
		slices.SortStableFunc(s.Notify, func(a, b Notification) int { return byName(a.order(), b.order()) })
	}
	for _, e := range t.Events {
		e.Targets = sortTargets(e.Targets)
	}
	for _, ch := range t.Channels {
		ch.Targets = sortTargets(ch.Targets)
	}
	for _, topic := range t.Topics {
		topic.Targets = sortTargets(topic.Targets)
	}
	if t.Mutations != nil {
		slices.SortStableFunc(t.Mutations.Resolvers, func(a, b Resolver) int { return byName(a.Name, b.Name) })
	}
}

func normaliseFunction(f *Function) {
	slices.SortStableFunc(f.Environment, func(a, b EnvVar) int { return strings.Compare(a.Name, b.Name) })
	f.Targets = sortTargets(f.Targets)
	slices.SortStableFunc(f.Grants, func(a, b Grant) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Name, b.Name), strings.Compare(a.Access, b.Access))
	})
	f.Grants = slices.CompactFunc(f.Grants, func(a, b Grant) bool {
		return a.Kind == b.Kind && a.Name == b.Name && a.Access == b.Access
	})
	slices.SortStableFunc(f.Others, func(a, b *Section) int { return strings.Compare(a.Key, b.Key) })
}

func sortTargets(targets []Target) []Target {
	slices.SortStableFunc(targets, func(a, b Target) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Name, b.Name))
	})
	return slices.CompactFunc(targets, func(a, b Target) bool { return a.Kind == b.Kind && a.Name == b.Name })
}

// wrongKind notes a value that has the wrong shape.
func (p *reader) wrongKind(n *node, what, want string) *writ.Error {
	return p.add(n.pos, "%s must be %s, this is %s", what, want, n.kind)
}
