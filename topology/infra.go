package topology

import (
	"cmp"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// infraKeys are the keys of one environment in tc's vars files.
var infraKeys = []string{
	"memory_size", "timeout", "environment", "image_uri", "provisioned_concurrency", "reserved_concurrency", "network", "filesystem", "tags",
}

// applyInfra lays tc's overlays over the functions: vars/NAME.json for each
// function, and schedules.json.
func (p *reader) applyInfra(t *Topology) {
	dir := InfraDir(t)
	for _, f := range t.Functions {
		if own := cmp.Or(f.Infra, dir); own != "" {
			p.varsFile(t.Dir, path.Join(own, "vars", f.Name+".json"), f)
		}
	}
	if dir != "" {
		if n := p.readOverlay(t.Dir, path.Join(dir, "schedules.json")); n != nil {
			p.schedules(t, n, "schedules.json")
		}
	}
	for _, s := range t.Schedules { // a target is a function if one has its name
		isFunction := s.Target != nil && slices.ContainsFunc(t.Functions, func(f *Function) bool { return f.Name == s.Target.Name })
		if isFunction && s.Target.Kind == KindState {
			s.Target.Kind = KindFunction
		}
	}
}

// InfraDir gives the directory of tc's overlays (vars, roles, schedules.json)
// relative to t.Dir: infra:, or tc's rule for trees with topologies/ and
// infrastructure/tc/ beside it. It is "" when there is no such directory.
func InfraDir(t *Topology) string {
	if t.Infra != "" {
		return cleanPath(t.Infra)
	}
	abs, err := filepath.Abs(t.Dir)
	if err != nil {
		return ""
	}
	root, rest, ok := TreeRoot(abs)
	if !ok {
		return ""
	}
	rel, err := filepath.Rel(abs, filepath.FromSlash(path.Join(root, "infrastructure/tc", strings.ReplaceAll(rest, "_", "-"))))
	if err != nil {
		return ""
	}
	return filepath.ToSlash(rel)
}

// TreeRoot gives the root of tc's tree that an absolute directory is in, the one
// with topologies/ and infrastructure/ in it, and the rest of the directory below
// topologies/ with a slash at its end. A tree does not begin outside of the
// repository: whoever may write there must not decide over what is deployed.
func TreeRoot(abs string) (root, rest string, ok bool) {
	const folder = "/topologies/"
	abs = filepath.ToSlash(abs) + "/"
	for end := 0; ; {
		at := strings.Index(abs[end:], folder)
		if at < 0 {
			return "", "", false
		}
		at += end
		end = at + len(folder) - 1
		if !inRepositoryBelow(abs[:end], strings.TrimSuffix(abs, "/")) {
			return abs[:at], abs[end+1:], true
		}
	}
}

// inRepositoryBelow reports whether dir is in a repository that is at or below top.
func inRepositoryBelow(top, dir string) bool {
	for ; len(dir) >= len(top); dir = path.Dir(dir) {
		if _, err := os.Stat(filepath.FromSlash(dir + "/.git")); err == nil {
			return true
		}
	}
	return false
}

// readOverlay reads a JSON file of the infra directory, nil when there is none.
func (p *reader) readOverlay(dir, file string) *node {
	disk := filepath.Join(dir, filepath.FromSlash(file))
	text, err := readBounded(disk)
	if err != nil {
		return nil
	}
	n := p.readYAML(text, path.Join(filepath.ToSlash(dir), file), disk)
	if n != nil {
		p.checkTemplates(n)
	}
	return n
}

// varsFile reads {"default": {memory_size, timeout, environment}, SANDBOX: ...}.
// What topology.yml says itself wins; further sandboxes are kept as written.
func (p *reader) varsFile(dir, file string, f *Function) {
	n := p.readOverlay(dir, file)
	if n == nil {
		return
	}
	for _, e := range p.named(n, file) {
		vars, ok := p.object(e.value, file, infraKeys)
		if !ok {
			continue
		}
		if e.key != "default" {
			f.Others = append(f.Others, &Section{Key: "vars." + e.key, YAML: e.value.yaml(), Pos: e.value.pos})
			continue
		}
		own := &Function{Name: f.Name, Pos: e.pos}
		if m := vars.value("memory_size"); m != nil {
			own.Runtime.MemoryMB = p.number(m, "memory_size")
			p.mark(own.Pos, "memory", m.pos)
		}
		if s := vars.value("timeout"); s != nil {
			own.Runtime.TimeoutSec = p.number(s, "timeout")
			p.mark(own.Pos, "timeout", s.pos)
		}
		p.fillRuntime(f, own)
		for _, v := range p.environment(vars.value("environment"), nil) {
			if !slices.ContainsFunc(f.Environment, func(o EnvVar) bool { return o.Name == v.Name }) {
				f.Environment = append(f.Environment, v)
			}
		}
		if f.Network == nil {
			f.Network = p.network(vars.value("network"))
		}
		f.Others = append(f.Others, vars.others("vars.default.", "memory_size", "timeout", "environment", "network")...)
	}
}
