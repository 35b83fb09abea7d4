package awscloud_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
)

// TestRetries: what passes is tried again, and not for ever.
func TestRetries(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		status int
		body   string
	}{
		"throttled":         {400, queryError("Throttling", "Rate exceeded")},
		"broken within":     {500, queryError("InternalFailure", "oops")},
		"not there":         {503, queryError("ServiceUnavailable", "later")},
		"a proxy's own 502": {502, "<html>bad gateway</html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			a := c.open(t)
			c.failWith(func(call string, n int) (int, string) {
				if n == 1 && (call == "DescribeStacks" || call == "CreateChangeSet") {
					return fault.status, fault.body
				}
				return 0, ""
			})
			mustDeploy(t, a, "shop", table("hits", 0))

			c.failWith(func(string, int) (int, string) { return fault.status, fault.body })
			_, _, err := a.Stack(t.Context(), "shop")
			if err == nil || writ.CodeOf(err) != writ.CodeExternal || !strings.Contains(err.Error(), "read stack shop") {
				t.Errorf("%v", err)
			}
			if n := c.called("DescribeStacks"); n < 2 || n > 5 {
				t.Errorf("tried %d times", n)
			}
		})
	}
}

func TestErrorsThatSayWhatToDo(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	a := c.open(t)
	for _, want := range []struct {
		status   int
		code     string
		is       writ.Code
		hintPart string
	}{
		{403, "AccessDenied", writ.CodeDenied, ""},
		{403, "ExpiredToken", writ.CodeAuth, "aws sso login"},
		{400, "ExpiredTokenException", writ.CodeAuth, "aws sso login"},
		{403, "InvalidClientTokenId", writ.CodeAuth, "does not know these credentials"},
		{400, "Throttling", writ.CodeExternal, "try again in a minute"},
		{400, "ValidationError", writ.CodeExternal, ""},
	} {
		c.failWith(func(string, int) (int, string) { return want.status, queryError(want.code, "as told") })
		_, err := a.Identity(t.Context())
		wantError(t, err, want.is, want.code+": as told", want.hintPart)
	}
}

// An expired session, as the local cloud itself tells it.
func TestUnknownCredentials(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	a, err := awscloud.Open(t.Context(), awscloud.Config{
		Endpoint: c.url, Region: "us-east-1",
		Credentials: &aws.Credentials{AccessKeyID: "ASIAXXXXXXXXXXXXXXXX", SecretAccessKey: "x", SessionToken: "y"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Identity(t.Context())
	if writ.CodeOf(err) != writ.CodeAuth {
		t.Errorf("%v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	a, err := awscloud.Open(t.Context(), awscloud.Config{
		Endpoint: "http://127.0.0.1:1", Region: "us-east-1", Credentials: &aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Identity(t.Context())
	wantError(t, err, writ.CodeExternal, "connection refused", "writ up")
}

// TestProfiles change the environment, so they run alone.
func TestProfiles(t *testing.T) {
	c := newCloud(t)
	dir := t.TempDir()
	tree := map[string]string{
		"config": "[profile local]\nregion = us-east-1\nendpoint_url = " + c.url + "\n[profile nowhere]\nendpoint_url = " + c.url + "\n" +
			"[profile nobody]\nregion = us-east-1\nendpoint_url = " + c.url + "\n",
		"credentials": "[local]\naws_access_key_id = " + c.keys.AccessKeyID + "\naws_secret_access_key = " + c.keys.SecretAccessKey +
			"\naws_session_token = " + c.keys.SessionToken + "\n[nowhere]\naws_access_key_id = a\naws_secret_access_key = b\n",
	}
	writeFiles(t, dir, tree)
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": dir + "/config", "AWS_SHARED_CREDENTIALS_FILE": dir + "/credentials", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ENDPOINT_URL": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	a, err := awscloud.Open(t.Context(), awscloud.Config{Profile: "local"})
	if err != nil {
		t.Fatal(err)
	}
	if a.Local || a.Region != "us-east-1" {
		t.Errorf("%+v", a)
	}
	// The whole path of a deploy: the endpoint, path-style buckets, polling.
	if err := a.EnsureBucket(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	mustDeploy(t, a, "shop", table("hits", 60_000))

	_, err = awscloud.Open(t.Context(), awscloud.Config{Profile: "no-such"})
	wantError(t, err, writ.CodeAuth, "no-such", "aws configure list --profile no-such")
	_, err = awscloud.Open(t.Context(), awscloud.Config{Profile: "nowhere"})
	wantError(t, err, writ.CodeUsage, "no AWS region", "AWS_REGION")
	a, err = awscloud.Open(t.Context(), awscloud.Config{Profile: "nobody"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Identity(t.Context())
	wantError(t, err, writ.CodeAuth, "credentials", "sign in")
}
