package gate_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

var none = map[string]string{"sts": "", "dynamodb": "", "lambda": "", "s3": ""}

func TestRealClientsAreUnderstood(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	if diff := cmp.Diff(none, calls(t, c.config(t, "admin"))); diff != "" {
		t.Error(diff)
	}
	identity, err := awssts.NewFromConfig(c.config(t, "admin")).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{*identity.Arn, *identity.UserId, *identity.Account}
	if diff := cmp.Diff([]string{"arn:aws:sts::000000000000:assumed-role/admin/s", "AROAadmin:s", account}, got); diff != "" {
		t.Error(diff)
	}
}

// Each way of not showing who one is has AWS's code, in each protocol.
func TestAuthenticationErrors(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*testing.T, *cloud, *aws.Config)
		want   map[string]string
	}{
		{"wrong secret", func(t *testing.T, c *cloud, cfg *aws.Config) {
			*cfg = c.configOf(changed(t, *cfg, func(k *aws.Credentials) { k.SecretAccessKey += "x" }))
		}, map[string]string{"sts": "SignatureDoesNotMatch", "dynamodb": "InvalidSignatureException", "lambda": "InvalidSignatureException", "s3": "SignatureDoesNotMatch"}},
		{"unknown key", func(t *testing.T, c *cloud, cfg *aws.Config) {
			*cfg = c.configOf(aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "x"})
		}, map[string]string{"sts": "InvalidClientTokenId", "dynamodb": "UnrecognizedClientException", "lambda": "UnrecognizedClientException", "s3": "InvalidAccessKeyId"}},
		{"tampered token", func(t *testing.T, c *cloud, cfg *aws.Config) {
			*cfg = c.configOf(changed(t, *cfg, func(k *aws.Credentials) { k.SessionToken = flip(k.SessionToken) }))
		}, map[string]string{"sts": "InvalidClientTokenId", "dynamodb": "UnrecognizedClientException", "lambda": "UnrecognizedClientException", "s3": "InvalidToken"}},
		{"expired session", func(_ *testing.T, c *cloud, _ *aws.Config) { c.later(0, 2*time.Hour) },
			map[string]string{"sts": "ExpiredToken", "dynamodb": "ExpiredTokenException", "lambda": "ExpiredTokenException", "s3": "ExpiredToken"}},
		{"clock behind", func(_ *testing.T, c *cloud, _ *aws.Config) { c.later(0, 20*time.Minute) },
			map[string]string{"sts": "SignatureDoesNotMatch", "dynamodb": "InvalidSignatureException", "lambda": "InvalidSignatureException", "s3": "RequestTimeTooSkewed"}},
		{"clock ahead", func(_ *testing.T, c *cloud, _ *aws.Config) { c.later(0, -20*time.Minute) },
			map[string]string{"sts": "SignatureDoesNotMatch", "dynamodb": "InvalidSignatureException", "lambda": "InvalidSignatureException", "s3": "RequestTimeTooSkewed"}},
		{"wrong region", func(_ *testing.T, _ *cloud, cfg *aws.Config) { cfg.Region = "eu-west-1" },
			map[string]string{"sts": "SignatureDoesNotMatch", "dynamodb": "InvalidSignatureException", "lambda": "InvalidSignatureException", "s3": "AuthorizationHeaderMalformed"}},
		{"role deleted", func(_ *testing.T, c *cloud, _ *aws.Config) { c.dropRole("admin") },
			map[string]string{"sts": "InvalidClientTokenId", "dynamodb": "UnrecognizedClientException", "lambda": "UnrecognizedClientException", "s3": "InvalidAccessKeyId"}},
		{"not signed", func(_ *testing.T, _ *cloud, cfg *aws.Config) { cfg.HTTPClient = strip("Authorization") },
			map[string]string{"sts": "MissingAuthenticationToken", "dynamodb": "MissingAuthenticationTokenException", "lambda": "MissingAuthenticationTokenException", "s3": "AccessDenied"}},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, nil)
			cfg := c.config(t, "admin")
			tt.change(t, c, &cfg)
			if diff := cmp.Diff(tt.want, calls(t, cfg)); diff != "" {
				t.Error(diff)
			}
			if c.last != nil {
				t.Errorf("%s was handled", c.last.Operation)
			}
		})
	}
}

func (c *cloud) later(_ int, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *cloud) dropRole(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.roles, name)
}

func changed(t *testing.T, cfg aws.Config, change func(*aws.Credentials)) aws.Credentials {
	t.Helper()
	k, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	change(&k)
	return k
}

// flip changes one character in the middle.
func flip(s string) string {
	b := []byte(s)
	i := len(b) / 2
	b[i] = map[bool]byte{true: 'B', false: 'A'}[b[i] == 'A']
	return string(b)
}

// doer is an HTTP client that changes requests on their way.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

func strip(header string) aws.HTTPClient {
	return doer(func(r *http.Request) (*http.Response, error) {
		r.Header.Del(header)
		return http.DefaultClient.Do(r)
	})
}

// What is changed between the client and the gate is found out.
func TestTamperedRequests(t *testing.T) {
	t.Parallel()
	rewrite := func(change func(*http.Request)) aws.HTTPClient {
		return doer(func(r *http.Request) (*http.Response, error) {
			change(r)
			return http.DefaultClient.Do(r)
		})
	}
	body := func(text string) func(*http.Request) {
		return func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		}
	}
	scope := func(from, to string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
		}
	}
	cases := []struct {
		name, operation string
		change          func(*http.Request)
		want            string
	}{
		{"replay with another body", "ListTables", body(`{"Limit": 1}`), "InvalidSignatureException"},
		{"replay as another operation", "ListTables", func(r *http.Request) { r.Header.Set("X-Amz-Target", "DynamoDB_20120810.DeleteTable") }, "InvalidSignatureException"},
		{"operation not signed", "ListTables", scope("x-amz-target", "x-amz-date"), "InvalidSignatureException"},
		{"scope of another service", "ListTables", scope("/dynamodb/", "/logs/"), "InvalidSignatureException"},
		{"scope of a service that is not there", "ListTables", scope("/dynamodb/", "/sqs/"), "InvalidSignatureException"},
		{"no signature in the header", "ListTables", scope("Signature=", "Sig="), "IncompleteSignatureException"},
		{"S3: another body", "PutObject", body("other"), "XAmzContentSHA256Mismatch"},
		{"S3: body not hashed", "PutObject", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, "SignatureDoesNotMatch"},
		{"S3: a further header", "PutObject", func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") }, "AccessDenied"},
		{"S3: another key", "PutObject", func(r *http.Request) { r.URL.Path += "x" }, "SignatureDoesNotMatch"},
		{"STS: another body", "GetCallerIdentity", body("Action=GetSessionToken&Version=2011-06-15"), "SignatureDoesNotMatch"},
		{"STS: wrong service", "GetCallerIdentity", scope("/sts/", "/dynamodb/"), "SignatureDoesNotMatch"},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, nil)
			cfg := c.config(t, "admin")
			cfg.HTTPClient = rewrite(tt.change)
			var err error
			switch tt.operation {
			case "ListTables":
				_, err = dynamodb.NewFromConfig(cfg).ListTables(t.Context(), nil)
			case "PutObject":
				_, err = pathStyle(cfg).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: strings.NewReader("hello")})
			default:
				_, err = awssts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
			}
			if code(err) != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if c.last != nil {
				t.Error("it was handled")
			}
		})
	}
}

func TestPresignedRequests(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	cfg := c.config(t, "admin")
	object, err := s3.NewPresignClient(pathStyle(cfg)).PresignGetObject(t.Context(),
		&s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("a key")}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	identity, err := awssts.NewPresignClient(awssts.NewFromConfig(cfg)).PresignGetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{object.URL, identity.URL} {
		if status, body := get(t, url); status != http.StatusOK {
			t.Errorf("%s: %d %s", url, status, body)
		}
	}
	c.later(0, 16*time.Minute)
	if status, body := get(t, object.URL); status != http.StatusForbidden || !strings.Contains(body, "<Message>Request has expired</Message>") {
		t.Errorf("S3: %d %s", status, body)
	}
	if status, body := get(t, identity.URL); status != http.StatusForbidden || !strings.Contains(body, "Signature expired") {
		t.Errorf("STS: %d %s", status, body)
	}
}

func TestOlderSignaturesAreNotAnonymous(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	for _, query := range []string{"?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=x&Expires=1", "?X-Amz-Signature=x"} {
		if status, body := get(t, c.url+"/b/k"+query); status != http.StatusBadRequest || len(c.verdicts) > 0 {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url) //nolint:gosec // the test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

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

func TestS3Bodies(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	client := pathStyle(c.config(t, "admin"))
	put := func(body io.Reader, change ...func(*s3.Options)) {
		t.Helper()
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: body}, change...)
		if err != nil {
			t.Error(err)
			return
		}
		if diff := cmp.Diff("hello", string(c.last.Body)); diff != "" {
			t.Error(diff)
		}
	}
	put(strings.NewReader("hello"))
	put(strings.NewReader("hello"), s3.WithAPIOptions(awsUnsigned))
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
