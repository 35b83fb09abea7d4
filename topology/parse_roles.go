package topology

// The words of roles:, which package roles explains.
var (
	roleModes = []string{"dynamic", "shared", "global"}
	roleWays  = []string{"replace", "merge", "boundary"}
)

// roleSettings reads roles: a mode, or {mode, way, dir}.
func (p *reader) roleSettings(f fields) *RoleSettings {
	e, ok := f.entry("roles")
	if !ok || e.value.null() {
		return nil
	}
	s := &RoleSettings{Pos: e.pos}
	if e.value.kind == scalarNode {
		s.Mode = p.word(e.value, "mode of roles", roleModes)
		return s
	}
	keys, ok := p.object(e.value, "roles", []string{"mode", "way", "dir"})
	if !ok {
		return nil
	}
	if n := keys.value("mode"); n != nil {
		s.Mode = p.word(n, "mode of roles", roleModes)
	}
	if n := keys.value("way"); n != nil {
		s.Way = p.word(n, "way of role files", roleWays)
	}
	if n := keys.value("dir"); n != nil {
		s.Dir, s.DirPos = cleanPath(p.text(n, "dir")), n.pos
	}
	return s
}

// word reads one of a few words.
func (p *reader) word(n *node, what string, words []string) string {
	text := p.text(n, what)
	for _, w := range words {
		if text == w {
			return text
		}
	}
	err := p.add(n.pos, "%s is no %s", quoted(text), what).WithHint("it is %s, %s or %s", words[0], words[1], words[2])
	if near := near(text, words); near != "" {
		err.Hint = "did you mean " + near + "?"
	}
	return ""
}
