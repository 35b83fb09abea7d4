package resource

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/gate"
)

// sns makes a call of SNS, whose parameters are in pairs.
func (c *Cloud) sns(ctx context.Context, operation string, out any, pairs ...string) error {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return c.query(ctx, "sns", operation, form, out)
}

// topic is AWS::SNS::Topic. Its physical id is its ARN.
type topic struct{}

// topicAttributes are the properties that are attributes of the same name.
var topicAttributes = words("DisplayName KmsMasterKeyId SignatureVersion TracingConfig")

// topicARN is the ARN of a topic whose making may have been cut short.
func topicARN(w *Work) string {
	if len(w.Physical) > 4 && w.Physical[:4] == "arn:" {
		return w.Physical
	}
	return w.Cloud.arn("sns", w.Cloud.Region, w.Physical)
}

func (t topic) Create(ctx context.Context, w *Work) (Result, error) {
	if _, custom := text(w.Properties, "TopicName"); custom {
		// CreateTopic takes a topic that is there for a new one.
		exists, err := t.Exists(ctx, w)
		if err != nil {
			return Result{}, err
		}
		if exists {
			return Result{}, gate.Errorf("AlreadyExists", "Resource of type 'AWS::SNS::Topic' with identifier '%s' already exists.", w.Physical)
		}
	}
	pairs := []string{"Name", w.Physical}
	n := 0
	for _, key := range append([]string{"FifoTopic"}, topicAttributes...) {
		if v, ok := text(w.Properties, key); ok {
			n++
			at := "Attributes.entry." + strconv.Itoa(n)
			pairs = append(pairs, at+".key", key, at+".value", v)
		}
	}
	all := tags(w.Tags, w.Properties)
	pairs = append(pairs, topicTags(all)...)
	if err := w.Cloud.sns(ctx, "CreateTopic", nil, pairs...); err != nil {
		return Result{}, err
	}
	arn := topicARN(w)
	result := Result{Physical: arn, Attributes: map[string]string{"TopicArn": arn, "TopicName": w.Physical}}
	for _, v := range w.Properties.List("Subscription") {
		if err := inlineSubscription(ctx, w, arn, v); err != nil {
			return result, err
		}
	}
	return result, nil
}

// inlineSubscription makes a subscription of a topic's own property.
func inlineSubscription(ctx context.Context, w *Work, arn string, v any) error {
	protocol, endpoint := endpointOf(v)
	return w.Cloud.sns(ctx, "Subscribe", nil, "TopicArn", arn, "Protocol", protocol, "Endpoint", endpoint)
}

// topicTags gives tags as the Query protocol has them.
func topicTags(all map[string]string) (pairs []string) {
	for i, key := range slices.Sorted(maps.Keys(all)) {
		at := "Tags.member." + strconv.Itoa(i+1)
		pairs = append(pairs, at+".Key", key, at+".Value", all[key])
	}
	return pairs
}

func (topic) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	for _, key := range topicAttributes {
		if !w.changed(key) {
			continue
		}
		value, _ := text(w.Properties, key)
		if err := w.Cloud.sns(ctx, "SetTopicAttributes", nil, "TopicArn", w.Physical, "AttributeName", key, "AttributeValue", value); err != nil {
			return result, err
		}
	}
	if w.changed("Subscription") {
		for _, v := range w.Properties.List("Subscription") {
			if err := inlineSubscription(ctx, w, w.Physical, v); err != nil {
				return result, err
			}
		}
		if err := dropSubscriptions(ctx, w); err != nil {
			return result, err
		}
	}
	set, remove := w.tagChange()
	if len(set) > 0 {
		if err := w.Cloud.sns(ctx, "TagResource", nil, append(topicTags(set), "ResourceArn", w.Physical)...); err != nil {
			return result, err
		}
	}
	if len(remove) > 0 {
		pairs := []string{"ResourceArn", w.Physical}
		for i, key := range remove {
			pairs = append(pairs, "TagKeys.member."+strconv.Itoa(i+1), key)
		}
		return result, w.Cloud.sns(ctx, "UntagResource", nil, pairs...)
	}
	return result, nil
}

// dropSubscriptions removes those of the topic's own property that it no longer has.
func dropSubscriptions(ctx context.Context, w *Work) error {
	now := map[[2]string]bool{}
	for _, v := range w.Properties.List("Subscription") {
		protocol, endpoint := endpointOf(v)
		now[[2]string{protocol, endpoint}] = true
	}
	for _, v := range w.Old.List("Subscription") {
		protocol, endpoint := endpointOf(v)
		if now[[2]string{protocol, endpoint}] {
			continue
		}
		arn, err := findSubscription(ctx, w, w.Physical, protocol, endpoint)
		if err == nil && arn != "" {
			err = w.Cloud.sns(ctx, "Unsubscribe", nil, "SubscriptionArn", arn)
		}
		if err := gone(err); err != nil {
			return err
		}
	}
	return nil
}

func (topic) Delete(ctx context.Context, w *Work) error {
	return gone(w.Cloud.sns(ctx, "DeleteTopic", nil, "TopicArn", topicARN(w)))
}

// Exists asks SNS.
func (topic) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.sns(ctx, "GetTopicAttributes", nil, "TopicArn", topicARN(w)))
}

// topicPolicy is AWS::SNS::TopicPolicy: one policy for some topics.
type topicPolicy struct{}

func setTopicPolicy(ctx context.Context, w *Work, arn, policy string) error {
	return w.Cloud.sns(ctx, "SetTopicAttributes", nil, "TopicArn", arn, "AttributeName", "Policy", "AttributeValue", policy)
}

func (topicPolicy) Create(ctx context.Context, w *Work) (Result, error) {
	policy, err := document(w.Properties, "PolicyDocument")
	if err != nil {
		return Result{}, err
	}
	result := Result{}
	for _, arn := range texts(w.Properties, "Topics") {
		if err := setTopicPolicy(ctx, w, arn, policy); err != nil {
			return result, err
		}
		result = Result{Physical: w.Physical, Attributes: map[string]string{"Id": w.Physical}}
	}
	if result.Physical == "" {
		return result, missing(w, "Topics")
	}
	return result, nil
}

func (p topicPolicy) Update(ctx context.Context, w *Work) (Result, error) {
	now := set(texts(w.Properties, "Topics"))
	for _, arn := range texts(w.Old, "Topics") {
		if _, stays := now[arn]; !stays {
			if err := gone(setTopicPolicy(ctx, w, arn, "")); err != nil {
				return Result{Physical: w.Physical, Attributes: w.Attributes}, err
			}
		}
	}
	return p.Create(ctx, w)
}

// Delete gives the topics back the policy that a new one has.
func (topicPolicy) Delete(ctx context.Context, w *Work) error {
	for _, arn := range texts(w.Properties, "Topics") {
		if err := gone(setTopicPolicy(ctx, w, arn, "")); err != nil {
			return err
		}
	}
	return nil
}

// subscription is AWS::SNS::Subscription. Its physical id is its ARN.
type subscription struct{}

var subscriptionAttributes = words("DeliveryPolicy FilterPolicy FilterPolicyScope RawMessageDelivery RedrivePolicy")

// subscriptionAttribute gives a property as an attribute, which is text.
func subscriptionAttribute(w *Work, key string) (string, bool, error) {
	v, ok := w.Properties.Get(key)
	if !ok {
		return "", false, nil
	}
	if s, plain := scalar(v); plain {
		return s, true, nil
	}
	raw, err := json.Marshal(v)
	return string(raw), true, err
}

func (subscription) Create(ctx context.Context, w *Work) (Result, error) {
	pairs, n := []string{}, 0
	for _, key := range words("Endpoint Protocol TopicArn") {
		v, _ := text(w.Properties, key)
		pairs = append(pairs, key, v)
	}
	for _, key := range subscriptionAttributes {
		v, ok, err := subscriptionAttribute(w, key)
		if err != nil {
			return Result{}, err
		}
		if ok {
			n++
			at := "Attributes.entry." + strconv.Itoa(n)
			pairs = append(pairs, at+".key", key, at+".value", v)
		}
	}
	var out struct {
		ARN string `xml:"SubscribeResult>SubscriptionArn"`
	}
	if err := w.Cloud.sns(ctx, "Subscribe", &out, append(pairs, "ReturnSubscriptionArn", "true")...); err != nil {
		return Result{}, err
	}
	return Result{Physical: out.ARN, Attributes: map[string]string{"Arn": out.ARN}}, nil
}

func (subscription) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	keys := slices.Clone(subscriptionAttributes)
	// The scope decides how a filter is read: a filter that goes, goes first.
	if _, ok := w.Properties.Get("FilterPolicy"); ok {
		keys = append([]string{"FilterPolicyScope"}, keys...)
	}
	for _, key := range keys {
		if !w.changed(key) {
			continue
		}
		value, ok, err := subscriptionAttribute(w, key)
		if err != nil {
			return result, err
		}
		if !ok && key == "RawMessageDelivery" {
			value = "false"
		}
		if err := w.Cloud.sns(ctx, "SetSubscriptionAttributes", nil, "SubscriptionArn", w.Physical, "AttributeName", key, "AttributeValue", value); err != nil {
			return result, err
		}
	}
	return result, nil
}

// Delete also finds a subscription whose making was cut short: a topic has one
// of an endpoint only.
func (subscription) Delete(ctx context.Context, w *Work) error {
	arn := w.Physical
	if arn == "" {
		topic, _ := text(w.Properties, "TopicArn")
		protocol, endpoint := endpointOf(w.Properties)
		var err error
		if arn, err = findSubscription(ctx, w, topic, protocol, endpoint); err != nil || arn == "" || arn == w.Keep {
			return gone(err)
		}
	}
	return gone(w.Cloud.sns(ctx, "Unsubscribe", nil, "SubscriptionArn", arn))
}

func endpointOf(v any) (protocol, endpoint string) {
	o, _ := v.(*cfn.Object)
	protocol, _ = text(o, "Protocol")
	endpoint, _ = text(o, "Endpoint")
	return protocol, endpoint
}

// findSubscription gives the ARN of a topic's subscription of an endpoint, "" for none.
func findSubscription(ctx context.Context, w *Work, topic, protocol, endpoint string) (string, error) {
	next := ""
	for {
		var out struct {
			List []struct{ SubscriptionArn, Protocol, Endpoint string } `xml:"ListSubscriptionsByTopicResult>Subscriptions>member"`
			Next string                                                 `xml:"ListSubscriptionsByTopicResult>NextToken"`
		}
		pairs := []string{"TopicArn", topic}
		if next != "" {
			pairs = append(pairs, "NextToken", next)
		}
		if err := w.Cloud.sns(ctx, "ListSubscriptionsByTopic", &out, pairs...); err != nil {
			return "", err
		}
		for _, one := range out.List {
			if one.Protocol == protocol && one.Endpoint == endpoint {
				return one.SubscriptionArn, nil
			}
		}
		if next = out.Next; next == "" {
			return "", nil
		}
	}
}
