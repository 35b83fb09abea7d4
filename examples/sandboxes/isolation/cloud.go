package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// request is a call of AWS's API, not signed yet. The handler of the functions
// reads the same JSON.
type request struct {
	Service string            `json:"service"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Header  map[string]string `json:"header,omitempty"`
	Body    string            `json:"body,omitempty"`
}

type answer struct {
	Status int    `json:"status"`
	Type   string `json:"type,omitempty"` // X-Amzn-ErrorType, where Lambda has the code
	Body   string `json:"body"`
}

// cloud is a local cloud as one caller sees it.
type cloud struct {
	endpoint, region string
	keys             aws.Credentials
}

// asDeveloper takes what `writ credentials` put into the environment.
func asDeveloper() (*cloud, error) {
	c := &cloud{os.Getenv("AWS_ENDPOINT_URL"), os.Getenv("AWS_REGION"), aws.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
	}}
	if !strings.HasPrefix(c.endpoint, "http://127.0.0.1:") {
		return nil, errors.New("AWS_ENDPOINT_URL is not a local cloud")
	}
	return c, nil
}

// as gives the cloud as a role sees it, whoever the role trusts.
func (c *cloud) as(ctx context.Context, writ, dir, role string) (*cloud, error) {
	command := exec.CommandContext(ctx, writ, "credentials", dir, "--role", role, "--format", "json")
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("credentials of %s: %w", role, err)
	}
	var k struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
	}
	if err := json.Unmarshal(out, &k); err != nil {
		return nil, fmt.Errorf("credentials of %s: %w", role, err)
	}
	return &cloud{c.endpoint, c.region, aws.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}}, nil
}

// send signs a request and makes it.
func (c *cloud) send(ctx context.Context, q request) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, q.Method, c.endpoint+q.Path, strings.NewReader(q.Body))
	if err != nil {
		return answer{}, err
	}
	for name, value := range q.Header {
		r.Header.Set(name, value)
	}
	sum := sha256.Sum256([]byte(q.Body))
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", hash)
	err = v4.NewSigner().SignHTTP(ctx, c.keys, r, hash, q.Service, c.region, time.Now(), func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = q.Service == "s3"
	})
	if err != nil {
		return answer{}, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header.Get("X-Amzn-ErrorType"), string(body)}, err
}

// must is send for what has to succeed.
func (c *cloud) must(ctx context.Context, q request) (string, error) {
	a, err := c.send(ctx, q)
	if err == nil && a.Status/100 != 2 {
		err = fmt.Errorf("%s %s %s %s: %d %s", q.Service, q.Method, q.Path, q.Header["X-Amz-Target"], a.Status, a.Body)
	}
	return a.Body, err
}

// query makes a call of the Query protocol and decodes its XML.
func (c *cloud) query(ctx context.Context, service, version string, into any, parameters ...string) error {
	body, err := c.must(ctx, form(service, version, parameters...))
	if err != nil || into == nil {
		return err
	}
	return xml.Unmarshal([]byte(body), into)
}

// form is a call of the Query protocol: "Action", "ListRoles", ...
func form(service, version string, parameters ...string) request {
	values := url.Values{"Version": {version}}
	for i := 0; i < len(parameters); i += 2 {
		values.Set(parameters[i], parameters[i+1])
	}
	return request{
		Service: service, Method: http.MethodPost, Path: "/", Body: values.Encode(),
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
	}
}

// jsonCall is a call of the JSON protocols: target is "DynamoDB_20120810.GetItem".
func jsonCall(service, target string, input any) request {
	body, err := json.Marshal(input)
	if err != nil {
		panic(err) // maps of strings
	}
	return request{
		Service: service, Method: http.MethodPost, Path: "/", Body: string(body),
		Header: map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target},
	}
}

// failure gives the code and the message of an error in any of the protocols.
func failure(a answer) (code, message string) {
	if a.Status/100 == 2 {
		return "", ""
	}
	var j struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
		Other   string `json:"Message"`
	}
	if json.Unmarshal([]byte(a.Body), &j) == nil {
		return cmp.Or(j.Type[strings.LastIndex(j.Type, "#")+1:], a.Type), j.Message + j.Other
	}
	var x struct {
		Code, Message string
		Error         struct{ Code, Message string }
	}
	if xml.Unmarshal([]byte(a.Body), &x) == nil {
		return x.Code + x.Error.Code, x.Message + x.Error.Message
	}
	return "unreadable", a.Body
}
