package sns

import (
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/sns/filter"
	"github.com/writ-dev/writ/localcloud/store"
)

const (
	maxMessage = 256 << 10 // bytes, of one message and of a batch
	maxBatch   = 10
)

// message is a published message.
type message struct {
	ID         string               `json:"id"`
	Topic      string               `json:"topic"` // its name
	Subject    string               `json:"subject,omitempty"`
	Time       string               `json:"time"`
	Attributes map[string]attribute `json:"attributes,omitempty"`
	// Text is what a protocol gets, "" holds what it gets when it is not named.
	Text map[string]string `json:"text"`
	size int
}

func (m *message) textFor(protocol string) string {
	if text, ok := m.Text[protocol]; ok {
		return text
	}
	return m.Text[""]
}

// read checks one message; prefix is "" or that of an entry of a batch.
func (s *Service) read(c *gate.Call, topic, prefix string) (*message, error) {
	get := func(name string) string { return c.Form.Get(prefix + name) }
	text := get("Message")
	m := &message{Topic: topic, Subject: get("Subject"), Time: s.cfg.Now().UTC().Format("2006-01-02T15:04:05.000Z")}
	switch {
	case text == "":
		return nil, invalid("Empty message")
	case !utf8.ValidString(text):
		return nil, invalid("Message Reason: it is not UTF-8")
	case utf8.RuneCountInString(m.Subject) > 100:
		return nil, invalid("Subject")
	case get("MessageGroupId") != "" && len(get("MessageGroupId")) > 128, get("MessageDeduplicationId") != "":
		return nil, invalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
	}
	var err error
	if m.Attributes, err = attributesOf(c, prefix); err != nil {
		return nil, err
	}
	m.size = len(text) + len(m.Subject)
	for name, a := range m.Attributes {
		m.size += len(name) + len(a.Type) + len(a.Value)
	}
	if m.size > maxMessage {
		return nil, invalid("Message too long")
	}
	m.Text = map[string]string{"": text}
	switch get("MessageStructure") {
	case "":
	case "json":
		var by map[string]any
		if err := json.Unmarshal([]byte(text), &by); err != nil {
			return nil, invalid("Message Structure - JSON message body failed to parse")
		}
		for protocol, v := range by {
			if one, ok := v.(string); ok {
				m.Text[protocol] = one
			}
		}
		usual, ok := m.Text["default"]
		if !ok {
			return nil, invalid("Message Structure - No default entry in JSON message body")
		}
		m.Text[""] = usual
	default:
		return nil, invalid("MessageStructure")
	}
	m.ID, err = s.uuid()
	return m, err
}

// delivery is a message on its way to one subscriber.
type delivery struct {
	Message  *message `json:"message"`
	ARN      string   `json:"arn"` // of the subscription
	Protocol string   `json:"protocol"`
	Endpoint string   `json:"endpoint"`
	Raw      bool     `json:"raw,omitempty"`
	Dead     string   `json:"dead,omitempty"`
	key      string
}

// deliveries finds who gets a message.
func (s *Service) deliveries(m *message) (out []*delivery) {
	attributes := map[string]filter.Attribute{}
	for name, a := range m.Attributes {
		attributes[name] = filter.Attribute{Type: a.Type, Value: a.Value}
	}
	for _, sub := range s.subscriptionsOf(m.Topic) {
		r := sub.record
		if sub.filter == nil || sub.filter.Match(m.textFor(r.Protocol), attributes) {
			out = append(out, &delivery{
				Message: m, ARN: r.ARN, Protocol: r.Protocol, Endpoint: r.Endpoint, Raw: r.Attributes["RawMessageDelivery"] == "true", Dead: sub.dead,
			})
		}
	}
	return out
}

// send stores the deliveries of messages, and then begins them: what was
// published arrives also after a stop.
func (s *Service) send(list ...*message) error {
	var all []*delivery
	for _, m := range list {
		all = append(all, s.deliveries(m)...)
	}
	if len(all) == 0 {
		return nil
	}
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("sns", "deliveries")
		if err != nil {
			return err
		}
		for _, d := range all {
			n, err := b.NextSequence()
			if err != nil {
				return err
			}
			d.key = strconv.FormatUint(1e18+n, 10)
			if err := b.PutJSON(d.key, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range all {
		s.post.put(d)
	}
	return nil
}

func (s *Service) publish(c *gate.Call) (any, error) {
	if c.Form.Has("PhoneNumber") {
		return nil, invalid("PhoneNumber Reason: the local cloud sends no text messages")
	}
	t, err := s.need(target(c), "TopicArn")
	if err != nil {
		return nil, err
	}
	m, err := s.read(c, t.record.Name, "")
	if err != nil {
		return nil, err
	}
	return struct{ MessageId string }{m.ID}, s.send(m)
}

type batchDone struct{ Id, MessageId string }

type batchFailed struct {
	Id, Code, Message string
	SenderFault       bool
}

func (s *Service) publishBatch(c *gate.Call) (any, error) {
	t, err := s.need(c.Form.Get("TopicArn"), "TopicArn")
	if err != nil {
		return nil, err
	}
	var out struct {
		Successful []batchDone   `xml:"Successful>member"`
		Failed     []batchFailed `xml:"Failed>member"`
	}
	var list []*message
	ids, size := map[string]bool{}, 0
	for i := 1; ; i++ {
		prefix := "PublishBatchRequestEntries.member." + strconv.Itoa(i) + "."
		id := c.Form.Get(prefix + "Id")
		if id == "" {
			break
		}
		if i > maxBatch {
			return nil, gate.Errorf("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
		}
		if ids[id] {
			return nil, gate.Errorf("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
		}
		ids[id] = true
		m, err := s.read(c, t.record.Name, prefix)
		var known *gate.Error
		switch {
		case errors.As(err, &known):
			out.Failed = append(out.Failed, batchFailed{id, known.Code, known.Message, true})
			continue
		case err != nil:
			return nil, err
		}
		size += m.size
		list, out.Successful = append(list, m), append(out.Successful, batchDone{id, m.ID})
	}
	switch {
	case len(ids) == 0:
		return nil, gate.Errorf("EmptyBatchRequest", "The batch request doesn't contain any entries.")
	case size > maxMessage:
		return nil, gate.Errorf("BatchRequestTooLong", "The length of all the messages put together is more than the limit.")
	}
	return out, s.send(list...)
}
