package topology

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

var (
	channelKeys = []string{"handler", "doc_only", "doc-only", "function", "on_publish", "on_subscribe", "authorizer", "key_expires", "output_channel"}
	handlerKeys = []string{"handler", "event", "function"}
)

// https://docs.aws.amazon.com/appsync/latest/eventapi/channel-namespaces.html
var channelName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?$`)

// channels reads the AppSync Events channels. handler: and function: of the
// channel itself are about what is published.
func (p *reader) channels(t *Topology, f fields) {
	for _, e := range p.named(f.value("channels"), "channels") {
		cf, ok := p.object(e.value, "channel "+e.key, channelKeys)
		if !ok {
			p.fail(KindChannel, e.key)
			continue
		}
		ch := &Channel{Name: e.key, Pos: e.pos, Body: cf.body(e, "function", "on_publish", "on_subscribe", "handler", "key_expires")}
		ch.Publish = p.channelHandler(t, cf, e.pos, "channel "+e.key)
		for _, k := range []struct {
			key  string
			into **ChannelHandler
		}{{"on_publish", &ch.Publish}, {"on_subscribe", &ch.Subscribe}} {
			he, ok := cf.entry(k.key)
			if !ok {
				continue
			}
			hf, ok := p.object(he.value, k.key, handlerKeys)
			if !ok {
				continue
			}
			h := p.channelHandler(t, hf, he.pos, k.key+" of channel "+e.key)
			if h != nil && *k.into != nil {
				p.add(he.pos, "channel %s handles what is published twice", e.key).WithHint("keep on_publish, or the function and handler of the channel")
				continue
			}
			if h != nil {
				*k.into = h
			}
		}
		for _, h := range []*ChannelHandler{ch.Publish, ch.Subscribe} {
			if h != nil && h.Target != nil {
				ch.Targets = append(ch.Targets, *h.Target)
			}
		}
		if n := cf.value("key_expires"); n != nil {
			ch.KeyExpires = p.text(n, "key_expires")
			if _, err := time.Parse(time.DateOnly, ch.KeyExpires); err != nil {
				p.add(n.pos, "key_expires must be a day, not %s", quoted(ch.KeyExpires)).WithHint("as in  key_expires: 2027-06-30")
			}
		}
		t.Channels = append(t.Channels, ch)
	}
}

// channelHandler reads handler:, function: and event:; nil when there is none
// but the default.
func (p *reader) channelHandler(t *Topology, f fields, at writ.Position, what string) *ChannelHandler {
	h := &ChannelHandler{Pos: at}
	if n := f.value("handler"); n != nil {
		if text := p.text(n, "handler"); text != "default" {
			p.channelCode(h, text, n)
		}
	}
	if n := f.value("function"); n != nil && n.kind == scalarNode && path.Ext(n.text) == ".js" { // tc: a file of code
		p.channelCode(h, n.text, n)
		f.entries = slices.DeleteFunc(slices.Clone(f.entries), func(e entry) bool { return e.key == "function" })
	}
	if n := f.value("function"); n != nil && n.text == "default" && !p.hasFunction(t, "default") { // tc's examples: as handler: default
		f.entries = slices.DeleteFunc(slices.Clone(f.entries), func(e entry) bool { return e.key == "function" })
	}
	h.Target = p.oneTarget(f, at, what, map[string]Kind{"function": KindFunction, "event": KindEvent})
	if h.Target != nil && h.Target.Name == "" {
		h.Target = nil
	}
	if h.Target == nil && h.File == "" && h.Code == "" {
		return nil
	}
	return h
}

// hasFunction reports whether the topology has, or will find, a function of a name.
func (p *reader) hasFunction(t *Topology, name string) bool {
	return slices.ContainsFunc(t.Functions, func(f *Function) bool { return f.Name == name }) ||
		p.dir != "" && handlerFile(filepath.Join(p.dir, name)) != ""
}

// channelCode reads the code of a handler: a file, or the code itself.
func (p *reader) channelCode(h *ChannelHandler, text string, n *node) {
	if strings.Contains(text, "\n") {
		h.Code = text
		return
	}
	h.File = cleanPath(text)
	if p.dir == "" {
		return
	}
	code, err := readBounded(filepath.Join(p.dir, filepath.FromSlash(h.File)))
	if err != nil {
		p.add(n.pos, "the handler %s: %s", quoted(h.File), plainReason(err)).
			WithHint("name a .js file relative to the topology's directory, or write  handler: default")
		return
	}
	h.Code = string(code)
}

// channel checks a channel's name.
func (c *checker) channel(ch *Channel) {
	if !channelName.MatchString(ch.Name) {
		c.add(ch.Pos, "%s cannot be a channel's name", quoted(ch.Name)).WithHint("use letters, digits and -, 50 at most, not - first or last")
	}
	c.targets(ch.Targets)
}
