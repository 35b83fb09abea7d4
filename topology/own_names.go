package topology

import (
	"regexp"
	"slices"
	"strings"
)

var (
	wholeReference = regexp.MustCompile(`^\$\{([a-z]+)\.(.+)\.([a-z]+)\}$`)
	braces         = regexp.MustCompile(`\{\{\{?\s*([A-Za-z_]+)\s*\}?\}\}`)
	plainWord      = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// ownName gives the name that the topology has for what text names: the name
// itself, ${functions.NAME.arn}, or the deployed name, with {{namespace}} and
// {{sandbox}} in it, alone or at the end of an ARN or URL. own is false for
// text that names nothing of this topology; the name is then the text.
func ownName(t *Topology, kind Kind, text string) (name string, own bool) {
	if m := wholeReference.FindStringSubmatch(text); m != nil {
		return m[2], true
	}
	if !containsTemplate(text) {
		return text, plainWord.MatchString(text)
	}
	full := strings.ReplaceAll(braces.ReplaceAllString(text, "{{$1}}"), "{{namespace}}", t.Name)
	full = full[strings.LastIndexAny(full, ":/")+1:]
	for _, separator := range []string{"_", "-"} {
		rest, ok := strings.CutPrefix(full, t.Name+separator)
		if !ok {
			continue
		}
		if rest == "{{sandbox}}" && kind == KindState {
			return t.Name, true
		}
		if middle, ok := strings.CutSuffix(rest, separator+"{{sandbox}}"); ok && plainWord.MatchString(middle) {
			return middle, true
		}
	}
	return text, false
}

// ownNames puts the topology's own names in the place of deployed ones, where
// an edge is written {{namespace}}_NAME_{{sandbox}} and NAME is here.
func (p *reader) ownNames(t *Topology) {
	known := map[Kind][]string{}
	for _, f := range t.Functions {
		known[KindFunction] = append(known[KindFunction], f.Name)
	}
	if p.dir != "" {
		known[KindFunction] = append(known[KindFunction], unnamedFunctions(t)...)
	}
	for _, s := range t.Stores {
		known[KindStore] = append(known[KindStore], s.Name)
	}
	for _, q := range t.Queues {
		known[KindQueue] = append(known[KindQueue], q.Name)
	}
	for _, topic := range t.Topics {
		known[KindTopic] = append(known[KindTopic], topic.Name)
	}
	if t.States != nil {
		known[KindState] = append(known[KindState], t.Name)
	}
	own := func(kind Kind, name string) string {
		if !containsTemplate(name) {
			return name
		}
		if short, ok := ownName(t, kind, name); ok && slices.Contains(known[kind], short) {
			return short
		}
		return name
	}
	eachTarget(t, func(target *Target) { target.Name = own(target.Kind, target.Name) })
	for _, r := range t.Routes {
		r.Authorizer = own(KindFunction, r.Authorizer)
	}
	if t.Mutations != nil {
		t.Mutations.Authorizer = own(KindFunction, t.Mutations.Authorizer)
	}
}

// eachTarget visits the targets of all entities but the calls of states.
func eachTarget(t *Topology, visit func(*Target)) {
	all := func(targets []Target) {
		for i := range targets {
			visit(&targets[i])
		}
	}
	one := func(target *Target) {
		if target != nil {
			visit(target)
		}
	}
	for _, f := range t.Functions {
		all(f.Targets)
		one(f.DeadLetter)
	}
	for _, r := range t.Routes {
		visit(&r.Target)
	}
	for _, s := range t.Stores {
		for i := range s.Notify {
			visit(&s.Notify[i].Target)
		}
	}
	for _, q := range t.Queues {
		one(q.Target)
		one(q.DeadLetter)
	}
	for _, e := range t.Events {
		all(e.Targets)
		one(e.DeadLetter)
	}
	for _, topic := range t.Topics {
		all(topic.Targets)
	}
	for _, stream := range t.Streams {
		one(stream.Target)
	}
	for _, ch := range t.Channels {
		all(ch.Targets)
		for _, h := range []*ChannelHandler{ch.Publish, ch.Subscribe} {
			if h != nil {
				one(h.Target)
			}
		}
	}
	for _, s := range t.Schedules {
		one(s.Target)
	}
	for _, pool := range t.Pools {
		for i := range pool.Triggers {
			visit(&pool.Triggers[i].Target)
		}
	}
	if t.Mutations != nil {
		for i := range t.Mutations.Resolvers {
			visit(&t.Mutations.Resolvers[i].Target)
		}
	}
}
