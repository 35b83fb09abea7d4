package resource

import (
	"context"
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/gate"
)

// sqsQueue is AWS::SQS::Queue. Its physical id is its URL.
type sqsQueue struct{}

// queueDefaults are the attributes that properties set, with what they are
// when a template no longer says them (API reference, "SetQueueAttributes").
var queueDefaults = map[string]string{
	"ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue", "DelaySeconds": "0",
	"KmsDataKeyReusePeriodSeconds": "300", "KmsMasterKeyId": "", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
	"ReceiveMessageWaitTimeSeconds": "0", "RedriveAllowPolicy": "", "RedrivePolicy": "", "SqsManagedSseEnabled": "true", "VisibilityTimeout": "30",
}

// queueName is the name that a queue is to get: a FIFO queue's ends with ".fifo".
func queueName(w *Work) string {
	const suffix = ".fifo"
	name := w.Physical
	if fifo, _ := text(w.Properties, "FifoQueue"); fifo != "true" || strings.HasSuffix(name, suffix) {
		return name
	}
	return name[:min(len(name), 80-len(suffix))] + suffix
}

// queueURL finds a queue by its name; SQS reads the path alone.
func (c *Cloud) queueURL(name string) string {
	if strings.Contains(name, "://") {
		return name
	}
	return "https://sqs." + c.Region + ".amazonaws.com/" + c.Account + "/" + name
}

// queueAttributes gives the properties as attributes, which are text.
func queueAttributes(w *Work, wanted func(string) bool) (map[string]string, error) {
	out := map[string]string{}
	for key := range queueDefaults {
		v, ok := w.Properties.Get(key)
		if !ok || !wanted(key) {
			continue
		}
		value, ok := scalar(v)
		if !ok {
			var err error
			if value, err = document(w.Properties, key); err != nil {
				return nil, err
			}
		}
		out[key] = value
	}
	return out, nil
}

func (q sqsQueue) Create(ctx context.Context, w *Work) (Result, error) {
	name := queueName(w)
	if _, custom := text(w.Properties, "QueueName"); custom {
		// CreateQueue takes a queue that is there for a new one.
		exists, err := q.Exists(ctx, w)
		if err != nil {
			return Result{}, err
		}
		if exists {
			return Result{}, gate.Errorf("AlreadyExists", "Resource of type 'AWS::SQS::Queue' with identifier '%s' already exists.", name)
		}
	}
	attributes, err := queueAttributes(w, func(string) bool { return true })
	if err != nil {
		return Result{}, err
	}
	if fifo, _ := text(w.Properties, "FifoQueue"); fifo == "true" {
		attributes["FifoQueue"] = "true"
	}
	in := map[string]any{"QueueName": name, "Attributes": attributes}
	if all := tags(w.Tags, w.Properties); len(all) > 0 {
		in["tags"] = all
	}
	var out struct{ QueueUrl string }
	if err := w.Cloud.json(ctx, "sqs", "CreateQueue", in, &out); err != nil {
		return Result{}, err
	}
	return Result{Physical: out.QueueUrl, Attributes: map[string]string{
		"Arn": w.Cloud.arn("sqs", w.Cloud.Region, name), "QueueName": name, "QueueUrl": out.QueueUrl,
	}}, nil
}

func (sqsQueue) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	attributes, err := queueAttributes(w, func(key string) bool { return w.changed(key) })
	if err != nil {
		return result, err
	}
	for key, usual := range queueDefaults {
		_, before := w.Old.Get(key)
		if _, now := w.Properties.Get(key); before && !now {
			attributes[key] = usual
		}
	}
	if len(attributes) > 0 {
		in := map[string]any{"QueueUrl": w.Physical, "Attributes": attributes}
		if err := w.Cloud.json(ctx, "sqs", "SetQueueAttributes", in, nil); err != nil {
			return result, err
		}
	}
	set, remove := w.tagChange()
	if len(set) > 0 {
		if err := w.Cloud.json(ctx, "sqs", "TagQueue", map[string]any{"QueueUrl": w.Physical, "Tags": set}, nil); err != nil {
			return result, err
		}
	}
	if len(remove) > 0 {
		return result, w.Cloud.json(ctx, "sqs", "UntagQueue", map[string]any{"QueueUrl": w.Physical, "TagKeys": remove}, nil)
	}
	return result, nil
}

func (sqsQueue) Delete(ctx context.Context, w *Work) error {
	url := w.Cloud.queueURL(queueNameOrURL(w))
	return gone(w.Cloud.json(ctx, "sqs", "DeleteQueue", map[string]any{"QueueUrl": url}, nil))
}

// queueNameOrURL is the URL, or the name when Create was cut short.
func queueNameOrURL(w *Work) string {
	if strings.Contains(w.Physical, "://") {
		return w.Physical
	}
	return queueName(w)
}

// Exists asks SQS.
func (sqsQueue) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.json(ctx, "sqs", "GetQueueUrl", map[string]any{"QueueName": queueName(w)}, nil))
}

// queuePolicy is AWS::SQS::QueuePolicy: one policy for some queues.
type queuePolicy struct{}

func setQueuePolicy(ctx context.Context, w *Work, url, policy string) error {
	in := map[string]any{"QueueUrl": url, "Attributes": map[string]string{"Policy": policy}}
	return w.Cloud.json(ctx, "sqs", "SetQueueAttributes", in, nil)
}

func (queuePolicy) Create(ctx context.Context, w *Work) (Result, error) {
	policy, err := document(w.Properties, "PolicyDocument")
	if err != nil {
		return Result{}, err
	}
	result := Result{}
	for _, url := range texts(w.Properties, "Queues") {
		if err := setQueuePolicy(ctx, w, url, policy); err != nil {
			return result, err
		}
		result = Result{Physical: w.Physical, Attributes: map[string]string{"Id": w.Physical}}
	}
	if result.Physical == "" {
		return result, missing(w, "Queues")
	}
	return result, nil
}

func (p queuePolicy) Update(ctx context.Context, w *Work) (Result, error) {
	now := set(texts(w.Properties, "Queues"))
	for _, url := range texts(w.Old, "Queues") {
		if _, stays := now[url]; !stays {
			if err := gone(setQueuePolicy(ctx, w, url, "")); err != nil {
				return Result{Physical: w.Physical, Attributes: w.Attributes}, err
			}
		}
	}
	return p.Create(ctx, w)
}

func (queuePolicy) Delete(ctx context.Context, w *Work) error {
	for _, url := range texts(w.Properties, "Queues") {
		if err := gone(setQueuePolicy(ctx, w, url, "")); err != nil {
			return err
		}
	}
	return nil
}

// eventSource is AWS::Lambda::EventSourceMapping. Its physical id is its UUID.
type eventSource struct{}

const mappingsPath = "/2015-03-31/event-source-mappings"

// sourceDefaults are what a mapping is when a template no longer says it.
func sourceDefaults() *cfn.Object {
	return cfn.Obj("BatchSize", 10, "Enabled", true, "MaximumBatchingWindowInSeconds", 0, "FunctionResponseTypes", []any{}, "ScalingConfig", &cfn.Object{})
}

func (eventSource) Create(ctx context.Context, w *Work) (Result, error) {
	body := pick(w.Properties, "BatchSize Enabled EventSourceArn FunctionName FunctionResponseTypes MaximumBatchingWindowInSeconds ScalingConfig")
	if all := tags(w.Tags, w.Properties); len(all) > 0 {
		body.Set("Tags", all)
	}
	var out struct {
		UUID                  string
		EventSourceMappingArn string
	}
	if err := w.Cloud.rest(ctx, "lambda", "POST", mappingsPath, body, &out); err != nil {
		return Result{}, err
	}
	return Result{Physical: out.UUID, Attributes: map[string]string{"Id": out.UUID, "EventSourceMappingArn": out.EventSourceMappingArn}}, nil
}

func (eventSource) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	keys := "BatchSize Enabled FunctionName FunctionResponseTypes MaximumBatchingWindowInSeconds ScalingConfig"
	if w.changed(keys) {
		body := pick(w.Properties, keys)
		for key, usual := range sourceDefaults().All() {
			_, before := w.Old.Get(key)
			if _, now := w.Properties.Get(key); before && !now {
				body.Set(key, usual)
			}
		}
		if err := w.Cloud.rest(ctx, "lambda", "PUT", mappingsPath+"/"+w.Physical, body, nil); err != nil {
			return result, err
		}
	}
	return result, lambdaTags(ctx, w, w.Attributes["EventSourceMappingArn"])
}

// Delete also finds a mapping whose making was cut short: a queue feeds a
// function by one mapping only.
func (eventSource) Delete(ctx context.Context, w *Work) error {
	id := w.Physical
	if id == "" {
		function, _ := text(w.Properties, "FunctionName")
		source, _ := text(w.Properties, "EventSourceArn")
		var list struct {
			EventSourceMappings []struct{ UUID string }
		}
		path := mappingsPath + "?" + query("FunctionName", function, "EventSourceArn", source)
		if err := w.Cloud.rest(ctx, "lambda", "GET", path, nil, &list); err != nil {
			return gone(err)
		}
		for _, one := range list.EventSourceMappings {
			if one.UUID != w.Keep {
				id = one.UUID
			}
		}
	}
	if id == "" {
		return nil
	}
	return gone(w.Cloud.rest(ctx, "lambda", "DELETE", mappingsPath+"/"+id, nil, nil))
}
