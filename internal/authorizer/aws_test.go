package authorizer_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/localcloud"
)

// A snapshot out of S3 and a key out of Secrets Manager, with the function's own credentials, of a cloud that checks
// signatures and policies.
func TestAWS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := httptest.NewUnstartedServer(nil)
	cloud, err := localcloud.Open(localcloud.Config{Dir: t.TempDir(), Endpoint: "http://" + api.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	api.Config.Handler = cloud.API()
	api.Start()
	keys, err := cloud.DeveloperCredentials()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	sum := frozen.Name(file)
	config := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(api.URL),
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken),
	}
	objects := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	const name = "snapshots/a b+c/é=1.frozen"
	if _, err := objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("policies")}); err != nil {
		t.Fatal(err)
	}
	if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("policies"), Key: aws.String(name), Body: bytes.NewReader(file)}); err != nil {
		t.Fatal(err)
	}
	secrets := secretsmanager.NewFromConfig(config)
	for id, text := range map[string]string{"plain": w.token + "\n", "object": fmt.Sprintf(`{"key": %q, "number": 1}`, w.token)} {
		if _, err := secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(id), SecretString: aws.String(text)}); err != nil {
			t.Fatal(err)
		}
	}
	around := surroundings(t, map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": api.URL,
		"AWS_ACCESS_KEY_ID": keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY": keys.SecretAccessKey, "AWS_SESSION_TOKEN": keys.SessionToken,
	})
	snapshot := func(key, sum string) string {
		return w.config(t, fmt.Sprintf(`{"snapshot": {"s3": "s3://policies/%s", "sha256": %q}}`, key, sum))
	}
	server := func(secret string) string {
		return w.config(t, fmt.Sprintf(`{"server": {"url": %q, "key": %s}}`, w.url, secret))
	}
	ask := writ.Request{Subject: writ.Subject{Type: "user", ID: "u0"}, Action: writ.Action{Name: "read"}, Resource: writ.Resource{Type: "document", ID: "d0"}}
	for what, c := range map[string]struct{ config, want string }{
		"a snapshot":          {snapshot(name, sum), ""},
		"another hash":        {snapshot(name, strings.Repeat("0", 64)), "wanted is 0000"},
		"no object":           {snapshot("none", strings.Repeat("1", 64)), "NoSuchKey"},
		"a plain secret":      {server(`{"secret": "plain"}`), ""},
		"a field":             {server(`{"secret": "object", "field": "key"}`), ""},
		"a number":            {server(`{"secret": "object", "field": "number"}`), `no text in its field "number"`},
		"a field of a text":   {server(`{"secret": "plain", "field": "key"}`), "no JSON object"},
		"a secret that isn't": {server(`{"secret": "none"}`), "ResourceNotFoundException"},
	} {
		a, err := open(t.Context(), t, c.config, around)
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), w.token) {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if d, err := a.Check.Check(t.Context(), ask); err != nil || !d.Allowed {
			t.Errorf("%s: %v %v", what, d, err)
		}
	}
	wrong := surroundings(t, map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_S3": api.URL,
		"AWS_ACCESS_KEY_ID": keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY": "wrong", "AWS_SESSION_TOKEN": keys.SessionToken,
	})
	if _, err := open(t.Context(), t, snapshot(name, sum), wrong); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a wrong signature: %v", err)
	}
	if _, err := open(t.Context(), t, snapshot(name, sum), surroundings(t, nil)); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("without credentials: %v", err)
	}
	// The next start of the same function finds it in its own directory, and not what was put there in its place.
	api.Close()
	if err := cloud.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t.Context(), t, snapshot(name, sum), around); err != nil {
		t.Errorf("a second start: %v", err)
	}
	if err := os.WriteFile(around.TempDir+"/writ-"+sum+".frozen", []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t.Context(), t, snapshot(name, sum), around); err == nil {
		t.Error("what lies under the name of a snapshot is used")
	}
}

// S3 that is busy is asked again, and one that redirects is not followed.
func TestBusyS3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	asked, redirect := 0, false
	busy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case redirect:
			http.Redirect(rw, r, "/elsewhere", http.StatusTemporaryRedirect)
		case asked < 3:
			rw.WriteHeader(http.StatusServiceUnavailable)
		default:
			_, _ = rw.Write(file)
		}
	}))
	defer busy.Close()
	config := w.config(t, fmt.Sprintf(`{"snapshot": {"s3": "s3://b/k", "sha256": %q}}`, frozen.Name(file)))
	env := map[string]string{"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_S3": busy.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
	if _, err := open(t.Context(), t, config, surroundings(t, env)); err != nil || asked != 3 {
		t.Errorf("%v after %d", err, asked)
	}
	asked, redirect = 0, true
	if _, err := open(t.Context(), t, config, surroundings(t, env)); err == nil || asked != 1 {
		t.Errorf("a redirect: %v after %d", err, asked)
	}
}
