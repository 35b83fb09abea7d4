package sns

import (
	"maps"
	"slices"
	"strconv"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// record is a topic as it is stored.
type record struct {
	Name       string            `json:"name"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
}

// topic is a topic as it stands; it is replaced as a whole.
type topic struct {
	record record
	policy *iam.Policy
}

// settable are the attributes of a topic that have a meaning here or are kept.
var settable = []string{
	"DeliveryPolicy", "DisplayName", "KmsMasterKeyId", "Policy", "SignatureVersion", "TracingConfig",
	"LambdaFailureFeedbackRoleArn", "LambdaSuccessFeedbackRoleArn", "LambdaSuccessFeedbackSampleRate",
	"SQSFailureFeedbackRoleArn", "SQSSuccessFeedbackRoleArn", "SQSSuccessFeedbackSampleRate",
}

// policyText is the topic's policy: its own, or the one that AWS gives a new
// topic. That one lets in who has AWS:SourceOwner, a key that no caller here has.
func (s *Service) policyText(r *record) string {
	if text := r.Attributes["Policy"]; text != "" {
		return text
	}
	return `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},` +
		`"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe",` +
		`"SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"` + s.arn(r.Name) + `","Condition":{"StringEquals":{"AWS:SourceOwner":"` + s.cfg.Account + `"}}}]}`
}

func (s *Service) live(r record) (*topic, error) {
	policy, err := iam.Load([]byte(s.policyText(&r)), iam.Origin{Type: iam.TypeResource, Name: r.Name})
	if err != nil {
		return nil, invalid("Policy Error: null")
	}
	return &topic{r, policy}, nil
}

func checkAttributes(all map[string]string) error {
	for name, value := range all {
		switch {
		case name == "FifoTopic" && value == "false":
		case name == "FifoTopic" || name == "ContentBasedDeduplication":
			return invalid("Attributes Reason: the local cloud has no FIFO topics")
		case !slices.Contains(settable, name):
			return invalid("Attributes Reason: Unknown attribute %s", name)
		case name == "DisplayName" && len(value) > 100:
			return invalid("DisplayName Reason: must be at most 100 characters long")
		}
	}
	return nil
}

type topicARN struct{ TopicArn string }

// createTopic is idempotent: a topic that is there and has what was asked for
// is answered as if it were new.
func (s *Service) createTopic(c *gate.Call) (any, error) {
	name, attributes, tags := c.Form.Get("Name"), entries(c, "Attributes"), tagsOf(c)
	if !nameRule.MatchString(name) {
		return nil, invalid("Topic Name")
	}
	if err := checkAttributes(attributes); err != nil {
		return nil, err
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	delete(attributes, "FifoTopic")
	s.changes.Lock()
	defer s.changes.Unlock()
	answer := topicARN{s.arn(name)}
	if there := s.topic(name); there != nil {
		for k, v := range attributes {
			if there.record.Attributes[k] != v {
				return nil, invalid("Attributes Reason: Topic already exists with different attributes")
			}
		}
		if len(tags) > 0 && !maps.Equal(tags, there.record.Tags) {
			return nil, invalid("Tags Reason: Topic already exists with different tags")
		}
		return answer, nil
	}
	return answer, s.saveTopic(record{Name: name, Attributes: attributes, Tags: tags})
}

// saveTopic stores a topic and makes it the one that stands. The caller holds s.changes.
func (s *Service) saveTopic(r record) error {
	t, err := s.live(r)
	if err != nil {
		return err
	}
	if err := s.put("topics", r.Name, r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topics[r.Name] = t
	return nil
}

func (s *Service) put(bucket, key string, v any) error {
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("sns", bucket)
		if err != nil {
			return err
		}
		return b.PutJSON(key, v)
	})
}

// changeTopic edits a copy of a topic's record and saves it.
func (s *Service) changeTopic(arn, parameter string, edit func(*record) error) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	t, err := s.need(arn, parameter)
	if err != nil {
		return err
	}
	r := record{t.record.Name, maps.Clone(t.record.Attributes), maps.Clone(t.record.Tags)}
	if r.Attributes == nil {
		r.Attributes = map[string]string{}
	}
	if r.Tags == nil {
		r.Tags = map[string]string{}
	}
	if err := edit(&r); err != nil {
		return err
	}
	return s.saveTopic(r)
}

// deleteTopic removes a topic with its subscriptions; one that is gone is no error.
func (s *Service) deleteTopic(c *gate.Call) (any, error) {
	name, err := s.topicName(c.Form.Get("TopicArn"), "TopicArn")
	if err != nil {
		return nil, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	list := s.subscriptionsOf(name)
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("sns", "topics")
		if err != nil {
			return err
		}
		if err := b.Delete([]byte(name)); err != nil {
			return err
		}
		if b, err = tx.Bucket("sns", "subscriptions"); err != nil {
			return err
		}
		for _, sub := range list {
			if err := b.Delete([]byte(sub.record.ARN)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.topics, name)
	for _, sub := range list {
		delete(s.subscriptions, sub.record.ARN)
	}
	return nil, nil
}

func (s *Service) listTopics(c *gate.Call) (any, error) {
	s.mu.RLock()
	names := slices.Sorted(maps.Keys(s.topics))
	s.mu.RUnlock()
	part, next, err := page(c, names, func(name string) string { return name })
	if err != nil {
		return nil, err
	}
	var out struct {
		Topics    []topicARN `xml:"Topics>member"`
		NextToken string     `xml:",omitempty"`
	}
	out.NextToken = next
	for _, name := range part {
		out.Topics = append(out.Topics, topicARN{s.arn(name)})
	}
	return out, nil
}

func (s *Service) getTopicAttributes(c *gate.Call) (any, error) {
	t, err := s.need(c.Form.Get("TopicArn"), "TopicArn")
	if err != nil {
		return nil, err
	}
	all := map[string]string{
		"TopicArn": s.arn(t.record.Name), "Owner": s.cfg.Account, "DisplayName": "", "Policy": s.policyText(&t.record),
		"SubscriptionsConfirmed": strconv.Itoa(len(s.subscriptionsOf(t.record.Name))), "SubscriptionsPending": "0", "SubscriptionsDeleted": "0",
		"EffectiveDeliveryPolicy": `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false}}`,
	}
	for k, v := range t.record.Attributes {
		if v != "" {
			all[k] = v
		}
	}
	return toXML(all), nil
}

func (s *Service) setTopicAttributes(c *gate.Call) (any, error) {
	name, value := c.Form.Get("AttributeName"), c.Form.Get("AttributeValue")
	if err := checkAttributes(map[string]string{name: value}); err != nil {
		return nil, err
	}
	return nil, s.changeTopic(c.Form.Get("TopicArn"), "TopicArn", func(r *record) error {
		if value == "" {
			delete(r.Attributes, name)
			return nil
		}
		r.Attributes[name] = value
		return nil
	})
}

func (s *Service) tagResource(c *gate.Call) (any, error) {
	return nothing{}, s.changeTopic(c.Form.Get("ResourceArn"), "ResourceArn", func(r *record) error {
		if err := checkTags(tagsOf(c)); err != nil {
			return err
		}
		maps.Copy(r.Tags, tagsOf(c))
		return checkTags(r.Tags)
	})
}

func (s *Service) untagResource(c *gate.Call) (any, error) {
	return nothing{}, s.changeTopic(c.Form.Get("ResourceArn"), "ResourceArn", func(r *record) error {
		for _, k := range members(c, "TagKeys") {
			delete(r.Tags, k)
		}
		return nil
	})
}

func (s *Service) listTags(c *gate.Call) (any, error) {
	t, err := s.need(c.Form.Get("ResourceArn"), "ResourceArn")
	if err != nil {
		return nil, err
	}
	type tag struct{ Key, Value string }
	var out struct {
		Tags []tag `xml:"Tags>member"`
	}
	for _, k := range slices.Sorted(maps.Keys(t.record.Tags)) {
		out.Tags = append(out.Tags, tag{k, t.record.Tags[k]})
	}
	return out, nil
}

// load reads all topics and subscriptions.
func (s *Service) load() error {
	return s.cfg.DB.View(func(tx *store.Tx) error {
		err := store.Each(tx, []string{"sns", "topics"}, func(r record) error {
			t, err := s.live(r)
			s.topics[r.Name] = t
			return err
		})
		if err != nil {
			return err
		}
		return store.Each(tx, []string{"sns", "subscriptions"}, func(r subscriptionRecord) error {
			sub, err := r.live()
			s.subscriptions[r.ARN] = sub
			return err
		})
	})
}
