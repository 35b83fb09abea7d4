package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// marked are the requests that carry a mark to whoever hears of them. The
// functions note in their tables what marks they hear.
var marked = map[string]func(t target, by *role, mark string) request{
	"events:PutEvents": func(t target, by *role, mark string) request {
		return putEvents(t.name, by, `{"mark":"`+mark+`"}`)
	},
	"sns:Publish": func(t target, _ *role, mark string) request {
		return form("sns", "2010-03-31", "Action", "Publish", "TopicArn", t.name, "Message", mark)
	},
	"sqs:SendMessage": func(t target, _ *role, mark string) request {
		return jsonCall("sqs", "AmazonSQS.SendMessage", m{"QueueUrl": t.name, "MessageBody": mark})
	},
	"lambda:InvokeFunction": func(t target, _ *role, mark string) request {
		r := invoke("")(t, nil)
		r.Body = `{"mark":"` + mark + `"}`
		return r
	},
}

// patience is how long a message may take to arrive.
const patience = 30 * time.Second

// crossing sends marks in every stack in every way that its roles may, waits
// until each stack has heard all of its own, twice, and then looks for one that
// another stack has heard. What was sent in the first round had the whole of
// the second to arrive where it does not belong.
func crossing(ctx context.Context, dev *cloud, stacks []*stack, arrived, crossed *tally) error {
	sent := map[*stack][]string{}
	for round := range 2 {
		for _, s := range stacks {
			marks, err := s.send(ctx, round)
			if err != nil {
				return err
			}
			sent[s] = append(sent[s], marks...)
		}
		for _, s := range stacks {
			if err := s.await(ctx, dev, sent[s]); err != nil {
				return err
			}
		}
	}
	for _, s := range stacks {
		heard, err := s.heard(ctx, dev)
		if err != nil {
			return err
		}
		for _, mark := range heard { // those of an earlier run are there too
			if slices.Contains(sent[s], mark) {
				arrived.n++
			}
			if !strings.HasPrefix(mark, s.mark()) {
				crossed.fail("%s heard %s", s.name, mark)
			}
		}
		for _, other := range stacks {
			if other != s {
				crossed.n += len(sent[other])
			}
		}
	}
	return nil
}

// mark is how the marks of a stack begin.
func (s *stack) mark() string { return "mark-" + s.name + "--" }

// send makes all calls that carry a mark and that the stack's roles may make.
func (s *stack) send(ctx context.Context, round int) (marks []string, err error) {
	for _, by := range s.roles {
		for action, markedBy := range marked {
			for _, t := range s.targets {
				// By name: what a wildcard opens need not lead anywhere.
				named := func(st statement) bool { return st.allows(action, t.arn) && slices.Contains(st.Resource, t.arn) }
				if requests[action][0].kind != t.kind || !slices.ContainsFunc(by.statements, named) {
					continue
				}
				mark := fmt.Sprintf("%s%d-%d-%d", s.mark(), started, round, serial.Add(1))
				if _, err := by.as.must(ctx, markedBy(t, by, mark)); err != nil {
					return nil, err
				}
				marks = append(marks, mark)
			}
		}
	}
	if len(marks) < len(marked) {
		return nil, fmt.Errorf("%s sent only %d marks", s.name, len(marks))
	}
	return marks, nil
}

// await waits until the stack has heard all marks.
func (s *stack) await(ctx context.Context, dev *cloud, marks []string) error {
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		heard, err := s.heard(ctx, dev)
		if err != nil {
			return err
		}
		missing := slices.DeleteFunc(slices.Clone(marks), func(mark string) bool { return slices.Contains(heard, mark) })
		if len(missing) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s did not hear %v", s.name, missing)
		}
	}
}

var markPattern = regexp.MustCompile(`"mark-[a-z0-9-]+"`)

// heard reads the marks in the stack's tables.
func (s *stack) heard(ctx context.Context, dev *cloud) (marks []string, err error) {
	for _, t := range s.targets {
		if t.kind != "table" {
			continue
		}
		body, err := dev.must(ctx, jsonCall("dynamodb", "DynamoDB_20120810.Scan", m{"TableName": t.name}))
		if err != nil {
			return nil, err
		}
		for _, quoted := range markPattern.FindAllString(body, -1) {
			marks = append(marks, strings.Trim(quoted, `"`))
		}
	}
	return marks, nil
}

// seed puts what the requests read into a stack, so that a denial is never a
// thing that is not there.
func (s *stack) seed(ctx context.Context, dev *cloud) error {
	for _, t := range s.targets {
		var q request
		switch t.kind {
		case "table":
			q = jsonCall("dynamodb", "DynamoDB_20120810.PutItem", m{"TableName": t.name, "Item": key})
		case "bucket":
			q = s3("PUT", "/"+probe, "x")(t, nil)
		case "log group":
			q = jsonCall("logs", "Logs_20140328.CreateLogStream", m{"logGroupName": t.name, "logStreamName": probe})
		case "secret":
			q = requests["secretsmanager:PutSecretValue"][0].make(t, nil)
		default:
			continue
		}
		a, err := dev.send(ctx, q)
		if err != nil {
			return err
		}
		if code, message := failure(a); code != "" && code != "ResourceAlreadyExistsException" {
			return fmt.Errorf("prepare %s: %s: %s", t.arn, code, message)
		}
	}
	return nil
}
