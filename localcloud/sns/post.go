package sns

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// maxAtOnce bounds the deliveries under way.
const maxAtOnce = 32

// post delivers.
type post struct {
	s     *Service
	ctx   context.Context
	stop  context.CancelFunc
	slots chan struct{}

	mu      sync.Mutex
	closed  bool
	waiting []*delivery
	work    sync.WaitGroup
}

func newPost(s *Service) *post {
	p := &post{s: s, slots: make(chan struct{}, maxAtOnce)}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p
}

// Resume begins the deliveries that a stop cut short; calls can be made from then on.
func (s *Service) Resume() error {
	var list []*delivery
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket("sns", "deliveries")
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			d := &delivery{key: string(k)}
			if err := json.Unmarshal(v, d); err != nil {
				return err
			}
			list = append(list, d)
		}
		return nil
	})
	for _, d := range list {
		s.post.put(d)
	}
	return err
}

// put begins a delivery. Those that find no slot wait in memory, in their order.
func (p *post) put(d *delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return // it is stored, and begins at the next start
	}
	p.waiting = append(p.waiting, d)
	select {
	case p.slots <- struct{}{}:
		p.work.Go(p.run)
	default:
	}
}

// run delivers until nothing waits.
func (p *post) run() {
	for {
		p.mu.Lock()
		if len(p.waiting) == 0 || p.closed {
			<-p.slots
			p.mu.Unlock()
			return
		}
		d := p.waiting[0]
		p.waiting = p.waiting[1:]
		p.mu.Unlock()
		p.deliver(d)
	}
}

func (p *post) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	p.work.Wait()
}

// deliver tries a delivery. As on AWS a client error, such as a policy that
// denies or an endpoint that is gone, is final; others are tried again.
func (p *post) deliver(d *delivery) {
	err := p.s.deliver(p.ctx, d)
	for _, wait := range p.s.cfg.Retries {
		if err == nil || final(err) || !p.sleep(wait) {
			break
		}
		err = p.s.deliver(p.ctx, d)
	}
	if p.ctx.Err() != nil {
		return
	}
	if err != nil {
		err = p.bury(d, err)
	}
	if err == nil || p.ctx.Err() == nil {
		p.done(d)
	}
}

func (p *post) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}

func final(err error) bool {
	var known *gate.Error
	return errors.As(err, &known) && known.Status < 500 && known.Status != http.StatusTooManyRequests
}

// bury says that a message could not be delivered, and gives it to the
// subscription's dead-letter queue.
func (p *post) bury(d *delivery, cause error) error {
	log := p.s.cfg.Log.With("topic", d.Message.Topic, "to", d.Endpoint)
	if d.Dead == "" {
		log.Warn("a message of SNS could not be delivered and is lost", "error", cause.Error())
		return cause
	}
	dead := *d
	dead.Protocol, dead.Endpoint = "sqs", d.Dead
	if err := p.s.deliver(p.ctx, &dead); err != nil {
		log.Warn("a message of SNS could not be delivered, nor to its dead-letter queue, and is lost", "error", cause.Error(), "queue", err.Error())
		return err
	}
	log.Warn("a message of SNS could not be delivered and went to its dead-letter queue", "error", cause.Error())
	return nil
}

// done forgets a delivery.
func (p *post) done(d *delivery) {
	err := p.s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("sns", "deliveries")
		if err != nil {
			return err
		}
		return b.Delete([]byte(d.key))
	})
	if err != nil {
		p.s.cfg.Log.Warn("a delivery of SNS may come again", "error", err.Error())
	}
}

// deliver makes one attempt, as the service on behalf of the topic.
func (s *Service) deliver(ctx context.Context, d *delivery) error {
	call := &gate.Call{
		Caller:  gate.ServiceCaller(Principal, s.cfg.Account, s.arn(d.Message.Topic)),
		Account: s.cfg.Account, Region: s.cfg.Region, UserAgent: Principal, Secure: true, Method: http.MethodPost, Path: "/", Header: http.Header{},
	}
	var err error
	if d.Protocol == "sqs" {
		call.Service, call.Operation = "sqs", "SendMessage"
		call.Body, err = s.queueMessage(d)
	} else {
		call.Service, call.Operation = "lambda", "Invoke"
		call.Path = "/2015-03-31/functions/" + url.PathEscape(d.Endpoint) + "/invocations"
		call.Vars = map[string]string{"FunctionName": d.Endpoint}
		call.Header.Set("X-Amz-Invocation-Type", "Event")
		call.Body, err = s.event(d)
	}
	if err != nil {
		return err
	}
	_, err = s.cfg.Do.Do(ctx, call)
	return err
}

// queueMessage is the body of SendMessage.
func (s *Service) queueMessage(d *delivery) ([]byte, error) {
	part := strings.Split(d.Endpoint, ":")
	in := map[string]any{"QueueUrl": "https://sqs." + part[3] + ".amazonaws.com/" + part[4] + "/" + part[5]}
	if !d.Raw {
		envelope, err := json.Marshal(s.notification(d, "SigningCertURL", "UnsubscribeURL"))
		if err != nil {
			return nil, err
		}
		in["MessageBody"] = string(envelope)
		return json.Marshal(in)
	}
	in["MessageBody"] = d.Message.textFor("sqs")
	if len(d.Message.Attributes) > 0 {
		all := map[string]map[string]string{}
		for name, a := range d.Message.Attributes {
			value := "StringValue"
			if strings.HasPrefix(a.Type, "Binary") {
				value = "BinaryValue"
			}
			kind := a.Type
			if kind == "String.Array" {
				kind = "String"
			}
			all[name] = map[string]string{"DataType": kind, value: a.Value}
		}
		in["MessageAttributes"] = all
	}
	return json.Marshal(in)
}

// unsigned stands where AWS has a signature: the local cloud has no
// certificate to sign with.
const unsigned = "the local cloud does not sign"

// notification is a message as subscribers see it.
func (s *Service) notification(d *delivery, certificate, unsubscribe string) map[string]any {
	m := d.Message
	out := map[string]any{
		"Type": "Notification", "MessageId": m.ID, "TopicArn": s.arn(m.Topic), "Message": m.textFor(d.Protocol), "Timestamp": m.Time,
		"SignatureVersion": "1", "Signature": unsigned, certificate: "https://sns." + s.cfg.Region + ".amazonaws.com/none.pem",
		unsubscribe: "https://sns." + s.cfg.Region + ".amazonaws.com/?Action=Unsubscribe&SubscriptionArn=" + d.ARN,
	}
	if m.Subject != "" {
		out["Subject"] = m.Subject
	}
	if len(m.Attributes) > 0 {
		out["MessageAttributes"] = viewOf(m.Attributes)
	}
	return out
}

func viewOf(attributes map[string]attribute) map[string]map[string]string {
	all := map[string]map[string]string{}
	for name, a := range attributes {
		all[name] = map[string]string{"Type": a.Type, "Value": a.Value}
	}
	return all
}

// event is what a function gets.
func (s *Service) event(d *delivery) ([]byte, error) {
	in := s.notification(d, "SigningCertUrl", "UnsubscribeUrl")
	in["MessageAttributes"] = viewOf(d.Message.Attributes)
	if _, ok := in["Subject"]; !ok {
		in["Subject"] = nil
	}
	return json.Marshal(map[string]any{"Records": []any{map[string]any{
		"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": d.ARN, "Sns": in,
	}}})
}
