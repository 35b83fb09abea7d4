package topology

import (
	"strings"

	"github.com/writ-dev/writ"
)

var pageKeys = []string{
	"dist", "kind", "build", "dir", "domains", "domain", "paths", "bucket", "skip_deploy", "config_template", "functions",
}

func (p *reader) pages(t *Topology, f fields) {
	for _, e := range p.named(f.value("pages"), "pages") {
		pf, ok := p.object(e.value, "page "+e.key, pageKeys)
		if !ok {
			continue
		}
		page := &Page{Name: e.key, Pos: e.pos, Body: e.section()}
		page.Kind, page.Dist, page.Bucket = p.text(pf.value("kind"), "kind"), p.text(pf.value("dist"), "dist"), p.text(pf.value("bucket"), "bucket")
		page.Domains = p.pageDomains(pf.value("domains", "domain"))
		t.Pages = append(t.Pages, page)
	}
}

// pageDomains reads a list of names, or a map from the sandbox to its name.
func (p *reader) pageDomains(n *node) []PageDomain {
	if n.null() {
		return nil
	}
	var all []PageDomain
	if n.kind == mapNode {
		for _, e := range n.entries {
			for _, v := range p.values(e.value, "domains") {
				all = append(all, PageDomain{Sandbox: e.key, Name: v.text, Pos: v.pos})
			}
		}
		return all
	}
	for _, v := range p.values(n, "domains") {
		all = append(all, PageDomain{Name: v.text, Pos: v.pos})
	}
	return all
}

var (
	triggerKeys = []string{"function"}
	poolKeys    = []string{"triggers"}
)

// poolEvents are the moments at which Cognito calls a function, by tc's words.
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
var poolEvents = map[string]string{
	"PRE_SIGN_UP": "PreSignUp", "POST_CONFIRMATION": "PostConfirmation",
	"PRE_AUTHENTICATION": "PreAuthentication", "POST_AUTHENTICATION": "PostAuthentication",
	"CUSTOM_MESSAGE": "CustomMessage", "USER_MIGRATION": "UserMigration", "PRE_TOKEN_GENERATION": "PreTokenGeneration",
	"DEFINE_AUTH_CHALLENGE": "DefineAuthChallenge", "CREATE_AUTH_CHALLENGE": "CreateAuthChallenge",
	"VERIFY_AUTH_CHALLENGE_RESPONSE": "VerifyAuthChallengeResponse",
}

// pools reads Cognito's pools and triggers. pools: is a list of names, or a map
// of pools with triggers of their own; triggers: are those of every pool. As in
// tc, triggers without pools make one pool, of the topology's name.
func (p *reader) pools(t *Topology, f fields) {
	shared := p.triggers(f.value("triggers"), "triggers")
	add := func(name string, at writ.Position, own []Trigger) {
		pool := &Pool{Name: name, Triggers: own, Pos: at}
		for _, s := range shared {
			if !hasTrigger(own, s.Event) {
				pool.Triggers = append(pool.Triggers, s)
			}
		}
		t.Pools = append(t.Pools, pool)
	}
	n := f.value("pools")
	switch {
	case n == nil && shared != nil:
		e, _ := f.entry("triggers")
		add(t.Name, e.pos, nil)
	case n == nil:
	case n.kind == mapNode:
		for _, e := range n.entries {
			if pf, ok := p.object(e.value, "pool "+e.key, poolKeys); ok {
				add(e.key, e.pos, p.triggers(pf.value("triggers"), "triggers of pool "+e.key))
			}
		}
	default:
		for _, v := range p.values(n, "pools") {
			add(v.text, v.pos, nil)
		}
	}
}

func hasTrigger(list []Trigger, event string) bool {
	for _, t := range list {
		if t.Event == event {
			return true
		}
	}
	return false
}

func (p *reader) triggers(n *node, what string) []Trigger {
	var all []Trigger
	for _, e := range p.named(n, what) {
		event, ok := poolEvents[strings.ToUpper(e.key)]
		if !ok {
			for _, known := range poolEvents {
				if known == e.key {
					event, ok = known, true
				}
			}
		}
		if !ok {
			p.suggest(p.add(e.pos, "unknown trigger %s", quoted(e.key)), e.key, sortedKeys(poolEvents), "the triggers are ")
		}
		tf, good := p.object(e.value, "trigger "+e.key, triggerKeys)
		if !ok || !good {
			continue
		}
		if hasTrigger(all, event) {
			p.add(e.pos, "trigger %s is written twice", event)
			continue
		}
		target := p.oneTarget(tf, e.pos, "trigger "+e.key, map[string]Kind{"function": KindFunction})
		if target == nil || target.Name == "" {
			if len(tf.entries) < len(e.value.entries) {
				continue // the unknown key is the problem
			}
			p.add(e.pos, "trigger %s calls nothing", e.key).WithHint("add  function: NAME")
			continue
		}
		all = append(all, Trigger{Event: event, Target: *target, Pos: e.pos})
	}
	return all
}
