package topology

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// functionKeys are the keys of a function in topology.yml and in function.yml.
var functionKeys = []string{
	"root", "description", "runtime", "environment", "grants",
	"function", "functions", "event", "queue", "topic", "mutation", "channel", "state", "dead_letter_queue", "network",
	"uri", "fqn", "build", "shared", "test", "tests",
	"code", "name", "dir", "namespace", "layer_name", "version", "revision", "infra", "infra_dir", "tasks", "assets",
}

var functionActed = []string{
	"root", "description", "runtime", "environment", "grants",
	"function", "functions", "event", "queue", "topic", "mutation", "channel", "state", "dead_letter_queue", "network", "code", "name", "uri", "dir", "infra_dir",
}

// targetKinds are the keys by which a function leads on to another entity.
var targetKinds = []struct {
	kind Kind
	keys []string
}{
	{KindFunction, []string{"function", "functions"}},
	{KindEvent, []string{"event"}},
	{KindQueue, []string{"queue"}},
	{KindTopic, []string{"topic"}},
	{KindMutation, []string{"mutation"}},
	{KindChannel, []string{"channel"}},
	{KindState, []string{"state"}},
}

func (p *reader) functions(t *Topology, f fields) {
	e, ok := f.entry("functions")
	if !ok {
		return
	}
	for _, e := range p.named(e.value, "functions") {
		if (e.key == "shared" || e.key == "remote") && e.value.kind == listNode { // tc's older form: functions that live elsewhere
			t.Others = append(t.Others, &Section{Key: "functions." + e.key, YAML: e.value.yaml(), Pos: e.value.pos})
			continue
		}
		p.declares = true
		if fn := p.function(e.key, e); fn != nil {
			p.findEnd(fn, e)
			t.Functions = append(t.Functions, fn)
		} else {
			p.fail(KindFunction, e.key)
		}
	}
}

// function reads one function's block, of topology.yml or of function.yml.
func (p *reader) function(name string, e entry) *Function {
	what := "function " + name
	f, ok := p.object(e.value, what, functionKeys)
	if !ok {
		return nil
	}
	fn := &Function{Name: name, Pos: e.pos, Description: p.text(f.value("description"), "description")}
	fn.Root = p.functionRoot(fn, f)
	if n := f.value("infra_dir"); !n.null() {
		fn.Infra = cleanPath(p.text(n, "infra_dir"))
	}
	p.inlineCode(fn, f)
	if n := f.value("runtime"); n != nil {
		p.runtime(fn, n)
	}
	fn.Environment = p.environment(f.value("environment"), fn.Environment)
	for _, k := range targetKinds {
		fn.Targets = append(fn.Targets, p.targets(f, k.kind, k.keys...)...)
	}
	fn.DeadLetter, fn.Network = p.deadLetter(f), p.network(f.value("network"))
	if g, ok := f.entry("grants"); ok {
		fn.Grants = p.grants(g, what)
		fn.GrantsEnd = g.value.src.at(g.value.end.Line, 1)
		if g.value.kind == listNode && !g.value.flow && !g.value.moved {
			fn.GrantsIndent = g.value.pos.Col - 1
			fn.GrantsEnd = g.value.src.at(g.value.src.blockEnd(g.pos.Line, g.pos.Col-1, true), 1)
		}
	} else if line, indent, ok := f.emptyBlock("grants"); ok { // its last line was taken away
		fn.GrantsEnd, fn.GrantsIndent = line, indent+2
	}
	fn.Others = append(fn.Others, f.others("", functionActed...)...)
	return fn
}

// functionRoot gives the directory of the code: root:, or tc's relative uri:,
// or the function's own name. tc writes root: true for something else.
func (p *reader) functionRoot(fn *Function, f fields) string {
	if n := f.value("uri"); n != nil {
		uri := p.text(n, "uri")
		if strings.HasPrefix(uri, ".") {
			p.mark(fn.Pos, "root", n.pos)
			return cleanPath(uri)
		}
		p.noCode[fn] = uri != ""
		fn.Others = append(fn.Others, f.section("uri"))
	}
	n := f.value("root", "dir")
	if n == nil {
		return cleanPath(fn.Name)
	}
	if n.text == "true" || n.text == "false" {
		fn.Others = append(fn.Others, &Section{Key: "root", YAML: n.yaml(), Pos: n.pos})
		return cleanPath(fn.Name)
	}
	p.mark(fn.Pos, "root", n.pos)
	root := p.text(n, "root")
	if filepath.IsAbs(root) {
		p.add(n.pos, "root must be relative to the topology's directory")
	}
	return cleanPath(root)
}

// cleanPath gives a relative path in its shortest form, with slashes.
func cleanPath(root string) string {
	return path.Clean(filepath.ToSlash(root))
}

// findEnd says where lines may be added to the function's block.
func (p *reader) findEnd(fn *Function, e entry) {
	src := p.sources[e.pos.File]
	if src == nil || e.value.flow || e.value.moved {
		fn.End = e.value.end
		if !e.value.moved && src != nil {
			fn.End = src.at(max(e.pos.Line, e.value.end.Line), 1)
		}
		return
	}
	fn.End = src.at(src.blockEnd(e.pos.Line, e.pos.Col-1, false), 1)
	fn.Indent = e.pos.Col + 1 // two deeper than the name, unless its keys say otherwise
	if e.value.kind == mapNode && len(e.value.entries) > 0 {
		fn.Indent = e.value.pos.Col - 1
	}
}

// environment reads a map of variables; those in have are replaced.
func (p *reader) environment(n *node, have []EnvVar) []EnvVar {
	for _, e := range p.named(n, "environment") {
		v := EnvVar{Name: e.key, Value: p.text(e.value, "the value of "+e.key), Pos: e.pos}
		p.mark(v.Pos, "value", e.value.pos)
		have = setEnv(have, v)
	}
	return have
}

// setEnv gives the list with v in place of a variable of the same name.
func setEnv(have []EnvVar, v EnvVar) []EnvVar {
	if i := slices.IndexFunc(have, func(o EnvVar) bool { return o.Name == v.Name }); i >= 0 {
		have[i] = v
		return have
	}
	return append(have, v)
}

// validEnvName is Lambda's rule for names of environment variables.
func validEnvName(name string) bool {
	for i, c := range name {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || (c != '_' && (c < '0' || c > '9'))) {
			return false
		}
	}
	return len(name) >= 2
}

// grantKinds are the keys of a grant that name what is granted.
var grantKinds = map[string]Kind{
	"store": KindStore, "table": KindStore, "function": KindFunction, "queue": KindQueue, "event": KindEvent, "state": KindState,
	"secret": KindSecret, "parameter": KindParameter, "key": KindKey, "topic": KindTopic, "stream": KindStream,
	"bucket": KindBucket, "bus": KindBus, "channel": KindChannel, "mutation": KindMutation,
	"import": KindImport,
}

var grantKeys = append(sortedKeys(grantKinds), "access")

func (p *reader) grants(e entry, what string) []Grant {
	if e.value.kind != listNode {
		p.wrongKind(e.value, "grants", "a list").WithHint("write each as  - {store: hits, access: readWriteData}")
		return nil
	}
	var all []Grant
	for _, item := range e.value.items {
		all = append(all, p.grant(item, what)...)
	}
	return all
}

func (p *reader) grant(n *node, what string) []Grant {
	if n.null() {
		p.add(n.pos, "an empty grant in %s", what)
		return nil
	}
	f, ok := p.object(n, "a grant of "+what, grantKeys)
	if !ok {
		return nil
	}
	target := p.oneTarget(f, n.pos, "the grant", grantKinds)
	if target == nil {
		if len(f.entries) == len(n.entries) { // else the unknown key is the problem
			p.add(n.pos, "the grant does not say on what").WithHint("as in  - {store: hits, access: readWriteData}")
		}
		return nil
	}
	if target.Kind == KindImport {
		return p.grantImport(*target, f)
	}
	access := p.values(f.value("access"), "access")
	if len(access) == 0 {
		p.add(n.pos, "the grant on %s %s does not say which access", target.Kind, target.Name).
			WithHint("add  access: %s", strings.Join(Verbs(target.Kind, StoreTable), " | "))
		return nil
	}
	return p.grantEach(n.pos, *target, access)
}

// grantEach makes one grant of each verb and marks the words for the checks.
func (p *reader) grantEach(at writ.Position, target Target, access []*node) []Grant {
	var all []Grant
	for _, verb := range access {
		all = append(all, Grant{Kind: target.Kind, Name: target.Name, Access: verb.text, Pos: at})
		p.mark(at, "access "+verb.text, verb.pos)
	}
	p.mark(at, "name", target.Pos)
	return all
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
