package topology

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// The keys of Writ's own sections.
var (
	topicKeys     = []string{"function", "functions", "queue", "queues", "external"}
	streamKeys    = []string{"function", "shards", "retention", "batch_size", "external"}
	busKeys       = []string{"external"}
	secretKeys    = []string{"description", "external"}
	parameterKeys = []string{"description", "value", "external"}
	keyEntityKeys = []string{"description", "external"}
	notifyKeys    = []string{"function", "queue", "topic", "events", "prefix", "suffix"}
	networkKeys   = []string{"subnets", "security_groups"}
)

// entities reads the sections that tc does not have.
func (p *reader) entities(t *Topology, f fields) {
	p.each(f, "topics", KindTopic, topicKeys, func(e entry, f fields) {
		topic := &Topic{Name: e.key, External: p.text(f.value("external"), "external"), Pos: e.pos}
		topic.Targets = append(p.targets(f, KindFunction, "function", "functions"), p.targets(f, KindQueue, "queue", "queues")...)
		t.Topics = append(t.Topics, topic)
	})
	p.each(f, "streams", KindStream, streamKeys, func(e entry, f fields) {
		t.Streams = append(t.Streams, &Stream{
			Name: e.key, External: p.text(f.value("external"), "external"), Pos: e.pos,
			Target: p.oneTarget(f, e.pos, "stream "+e.key, map[string]Kind{"function": KindFunction}),
			Shards: p.number(f.value("shards"), "shards"), RetentionHours: p.number(f.value("retention"), "retention"),
			BatchSize: p.number(f.value("batch_size"), "batch_size"),
		})
		p.markAll(e.pos, f, "shards", "retention", "batch_size")
	})
	p.each(f, "buses", KindBus, busKeys, func(e entry, f fields) {
		t.Buses = append(t.Buses, &Bus{Name: e.key, External: p.text(f.value("external"), "external"), Pos: e.pos})
	})
	p.each(f, "secrets", KindSecret, secretKeys, func(e entry, f fields) {
		t.Secrets = append(t.Secrets, &Secret{
			Name: e.key, External: p.text(f.value("external"), "external"), Description: p.text(f.value("description"), "description"), Pos: e.pos,
		})
	})
	p.each(f, "parameters", KindParameter, parameterKeys, func(e entry, f fields) {
		t.Parameters = append(t.Parameters, &Parameter{
			Name: e.key, External: p.text(f.value("external"), "external"), Description: p.text(f.value("description"), "description"),
			Value: p.text(f.value("value"), "value"), Pos: e.pos,
		})
	})
	p.each(f, "keys", KindKey, keyEntityKeys, func(e entry, f fields) {
		t.Keys = append(t.Keys, &EncryptionKey{
			Name: e.key, External: p.text(f.value("external"), "external"), Description: p.text(f.value("description"), "description"), Pos: e.pos,
		})
	})
}

// each reads the entities of one section.
func (p *reader) each(f fields, section string, kind Kind, keys []string, read func(entry, fields)) {
	for _, e := range p.named(f.value(section), section) {
		ef, ok := p.object(e.value, string(kind)+" "+e.key, keys)
		if !ok {
			p.fail(kind, e.key)
			continue
		}
		p.markAll(e.pos, ef, "external")
		read(e, ef)
	}
}

// notifyEvents are the words for S3's events.
var notifyEvents = map[string]string{"created": "s3:ObjectCreated:*", "removed": "s3:ObjectRemoved:*"}

// notify reads what a bucket tells: one map or a list of them.
func (p *reader) notify(n *node, bucket string) []Notification {
	if n.null() {
		return nil
	}
	items := []*node{n}
	if n.kind == listNode {
		items = n.items
	}
	var all []Notification
	for _, item := range items {
		f, ok := p.object(item, "a notification of bucket "+bucket, notifyKeys)
		if !ok || item.null() {
			continue
		}
		target := p.oneTarget(f, item.pos, "the notification", map[string]Kind{"function": KindFunction, "queue": KindQueue, "topic": KindTopic})
		if target == nil {
			if len(f.entries) == len(item.entries) {
				p.add(item.pos, "a notification of bucket %s leads nowhere", bucket).WithHint("as in  notify: {function: resize}")
			}
			continue
		}
		all = append(all, Notification{
			Target: *target, Events: p.s3Events(f.value("events")), Pos: item.pos,
			Prefix: p.text(f.value("prefix"), "prefix"), Suffix: p.text(f.value("suffix"), "suffix"),
		})
	}
	return all
}

// s3Events reads the names of events; none means that objects were created.
func (p *reader) s3Events(n *node) []string {
	var all []string
	for _, v := range p.values(n, "events") {
		name, ok := notifyEvents[v.text]
		if !ok {
			name = v.text
			if !strings.HasPrefix(name, "s3:") {
				p.suggest(p.add(v.pos, "unknown event %s of a bucket", quoted(v.text)), v.text, sortedKeys(notifyEvents), "write one of S3's, such as s3:ObjectCreated:Put, or ")
				continue
			}
		}
		all = append(all, name)
	}
	if len(all) == 0 {
		return []string{notifyEvents["created"]}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// order is what notifications are sorted by.
func (n Notification) order() string {
	return string(n.Target.Kind) + "\x00" + n.Target.Name + "\x00" + n.Prefix + "\x00" + n.Suffix + "\x00" + strings.Join(n.Events, " ")
}

// network reads subnets and security groups, in tc's words.
func (p *reader) network(n *node) *Network {
	if n.null() {
		return nil
	}
	f, ok := p.object(n, "network", networkKeys)
	if !ok {
		return nil
	}
	net := &Network{Subnets: p.texts(f.value("subnets"), "subnets"), SecurityGroups: p.texts(f.value("security_groups"), "security_groups"), Pos: n.pos}
	if len(net.Subnets) == 0 || len(net.SecurityGroups) == 0 {
		p.add(n.pos, "a network needs subnets and security_groups").WithHint("as in  network: {subnets: [subnet-0a1b], security_groups: [sg-0c2d]}")
	}
	return net
}

// json reads a map, or text that is JSON, and gives it in JSON's one form: keys
// sorted, no spaces. It is "" for a missing value.
func (p *reader) json(n *node, what string) string {
	if n.null() {
		return ""
	}
	var v any = plain(n)
	if n.kind == scalarNode {
		d := json.NewDecoder(strings.NewReader(n.text))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			p.add(n.pos, "%s is no JSON: %s", what, quoted(n.text)).WithHint(`write a map, or JSON in single quotes, as in  '{"source": ["shop"]}'`)
			return ""
		}
	}
	if _, isMap := v.(map[string]any); !isMap {
		p.wrongKind(n, what, "a map")
		return ""
	}
	return compactJSON(v)
}

// payload reads what a target is given: text as it is, anything else as JSON.
func (p *reader) payload(n *node) string {
	if n.null() {
		return ""
	}
	if n.kind == scalarNode {
		return n.text
	}
	return compactJSON(plain(n))
}

func compactJSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "" // maps, lists, text and numbers can always be written
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// plain gives a value as JSON has it: a word without quotes may be a number,
// true, false or null.
func plain(n *node) any {
	switch n.kind {
	case nullNode:
		return nil
	case mapNode:
		m := map[string]any{}
		for _, e := range n.entries {
			m[e.key] = plain(e.value)
		}
		return m
	case listNode:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = plain(item)
		}
		return list
	}
	if n.quoted {
		return n.text
	}
	switch n.text {
	case "true":
		return true
	case "false":
		return false
	}
	if _, err := strconv.ParseFloat(n.text, 64); err == nil && json.Valid([]byte(n.text)) {
		return json.Number(n.text)
	}
	return n.text
}
