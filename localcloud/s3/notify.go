package s3

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/gate"
)

// Bus takes events of S3 for EventBridge.
type Bus interface {
	Emit(source, detailType string, resources []string, detail any) error
}

// change is what happened to an object.
type change struct {
	event  string // "s3:ObjectCreated:Put"
	title  string // EventBridge's detail type
	reason string // the operation
	key    string
	object *objectRecord // nil when there is none any more
}

// How long a notification is tried.
const (
	retries   = 185
	longestIn = 24 * time.Hour
)

// notify tells a bucket's destinations of changes that are on disk. What cannot
// be told is said in the log: the change stands.
func (s *Service) notify(c *gate.Call, changes ...change) {
	b, found, err := s.bucket(c.Vars["Bucket"])
	if err == nil && (!found || b.Notification == nil || len(changes) == 0) {
		return
	}
	var letters []delivery.Letter
	for i := range changes {
		if err == nil && b.Notification.Bridge != nil && s.cfg.Bus != nil {
			err = s.cfg.Bus.Emit("aws.s3", changes[i].title, []string{bucketARN(b.Name)}, s.detail(c, b.Name, &changes[i]))
		}
		for _, d := range b.Notification.all() {
			if err != nil || !d.wants(changes[i].event, changes[i].key) {
				continue
			}
			var body []byte
			if body, err = json.Marshal(map[string]any{"Records": []any{s.eventRecord(c, b.Name, d.ID, &changes[i])}}); err != nil {
				break
			}
			letters = append(letters, delivery.Letter{
				From: delivery.Sender{Service: Principal, Source: bucketARN(b.Name)}, To: d.arn(), Body: string(body),
				Retries: retries, Until: s.cfg.Now().Add(longestIn),
			})
		}
	}
	if err == nil && s.post != nil {
		err = s.post.Send(letters...)
	}
	if err != nil {
		s.cfg.Log.Warn("a notification of S3 could not be sent", "bucket", c.Vars["Bucket"], "error", err.Error())
	}
}

// sequencer orders the events of one key.
func (s *Service) sequencer() string { return fmt.Sprintf("%018X", s.cfg.Now().UnixNano()) }

// eventRecord is a change as functions, queues and topics see it (S3 User
// Guide, "Event message structure").
func (s *Service) eventRecord(c *gate.Call, bucket, id string, ch *change) any {
	type identity struct {
		PrincipalID string `json:"principalId"`
	}
	type object struct {
		Key       string `json:"key"`
		Size      *int64 `json:"size,omitempty"`
		ETag      string `json:"eTag,omitempty"`
		Sequencer string `json:"sequencer"`
	}
	who := "AWS:" + c.Caller.UserID
	if c.Caller.Kind == iam.PrincipalAnonymous {
		who = "Anonymous"
	}
	o := object{Key: strings.ReplaceAll(url.QueryEscape(ch.key), "%2F", "/"), Sequencer: s.sequencer()}
	if ch.object != nil {
		o.Size, o.ETag = &ch.object.Size, ch.object.ETag
	}
	return struct {
		EventVersion      string            `json:"eventVersion"`
		EventSource       string            `json:"eventSource"`
		AWSRegion         string            `json:"awsRegion"`
		EventTime         string            `json:"eventTime"`
		EventName         string            `json:"eventName"`
		UserIdentity      identity          `json:"userIdentity"`
		RequestParameters map[string]string `json:"requestParameters"`
		ResponseElements  map[string]string `json:"responseElements"`
		S3                any               `json:"s3"`
	}{
		"2.1", "aws:s3", s.cfg.Region, timestamp(s.cfg.Now()), strings.TrimPrefix(ch.event, "s3:"),
		identity{who},
		map[string]string{"sourceIPAddress": c.SourceIP},
		map[string]string{"x-amz-request-id": c.RequestID, "x-amz-id-2": c.RequestID},
		map[string]any{
			"s3SchemaVersion": "1.0", "configurationId": id, "object": o,
			"bucket": map[string]any{"name": bucket, "arn": bucketARN(bucket), "ownerIdentity": identity{s.cfg.Account}},
		},
	}
}

// detail is a change as EventBridge sees it (S3 User Guide, "EventBridge event
// message structure").
func (s *Service) detail(c *gate.Call, bucket string, ch *change) any {
	object := map[string]any{"key": ch.key, "sequencer": s.sequencer()}
	if ch.object != nil {
		object["size"], object["etag"] = ch.object.Size, ch.object.ETag
	}
	out := map[string]any{
		"version": "0", "bucket": map[string]string{"name": bucket}, "object": object, "request-id": c.RequestID,
		"requester": c.Caller.Account, "source-ip-address": c.SourceIP, "reason": ch.reason,
	}
	if ch.event == "s3:ObjectRemoved:Delete" {
		out["deletion-type"] = "Permanently Deleted"
	}
	return out
}

// created and the like name what happened.
func created(how, operation string, o *objectRecord) change {
	return change{"s3:ObjectCreated:" + how, "Object Created", operation, o.Key, o}
}

func removed(key string) change {
	return change{"s3:ObjectRemoved:Delete", "Object Deleted", "DeleteObject", key, nil}
}

func tagged(key string, tags map[string]string) change {
	if len(tags) == 0 {
		return change{"s3:ObjectTagging:Delete", "Object Tags Deleted", "DeleteObjectTagging", key, nil}
	}
	return change{"s3:ObjectTagging:Put", "Object Tags Added", "PutObjectTagging", key, nil}
}
