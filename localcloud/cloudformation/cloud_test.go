package cloudformation_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
	localapigateway "github.com/writ-dev/writ/localcloud/apigateway"
	"github.com/writ-dev/writ/localcloud/cloudformation"
	"github.com/writ-dev/writ/localcloud/directory"
	localdynamodb "github.com/writ-dev/writ/localcloud/dynamodb"
	localevents "github.com/writ-dev/writ/localcloud/events"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
	locallambda "github.com/writ-dev/writ/localcloud/lambda"
	"github.com/writ-dev/writ/localcloud/logs"
	locals3 "github.com/writ-dev/writ/localcloud/s3"
	localscheduler "github.com/writ-dev/writ/localcloud/scheduler"
	localsecrets "github.com/writ-dev/writ/localcloud/secretsmanager"
	"github.com/writ-dev/writ/localcloud/session"
	localsns "github.com/writ-dev/writ/localcloud/sns"
	localsqs "github.com/writ-dev/writ/localcloud/sqs"
	localssm "github.com/writ-dev/writ/localcloud/ssm"
	"github.com/writ-dev/writ/localcloud/store"
	"github.com/writ-dev/writ/localcloud/sts"

	writiam "github.com/writ-dev/writ/iam"
)

const (
	account   = "000000000000"
	region    = "us-east-1"
	trustRoot = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}]}`
	allowAll  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
)

// cloud is the real gate with all real services, and CloudFormation's calls
// passing through faults.
type cloud struct {
	dir       string
	gate      *gate.Gate
	iam       *directory.Directory
	vault     *session.Vault
	service   *cloudformation.Service
	faults    *faults
	url       string
	lambdas   *locallambda.Service
	queues    *localsqs.Service
	topics    *localsns.Service
	buses     *localevents.Service
	schedules *localscheduler.Service
	objects   *locals3.Service
	db        *store.DB
	server    *httptest.Server
}

// late is a Doer that is known only after the services are made.
type late struct{ gate.Doer }

// faults stands between CloudFormation and the gate: it counts the calls that
// change something, and can fail one or stop answering from one on.
type faults struct {
	next gate.Doer
	mu   sync.Mutex
	// calls are the changes in their order.
	calls []string
	// failAt is the number of the call, from 1, that fails; 0 none. after says
	// that it fails once done.
	failAt int
	after  bool
	// hangAt is the call from which on nothing answers until the context ends.
	hangAt int
}

func (f *faults) Do(ctx context.Context, c *gate.Call) (*gate.Reply, error) {
	reads := c.Method == "GET" || c.Method == "HEAD" || strings.HasPrefix(c.Operation, "Get") || strings.HasPrefix(c.Operation, "Describe") || strings.HasPrefix(c.Operation, "List")
	f.mu.Lock()
	n := 0
	if !reads {
		f.calls = append(f.calls, c.Service+":"+c.Operation+" "+c.Method+" "+c.Path)
		n = len(f.calls)
	}
	fail, after, hang := n > 0 && n == f.failAt, f.after, f.hangAt > 0 && n >= f.hangAt
	f.mu.Unlock()
	switch {
	case hang:
		if after {
			_, _ = f.next.Do(ctx, c) // done, but nobody hears of it
		}
		<-ctx.Done()
		return nil, ctx.Err()
	case fail && !after:
		return nil, gate.Errorf("ServiceUnavailable", "injected")
	}
	reply, err := f.next.Do(ctx, c)
	if fail && err == nil {
		return nil, gate.Errorf("ServiceUnavailable", "injected after the call").WithStatus(503)
	}
	return reply, err
}

func (f *faults) reset(failAt, hangAt int, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.failAt, f.hangAt, f.after = nil, failAt, hangAt, after
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := openCloud(t, t.TempDir())
	t.Cleanup(func() { c.close(t) })
	c.role(t, "admin", allowAll)
	return c
}

func (c *cloud) role(t testing.TB, name, policy string) {
	t.Helper()
	spec := directory.RoleSpec{Name: name, Trust: trustRoot, Inline: map[string]string{"p": policy}}
	if _, err := c.iam.EnsureRole(spec); err != nil {
		t.Fatal(err)
	}
}

func openCloud(t testing.TB, dir string) *cloud {
	t.Helper()
	c := &cloud{dir: dir, faults: &faults{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	c.db, err = store.Open(filepath.Join(dir, "cloud.db"))
	must(err)
	c.iam, err = directory.New(directory.Config{DB: c.db, Account: account})
	must(err)
	c.vault = session.NewVault(bytes.Repeat([]byte{7}, session.KeySize))
	issuer := sts.New(sts.Config{Account: account, Roles: c.iam, Issuer: c.vault})
	do := &late{}
	log := slog.New(slog.DiscardHandler)
	c.lambdas, err = locallambda.New(locallambda.Config{
		DB: c.db, Account: account, Region: region, Do: do, Roles: issuer, Log: log,
		Dir: filepath.Join(dir, "lambda"), Endpoint: func() string { return c.url }, OnLog: func(string, string) {},
	})
	must(err)
	gateway, err := localapigateway.New(localapigateway.Config{DB: c.db, Account: account, Region: region, Now: time.Now, Log: log, Do: do, Rand: rand.Reader})
	must(err)
	tables, err := localdynamodb.New(localdynamodb.Config{DB: c.db, Account: account, Region: region, Now: time.Now})
	must(err)
	c.buses, err = localevents.New(localevents.Config{DB: c.db, Account: account, Region: region, Do: do, Roles: issuer})
	must(err)
	c.schedules, err = localscheduler.New(localscheduler.Config{DB: c.db, Account: account, Region: region, Do: do, Roles: issuer})
	must(err)
	c.objects, err = locals3.New(locals3.Config{DB: c.db, Dir: filepath.Join(dir, "s3"), Account: account, Region: region, Now: time.Now, Rand: rand.Reader, Do: do, Bus: c.buses})
	must(err)
	c.queues, err = localsqs.New(localsqs.Config{DB: c.db, Account: account, Region: region, Endpoint: func() string { return "http://127.0.0.1" }})
	must(err)
	c.topics, err = localsns.New(localsns.Config{DB: c.db, Account: account, Region: region, Do: do})
	must(err)
	secrets, err := localsecrets.New(localsecrets.Config{DB: c.db, Account: account, Region: region, Key: make([]byte, 32)})
	must(err)
	parameters, err := localssm.New(localssm.Config{DB: c.db, Account: account, Region: region, Key: make([]byte, 32)})
	must(err)
	c.service = cloudformation.New(cloudformation.Config{
		DB: c.db, Account: account, Region: region, Now: time.Now, Rand: rand.Reader, Do: c.faults,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		SSM: func(_ context.Context, _ gate.Caller, name string) (string, error) {
			if name == "/cdk-bootstrap/hnb659fds/version" {
				return "21", nil
			}
			return "", errors.New("no such parameter")
		},
	})
	c.gate = gate.New(gate.Config{
		Account: account, Region: region, Directory: c.iam, Credentials: c.vault, Now: time.Now, DeveloperRole: "admin",
		OnVerdict: gatetest.Keys(t),
		Services:  []gate.Service{c.iam, issuer, c.lambdas, gateway, tables, c.objects, c.queues, c.topics, c.buses, c.schedules, secrets, parameters, c.service, logs.New(logs.Config{DB: c.db, Account: account, Region: region})},
	})
	do.Doer, c.faults.next = c.gate, c.gate
	if err := c.lambdas.Resume(); err != nil {
		t.Fatal(err)
	}
	c.server = httptest.NewServer(c.gate)
	c.url = c.server.URL
	return c
}

func (c *cloud) close(t testing.TB) {
	t.Helper()
	c.queues.Close()
	c.topics.Close()
	c.buses.Close()
	c.schedules.Close()
	c.objects.Close()
	c.server.Close()
	if err := errors.Join(c.service.Close(), c.lambdas.Close(), c.db.Close()); err != nil {
		t.Error(err)
	}
}

// config gives the SDK's configuration as a session of a role.
func (c *cloud) config(t testing.TB, role string) aws.Config {
	t.Helper()
	access, ok := c.iam.RoleAccess(role)
	if !ok {
		t.Fatalf("no role %s", role)
	}
	session, err := c.vault.Issue(gate.Caller{
		Kind: writiam.PrincipalSession, ARN: "arn:aws:sts::" + account + ":assumed-role/" + role + "/test", Account: account, RoleName: role,
		SessionName: "test", UserID: access.ID + ":test",
	}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return aws.Config{
		Region: region, BaseEndpoint: &c.url, RetryMaxAttempts: 3,
		Credentials: credentials.NewStaticCredentialsProvider(session.AccessKeyID, session.SecretAccessKey, session.SessionToken),
	}
}

func (c *cloud) client(t testing.TB) *sdk.Client { return sdk.NewFromConfig(c.config(t, "admin")) }

// inventory lists what there is in all services, to see what a stack leaves
// behind, but for the log of everyType's function: on AWS too Lambda makes it
// when the function first runs, and whether it runs is a matter of time.
func (c *cloud) inventory(t testing.TB) []string {
	t.Helper()
	ctx, cfg := t.Context(), c.config(t, "admin")
	var all []string
	add := func(kind string, name *string) { all = append(all, kind+" "+aws.ToString(name)) }
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	roles, err := iam.NewFromConfig(cfg).ListRoles(ctx, nil)
	check(err)
	for _, r := range roles.Roles {
		add("role", r.RoleName)
		inline, err := iam.NewFromConfig(cfg).ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: r.RoleName})
		check(err)
		for _, name := range inline.PolicyNames {
			add("inline policy of "+*r.RoleName, &name)
		}
	}
	policies, err := iam.NewFromConfig(cfg).ListPolicies(ctx, &iam.ListPoliciesInput{Scope: "Local"})
	check(err)
	for _, p := range policies.Policies {
		add("policy", p.PolicyName)
	}
	functions, err := lambda.NewFromConfig(cfg).ListFunctions(ctx, nil)
	check(err)
	for _, f := range functions.Functions {
		dead := ""
		if f.DeadLetterConfig != nil {
			dead = aws.ToString(f.DeadLetterConfig.TargetArn)
		}
		add("function", aws.String(*f.FunctionName+dead))
		following, err := lambda.NewFromConfig(cfg).ListFunctionEventInvokeConfigs(ctx, &lambda.ListFunctionEventInvokeConfigsInput{FunctionName: f.FunctionName})
		check(err)
		for _, one := range following.FunctionEventInvokeConfigs {
			add("what follows", aws.String(fmt.Sprint(*one.FunctionArn, aws.ToInt32(one.MaximumRetryAttempts), aws.ToString(one.DestinationConfig.OnSuccess.Destination))))
		}
	}
	tables, err := dynamodb.NewFromConfig(cfg).ListTables(ctx, nil)
	check(err)
	for _, name := range tables.TableNames {
		add("table", &name)
	}
	groups, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(ctx, nil)
	check(err)
	for _, g := range groups.LogGroups {
		if *g.LogGroupName != "/aws/lambda/fixed-function" {
			add("log group", g.LogGroupName)
		}
	}
	buckets, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(ctx, nil)
	check(err)
	for _, b := range buckets.Buckets {
		add("bucket", b.Name)
	}
	apis, err := apigateway.NewFromConfig(cfg).GetRestApis(ctx, nil)
	check(err)
	for _, a := range apis.Items {
		add("api", a.Id)
	}
	httpAPIs, err := apigatewayv2.NewFromConfig(cfg).GetApis(ctx, nil)
	check(err)
	for _, a := range httpAPIs.Items {
		add("http api", a.ApiId)
	}
	queues, err := sqs.NewFromConfig(cfg).ListQueues(ctx, nil)
	check(err)
	for _, url := range queues.QueueUrls {
		policy, err := sqs.NewFromConfig(cfg).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{"Policy", "DelaySeconds"}})
		check(err)
		add("queue", aws.String(url+policy.Attributes["Policy"]+policy.Attributes["DelaySeconds"]))
	}
	sources, err := lambda.NewFromConfig(cfg).ListEventSourceMappings(ctx, nil)
	check(err)
	for _, m := range sources.EventSourceMappings {
		add("event source", aws.String(*m.EventSourceArn+*m.FunctionArn))
	}
	topics, err := sns.NewFromConfig(cfg).ListTopics(ctx, nil)
	check(err)
	for _, topic := range topics.Topics {
		got, err := sns.NewFromConfig(cfg).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: topic.TopicArn})
		check(err)
		add("topic", aws.String(*topic.TopicArn+got.Attributes["DisplayName"]+got.Attributes["Policy"]))
	}
	subscriptions, err := sns.NewFromConfig(cfg).ListSubscriptions(ctx, nil)
	check(err)
	for _, sub := range subscriptions.Subscriptions {
		got, err := sns.NewFromConfig(cfg).GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: sub.SubscriptionArn})
		check(err)
		add("subscription", aws.String(*sub.SubscriptionArn+got.Attributes["FilterPolicy"]))
	}
	secrets, err := secretsmanager.NewFromConfig(cfg).ListSecrets(ctx, &secretsmanager.ListSecretsInput{IncludePlannedDeletion: aws.Bool(true)})
	check(err)
	for _, secret := range secrets.SecretList {
		got, err := secretsmanager.NewFromConfig(cfg).GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: secret.ARN})
		check(err)
		add("secret", aws.String(*secret.ARN+aws.ToString(secret.Description)+aws.ToString(got.ResourcePolicy)))
	}
	all = append(all, eventInventory(t, cfg)...)
	parameters, err := ssm.NewFromConfig(cfg).GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/"), Recursive: aws.Bool(true)})
	check(err)
	for _, parameter := range parameters.Parameters {
		add("parameter", aws.String(*parameter.Name+*parameter.Value))
	}
	slices.Sort(all)
	return all
}

// asset puts a function's code into the local S3.
func (c *cloud) asset(t testing.TB, bucket string, keys ...string) {
	t.Helper()
	client := s3.NewFromConfig(c.config(t, "admin"), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil && code(err) != "BucketAlreadyOwnedByYou" {
		t.Fatal(err)
	}
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, name := range []string{"hello.js", "hitcounter.js", "bootstrap"} {
		file, err := archive.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write([]byte("#!/bin/sh\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(b.Bytes())}); err != nil {
			t.Fatal(err)
		}
	}
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

const wait = 10 * time.Second

// quick makes the SDK's waiters ask often.
func quick(o *sdk.StackCreateCompleteWaiterOptions) {
	o.MinDelay, o.MaxDelay = time.Millisecond, 20*time.Millisecond
}

// settled waits until a stack is in no IN_PROGRESS state and gives it.
func (c *cloud) settled(t testing.TB, name string) types.Stack {
	t.Helper()
	client := c.client(t)
	for start := time.Now(); time.Since(start) < wait; time.Sleep(2 * time.Millisecond) {
		out, err := client.DescribeStacks(t.Context(), &sdk.DescribeStacksInput{StackName: &name})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(out.Stacks[0].StackStatus), "_IN_PROGRESS") {
			return out.Stacks[0]
		}
	}
	t.Fatalf("stack %s does not settle", name)
	return types.Stack{}
}

// events gives a stack's events, oldest first, as "LogicalId STATUS".
func (c *cloud) events(t testing.TB, name string) []string {
	t.Helper()
	var all []string
	pages := sdk.NewDescribeStackEventsPaginator(c.client(t), &sdk.DescribeStackEventsInput{StackName: &name})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.StackEvents {
			text := *e.LogicalResourceId + " " + string(e.ResourceStatus)
			if e.ResourceStatusReason != nil && strings.Contains(string(e.ResourceStatus), "FAILED") {
				text += " " + *e.ResourceStatusReason
			}
			all = append(all, text)
		}
	}
	slices.Reverse(all)
	return all
}

func ptr[T any](v T) *T { return &v }
