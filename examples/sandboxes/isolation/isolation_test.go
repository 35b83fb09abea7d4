package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam/catalog"
)

func TestWhatAStatementAllows(t *testing.T) {
	t.Parallel()
	var st statement
	policy := `{"Effect": "Allow", "Action": ["s3:GetObject*", "sqs:SendMessage"], "Resource": "arn:aws:s3:::files-a/*"}`
	if err := json.Unmarshal([]byte(policy), &st); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		action, arn string
		want        bool
	}{
		{"s3:GetObjectTagging", "arn:aws:s3:::files-a/probe", true},
		{"s3:GetObject", "arn:aws:s3:::files-ab/probe", false},
		{"s3:GetObject", "arn:aws:s3:::files-a", false},
		{"s3:PutObject", "arn:aws:s3:::files-a/probe", false},
	} {
		if got := st.allows(c.action, c.arn); got != c.want {
			t.Errorf("%s on %s: %v", c.action, c.arn, got)
		}
	}
}

// Only IAM's own denial of just this call counts as one.
func TestWhatADenialIs(t *testing.T) {
	t.Parallel()
	tr := try{action: "sqs:SendMessage", target: target{arn: "arn:aws:sqs:us-east-1:000000000000:jobs_b"}, request: request{Service: "sqs"}}
	const sentence = "User: x is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:000000000000:jobs_b because no"
	for body, want := range map[string]bool{
		`{"__type": "com.amazonaws.sqs#AccessDeniedException", "Message": "` + sentence + `"}`:                                 true,
		`{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "` + sentence + `"}`:                                     false,
		`{"__type": "AccessDeniedException", "message": "` + strings.Replace(sentence, "SendMessage", "GetQueueUrl", 1) + `"}`: false,
		`{"__type": "AccessDeniedException", "message": "` + strings.Replace(sentence, "jobs_b", "jobs_a", 1) + `"}`:           false,
		`<ErrorResponse><Error><Code>AuthorizationError</Code><Message>` + sentence + `</Message></Error></ErrorResponse>`:     false,
		`<Error><Code>AccessDeniedException</Code><Message>` + sentence + `</Message></Error>`:                                 true,
		`not readable`: false,
	} {
		if got := tr.denied(answer{Status: 400, Body: body}); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
	if tr.denied(answer{Status: 200, Body: `{"__type": "AccessDeniedException", "message": "` + sentence + `"}`}) {
		t.Error("a call that went through counts as denied")
	}
}

func TestRequestsAreOfActions(t *testing.T) {
	t.Parallel()
	n := 0
	for _, action := range slices.Sorted(maps.Keys(requests)) {
		n++
		if _, ok := catalog.AWS().Action(action); !ok {
			t.Errorf("%s is no action", action)
		}
		service, _, _ := strings.Cut(action, ":")
		if denials[service] == "" {
			t.Errorf("how %s words a denial is not known", service)
		}
	}
	if n == 0 {
		t.Error("there are no requests")
	}
}
