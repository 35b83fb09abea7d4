package synth

import (
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// thing is an entity that rights are about, as the template writes it.
type thing struct {
	kind     topology.Kind
	name     string
	external string // its ARN or AWS name where another made it
	physical string // its AWS name where we do; a bucket's lacks account and region
	suffix   string // what the logical id ends in
	pos      writ.Position
}

func (x thing) id() string { return logicalID(x.name) + x.suffix }

// things lists all of a topology but stores and functions, which have more to
// them, and events, which are rules on a bus.
func things(t *topology.Topology, sandbox string) []thing {
	var all []thing
	add := func(kind topology.Kind, name, external, suffix string, pos writ.Position) {
		all = append(all, thing{kind, name, external, EntityName(t, kind, name, sandbox), suffix, pos})
	}
	for _, x := range t.Queues {
		add(topology.KindQueue, x.Name, x.External, "Queue", x.Pos)
	}
	for _, x := range t.Topics {
		add(topology.KindTopic, x.Name, x.External, "Topic", x.Pos)
	}
	for _, x := range t.Streams {
		add(topology.KindStream, x.Name, x.External, "Stream", x.Pos)
	}
	for _, x := range t.Buses {
		add(topology.KindBus, x.Name, x.External, "Bus", x.Pos)
	}
	for _, x := range t.Secrets {
		add(topology.KindSecret, x.Name, x.External, "Secret", x.Pos)
	}
	for _, x := range t.Parameters {
		add(topology.KindParameter, x.Name, x.External, "Parameter", x.Pos)
	}
	for _, x := range t.Keys {
		add(topology.KindKey, x.Name, x.External, "Key", x.Pos)
	}
	return sorted(all, func(x thing) string { return string(x.kind) + "\x00" + x.name })
}

// arnForms are the ARNs of things by kind, before their name.
var arnForms = map[topology.Kind]string{
	topology.KindQueue:     "sqs:${AWS::Region}:${AWS::AccountId}:",
	topology.KindTopic:     "sns:${AWS::Region}:${AWS::AccountId}:",
	topology.KindStream:    "kinesis:${AWS::Region}:${AWS::AccountId}:stream/",
	topology.KindBus:       "events:${AWS::Region}:${AWS::AccountId}:event-bus/",
	topology.KindSecret:    "secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:",
	topology.KindParameter: "ssm:${AWS::Region}:${AWS::AccountId}:parameter/",
	topology.KindKey:       "kms:${AWS::Region}:${AWS::AccountId}:key/",
}

// literalARN is the ARN of a thing of this account by its name, without any
// reference to a resource. A secret's ends in six characters that AWS adds.
func literalARN(kind topology.Kind, name string) *cfn.Object {
	if kind == topology.KindParameter {
		name = strings.TrimPrefix(name, "/")
	}
	if kind == topology.KindSecret {
		name += "-??????"
	}
	return sub("arn:${AWS::Partition}:" + arnForms[kind] + name)
}

// thingARN gives the ARN of a thing.
func (b *builder) thingARN(kind topology.Kind, name string) any {
	x := b.things[node{Kind: kind, Name: name}]
	if b.outside {
		return literalARN(kind, x.physical)
	}
	if x.external != "" {
		external := b.render(x.external, x.pos)
		if strings.HasPrefix(x.external, "arn:") {
			return external
		}
		text, plain := external.(string)
		if !plain {
			b.fail(writ.Errorf(writ.CodeInvalid, "the AWS name of %s %s cannot hold the account or the region", kind, name).
				WithHint("write its ARN").At(x.pos, ""))
		}
		return literalARN(kind, text)
	}
	switch kind {
	case topology.KindTopic, topology.KindSecret:
		return ref(x.id())
	case topology.KindParameter: // Ref is the name, which starts with a slash
		return sub("arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${" + x.id() + "}")
	}
	return getAtt(x.id(), "Arn")
}

// sourceARN is the ARN of a thing as a resource policy names whom a service
// acts for: without any reference, so that the policy waits for nothing.
func (b *builder) sourceARN(kind topology.Kind, name string) any {
	x := b.things[node{Kind: kind, Name: name}]
	if x.external != "" {
		return b.thingARN(kind, name)
	}
	return literalARN(kind, x.physical)
}

// busOf gives the bus of an event, nil for the default bus of the account.
func (b *builder) busOf(e *topology.Event) *thing {
	if e.Bus == "" {
		return nil
	}
	x, ok := b.things[node{Kind: topology.KindBus, Name: e.Bus}]
	if !ok {
		return nil
	}
	return &x
}

func (b *builder) busARN(e *topology.Event) any {
	if bus := b.busOf(e); bus != nil {
		return b.thingARN(topology.KindBus, bus.name)
	}
	return literalARN(topology.KindBus, "default")
}

// ruleARN is the ARN of an event's rule, without a reference to it.
func (b *builder) ruleARN(e *topology.Event) any {
	name := b.ruleName(e)
	if bus := b.busOf(e); bus != nil {
		on := bus.physical
		if bus.external != "" {
			on = bus.external[strings.LastIndexByte(bus.external, '/')+1:]
		}
		name = on + "/" + name
	}
	return sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/" + name)
}

// ruleName gives the AWS name of an event's rule.
func (b *builder) ruleName(e *topology.Event) string { return RuleName(b.t, e, b.o.Sandbox) }

// RuleName gives the AWS name of an event's rule in a sandbox: the one that the
// topology gives it, or NAMESPACE_NAME_SANDBOX.
func RuleName(t *topology.Topology, e *topology.Event, sandbox string) string {
	if e.RuleName == "" {
		return EntityName(t, topology.KindEvent, e.Name, sandbox)
	}
	name := variable.ReplaceAllStringFunc(e.RuleName, func(v string) string {
		switch strings.Trim(v, "{} \t\r\n") {
		case "namespace":
			return t.Name
		case "sandbox":
			return sandbox
		}
		return v
	})
	return fit(name, replace(name, "-_."), 64)
}

// bucketSource is a bucket's ARN without a reference to it.
func (b *builder) bucketSource(name string) any {
	return sub("arn:${AWS::Partition}:s3:::" + BucketName(b.t, name, b.o.Sandbox) + "-${AWS::AccountId}-${AWS::Region}")
}

// render fills the template variables of a text in; one that has no value here
// is an error.
func (b *builder) render(text string, pos writ.Position) any {
	var parts []any
	for text != "" {
		at := variable.FindStringIndex(text)
		if at == nil {
			parts = append(parts, text)
			break
		}
		value, why := b.variableValue(strings.Trim(text[at[0]:at[1]], "{} \t\r\n"))
		if why != "" {
			b.fail(writ.Errorf(writ.CodeInvalid, "%s", why).At(pos, ""))
			value = ""
		}
		parts, text = append(parts, text[:at[0]], value), text[at[1]:]
	}
	parts = joinText(parts)
	if len(parts) > 0 && parts[0] == "" {
		parts = parts[1:]
	}
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0]
	}
	return substitute(parts)
}
