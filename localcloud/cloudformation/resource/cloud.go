package resource

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"

	"github.com/writ-dev/writ/localcloud/gate"
)

// Principal is the name that calls carry as the service that makes them.
const Principal = "cloudformation.amazonaws.com"

// Cloud makes calls to the services for one deployment.
type Cloud struct {
	Do gate.Doer
	// Caller is who deploys; every call is decided for this identity.
	Caller    gate.Caller
	Account   string
	Region    string
	Partition string
}

func (c *Cloud) arn(service, region, resource string) string {
	account := c.Account
	if service == "s3" {
		account = ""
	}
	return "arn:" + c.Partition + ":" + service + ":" + region + ":" + account + ":" + resource
}

func (c *Cloud) do(ctx context.Context, call *gate.Call) ([]byte, error) {
	call.Caller, call.Via = c.Caller, Principal
	call.Account, call.Region, call.Secure = c.Account, c.Region, true
	call.UserAgent = Principal
	reply, err := c.Do.Do(ctx, call)
	if err != nil {
		return nil, err
	}
	return reply.Body, nil
}

// query makes a call of the Query protocol. out, when not nil, is an
// encoding/xml struct for the whole answer.
func (c *Cloud) query(ctx context.Context, service, operation string, form url.Values, out any) error {
	form.Set("Action", operation)
	body, err := c.do(ctx, &gate.Call{Service: service, Operation: operation, Method: http.MethodPost, Path: "/", Form: form})
	if err != nil || out == nil {
		return err
	}
	return xml.Unmarshal(body, out)
}

// json makes a call of a JSON protocol.
func (c *Cloud) json(ctx context.Context, service, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := c.do(ctx, &gate.Call{Service: service, Operation: operation, Method: http.MethodPost, Path: "/", Body: body})
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// rest makes a call of the REST JSON protocol; the gate finds the operation.
// path is escaped already and may hold a query.
func (c *Cloud) rest(ctx context.Context, service, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	answer, err := c.raw(ctx, service, method, path, body)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// raw makes a REST call with a body as it is.
func (c *Cloud) raw(ctx context.Context, service, method, path string, body []byte) ([]byte, error) {
	u, err := url.Parse(path)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	return c.do(ctx, &gate.Call{Service: service, Method: method, Path: u.EscapedPath(), Query: u.Query(), Header: header, Body: body})
}

// gone makes an error nil when its code says that the thing is not there.
func gone(err error) error {
	switch gate.CodeOf(err) {
	case "NoSuchEntity", "ResourceNotFoundException", "NotFoundException", "NoSuchBucket", "NoSuchBucketPolicy", "NoSuchKey", "NoSuchTagSet",
		"QueueDoesNotExist", "NotFound", "ParameterNotFound":
		return nil
	}
	return err
}

// query gives names and values as the query of a path.
func query(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values.Encode()
}
