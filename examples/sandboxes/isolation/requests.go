package main

import (
	"fmt"
	"net/http"
	"path"
	"sync/atomic"
	"time"
)

// attempt is a real request that is one action on one kind of target.
type attempt struct {
	kind string
	make func(t target, by *role) request
	// fine is the service's own error of a call that went through IAM, where it
	// cannot succeed: a receipt handle or an upload is made up.
	fine string
}

// version is the id of the secrets' version that PutSecretValue makes.
const version = "00000000-0000-4000-8000-000000000001"

// serial is the number of names that were made; they go on after those of an
// earlier run.
var serial, started = atomic.Int64{}, time.Now().UnixMilli()

// unused makes a name that was not used yet.
func unused() string { return fmt.Sprintf("%s-%d-%d", probe, started, serial.Add(1)) }

type m = map[string]any

// requests has each action's requests. An action of a role that has none fails
// the check: it would not be tried.
var requests = map[string][]attempt{
	"dynamodb:BatchGetItem":   {table("BatchGetItem", func(name string) m { return m{"RequestItems": m{name: m{"Keys": []m{key}}}} })},
	"dynamodb:BatchWriteItem": {table("BatchWriteItem", func(name string) m { return m{"RequestItems": m{name: []m{{"PutRequest": m{"Item": key}}}}} })},
	"dynamodb:ConditionCheckItem": {table("TransactWriteItems", func(name string) m {
		return m{"TransactItems": []m{{"ConditionCheck": m{"TableName": name, "Key": m{"id": m{"S": "none"}}, "ConditionExpression": "attribute_not_exists(id)"}}}}
	})},
	"dynamodb:DeleteItem":    {table("DeleteItem", func(name string) m { return m{"TableName": name, "Key": m{"id": m{"S": "gone"}}} })},
	"dynamodb:DescribeTable": {table("DescribeTable", func(name string) m { return m{"TableName": name} })},
	"dynamodb:GetItem":       {table("GetItem", func(name string) m { return m{"TableName": name, "Key": key} })},
	"dynamodb:PutItem":       {table("PutItem", func(name string) m { return m{"TableName": name, "Item": key} })},
	"dynamodb:Query":         {{"table", query, ""}, {"index", query, ""}},
	"dynamodb:Scan": {
		table("Scan", func(name string) m { return m{"TableName": name} }),
		{"index", func(t target, _ *role) request {
			return jsonCall("dynamodb", "DynamoDB_20120810.Scan", m{"TableName": t.name, "IndexName": t.index})
		}, ""},
	},
	"dynamodb:UpdateItem": {table("UpdateItem", func(name string) m {
		return m{"TableName": name, "Key": key, "UpdateExpression": "ADD hits :one", "ExpressionAttributeValues": m{":one": m{"N": "1"}}}
	})},

	"s3:AbortMultipartUpload":       {{"object", s3(http.MethodDelete, "/"+probe+"?uploadId=none", ""), "NoSuchUpload"}},
	"s3:DeleteObject":               {{"object", s3(http.MethodDelete, "/"+probe+"-gone", ""), ""}},
	"s3:DeleteObjectTagging":        {{"object", s3(http.MethodDelete, "/"+probe+"?tagging", ""), ""}},
	"s3:GetBucketLocation":          {{"bucket", s3(http.MethodGet, "?location", ""), ""}},
	"s3:GetBucketNotification":      {{"bucket", s3(http.MethodGet, "?notification", ""), ""}},
	"s3:GetBucketPolicy":            {{"bucket", s3(http.MethodGet, "?policy", ""), "NoSuchBucketPolicy"}},
	"s3:GetBucketPublicAccessBlock": {{"bucket", s3(http.MethodGet, "?publicAccessBlock", ""), ""}},
	"s3:GetBucketTagging":           {{"bucket", s3(http.MethodGet, "?tagging", ""), ""}},
	"s3:GetBucketVersioning":        {{"bucket", s3(http.MethodGet, "?versioning", ""), ""}},
	"s3:GetObject":                  {{"object", s3(http.MethodGet, "/"+probe, ""), ""}},
	"s3:GetObjectTagging":           {{"object", s3(http.MethodGet, "/"+probe+"?tagging", ""), ""}},
	"s3:ListBucket":                 {{"bucket", s3(http.MethodGet, "?list-type=2", ""), ""}},
	"s3:ListBucketMultipartUploads": {{"bucket", s3(http.MethodGet, "?uploads", ""), ""}},
	"s3:ListMultipartUploadParts":   {{"object", s3(http.MethodGet, "/"+probe+"?uploadId=none", ""), "NoSuchUpload"}},
	"s3:PutObject":                  {{"object", s3(http.MethodPut, "/"+probe, "x"), ""}},
	"s3:PutObjectTagging":           {{"object", s3(http.MethodPut, "/"+probe+"?tagging", `<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>`), ""}},

	"sqs:ChangeMessageVisibility": {queue("ChangeMessageVisibility", m{"ReceiptHandle": "none", "VisibilityTimeout": 0}, "ReceiptHandleIsInvalid")},
	"sqs:DeleteMessage":           {queue("DeleteMessage", m{"ReceiptHandle": "none"}, "ReceiptHandleIsInvalid")},
	"sqs:GetQueueAttributes":      {queue("GetQueueAttributes", m{"AttributeNames": []string{"QueueArn"}}, "")},
	"sqs:GetQueueUrl":             {queue("GetQueueUrl", nil, "")},
	"sqs:ReceiveMessage":          {queue("ReceiveMessage", m{"VisibilityTimeout": 0}, "")},
	"sqs:SendMessage":             {queue("SendMessage", m{"MessageBody": probe}, "")},

	"sns:Publish": {{"topic", func(t target, _ *role) request {
		return form("sns", "2010-03-31", "Action", "Publish", "TopicArn", t.name, "Message", probe)
	}, ""}},
	"events:PutEvents": {{"bus", func(t target, by *role) request {
		return putEvents(t.name, by, "{}")
	}, ""}},

	"secretsmanager:DescribeSecret": {secret("DescribeSecret", nil)},
	"secretsmanager:GetSecretValue": {secret("GetSecretValue", nil)},
	"secretsmanager:PutSecretValue": {secret("PutSecretValue", m{"ClientRequestToken": version, "SecretString": probe})},
	"secretsmanager:UpdateSecret":   {secret("UpdateSecret", m{"Description": probe})},
	"secretsmanager:UpdateSecretVersionStage": {
		{"secret", func(t target, _ *role) request { // a new label each time: an old one would have to be moved
			return jsonCall("secretsmanager", "secretsmanager.UpdateSecretVersionStage", m{"SecretId": t.name, "VersionStage": unused(), "MoveToVersionId": version})
		}, ""},
	},

	"ssm:GetParameter":        {parameter("GetParameter", func(name string) m { return m{"Name": name} })},
	"ssm:GetParameterHistory": {parameter("GetParameterHistory", func(name string) m { return m{"Name": name} })},
	"ssm:GetParameters":       {parameter("GetParameters", func(name string) m { return m{"Names": []string{name}} })},
	"ssm:PutParameter":        {parameter("PutParameter", func(name string) m { return m{"Name": name, "Value": "11", "Type": "String", "Overwrite": true} })},

	"lambda:InvokeFunction": {{"function", invoke(""), ""}, {"version", invoke("?Qualifier=%24LATEST"), ""}},

	"logs:CreateLogStream": {{"log group", func(t target, _ *role) request {
		return jsonCall("logs", "Logs_20140328.CreateLogStream", m{"logGroupName": t.name, "logStreamName": unused()})
	}, ""}},
	"logs:PutLogEvents": {{"log group", func(t target, _ *role) request {
		return jsonCall("logs", "Logs_20140328.PutLogEvents", m{
			"logGroupName": t.name, "logStreamName": probe, "logEvents": []m{{"timestamp": time.Now().UnixMilli(), "message": probe}},
		})
	}, ""}},
}

// key is the item that the requests are about.
var key = m{"id": m{"S": probe}}

func query(t target, _ *role) request {
	in := m{
		"TableName": t.name, "KeyConditionExpression": "#k = :v",
		"ExpressionAttributeNames": m{"#k": "id"}, "ExpressionAttributeValues": m{":v": m{"S": probe}},
	}
	if t.kind == "index" {
		in["IndexName"], in["ExpressionAttributeNames"] = t.index, m{"#k": t.attribute}
	}
	return jsonCall("dynamodb", "DynamoDB_20120810.Query", in)
}

func table(operation string, input func(name string) m) attempt {
	return attempt{"table", func(t target, _ *role) request {
		return jsonCall("dynamodb", "DynamoDB_20120810."+operation, input(t.name))
	}, ""}
}

func s3(method, rest, body string) func(target, *role) request {
	return func(t target, _ *role) request {
		return request{Service: "s3", Method: method, Path: "/" + t.name + rest, Body: body}
	}
}

// with is input and one more member.
func with(input m, name string, value any) m {
	all := m{name: value}
	for k, v := range input {
		all[k] = v
	}
	return all
}

func queue(operation string, input m, fine string) attempt {
	return attempt{"queue", func(t target, _ *role) request {
		if operation == "GetQueueUrl" {
			return jsonCall("sqs", "AmazonSQS.GetQueueUrl", m{"QueueName": path.Base(t.name)})
		}
		return jsonCall("sqs", "AmazonSQS."+operation, with(input, "QueueUrl", t.name))
	}, fine}
}

func secret(operation string, input m) attempt {
	return attempt{"secret", func(t target, _ *role) request {
		return jsonCall("secretsmanager", "secretsmanager."+operation, with(input, "SecretId", t.name))
	}, ""}
}

func parameter(operation string, input func(name string) m) attempt {
	return attempt{"parameter", func(t target, _ *role) request {
		return jsonCall("ssm", "AmazonSSM."+operation, input(t.name))
	}, ""}
}

func invoke(qualifier string) func(target, *role) request {
	return func(t target, _ *role) request {
		return request{Service: "lambda", Method: http.MethodPost, Path: "/2015-03-31/functions/" + t.name + "/invocations" + qualifier, Body: `{"requests":[]}`}
	}
}

// putEvents sends an event such as the role may send, to any bus.
func putEvents(bus string, by *role, detail string) request {
	const action = "events:PutEvents"
	return jsonCall("events", "AWSEvents.PutEvents", m{"Entries": []m{{
		"EventBusName": bus, "Source": by.value(action, "events:source"), "DetailType": by.value(action, "events:detail-type"), "Detail": detail,
	}}})
}

// denials are the words of the services for a denial by IAM.
var denials = map[string]string{
	"dynamodb": "AccessDeniedException", "s3": "AccessDenied", "sqs": "AccessDeniedException", "sns": "AuthorizationError",
	"events": "AccessDeniedException", "secretsmanager": "AccessDeniedException", "ssm": "AccessDeniedException",
	"lambda": "AccessDeniedException", "logs": "AccessDeniedException",
}

// String names a request in messages.
func (q request) String() string {
	if target := q.Header["X-Amz-Target"]; target != "" {
		return target + " " + q.Body
	}
	return fmt.Sprintf("%s %s %s %s", q.Service, q.Method, q.Path, q.Body)
}
