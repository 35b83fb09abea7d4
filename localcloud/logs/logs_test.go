package logs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
	"github.com/writ-dev/writ/localcloud/logs"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/store"
)

const account = "000000000000"

// newClients gives a client for each role: admin, and writer, which may write one group.
func newClients(t testing.TB, path string) map[string]*cloudwatchlogs.Client {
	t.Helper()
	db, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	roles, err := directory.New(directory.Config{DB: db, Account: account})
	if err != nil {
		t.Fatal(err)
	}
	vault := session.NewVault(make([]byte, session.KeySize))
	g := gate.New(gate.Config{
		Account: account, Region: "us-east-1", Directory: roles, Credentials: vault, Now: time.Now, OnVerdict: gatetest.Keys(t),
		Services: []gate.Service{logs.New(logs.Config{DB: db, Account: account, Region: "us-east-1"})},
	})
	server := httptest.NewServer(g)
	t.Cleanup(func() {
		server.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	clients := map[string]*cloudwatchlogs.Client{}
	for name, policy := range map[string]string{
		"admin":  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		"writer": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents","logs:FilterLogEvents"],"Resource":"arn:aws:logs:us-east-1:000000000000:log-group:/one:*"}]}`,
	} {
		_, err := roles.EnsureRole(directory.RoleSpec{
			Name: name, Inline: map[string]string{"p": policy},
			Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
		})
		if err != nil {
			t.Fatal(err)
		}
		caller, _ := roles.CallerOf(name, "tester")
		credentials, err := vault.Issue(caller, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		clients[name] = cloudwatchlogs.NewFromConfig(aws.Config{
			Region: "us-east-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey, SessionToken: credentials.SessionToken}, nil
			}),
		})
	}
	return clients
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantCode(t *testing.T, what string, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		t.Errorf("%s: %v, want %s: %s", what, err, code, message)
	}
}

// fill makes a group with streams and events: message i goes to stream i mod n at second i.
func fill(t *testing.T, cl *cloudwatchlogs.Client, group string, streams, count int) (start time.Time) {
	t.Helper()
	must[*cloudwatchlogs.CreateLogGroupOutput](t)(cl.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}))
	start = time.Now().Add(-time.Hour).Truncate(time.Second)
	for s := range streams {
		name := fmt.Sprintf("s%d", s)
		must[*cloudwatchlogs.CreateLogStreamOutput](t)(cl.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &name}))
		var events []types.InputLogEvent
		for i := s; i < count; i += streams {
			events = append(events, types.InputLogEvent{Timestamp: aws.Int64(start.Add(time.Duration(i) * time.Second).UnixMilli()), Message: aws.String(fmt.Sprintf("message %d of %s", i, name))})
		}
		must[*cloudwatchlogs.PutLogEventsOutput](t)(cl.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &name, LogEvents: events}))
	}
	return start
}

func TestFilterLogEventsInterleavesAndPages(t *testing.T) {
	t.Parallel()
	cl := newClients(t, filepath.Join(t.TempDir(), "db"))["admin"]
	start := fill(t, cl, "/one", 3, 30)
	var got []string
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cl, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/one"), Limit: aws.Int32(7)})
	for pages.HasMorePages() {
		for _, e := range must[*cloudwatchlogs.FilterLogEventsOutput](t)(pages.NextPage(t.Context())).Events {
			got = append(got, aws.ToString(e.Message))
		}
	}
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprintf("message %d of s%d", i, i%3))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("interleaved in time order (-want +got):\n%s", d)
	}
	for what, tc := range map[string]struct {
		in   cloudwatchlogs.FilterLogEventsInput
		want int
	}{
		"from a time":       {cloudwatchlogs.FilterLogEventsInput{StartTime: aws.Int64(start.Add(25 * time.Second).UnixMilli())}, 5},
		"to a time":         {cloudwatchlogs.FilterLogEventsInput{EndTime: aws.Int64(start.Add(4 * time.Second).UnixMilli())}, 5},
		"of one stream":     {cloudwatchlogs.FilterLogEventsInput{LogStreamNames: []string{"s1"}}, 10},
		"of a prefix":       {cloudwatchlogs.FilterLogEventsInput{LogStreamNamePrefix: aws.String("s")}, 30},
		"with a phrase":     {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String(`"message 1 of"`)}, 1},
		"without a term":    {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String(`message -s0`)}, 20},
		"with alternatives": {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String(`?s0 ?s1`)}, 20},
	} {
		tc.in.LogGroupName = aws.String("/one")
		out, err := cl.FilterLogEvents(t.Context(), &tc.in)
		if err != nil || len(out.Events) != tc.want {
			t.Errorf("%s: %v, %v, want %d events", what, out, err, tc.want)
		}
	}
	_, err := cl.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/one"), FilterPattern: aws.String(`{ $.a = 1 }`)})
	wantCode(t, "a JSON pattern", err, "InvalidParameterException", "Invalid filter pattern")
}

func TestGetLogEventsPagesBothWays(t *testing.T) {
	t.Parallel()
	cl := newClients(t, filepath.Join(t.TempDir(), "db"))["admin"]
	fill(t, cl, "/one", 1, 10)
	get := func(token *string, head bool) *cloudwatchlogs.GetLogEventsOutput {
		return must[*cloudwatchlogs.GetLogEventsOutput](t)(cl.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: aws.String("/one"), LogStreamName: aws.String("s0"), Limit: aws.Int32(4), NextToken: token, StartFromHead: aws.Bool(head),
		}))
	}
	read := func(out *cloudwatchlogs.GetLogEventsOutput) string {
		var numbers []string
		for _, e := range out.Events {
			numbers = append(numbers, strings.Fields(*e.Message)[1])
		}
		return strings.Join(numbers, " ")
	}
	first := get(nil, true)
	second := get(first.NextForwardToken, true)
	third := get(second.NextForwardToken, true)
	end := get(third.NextForwardToken, true)
	if got := strings.Join([]string{read(first), read(second), read(third), read(end)}, "|"); got != "0 1 2 3|4 5 6 7|8 9|" {
		t.Errorf("forwards: %s", got)
	}
	if *end.NextForwardToken != *third.NextForwardToken {
		t.Error("at the end the token must stay the same")
	}
	last := get(nil, false)
	before := get(last.NextBackwardToken, false)
	if got := read(before) + "|" + read(last); got != "2 3 4 5|6 7 8 9" {
		t.Errorf("backwards: %s", got)
	}
}

func TestGroupsAndStreams(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	cl, ctx, one := newClients(t, path)["admin"], t.Context(), aws.String("/one")
	fill(t, cl, "/one", 3, 9)
	must[*cloudwatchlogs.CreateLogGroupOutput](t)(cl.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/two"), Tags: map[string]string{"a": "b"}}))
	_, err := cl.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: one})
	wantCode(t, "a taken name", err, "ResourceAlreadyExistsException", "The specified log group already exists")
	_, err = cl.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: one, LogStreamName: aws.String("s0")})
	wantCode(t, "a taken stream", err, "ResourceAlreadyExistsException", "The specified log stream already exists")
	_, err = cl.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("/none"), LogStreamName: aws.String("s0")})
	wantCode(t, "no group", err, "ResourceNotFoundException", "The specified log group does not exist.")
	_, err = cl.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: one, RetentionInDays: aws.Int32(2)})
	wantCode(t, "a retention AWS does not know", err, "InvalidParameterException", "Member must satisfy enum value set")
	must[*cloudwatchlogs.PutRetentionPolicyOutput](t)(cl.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: one, RetentionInDays: aws.Int32(1)}))
	groups := must[*cloudwatchlogs.DescribeLogGroupsOutput](t)(cl.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/o")}))
	if len(groups.LogGroups) != 1 || aws.ToInt32(groups.LogGroups[0].RetentionInDays) != 1 || aws.ToString(groups.LogGroups[0].Arn) != "arn:aws:logs:us-east-1:000000000000:log-group:/one:*" {
		t.Errorf("groups = %+v", groups.LogGroups)
	}
	arn := "arn:aws:logs:us-east-1:000000000000:log-group:/two"
	must[*cloudwatchlogs.TagResourceOutput](t)(cl.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"c": "d"}}))
	tags := must[*cloudwatchlogs.ListTagsForResourceOutput](t)(cl.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &arn}))
	if d := cmp.Diff(map[string]string{"a": "b", "c": "d"}, tags.Tags); d != "" {
		t.Error(d)
	}
	var names []string
	pages := cloudwatchlogs.NewDescribeLogStreamsPaginator(cl, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: one, OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true), Limit: aws.Int32(2)})
	for pages.HasMorePages() {
		for _, s := range must[*cloudwatchlogs.DescribeLogStreamsOutput](t)(pages.NextPage(ctx)).LogStreams {
			names = append(names, *s.LogStreamName)
		}
	}
	if d := cmp.Diff([]string{"s2", "s1", "s0"}, names); d != "" {
		t.Error(d)
	}
	must[*cloudwatchlogs.DeleteLogStreamOutput](t)(cl.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: one, LogStreamName: aws.String("s1")}))
	left := must[*cloudwatchlogs.FilterLogEventsOutput](t)(cl.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: one}))
	if len(left.Events) != 6 {
		t.Errorf("%d events are left, want 6", len(left.Events))
	}
	must[*cloudwatchlogs.DeleteLogGroupOutput](t)(cl.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: one}))
	_, err = cl.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: one})
	wantCode(t, "a deleted group", err, "ResourceNotFoundException", "")
}

func TestPutLogEventsRefuses(t *testing.T) {
	t.Parallel()
	clients := newClients(t, filepath.Join(t.TempDir(), "db"))
	cl, ctx := clients["admin"], t.Context()
	fill(t, cl, "/one", 1, 1)
	now := time.Now().UnixMilli()
	put := func(cl *cloudwatchlogs.Client, group string, times ...int64) (*cloudwatchlogs.PutLogEventsOutput, error) {
		in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: aws.String("s0")}
		for _, ts := range times {
			in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(ts), Message: aws.String("m")})
		}
		return cl.PutLogEvents(ctx, in)
	}
	const day = 24 * 60 * 60 * 1000
	_, err := put(cl, "/one", now, now-1)
	wantCode(t, "not in order", err, "InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order.")
	_, err = put(cl, "/one", now-2*day, now)
	wantCode(t, "more than a day", err, "InvalidParameterException", "cannot span more than 24 hours")
	out, err := put(cl, "/one", now, now+3*60*60*1000)
	if err != nil || out.RejectedLogEventsInfo == nil || aws.ToInt32(out.RejectedLogEventsInfo.TooNewLogEventStartIndex) != 1 {
		t.Errorf("too new: %+v, %v", out, err)
	}
	out, err = put(cl, "/one", now-15*day)
	if err != nil || out.RejectedLogEventsInfo == nil || aws.ToInt32(out.RejectedLogEventsInfo.TooOldLogEventEndIndex) != 1 {
		t.Errorf("too old: %+v, %v", out, err)
	}
	if _, err := put(clients["writer"], "/one", now); err != nil {
		t.Errorf("log-group:/one:* allows it: %v", err)
	}
	_, err = put(clients["writer"], "/two", now)
	wantCode(t, "another group", err, "AccessDeniedException", "is not authorized to perform: logs:PutLogEvents on resource: arn:aws:logs:us-east-1:000000000000:log-group:/two:log-stream:s0")
	_, err = clients["writer"].DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	wantCode(t, "listing", err, "AccessDeniedException", "on resource: arn:aws:logs:us-east-1:000000000000:log-group::log-stream:")
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, message string
		want             bool
	}{
		{``, "anything", true},
		{`ERROR`, "an ERROR here", true},
		{`ERROR`, "an error here", false},
		{`ERROR disk`, "disk ERROR", true},
		{`ERROR disk`, "ERROR", false},
		{`"disk full"`, "the disk full", true},
		{`"disk full"`, "full disk", false},
		{`"say \"hi\""`, `say "hi"`, true},
		{`?a ?b`, "xbx", true},
		{`?a ?b`, "xcx", false},
		{`ERROR -ignored`, "ERROR ignored", false},
		{`ERROR -ignored`, "ERROR", true},
		{`-"not this"`, "not this", false},
		{`%[0-9]{3}%`, "status 503", true},
		{`%[0-9]{3}%`, "status 5", false},
	} {
		p, err := logs.ParsePattern(tc.pattern)
		if err != nil || p.Match(tc.message) != tc.want {
			t.Errorf("%s on %q = %v, %v, want %v", tc.pattern, tc.message, p.Match(tc.message), err, tc.want)
		}
	}
	for _, bad := range []string{`"open`, `a(b)`, `{ $.x = 1 }`, `[a, b]`, `?`, `%[%`, `"a"b`, strings.Repeat("x", 1025)} {
		if _, err := logs.ParsePattern(bad); gate.CodeOf(err) != "InvalidParameterException" {
			t.Errorf("%.20s: %v", bad, err)
		}
	}
}

func FuzzFilterPattern(f *testing.F) {
	for _, seed := range []string{`ERROR`, `"a b" ?c -d`, `%[0-9]+%`, `{ $.x = 1 }`, `"\"`} {
		f.Add(seed, "an ERROR here")
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		p, err := logs.ParsePattern(pattern)
		if err != nil {
			if gate.CodeOf(err) == "" {
				t.Fatalf("not an AWS error: %v", err)
			}
			return
		}
		if strings.TrimSpace(pattern) == "" && !p.Match(message) {
			t.Fatal("an empty pattern matches everything")
		}
	})
}

func ExampleParsePattern() {
	p, err := logs.ParsePattern(`ERROR -"known problem"`)
	fmt.Println(err, p.Match("ERROR: disk full"), p.Match("ERROR: known problem"))
	// Output: <nil> true false
}
