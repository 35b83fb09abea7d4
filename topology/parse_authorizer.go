package topology

import (
	"strings"
)

var (
	authorizerKeys = []string{"identity", "subject", "decide", "fail", "timeout", "keep", "debug", "architecture"}
	issuerKeys     = []string{"issuer", "jwks", "cognito", "audience", "use", "prefix"}
	subjectKeys    = []string{"type", "id", "properties"}
	authorizeKeys  = []string{"action", "resource", "tenant", "signed", "mapping"}
	decideWays     = []string{"server", "snapshot", "permit"}
)

// authorizers reads those that Writ makes: authorizers: {staff: {identity: [...], decide: server}}.
func (p *reader) authorizers(t *Topology, f fields) {
	for _, e := range p.named(f.value("authorizers"), "authorizers") {
		af, ok := p.object(e.value, "authorizer "+e.key, authorizerKeys)
		if !ok {
			p.fail(KindFunction, e.key)
			continue
		}
		a := &Authorizer{Name: e.key, Pos: e.pos}
		a.Identity = p.issuers(a, af.value("identity"))
		a.Subject = p.authorizerSubject(e.key, af.value("subject"))
		a.Decide = p.decide(e.key, af.value("decide"))
		a.Fail = p.text(af.value("fail"), "fail")
		a.Timeout, a.Keep = p.text(af.value("timeout"), "timeout"), p.text(af.value("keep"), "keep")
		a.Debug = p.boolean(af.value("debug"), "debug")
		a.Architecture = p.text(af.value("architecture"), "architecture")
		p.markAll(a.Pos, af, "fail", "timeout", "keep", "architecture")
		if e.value.misspells("identity", authorizerKeys) {
			p.fail(KindFunction, a.Name+" identity")
		}
		if a.Decide.Pos.IsZero() {
			a.Decide.Pos = a.Pos
		}
		t.Authorizers = append(t.Authorizers, a)
	}
}

func (p *reader) issuers(a *Authorizer, n *node) []TokenIssuer {
	if n.null() {
		return nil
	}
	items := n.items
	if n.kind == mapNode {
		items = []*node{n} // one, without the list
	} else if n.kind != listNode {
		p.wrongKind(n, "identity", "a list").WithHint("as in  identity: [{issuer: https://idp.example.com/, audience: orders}]")
	}
	var all []TokenIssuer
	for _, item := range items {
		f, ok := p.object(item, "an identity of authorizer "+a.Name, issuerKeys)
		if !ok {
			continue
		}
		i := TokenIssuer{
			Issuer: p.text(f.value("issuer"), "issuer"), JWKS: p.text(f.value("jwks"), "jwks"), Cognito: p.text(f.value("cognito"), "cognito"),
			Audiences: p.texts(f.value("audience"), "audience"), Use: p.text(f.value("use"), "use"),
			SubjectPrefix: p.text(f.value("prefix"), "prefix"), Pos: item.pos,
		}
		p.markAll(i.Pos, f, issuerKeys...)
		all = append(all, i)
	}
	return all
}

func (p *reader) authorizerSubject(name string, n *node) AuthorizerSubject {
	f, ok := p.object(n, "subject of authorizer "+name, subjectKeys)
	if !ok || n.null() {
		return AuthorizerSubject{}
	}
	s := AuthorizerSubject{Type: p.text(f.value("type"), "type"), ID: p.text(f.value("id"), "id"), Pos: n.pos, TypePos: f.at("type", n.pos)}
	p.markAll(s.Pos, f, "type", "id")
	for _, e := range p.named(f.value("properties"), "properties") {
		if s.Properties == nil {
			s.Properties = map[string]string{}
		}
		s.Properties[e.key] = p.text(e.value, "property "+e.key)
	}
	return s
}

// decide reads one word (server, snapshot), or a map with the way and where it leads.
func (p *reader) decide(name string, n *node) Decide {
	if n.null() {
		return Decide{}
	}
	if n.kind == scalarNode {
		return Decide{Kind: DecideKind(n.text), Pos: n.pos}
	}
	f, ok := p.object(n, "decide of authorizer "+name, append([]string{"key", "token", "sha256"}, decideWays...))
	if !ok {
		return Decide{Kind: DecideServer, Pos: n.pos}
	}
	d := Decide{Pos: n.pos}
	for _, way := range decideWays {
		v := f.value(way)
		if v == nil {
			continue
		}
		if d.Kind != "" {
			p.add(v.pos, "authorizer %s asks %s and %s", name, d.Kind, way).WithHint("keep one of the two")
			continue
		}
		d.Kind, d.URL, d.Pos = DecideKind(way), p.text(v, way), v.pos
	}
	if d.Kind == "" {
		if len(f.entries) == len(n.entries) {
			p.add(n.pos, "authorizer %s does not say who decides", name).WithHint("add  server: URL , snapshot: s3://BUCKET/KEY  or  permit: URL")
		}
		d.Kind = DecideServer
	}
	if d.SHA256 = p.text(f.value("sha256"), "sha256"); d.SHA256 != "" {
		p.mark(d.Pos, "sha256", f.at("sha256", d.Pos))
	}
	for _, key := range []string{"key", "token"} {
		p.decideSecret(name, &d, key, f.value(key))
	}
	return d
}

// decideSecret reads key: {secret: NAME}. A key as plain text is refused: it would stand in the template.
func (p *reader) decideSecret(name string, d *Decide, key string, n *node) {
	if n.null() {
		return
	}
	if want := map[DecideKind]string{DecideServer: "key", DecidePermit: "token"}[d.Kind]; want != key {
		p.add(n.pos, "%s goes with no %s, in authorizer %s", key, d.Kind, name).
			WithHint("a server takes  key: {secret: NAME} , a Permit PDP  token: {secret: NAME}")
		return
	}
	if n.kind == scalarNode {
		p.add(n.pos, "the %s of authorizer %s stands in the file", key, name).
			WithHint("put it into a secret:  %s: {secret: NAME}, with NAME under  secrets:", key)
		return
	}
	if f, ok := p.object(n, key+" of authorizer "+name, []string{"secret"}); ok {
		d.Secret, d.SecretPos = p.text(f.value("secret"), "secret"), f.at("secret", n.pos)
	}
}

// authorize reads what a route asks: a map, or the word signed.
func (p *reader) authorize(what string, n *node) *Authorize {
	if n.null() {
		return nil
	}
	said := &Authorize{Signed: true, Pos: n.pos} // also for what is wrong and was told: that it asks nothing is no news
	if n.kind == scalarNode && !strings.Contains(n.text, ":") {
		if !strings.EqualFold(n.text, "signed") {
			p.suggest(p.add(n.pos, "authorize of %s is %s", what, quoted(n.text)), n.text, []string{"signed"},
				"write  {action: read, resource: \"document:{id}\"} , or the word ")
		}
		return said
	}
	f, ok := p.object(n, "authorize of "+what, authorizeKeys)
	if !ok || len(f.entries) == 0 && len(n.entries) > 0 {
		return said
	}
	return &Authorize{
		Action: p.text(f.value("action"), "action"), Resource: p.text(f.value("resource"), "resource"), Tenant: p.text(f.value("tenant"), "tenant"),
		Signed: p.boolean(f.value("signed"), "signed"), Mapping: p.boolean(f.value("mapping"), "mapping"),
		Pos: n.pos, ActionPos: f.at("action", n.pos), ResourcePos: f.at("resource", n.pos), TenantPos: f.at("tenant", n.pos),
	}
}
