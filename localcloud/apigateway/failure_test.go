package apigateway_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
)

// Both kinds of API give their own answer to the same misbehaviour.
func TestWhatAFunctionMayDoWrong(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	rest := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{})
	rest.method("ANY /rest", hello)
	rest.deploy("prod")
	newHTTP(t, c.http("admin"), "$default", "ANY /http")
	const restBroken, httpBroken = `{"message": "Internal server error"}`, `{"message":"Internal Server Error"}`
	for _, row := range []struct {
		what, payload          string
		restStatus             int
		restBody               string
		httpStatus             int
		httpBody               string
		restHeader, httpHeader string // "Name: value"
	}{
		{"a full answer", `{"statusCode":201,"headers":{"x-a":"1"},"body":"b"}`, 201, "b", 201, "b", "X-A: 1", "X-A: 1"},
		{"a status in a string", `{"statusCode":"202"}`, 202, "", 202, "", "", ""},
		{"an unknown member", `{"statusCode":200,"bodi":"x"}`, 502, restBroken, 200, "", "X-Amzn-Errortype: InternalServerErrorException", ""},
		{"JSON that is no answer", `{"hello":"world"}`, 502, restBroken, 200, `{"hello":"world"}`, "", "Content-Type: application/json"},
		{"a bare string", `"hello"`, 502, restBroken, 200, "hello", "", "Content-Type: application/json"},
		{"nothing", `null`, 502, restBroken, 200, "", "", ""},
		{"a body that is an object", `{"statusCode":200,"body":{"a":1}}`, 502, restBroken, 500, httpBroken, "", ""},
		{"a status that is none", `{"statusCode":"abc"}`, 502, restBroken, 500, httpBroken, "", ""},
		{"multi-value headers", `{"statusCode":200,"multiValueHeaders":{"x-m":["1","2"]}}`, 200, "", 200, "", "X-M: 1,2", ""},
		{"cookies", `{"statusCode":200,"cookies":["a=1","b=2"]}`, 502, restBroken, 200, "", "", "Set-Cookie: a=1,b=2"},
		{"headers that are renamed", `{"statusCode":200,"headers":{"Server":"me","WWW-Authenticate":"Basic"}}`, 200, "", 200, "", "X-Amzn-Remapped-Server: me", "Server: me"},
		{"base64", `{"statusCode":200,"isBase64Encoded":true,"body":"aGk="}`, 200, "aGk=", 200, "hi", "", ""},
	} {
		c.answers(row.payload)
		check := func(path string, status int, body, header string) {
			got := c.send(t, "GET", path, "")
			if got.Status != status || got.Body != body {
				t.Errorf("%s at %s: %d %s, want %d %s", row.what, path, got.Status, got.Body, status, body)
			}
			if name, value, ok := strings.Cut(header, ": "); ok && strings.Join(got.Header.Values(name), ",") != value {
				t.Errorf("%s at %s: header %s is %q, want %q", row.what, path, name, got.Header.Values(name), value)
			}
		}
		check("/rest", row.restStatus, row.restBody, row.restHeader)
		check("/http", row.httpStatus, row.httpBody, row.httpHeader)
	}
	c.set(func(string, []byte) (string, string, error) {
		return `{"errorType":"Error","errorMessage":"boom\nand more"}`, "Unhandled", nil
	})
	if got := c.send(t, "GET", "/rest", ""); got.Status != 502 || got.Body != restBroken {
		t.Errorf("a function error: %+v", got)
	}
	if got := c.send(t, "GET", "/http", ""); got.Status != 500 || got.Body != httpBroken {
		t.Errorf("a function error: %+v", got)
	}
	if log := c.log.String(); strings.Count(log, `error="Error: boom"`) != 2 {
		t.Errorf("the log does not say why the function failed:\n%s", log)
	}
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	rest := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{})
	rest.method("GET /rest", hello)
	must(rest.client.UpdateIntegration(t.Context(), &v1.UpdateIntegrationInput{
		RestApiId: rest.id, ResourceId: rest.paths["/rest"], HttpMethod: aws.String("GET"),
		PatchOperations: []types.PatchOperation{{Op: types.OpReplace, Path: aws.String("/timeoutInMillis"), Value: aws.String("50")}},
	}))(t)
	rest.deploy("prod")
	api := newHTTP(t, c.http("admin"), "$default", "GET /http")
	list := must(c.http("admin").GetIntegrations(t.Context(), &v2.GetIntegrationsInput{ApiId: api}))(t)
	must(c.http("admin").UpdateIntegration(t.Context(), &v2.UpdateIntegrationInput{ApiId: api, IntegrationId: list.Items[0].IntegrationId, TimeoutInMillis: aws.Int32(50)}))(t)
	c.set(func(string, []byte) (string, string, error) {
		time.Sleep(100 * time.Millisecond)
		return `{}`, "", nil
	})
	if got := c.send(t, "GET", "/rest", ""); got.Status != 504 || got.Body != `{"message": "Endpoint request timed out"}` {
		t.Errorf("%+v", got)
	}
	if got := c.send(t, "GET", "/http", ""); got.Status != 503 || got.Body != `{"message":"Service Unavailable"}` {
		t.Errorf("%+v", got)
	}
}

func TestBodiesBinaryAndLarge(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	rest := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{BinaryMediaTypes: []string{"image/*"}})
	rest.method("POST /rest", hello)
	rest.deploy("prod")
	newHTTP(t, c.http("admin"), "$default", "POST /http")
	encoded := base64.StdEncoding.EncodeToString([]byte("\x89PNG"))
	for _, path := range []string{"/rest", "/http"} {
		c.send(t, "POST", path, "\x89PNG", "Content-Type: image/png")
		if event := c.last(t); !strings.Contains(event, `"body":"`+encoded+`"`) || !strings.Contains(event, `"isBase64Encoded":true`) {
			t.Errorf("%s: %s", path, event)
		}
		c.send(t, "POST", path, "text", "Content-Type: text/plain")
		if event := c.last(t); !strings.Contains(event, `"body":"text"`) || !strings.Contains(event, `"isBase64Encoded":false`) {
			t.Errorf("%s: %s", path, event)
		}
		if got := c.send(t, "POST", path, strings.Repeat("x", 10<<20+1)); got.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: over 10 MB: %d", path, got.Status)
		}
	}
	c.answers(`{"statusCode":200,"headers":{"Content-Type":"image/png"},"isBase64Encoded":true,"body":"` + encoded + `"}`)
	if got := c.send(t, "POST", "/rest", "", "Accept: image/png"); got.Body != "\x89PNG" {
		t.Errorf("a client that accepts the type gets %q", got.Body)
	}
	if got := c.send(t, "POST", "/rest", "", "Accept: text/html"); got.Body != encoded {
		t.Errorf("a client that does not gets %q", got.Body)
	}
}

func TestRoutesThatNeedMoreThanRunsHereStayShut(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	rest := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/GET/open/*"},
		{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/GET/open/denied"},
		{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*/prod/GET/iam"},
		{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*/prod/GET/key"}]}`)})
	rest.method("GET /open/{id}", hello)
	for _, path := range []string{"/closed", "/iam", "/key"} {
		rest.method("GET "+path, hello)
	}
	patch := func(path, member, value string) {
		must(rest.client.UpdateMethod(t.Context(), &v1.UpdateMethodInput{
			RestApiId: rest.id, ResourceId: rest.paths[path], HttpMethod: aws.String("GET"),
			PatchOperations: []types.PatchOperation{{Op: types.OpReplace, Path: &member, Value: &value}},
		}))(t)
	}
	patch("/iam", "/authorizationType", "AWS_IAM")
	patch("/key", "/apiKeyRequired", "true")
	rest.deploy("prod")
	for path, want := range map[string]int{"/open/7": 200, "/open/denied": 403, "/open/denied/": 403, "/open/%64enied": 403, "/closed": 403, "/iam": 403, "/key": 403} {
		if got := c.send(t, "GET", path, ""); got.Status != want {
			t.Errorf("%s: %d %s, want %d", path, got.Status, got.Body, want)
		}
	}
}
