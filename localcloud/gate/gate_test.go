package gate_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/internal/sigv4"
	"github.com/writ-dev/writ/localcloud/gate"
)

func TestDenialsSayAWSsSentence(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.addRole(t, "reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"*"}]}`)
	got := calls(t, c.config(t, "reader"))
	want := map[string]string{"sts": "", "dynamodb": "AccessDeniedException", "lambda": "AccessDeniedException", "s3": "AccessDenied"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c.last != nil {
		t.Errorf("%s was handled", c.last.Operation)
	}
	if len(c.verdicts) != 3 || c.verdicts[0].Message != "User: arn:aws:sts::000000000000:assumed-role/reader/s is not authorized to perform: dynamodb:ListTables "+
		"on resource: arn:aws:dynamodb:us-east-1:000000000000:thing/x because no identity-based policy allows the dynamodb:ListTables action" {
		t.Errorf("verdicts: %+v", c.verdicts)
	}
}

// Whatever a service does wrong, nothing is allowed by it.
func TestFailClosed(t *testing.T) {
	t.Parallel()
	cases := []struct{ operation, want string }{
		{"DescribeTable", "AccessDeniedException"}, // cannot be described
		{"DeleteTable", "AccessDeniedException"},   // asks nothing
		{"UpdateTable", "AccessDeniedException"},   // asks without a resource
		{"CreateTable", "ValidationException"},     // is refused by the service itself
		{"PutItem", "InternalServerError"},         // panics
		{"GetItem", "InternalServerError"},         // fails
		{"Query", "ResourceNotFoundException"},
		{"Scan", ""},
	}
	c := newCloud(t, nil)
	for _, tt := range cases {
		_, err := c.gate.Do(t.Context(), &gate.Call{Service: "dynamodb", Operation: tt.operation, Caller: c.caller("admin")})
		if gate.CodeOf(err) != tt.want {
			t.Errorf("%s: got %v, want %q", tt.operation, err, tt.want)
		}
	}
	for name, caller := range map[string]gate.Caller{
		"nobody":           {},
		"anonymous":        {Kind: iam.PrincipalAnonymous},
		"a service":        gate.ServiceCaller("lambda.amazonaws.com", account, "arn:aws:lambda:us-east-1:000000000000:function:f"),
		"another role id":  {Kind: iam.PrincipalSession, RoleName: "admin", UserID: "AROAold:s", Account: account},
		"an unknown role":  {Kind: iam.PrincipalSession, RoleName: "ghost", UserID: "AROAghost:s", Account: account},
		"a session policy": {Kind: iam.PrincipalSession, RoleName: "admin", UserID: "AROAadmin:s", Account: account, SessionPolicies: []string{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`}},
		"a broken policy":  {Kind: iam.PrincipalSession, RoleName: "admin", UserID: "AROAadmin:s", Account: account, SessionPolicies: []string{`{`}},
	} {
		if _, err := c.gate.Do(t.Context(), &gate.Call{Service: "dynamodb", Operation: "Scan", Caller: caller}); err == nil {
			t.Errorf("%s was allowed", name)
		}
	}
	if _, err := c.gate.Do(t.Context(), &gate.Call{Service: "sqs", Operation: "SendMessage", Caller: c.caller("admin")}); gate.CodeOf(err) != "UnknownOperationException" {
		t.Errorf("a service that is not there: %v", err)
	}
}

func TestContextKeys(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	if _, err := dynamodb.NewFromConfig(c.config(t, "admin")).ListTables(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	got := c.verdicts[0].Request.Context
	for key, want := range map[string]string{
		"aws:principalarn": "arn:aws:iam::000000000000:role/path/admin", "aws:principalaccount": account,
		"aws:principaltype": "AssumedRole", "aws:userid": "AROAadmin:s", "aws:principaltag/team": "blue",
		"aws:sourceip": "127.0.0.1", "aws:securetransport": "true", "aws:requestedregion": "us-east-1",
		"aws:resourceaccount": account, "aws:viaawsservice": "false", "aws:principalisawsservice": "false",
		"aws:multifactorauthpresent": "false",
	} {
		if diff := cmp.Diff(iam.One(want), got[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	for _, key := range []string{"aws:currenttime", "aws:epochtime", "aws:tokenissuetime", "aws:useragent"} {
		if len(got[key].Values) != 1 || got[key].Values[0] == "" {
			t.Errorf("%s = %v", key, got[key])
		}
	}
	for _, key := range []string{"aws:username", "aws:calledvia", "aws:sourcearn", "lambda:sourcefunctionarn"} {
		if _, ok := got[key]; ok {
			t.Errorf("%s is there", key)
		}
	}

	caller := c.caller("admin")
	caller.FunctionARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
	caller.SessionTags = map[string]string{"team": "red"}
	if _, err := c.gate.Do(t.Context(), &gate.Call{Service: "dynamodb", Operation: "Scan", Caller: caller, Via: "cloudformation.amazonaws.com", SourceIP: "10.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	got = c.verdicts[1].Request.Context
	want := iam.Context{
		"aws:calledvia": iam.Many("cloudformation.amazonaws.com"), "aws:calledviafirst": iam.One("cloudformation.amazonaws.com"),
		"aws:calledvialast": iam.One("cloudformation.amazonaws.com"), "aws:viaawsservice": iam.One("true"),
		"lambda:sourcefunctionarn": iam.One(caller.FunctionARN), "aws:principaltag/team": iam.One("red"),
	}
	for key, value := range want {
		if diff := cmp.Diff(value, got[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	if _, ok := got["aws:sourceip"]; ok {
		t.Error("a call through a service has an address")
	}
}

func TestSCPsBindAllButTheDeveloper(t *testing.T) {
	t.Parallel()
	c := newCloud(t, func(cfg *gate.Config) {
		cfg.SCPs = [][]*iam.Policy{{}} // a level that allows nothing
		cfg.DeveloperRole = "admin"
	})
	c.addRole(t, "other", allowAll)
	if _, err := c.gate.Do(t.Context(), &gate.Call{Service: "dynamodb", Operation: "Scan", Caller: c.caller("admin")}); err != nil {
		t.Error(err)
	}
	if _, err := c.gate.Do(t.Context(), &gate.Call{Service: "dynamodb", Operation: "Scan", Caller: c.caller("other")}); err == nil {
		t.Error("allowed beyond the SCP")
	}
}

// The answers are AWS's to the byte where clients read them.
func TestErrorShapes(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	var status int
	var header http.Header
	var body []byte
	cfg := c.config(t, "admin")
	cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return nil, err
		}
		status, header = answer.StatusCode, answer.Header
		body, err = io.ReadAll(answer.Body)
		answer.Body = io.NopCloser(bytes.NewReader(body))
		return answer, err
	})
	_, err := dynamodb.NewFromConfig(cfg).Query(t.Context(), &dynamodb.QueryInput{TableName: aws.String("t")})
	if code(err) != "ResourceNotFoundException" {
		t.Fatal(err)
	}
	if want := `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}`; string(body) != want || status != 400 {
		t.Errorf("got %d %s", status, body)
	}
	for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Crc32", "X-Amzn-Errortype"} {
		if header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	if got := header.Get("Content-Type"); got != "application/x-amz-json-1.0" {
		t.Error(got)
	}
	_, err = cloudwatchlogs.NewFromConfig(cfg).GetQueryResults(t.Context(), &cloudwatchlogs.GetQueryResultsInput{QueryId: aws.String("q")})
	if err != nil || header.Get("Content-Type") != "application/x-amz-json-1.1" {
		t.Errorf("%v %s", err, header)
	}
	_, err = awssts.NewFromConfig(cfg).GetAccessKeyInfo(t.Context(), &awssts.GetAccessKeyInfoInput{AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE")})
	if code(err) != "InvalidAction" || !strings.Contains(string(body), "Could not find operation GetAccessKeyInfo for version 2011-06-15") {
		t.Errorf("%v %s", err, body)
	}
	_, err = pathStyle(cfg).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	if code(err) != "MethodNotAllowed" || status != 405 {
		t.Errorf("%v %d", err, status)
	}
}

// Every way in which the S3 client sends a body gives the service the same bytes.
func TestS3Bodies(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	secure := httptest.NewTLSServer(c.gate)
	t.Cleanup(secure.Close)
	cfg := c.config(t, "admin")
	overTLS := cfg.Copy()
	overTLS.BaseEndpoint, overTLS.HTTPClient = &secure.URL, secure.Client()
	plain := &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k")}
	checked := &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme}
	for _, tt := range []struct {
		name   string
		cfg    aws.Config
		in     *s3.PutObjectInput
		mode   string
		change func(*s3.Options)
	}{
		{"hashed", cfg, plain, sigv4.HashBody([]byte("hello")), func(*s3.Options) {}},
		{"not hashed", cfg, plain, sigv4.UnsignedPayload, s3.WithAPIOptions(unsignedPayload)},
		{"checksum", cfg, checked, sigv4.HashBody([]byte("hello")), func(*s3.Options) {}},
		{"chunked, with a trailing checksum", overTLS, checked, sigv4.StreamingUnsignedTrailer, func(*s3.Options) {}},
	} {
		tt.in.Body = strings.NewReader("hello")
		if _, err := pathStyle(tt.cfg).PutObject(t.Context(), tt.in, tt.change); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := c.last.Header.Get("X-Amz-Content-Sha256"); string(c.last.Body) != "hello" || got != tt.mode {
			t.Errorf("%s: got %q, sent as %s", tt.name, c.last.Body, got)
		}
		if encoding := c.last.Header.Get("Content-Encoding"); strings.Contains(encoding, "aws-chunked") {
			t.Errorf("%s: %s", tt.name, encoding)
		}
		if tt.in == checked && c.last.Header.Get("X-Amz-Checksum-Crc64nvme") == "" {
			t.Errorf("%s: no checksum in %v", tt.name, c.last.Header)
		}
	}
}

// Two services may sign with one name, as API Gateway's versions do.
func TestServicesOfOneName(t *testing.T) {
	t.Parallel()
	c := newCloud(t, func(cfg *gate.Config) {
		route := func(prefix, operation string) func(*gate.Call) (string, bool) {
			return func(call *gate.Call) (string, bool) {
				call.Vars = map[string]string{}
				return operation, strings.HasPrefix(call.Path, prefix)
			}
		}
		cfg.Services = append(cfg.Services,
			&echo{cloud: cfg.Directory.(*cloud), info: gate.Info{Name: "apigateway", Protocol: gate.RESTJSON, Route: route("/restapis", "GetRestApis")}},
			&echo{cloud: cfg.Directory.(*cloud), info: gate.Info{Name: "apigateway", Protocol: gate.RESTJSON, Route: route("/v2/apis", "GetApis")}})
	})
	if _, err := apigateway.NewFromConfig(c.config(t, "admin")).GetRestApis(t.Context(), nil); err != nil || c.last.Operation != "GetRestApis" {
		t.Errorf("%v %v", err, c.last)
	}
	if _, err := apigatewayv2.NewFromConfig(c.config(t, "admin")).GetApis(t.Context(), nil); err != nil || c.last.Operation != "GetApis" {
		t.Errorf("%v %v", err, c.last)
	}
	if _, err := apigateway.NewFromConfig(c.config(t, "admin")).GetAccount(t.Context(), nil); code(err) != "UnknownOperationException" {
		t.Error(err)
	}
	_, err := c.gate.Do(t.Context(), &gate.Call{Service: "apigateway", Method: "GET", Path: "/v2/apis", Caller: c.caller("admin")})
	if err != nil || c.last.Operation != "GetApis" {
		t.Errorf("%v %v", err, c.last)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	cfg := c.config(t, "admin")
	cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 17<<20)), -1
		return http.DefaultClient.Do(r)
	})
	_, err := dynamodb.NewFromConfig(cfg).ListTables(context.Background(), nil)
	if code(err) != "RequestEntityTooLargeException" {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
