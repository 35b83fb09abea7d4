package sns

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/sns/filter"
	"github.com/writ-dev/writ/localcloud/store"
)

// subscriptionRecord is a subscription as it is stored.
type subscriptionRecord struct {
	ARN        string            `json:"arn"`
	Topic      string            `json:"topic"` // its name
	Protocol   string            `json:"protocol"`
	Endpoint   string            `json:"endpoint"`
	Principal  string            `json:"principal"`
	Attributes map[string]string `json:"attributes,omitempty"`
}

// subscription is a subscription as it stands; it is replaced as a whole.
type subscription struct {
	record subscriptionRecord
	filter *filter.Policy
	// dead is the ARN of the dead-letter queue.
	dead string
}

var (
	queueRule    = regexp.MustCompile(`^arn:aws:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}$`)
	functionRule = regexp.MustCompile(`^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]+|:\$LATEST)?$`)
)

func (r subscriptionRecord) live() (*subscription, error) {
	sub := &subscription{record: r}
	for name, value := range r.Attributes {
		switch name {
		case "RawMessageDelivery":
			if value != "true" && value != "false" {
				return nil, invalid("RawMessageDelivery Reason: must be true or false")
			}
			if value == "true" && r.Protocol != "sqs" {
				return nil, invalid("Delivery protocol [%s] does not support raw message delivery.", r.Protocol)
			}
		case "FilterPolicyScope":
			if value != "MessageAttributes" && value != "MessageBody" {
				return nil, invalid("FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", value)
			}
		case "FilterPolicy", "DeliveryPolicy":
		case "RedrivePolicy":
			var in struct {
				Target string `json:"deadLetterTargetArn"`
			}
			if err := json.Unmarshal([]byte(value), &in); err != nil || !queueRule.MatchString(in.Target) {
				return nil, invalid("RedrivePolicy: failed to parse JSON or deadLetterTargetArn is no queue")
			}
			sub.dead = in.Target
		default:
			return nil, invalid("AttributeName")
		}
	}
	if text := r.Attributes["FilterPolicy"]; text != "" {
		policy, err := filter.Parse(text, r.Attributes["FilterPolicyScope"] == "MessageBody")
		if err != nil {
			return nil, invalid("FilterPolicy: %s", err)
		}
		sub.filter = policy
	}
	return sub, nil
}

// subscribe makes a subscription; the same one again is answered as it is.
// Queues and functions of this account need no confirmation, as on AWS.
func (s *Service) subscribe(c *gate.Call) (any, error) {
	protocol, endpoint := c.Form.Get("Protocol"), c.Form.Get("Endpoint")
	switch {
	case protocol != "sqs" && protocol != "lambda":
		return nil, invalid("Protocol Reason: the local cloud delivers to sqs and lambda only, not to %q", protocol)
	case protocol == "sqs" && strings.HasSuffix(endpoint, ".fifo"):
		return nil, invalid("Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
	case protocol == "sqs" && !queueRule.MatchString(endpoint):
		return nil, invalid("SQS endpoint ARN")
	case protocol == "lambda" && !functionRule.MatchString(endpoint):
		return nil, invalid("Lambda endpoint ARN")
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	t, err := s.need(c.Form.Get("TopicArn"), "TopicArn")
	if err != nil {
		return nil, err
	}
	answer := func(arn string) any { return struct{ SubscriptionArn string }{arn} }
	attributes := entries(c, "Attributes")
	for _, have := range s.subscriptionsOf(t.record.Name) {
		if have.record.Protocol == protocol && have.record.Endpoint == endpoint {
			if len(attributes) > 0 && !maps.Equal(attributes, have.record.Attributes) {
				return nil, invalid("Attributes Reason: Subscription already exists with different attributes")
			}
			return answer(have.record.ARN), nil
		}
	}
	id, err := s.uuid()
	if err != nil {
		return nil, err
	}
	r := subscriptionRecord{
		ARN: s.arn(t.record.Name) + ":" + id, Topic: t.record.Name, Protocol: protocol, Endpoint: endpoint,
		Principal: c.Caller.ARN, Attributes: attributes,
	}
	return answer(r.ARN), s.saveSubscription(r)
}

func (s *Service) saveSubscription(r subscriptionRecord) error {
	sub, err := r.live()
	if err != nil {
		return err
	}
	if err := s.put("subscriptions", r.ARN, r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscriptions[r.ARN] = sub
	return nil
}

func (s *Service) subscription(arn string) *subscription {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.subscriptions[arn]
}

// subscriptionsOf gives a topic's subscriptions, "" for all, by their ARN.
func (s *Service) subscriptionsOf(topic string) (out []*subscription) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, arn := range slices.Sorted(maps.Keys(s.subscriptions)) {
		if sub := s.subscriptions[arn]; topic == "" || sub.record.Topic == topic {
			out = append(out, sub)
		}
	}
	return out
}

func (s *Service) needSubscription(c *gate.Call) (*subscription, error) {
	sub := s.subscription(c.Form.Get("SubscriptionArn"))
	if sub == nil {
		return nil, gate.Errorf("NotFound", "Subscription does not exist").WithStatus(404)
	}
	return sub, nil
}

// unsubscribe removes a subscription; one that is gone is no error.
func (s *Service) unsubscribe(c *gate.Call) (any, error) {
	arn := c.Form.Get("SubscriptionArn")
	s.changes.Lock()
	defer s.changes.Unlock()
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("sns", "subscriptions")
		if err != nil {
			return err
		}
		return b.Delete([]byte(arn))
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.subscriptions, arn)
	return nil, nil
}

type subscriptionXML struct{ SubscriptionArn, Owner, Protocol, Endpoint, TopicArn string }

func (s *Service) listSubscriptions(c *gate.Call) (any, error) {
	name := ""
	if c.Operation == "ListSubscriptionsByTopic" {
		t, err := s.need(c.Form.Get("TopicArn"), "TopicArn")
		if err != nil {
			return nil, err
		}
		name = t.record.Name
	}
	part, next, err := page(c, s.subscriptionsOf(name), func(sub *subscription) string { return sub.record.ARN })
	if err != nil {
		return nil, err
	}
	var out struct {
		Subscriptions []subscriptionXML `xml:"Subscriptions>member"`
		NextToken     string            `xml:",omitempty"`
	}
	out.NextToken = next
	for _, sub := range part {
		r := sub.record
		out.Subscriptions = append(out.Subscriptions, subscriptionXML{r.ARN, s.cfg.Account, r.Protocol, r.Endpoint, s.arn(r.Topic)})
	}
	return out, nil
}

func (s *Service) getSubscriptionAttributes(c *gate.Call) (any, error) {
	sub, err := s.needSubscription(c)
	if err != nil {
		return nil, err
	}
	r := sub.record
	all := map[string]string{
		"SubscriptionArn": r.ARN, "TopicArn": s.arn(r.Topic), "Protocol": r.Protocol, "Endpoint": r.Endpoint, "Owner": s.cfg.Account,
		"ConfirmationWasAuthenticated": "true", "PendingConfirmation": "false", "RawMessageDelivery": "false", "SubscriptionPrincipal": r.Principal,
	}
	if sub.filter != nil {
		all["FilterPolicyScope"] = "MessageAttributes"
	}
	maps.Copy(all, r.Attributes)
	return toXML(all), nil
}

func (s *Service) setSubscriptionAttributes(c *gate.Call) (any, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	sub, err := s.needSubscription(c)
	if err != nil {
		return nil, err
	}
	r := sub.record
	r.Attributes = maps.Clone(r.Attributes)
	if r.Attributes == nil {
		r.Attributes = map[string]string{}
	}
	name, value := c.Form.Get("AttributeName"), c.Form.Get("AttributeValue")
	if r.Attributes[name] = value; value == "" {
		delete(r.Attributes, name)
	}
	return nil, s.saveSubscription(r)
}
