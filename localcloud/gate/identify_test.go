package gate_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
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
		{
			"expired session", func(_ *testing.T, c *cloud, _ *aws.Config) { c.later(2 * time.Hour) },
			map[string]string{"sts": "ExpiredToken", "dynamodb": "ExpiredTokenException", "lambda": "ExpiredTokenException", "s3": "ExpiredToken"},
		},
		{
			"clock behind", func(_ *testing.T, c *cloud, _ *aws.Config) { c.later(20 * time.Minute) },
			map[string]string{"sts": "SignatureDoesNotMatch", "dynamodb": "InvalidSignatureException", "lambda": "InvalidSignatureException", "s3": "RequestTimeTooSkewed"},
		},
		{
			"clock ahead", func(_ *testing.T, c *cloud, _ *aws.Config) { c.later(-20 * time.Minute) },
			map[string]string{"sts": "SignatureDoesNotMatch", "dynamodb": "InvalidSignatureException", "lambda": "InvalidSignatureException", "s3": "RequestTimeTooSkewed"},
		},
		{
			"wrong region", func(_ *testing.T, _ *cloud, cfg *aws.Config) { cfg.Region = "eu-west-1" },
			map[string]string{"sts": "SignatureDoesNotMatch", "dynamodb": "InvalidSignatureException", "lambda": "InvalidSignatureException", "s3": "AuthorizationHeaderMalformed"},
		},
		{
			"role deleted", func(_ *testing.T, c *cloud, _ *aws.Config) { c.dropRole("admin") },
			map[string]string{"sts": "InvalidClientTokenId", "dynamodb": "UnrecognizedClientException", "lambda": "UnrecognizedClientException", "s3": "InvalidAccessKeyId"},
		},
		{
			"not signed", func(_ *testing.T, _ *cloud, cfg *aws.Config) { cfg.HTTPClient = strip("Authorization") },
			map[string]string{"sts": "MissingAuthenticationToken", "dynamodb": "MissingAuthenticationTokenException", "lambda": "MissingAuthenticationTokenException", "s3": "AccessDenied"},
		},
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

func (c *cloud) later(d time.Duration) {
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
	c.later(16 * time.Minute)
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
	r, err := http.Get(url) // the test's own server
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
