package resource

import (
	"context"
	"encoding/xml"
	"net/http"

	"github.com/writ-dev/writ/cfn"
)

// bucketEvents is S3's notification configuration, as PutBucketNotificationConfiguration takes it.
type bucketEvents struct {
	XMLName xml.Name      `xml:"NotificationConfiguration"`
	Topics  []bucketEvent `xml:"TopicConfiguration"`
	Queues  []bucketEvent `xml:"QueueConfiguration"`
	Lambdas []bucketEvent `xml:"CloudFunctionConfiguration"`
	Bridge  *struct{}     `xml:"EventBridgeConfiguration"`
}

type bucketEvent struct {
	Topic    string       `xml:"Topic,omitempty"`
	Queue    string       `xml:"Queue,omitempty"`
	Function string       `xml:"CloudFunction,omitempty"`
	Event    string       `xml:"Event"`
	Rules    []bucketRule `xml:"Filter>S3Key>FilterRule"`
}

type bucketRule struct{ Name, Value string }

// eventsOf reads the property NotificationConfiguration.
func eventsOf(o *cfn.Object) bucketEvents {
	out := bucketEvents{}
	if enabled, ok := text(o.Object("EventBridgeConfiguration"), "EventBridgeEnabled"); o.Object("EventBridgeConfiguration") != nil && (!ok || enabled == "true") {
		out.Bridge = &struct{}{}
	}
	each := func(list, member string) (all []bucketEvent) {
		v, _ := o.Get(list)
		items, _ := v.([]any)
		for _, item := range items {
			one, _ := item.(*cfn.Object)
			e := bucketEvent{}
			e.Event, _ = text(one, "Event")
			switch arn, _ := text(one, member); member {
			case "Topic":
				e.Topic = arn
			case "Queue":
				e.Queue = arn
			default:
				e.Function = arn
			}
			rules, _ := one.Object("Filter").Object("S3Key").Get("Rules")
			entries, _ := rules.([]any)
			for _, entry := range entries {
				rule, _ := entry.(*cfn.Object)
				name, _ := text(rule, "Name")
				value, _ := text(rule, "Value")
				e.Rules = append(e.Rules, bucketRule{name, value})
			}
			all = append(all, e)
		}
		return all
	}
	out.Topics, out.Queues, out.Lambdas = each("TopicConfigurations", "Topic"), each("QueueConfigurations", "Queue"), each("LambdaConfigurations", "Function")
	return out
}

// applyEvents sets a bucket's notifications where they have changed.
func (bucket) applyEvents(ctx context.Context, w *Work) error {
	_, now := w.Properties.Get("NotificationConfiguration")
	_, before := w.Old.Get("NotificationConfiguration")
	if !now && !before || before && now && !w.changed("NotificationConfiguration") {
		return nil
	}
	body, err := xml.Marshal(eventsOf(w.Properties.Object("NotificationConfiguration")))
	if err != nil {
		return err
	}
	_, err = w.Cloud.raw(ctx, "s3", http.MethodPut, bucketPath(w.Physical, "?notification"), body)
	return err
}
