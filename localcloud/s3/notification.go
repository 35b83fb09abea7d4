package s3

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
)

// Principal is the service as a caller of others.
const Principal = "s3.amazonaws.com"

// notification is a bucket's notification configuration. In the store it is
// kept as JSON of the same shape.
type notification struct {
	XMLName xml.Name      `xml:"NotificationConfiguration" json:"-"`
	Topics  []destination `xml:"TopicConfiguration" json:",omitempty"`
	Queues  []destination `xml:"QueueConfiguration" json:",omitempty"`
	Lambdas []destination `xml:"CloudFunctionConfiguration" json:",omitempty"`
	Bridge  *struct{}     `xml:"EventBridgeConfiguration" json:",omitempty"`
}

// destination is one configuration; one of Topic, Queue and Function is set.
type destination struct {
	ID       string   `xml:"Id"`
	Topic    string   `xml:"Topic,omitempty" json:",omitempty"`
	Queue    string   `xml:"Queue,omitempty" json:",omitempty"`
	Function string   `xml:"CloudFunction,omitempty" json:",omitempty"`
	Events   []string `xml:"Event"`
	Filter   *filter  `xml:"Filter" json:",omitempty"`
}

type filter struct {
	Rules []filterRule `xml:"S3Key>FilterRule"`
}

type filterRule struct{ Name, Value string }

// all gives the configurations of all kinds.
func (n *notification) all() []destination { return slices.Concat(n.Topics, n.Queues, n.Lambdas) }

func (d *destination) arn() string { return d.Topic + d.Queue + d.Function }

// affixes gives the prefix and the suffix that keys must have.
func (d *destination) affixes() (prefix, suffix string) {
	if d.Filter == nil {
		return "", ""
	}
	for _, rule := range d.Filter.Rules {
		if strings.EqualFold(rule.Name, "prefix") {
			prefix = rule.Value
		} else {
			suffix = rule.Value
		}
	}
	return prefix, suffix
}

// wants says whether an event about a key is to be told.
func (d *destination) wants(event, key string) bool {
	prefix, suffix := d.affixes()
	return strings.HasPrefix(key, prefix) && strings.HasSuffix(key, suffix) &&
		slices.ContainsFunc(d.Events, func(want string) bool { return covers(want, event) })
}

// covers says whether a configured event, which may end with *, is a given one.
func covers(want, event string) bool {
	family, all := strings.CutSuffix(want, "*")
	return want == event || all && strings.HasPrefix(event, family)
}

// eventNames are the events that S3 knows (S3 User Guide, "Supported event
// types for SQS, SNS, and Lambda"). Those of what the local cloud does not do
// never come.
var eventNames = strings.Fields(`s3:ObjectCreated:* s3:ObjectCreated:Put s3:ObjectCreated:Post s3:ObjectCreated:Copy
	s3:ObjectCreated:CompleteMultipartUpload s3:ObjectRemoved:* s3:ObjectRemoved:Delete s3:ObjectRemoved:DeleteMarkerCreated
	s3:ObjectRestore:* s3:ObjectRestore:Post s3:ObjectRestore:Completed s3:ObjectRestore:Delete s3:ReducedRedundancyLostObject
	s3:Replication:* s3:Replication:OperationFailedReplication s3:Replication:OperationMissedThreshold
	s3:Replication:OperationReplicatedAfterThreshold s3:Replication:OperationNotTracked s3:LifecycleExpiration:*
	s3:LifecycleExpiration:Delete s3:LifecycleExpiration:DeleteMarkerCreated s3:LifecycleTransition s3:IntelligentTiering
	s3:ObjectTagging:* s3:ObjectTagging:Put s3:ObjectTagging:Delete s3:ObjectAcl:Put`)

var (
	topicRule    = regexp.MustCompile(`^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+(\.fifo)?$`)
	queueRule    = regexp.MustCompile(`^arn:aws:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+(\.fifo)?$`)
	functionRule = regexp.MustCompile(`^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$`)
)

const maxConfigurations = 100

// check says what is wrong with a configuration, in S3's words.
func (n *notification) check() error {
	for _, kind := range []struct {
		list []destination
		rule *regexp.Regexp
	}{{n.Topics, topicRule}, {n.Queues, queueRule}, {n.Lambdas, functionRule}} {
		for i := range kind.list {
			if err := kind.list[i].check(kind.rule); err != nil {
				return err
			}
		}
	}
	all := n.all()
	if len(all) > maxConfigurations {
		return invalid("The number of notification configurations exceeds %d", maxConfigurations)
	}
	ids := map[string]bool{}
	for i := range all {
		if all[i].ID != "" && ids[all[i].ID] {
			return invalid("Same ID used for multiple configurations. IDs must be unique")
		}
		ids[all[i].ID] = true
		for j := range i {
			if overlap(&all[i], &all[j]) {
				return invalid("Configurations overlap. Configurations on the same bucket cannot share a common event type.")
			}
		}
	}
	return nil
}

func (d *destination) check(rule *regexp.Regexp) error {
	switch {
	case !rule.MatchString(d.arn()):
		return argument("The ARN could not be parsed", d.arn(), d.arn())
	case strings.HasSuffix(d.arn(), ".fifo"):
		return argument("FIFO queues and topics are not supported as destinations", d.arn(), d.arn())
	case len(d.Events) == 0:
		return gate.Errorf("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	case len(d.ID) > 255:
		return invalid("The ID is longer than 255 characters")
	}
	for _, event := range d.Events {
		if !slices.Contains(eventNames, event) {
			return argument("The event '"+event+"' is not supported for notifications", "Event", event)
		}
	}
	seen := map[string]bool{}
	if d.Filter == nil {
		return nil
	}
	for _, one := range d.Filter.Rules {
		name := strings.ToLower(one.Name)
		switch {
		case name != "prefix" && name != "suffix":
			return argument("filter rule name must be either prefix or suffix", "FilterRule.Name", one.Name)
		case seen[name]:
			return argument("Cannot specify more than one "+name+" rule in a filter.", "FilterRule.Name", one.Name)
		case len(one.Value) > maxKeyBytes:
			return argument("Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation", "FilterRule.Value", one.Value)
		}
		seen[name] = true
	}
	return nil
}

func argument(message, name, value string) *gate.Error {
	e := gate.Errorf("InvalidArgument", "%s", message)
	e.Fields = map[string]any{"ArgumentName": name, "ArgumentValue": value}
	return e
}

// overlap says whether one event about one key could be for both.
func overlap(a, b *destination) bool {
	common := slices.ContainsFunc(a.Events, func(x string) bool {
		return slices.ContainsFunc(b.Events, func(y string) bool { return covers(x, y) || covers(y, x) })
	})
	prefixA, suffixA := a.affixes()
	prefixB, suffixB := b.affixes()
	return common && (strings.HasPrefix(prefixA, prefixB) || strings.HasPrefix(prefixB, prefixA)) &&
		(strings.HasSuffix(suffixA, suffixB) || strings.HasSuffix(suffixB, suffixA))
}

// putNotification replaces a bucket's configuration. As on AWS queues and
// topics get a test event and functions are asked, so that a destination whose
// policy does not let S3 in is refused at once.
func (s *Service) putNotification(c *gate.Call) (*gate.Reply, error) {
	input := &notification{}
	if err := readXML(c, input); err != nil {
		return nil, err
	}
	if err := input.check(); err != nil {
		return nil, err
	}
	b, err := s.theBucket(c)
	if err != nil {
		return nil, err
	}
	for _, list := range [][]destination{input.Topics, input.Queues, input.Lambdas} {
		for i := range list {
			if list[i].ID == "" {
				if list[i].ID, err = s.newName(); err != nil {
					return nil, err
				}
			}
		}
	}
	if !strings.EqualFold(c.Header.Get("X-Amz-Skip-Destination-Validation"), "true") {
		for _, d := range input.all() {
			if err := s.reach(c, b.Name, &d); err != nil {
				return nil, err
			}
		}
	}
	err = s.changeBucket(c, func(b *bucketRecord) error {
		b.Notification = input
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &gate.Reply{}, nil
}

// reach sends a test event to a destination.
func (s *Service) reach(c *gate.Call, bucket string, d *destination) error {
	call := &gate.Call{
		Caller: gate.ServiceCaller(Principal, s.cfg.Account, bucketARN(bucket)), Account: s.cfg.Account, Region: s.cfg.Region,
		Method: http.MethodPost, Path: "/", Header: http.Header{}, Secure: true, UserAgent: Principal,
	}
	text, err := json.Marshal(struct{ Service, Event, Time, Bucket, RequestId, HostId string }{
		"Amazon S3", "s3:TestEvent", timestamp(s.cfg.Now()), bucket, c.RequestID, c.RequestID,
	})
	if err != nil {
		return err
	}
	part := strings.Split(d.arn(), ":")
	switch {
	case d.Function != "":
		call.Service, call.Operation, call.Path = "lambda", "Invoke", "/2015-03-31/functions/"+url.PathEscape(d.Function)+"/invocations"
		call.Vars = map[string]string{"FunctionName": d.Function}
		call.Header.Set("X-Amz-Invocation-Type", "DryRun")
	case d.Queue != "":
		call.Service, call.Operation = "sqs", "SendMessage"
		call.Body, err = json.Marshal(map[string]string{"QueueUrl": "https://sqs." + part[3] + ".amazonaws.com/" + part[4] + "/" + part[5], "MessageBody": string(text)})
	default:
		call.Service, call.Operation = "sns", "Publish"
		call.Form = url.Values{"TopicArn": {d.Topic}, "Subject": {"Amazon S3 Notification"}, "Message": {string(text)}}
	}
	if err != nil {
		return err
	}
	if s.cfg.Do == nil {
		return notImplemented(c)
	}
	if _, err := s.cfg.Do.Do(context.Background(), call); err != nil {
		return argument("Unable to validate the following destination configurations", d.arn(), err.Error())
	}
	return nil
}

func (s *Service) getNotification(c *gate.Call) (*gate.Reply, error) {
	b, err := s.theBucket(c)
	if err != nil {
		return nil, err
	}
	out := notification{}
	if b.Notification != nil {
		out = *b.Notification
	}
	out.XMLName = xml.Name{Space: namespace, Local: "NotificationConfiguration"}
	return xmlReply(out)
}
