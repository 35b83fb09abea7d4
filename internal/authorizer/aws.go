package authorizer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/internal/sigv4"
)

// awsTries is how often a call that AWS could not serve is made.
const awsTries = 3

// splitS3 reads s3://BUCKET/KEY.
func splitS3(text string) (bucket, key string, err error) {
	rest, ok := strings.CutPrefix(text, "s3://")
	bucket, key, cut := strings.Cut(rest, "/")
	if !ok || !cut || bucket == "" || key == "" {
		return "", "", writ.Errorf(writ.CodeInvalid, "%q is not written s3://BUCKET/KEY", text)
	}
	return bucket, key, nil
}

// fetchSnapshot gets a snapshot out of S3, or what an earlier start of this function has left of it. It is compared with the hash
// by the caller, as every snapshot is.
func fetchSnapshot(ctx context.Context, from, sum string, s Surroundings) ([]byte, error) {
	kept := filepath.Join(s.TempDir, "writ-"+sum+".frozen")
	if file, err := os.ReadFile(kept); err == nil && frozen.Name(file) == sum {
		return file, nil
	}
	bucket, key, err := splitS3(from)
	if err != nil {
		return nil, err
	}
	call := awsCall{service: "s3", method: http.MethodGet, path: "/" + bucket + "/" + key, most: frozen.MaxSize}
	file, err := call.do(ctx, s)
	if err != nil {
		return nil, writ.Errorf(writ.CodeOf(err), "the snapshot %s cannot be fetched: %w", from, err).
			WithHint("the function's role needs s3:GetObject on it")
	}
	if frozen.Name(file) == sum {
		keep(kept, file)
	}
	return file, nil
}

// keep leaves a file for the next start. That it cannot is no fault: it is fetched again then.
func keep(path string, file []byte) {
	f, err := os.CreateTemp(filepath.Dir(path), "writ-*")
	if err != nil {
		return
	}
	_, err = f.Write(file)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // nothing to do about it
	}
}

// read gets the secret. Its text is in no error.
func (c *Secret) read(ctx context.Context, s Surroundings) (string, error) {
	if c.Env != "" {
		if text := s.Getenv(c.Env); text != "" {
			return text, nil
		}
		return "", writ.Errorf(writ.CodeInvalid, "the environment variable %s, which is to hold the secret, is empty", c.Env)
	}
	body, err := json.Marshal(map[string]string{"SecretId": c.Secret})
	if err != nil {
		return "", writ.Errorf(writ.CodeInternal, "ask for a secret: %w", err)
	}
	call := awsCall{
		service: "secretsmanager", method: http.MethodPost, path: "/", body: body, most: 1 << 20,
		header: map[string]string{"X-Amz-Target": "secretsmanager.GetSecretValue", "Content-Type": "application/x-amz-json-1.1"},
	}
	answer, err := call.do(ctx, s)
	if err != nil {
		return "", writ.Errorf(writ.CodeOf(err), "the secret %s cannot be fetched: %w", c.Secret, err).
			WithHint("the function's role needs secretsmanager:GetSecretValue on it")
	}
	var got struct{ SecretString string }
	if json.Unmarshal(answer, &got) != nil || got.SecretString == "" {
		return "", writ.Errorf(writ.CodeExternal, "the secret %s has no text", c.Secret)
	}
	if c.Field == "" {
		return strings.TrimSpace(got.SecretString), nil
	}
	var members map[string]any
	if json.Unmarshal([]byte(got.SecretString), &members) != nil {
		return "", writ.Errorf(writ.CodeInvalid, "the secret %s is no JSON object, and so has no field %q", c.Secret, c.Field)
	}
	text, _ := members[c.Field].(string)
	if text == "" {
		return "", writ.Errorf(writ.CodeInvalid, "the secret %s has no text in its field %q", c.Secret, c.Field)
	}
	return text, nil
}

// awsCall is one call of AWS with the function's own credentials. The SDK's clients of services would be most of the binary.
type awsCall struct {
	service, method, path string
	header                map[string]string
	body                  []byte
	most                  int64 // bytes of the answer
}

func (c *awsCall) do(ctx context.Context, s Surroundings) ([]byte, error) {
	region := cmp.Or(s.Getenv("AWS_REGION"), s.Getenv("AWS_DEFAULT_REGION"))
	key := sigv4.Key{AccessKeyID: s.Getenv("AWS_ACCESS_KEY_ID"), Secret: s.Getenv("AWS_SECRET_ACCESS_KEY"), Token: s.Getenv("AWS_SESSION_TOKEN")}
	if region == "" || key.AccessKeyID == "" || key.Secret == "" {
		return nil, writ.Errorf(writ.CodeInvalid, "the environment has no AWS_REGION, or no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	base, err := endpoint(c.service, region, s.Getenv)
	if err != nil {
		return nil, err
	}
	base.Path = strings.TrimRight(base.Path, "/") + c.path
	base.RawPath = escape(base.Path)
	var last error
	for try := range awsTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return nil, last
			case <-time.After(time.Duration(try) * 100 * time.Millisecond):
			}
		}
		answer, again, err := c.send(ctx, base, key, region, s)
		if err == nil || !again {
			return answer, err
		}
		last = err
	}
	return nil, last
}

// endpoint is where a service is: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS's own.
func endpoint(service, region string, getenv func(string) string) (*url.URL, error) {
	names := map[string]string{"s3": "S3", "secretsmanager": "SECRETS_MANAGER"}
	text := cmp.Or(getenv("AWS_ENDPOINT_URL_"+names[service]), getenv("AWS_ENDPOINT_URL"))
	if text == "" {
		text = "https://" + service + "." + region + ".amazonaws.com"
		if strings.HasPrefix(region, "cn-") {
			text += ".cn"
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, writ.Errorf(writ.CodeInvalid, "%q is no address of AWS", text)
	}
	return u, nil
}

// escape writes a path as S3 signs it: all but the unreserved characters, once.
func escape(path string) string {
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		if c == '/' || c == '-' || c == '_' || c == '.' || c == '~' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func (c *awsCall) send(ctx context.Context, to *url.URL, key sigv4.Key, region string, s Surroundings) (answer []byte, again bool, err error) {
	r, err := http.NewRequestWithContext(ctx, c.method, to.String(), bytes.NewReader(c.body))
	if err != nil {
		return nil, false, writ.Errorf(writ.CodeInternal, "make a call of %s: %w", c.service, err)
	}
	for name, v := range c.header {
		r.Header.Set(name, v)
	}
	now := s.Now()
	scope := sigv4.Scope{Date: now.UTC().Format("20060102"), Region: region, Service: c.service}
	if err := sigv4.Sign(r, sigv4.HashBody(c.body), key, scope, now); err != nil {
		return nil, false, writ.Errorf(writ.CodeInternal, "sign a call of %s: %w", c.service, err)
	}
	got, err := noRedirects(s.Transport).Do(r)
	if err != nil {
		return nil, true, writ.Errorf(writ.CodeExternal, "%s at %s cannot be reached: %w", c.service, to.Host, err)
	}
	defer got.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(got.Body, c.most+1))
	switch {
	case err != nil:
		return nil, true, writ.Errorf(writ.CodeExternal, "the answer of %s broke off: %w", c.service, err)
	case int64(len(answer)) > c.most:
		return nil, false, writ.Errorf(writ.CodeTooLarge, "the answer of %s has more than %d bytes", c.service, c.most)
	case got.StatusCode == http.StatusOK:
		return answer, false, nil
	}
	return nil, got.StatusCode >= 500 || got.StatusCode == http.StatusTooManyRequests,
		writ.Errorf(writ.CodeExternal, "%s answered with status %d: %s", c.service, got.StatusCode, said(answer))
}

// said is the message in an error of AWS, in XML or JSON. It names principals and actions, no secrets.
func said(answer []byte) string {
	var x struct {
		Code, Message string
	}
	if xml.Unmarshal(answer, &x) != nil || x.Code == "" {
		var j struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		_ = json.Unmarshal(answer, &j) // then it says nothing
		x.Code, x.Message = j.Type, j.Message
	}
	text := strings.ToValidUTF8(strings.TrimSpace(x.Code+" "+x.Message), "\uFFFD")
	return text[:min(len(text), 500)]
}

// noRedirects is a client that follows no redirect, so that keys go nowhere else.
func noRedirects(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
