// Command handler is the code of every function of this example. It makes the
// calls that its event lists, with the credentials of its own role, and tells
// what came of them; of any other event it notes the marks in its table.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// request is a call of AWS's API, not signed yet.
type request struct {
	Service string            `json:"service"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Header  map[string]string `json:"header,omitempty"`
	Body    string            `json:"body,omitempty"`
}

type answer struct {
	Status int    `json:"status"`
	Type   string `json:"type,omitempty"` // of an error of Lambda
	Body   string `json:"body"`
}

var mark = regexp.MustCompile(`mark-[a-z0-9-]+`)

func main() { lambda.Start(handle) }

func handle(ctx context.Context, event json.RawMessage) ([]answer, error) {
	var asked struct {
		Requests []request `json:"requests"`
	}
	if err := json.Unmarshal(event, &asked); err != nil || asked.Requests == nil {
		return nil, note(ctx, mark.FindAllString(string(event), -1))
	}
	answers := make([]answer, 0, len(asked.Requests))
	for _, r := range asked.Requests {
		a, err := r.send(ctx)
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// note puts marks into the function's own table.
func note(ctx context.Context, marks []string) error {
	for _, m := range marks {
		a, err := request{
			Service: "dynamodb", Method: http.MethodPost, Path: "/",
			Header: map[string]string{"X-Amz-Target": "DynamoDB_20120810.PutItem", "Content-Type": "application/x-amz-json-1.0"},
			Body:   fmt.Sprintf(`{"TableName":%q,"Item":{"id":{"S":%q}}}`, os.Getenv("TABLE"), m),
		}.send(ctx)
		if err != nil {
			return err
		}
		if a.Status != http.StatusOK {
			return fmt.Errorf("note %s: %s", m, a.Body)
		}
	}
	return nil
}

func (q request) send(ctx context.Context) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, q.Method, os.Getenv("AWS_ENDPOINT_URL")+q.Path, strings.NewReader(q.Body))
	if err != nil {
		return answer{}, err
	}
	for name, value := range q.Header {
		r.Header.Set(name, value)
	}
	sum := sha256.Sum256([]byte(q.Body))
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", hash)
	keys := aws.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
	}
	err = v4.NewSigner().SignHTTP(ctx, keys, r, hash, q.Service, os.Getenv("AWS_REGION"), time.Now(), func(o *v4.SignerOptions) {
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
