package synth

import (
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

const (
	channelsID = "ChannelsApi"
	channelKey = "ChannelsKey"
)

// channels adds the AppSync Events API, a channel namespace for each channel,
// and a data source with a role of its own for each thing that handlers call.
// Callers sign with IAM. Only EventBridge cannot: a channel that an event leads
// to takes an API key too, for publishing alone.
func (b *builder) channels() {
	list := sorted(b.t.Channels, func(c *topology.Channel) string { return c.Name })
	if len(list) == 0 {
		return
	}
	iam := cfn.Obj("AuthType", "AWS_IAM")
	providers := []any{iam}
	keyed := b.keyedChannels()
	if len(keyed) > 0 {
		providers = append(providers, cfn.Obj("AuthType", "API_KEY"))
	}
	b.add(channelsID, "the Events API", list[0].Pos, cfn.Obj(
		"Type", "AWS::AppSync::Api",
		"Properties", cfn.Obj(
			"Name", apiName(b.t, b.o.Sandbox),
			"EventConfig", cfn.Obj(
				"AuthProviders", providers,
				"ConnectionAuthModes", []any{iam}, "DefaultPublishAuthModes", []any{iam}, "DefaultSubscribeAuthModes", []any{iam},
			),
			"Tags", b.tags(),
		),
	))
	b.output("ChannelsUrl", "URL to publish to channels", sub("https://${"+channelsID+".Dns.Http}/event"))
	if len(keyed) > 0 {
		b.channelsKey(list, keyed)
	}
	for _, ch := range list {
		b.channel(ch, keyed[ch.Name])
	}
}

// keyedChannels are the channels that an event publishes to.
func (b *builder) keyedChannels() map[string]bool {
	keyed := map[string]bool{}
	for _, e := range b.t.Events {
		for _, target := range e.Targets {
			if target.Kind == topology.KindChannel && !foreign(target.Name) {
				keyed[target.Name] = true
			}
		}
	}
	return keyed
}

// channelsKey adds the API key of EventBridge. It ends when the first of its
// channels says.
func (b *builder) channelsKey(list []*topology.Channel, keyed map[string]bool) {
	p := cfn.Obj("ApiId", getAtt(channelsID, "ApiId"), "Description", "EventBridge publishes to channels with it")
	first := ""
	for _, ch := range list {
		if keyed[ch.Name] && ch.KeyExpires != "" && (first == "" || ch.KeyExpires < first) {
			first = ch.KeyExpires
		}
	}
	if day, err := time.Parse(time.DateOnly, first); err == nil {
		p.Set("Expires", cfn.Number(strconv.FormatInt(day.Unix(), 10)))
	} else {
		b.skip("channel", "the API key of EventBridge", list[0].Pos, "key_expires is not set, so AWS ends the key after seven days; write  key_expires: DAY , at most a year ahead")
	}
	b.add(channelKey, "the API key of the channels", list[0].Pos, cfn.Obj("Type", "AWS::AppSync::ApiKey", "Properties", p))
}

func (b *builder) channel(ch *topology.Channel, keyed bool) {
	iam := cfn.Obj("AuthType", "AWS_IAM")
	p := cfn.Obj("ApiId", getAtt(channelsID, "ApiId"), "Name", ch.Name)
	publish := []any{iam}
	if keyed {
		publish = append(publish, cfn.Obj("AuthType", "API_KEY"))
	}
	p.Set("PublishAuthModes", publish)
	p.Set("SubscribeAuthModes", []any{iam})
	configs := &cfn.Object{}
	var code []string
	for _, h := range []struct {
		key, export string
		handler     *topology.ChannelHandler
	}{{"OnPublish", "onPublish", ch.Publish}, {"OnSubscribe", "onSubscribe", ch.Subscribe}} {
		if h.handler == nil {
			continue
		}
		config, text := b.channelHandler(ch, h.handler, h.export)
		if config != nil {
			configs.Set(h.key, config)
		}
		if text != "" {
			code = append(code, strings.TrimSuffix(text, "\n")+"\n")
		}
	}
	if configs.Len() > 0 {
		p.Set("HandlerConfigs", configs)
	}
	if len(code) > 0 {
		p.Set("CodeHandlers", strings.Join(code, "\n"))
	}
	if ch.Body != nil {
		b.skip("key", "channel "+ch.Name, ch.Pos, "authorizer, doc_only and output_channel of a channel are not synthesised yet; callers sign with IAM")
	}
	p.Set("Tags", b.tags())
	b.add(logicalID(ch.Name)+"Channel", "channel "+ch.Name, ch.Pos, cfn.Obj("Type", "AWS::AppSync::ChannelNamespace", "Properties", p))
}

// channelHandler gives a handler's configuration and code. A function is called
// directly, unless there is code that calls it.
// https://docs.aws.amazon.com/appsync/latest/eventapi/channel-namespace-handlers.html
func (b *builder) channelHandler(ch *topology.Channel, h *topology.ChannelHandler, export string) (config *cfn.Object, code string) {
	text := "channel " + ch.Name
	if h.File != "" && h.Code == "" {
		b.skip("channel", ch.Name, h.Pos, "its handler "+h.File+" was not read")
		return nil, ""
	}
	if h.Target == nil {
		return nil, h.Code
	}
	text += " -> " + string(h.Target.Kind) + " " + h.Target.Name
	if why := b.away(h.Target.Kind, h.Target.Name); why != "" {
		b.skip("edge", text, h.Target.Pos, why)
		return nil, h.Code
	}
	source, ok := b.dataSource(sourceOf{kind: topology.KindChannel, api: getAtt(channelsID, "ApiId"), apiARN: getAtt(channelsID, "ApiArn")}, *h.Target, b.channelsTo(*h.Target))
	if !ok {
		return nil, h.Code
	}
	integration := cfn.Obj("DataSourceName", getAtt(source, "Name"))
	code = h.Code
	behavior := "CODE"
	switch {
	case h.Target.Kind == topology.KindFunction && code == "":
		behavior = "DIRECT"
		integration.Set("LambdaConfig", cfn.Obj("InvokeType", "REQUEST_RESPONSE"))
	case h.Target.Kind == topology.KindEvent && code == "":
		code = b.channelEvent(h.Target.Name, export)
	}
	return cfn.Obj("Behavior", behavior, "Integration", integration), code
}

// channelsTo gives the edges of all handlers to one target.
func (b *builder) channelsTo(to topology.Target) []edge {
	var all []edge
	for _, ch := range sorted(b.t.Channels, func(c *topology.Channel) string { return c.Name }) {
		for _, h := range []*topology.ChannelHandler{ch.Publish, ch.Subscribe} {
			if h != nil && h.Target != nil && h.Target.Kind == to.Kind && h.Target.Name == to.Name {
				all = append(all, edge{pos: h.Target.Pos, text: "channel " + ch.Name + " -> " + string(to.Kind) + " " + to.Name})
			}
		}
	}
	return all
}

// channelEvent is the code that sends an event for each message, or for each
// subscription.
func (b *builder) channelEvent(name, export string) string {
	events, answer := "ctx.events.map((e) => ({ source: SOURCE, detailType: DETAIL_TYPE, detail: { id: e.id, payload: e.payload } }))", "ctx.events"
	if export == "onSubscribe" {
		events, answer = "[{ source: SOURCE, detailType: DETAIL_TYPE, detail: { channel: ctx.info.channel.path } }]", "null"
	}
	text := "export const " + export + ` = {
  request(ctx) {
    return { operation: 'PutEvents', events: EVENTS };
  },
  response(ctx) {
    return ANSWER;
  },
};
`
	text = strings.NewReplacer("EVENTS", events, "ANSWER", answer).Replace(text)
	source, detailType := b.sent(b.events[name])
	return strings.NewReplacer("SOURCE", jsText(source), "DETAIL_TYPE", jsText(detailType)).Replace(text)
}
