package authorizer

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/writ-dev/writ"
)

// The paths and headers of Lambda's Extensions API, version 2020-01-01.
const (
	extensionRegister = "/2020-01-01/extension/register"
	extensionNext     = "/2020-01-01/extension/event/next"
	extensionName     = "Lambda-Extension-Name"
	extensionID       = "Lambda-Extension-Identifier"
)

// Extend registers this process as an extension of a Lambda function, and returns when the function's environment is shut down.
// api is AWS_LAMBDA_RUNTIME_API; name is that of the file in /opt/extensions. Lambda calls the function only after all
// extensions have asked for their first event, so it is called when the port is open.
func Extend(ctx context.Context, transport http.RoundTripper, api, name string) error {
	c := &http.Client{Transport: transport} // next answers when it does, so there is no time limit
	call := func(method, path, header, value, body string) (http.Header, []byte, error) {
		r, err := http.NewRequestWithContext(ctx, method, "http://"+api+path, strings.NewReader(body))
		if err != nil {
			return nil, nil, writ.Errorf(writ.CodeInternal, "call the Extensions API: %w", err)
		}
		r.Header.Set(header, value)
		answer, err := c.Do(r)
		if err != nil {
			return nil, nil, writ.Errorf(writ.CodeExternal, "the Extensions API cannot be called: %w", err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		if err != nil || answer.StatusCode != http.StatusOK {
			return nil, nil, writ.Errorf(writ.CodeExternal, "the Extensions API answered %s with status %d", path, answer.StatusCode).
				WithHint("an extension is a file in /opt/extensions, by its own name")
		}
		return answer.Header, text, nil
	}
	head, _, err := call(http.MethodPost, extensionRegister, extensionName, name, `{"events":["SHUTDOWN"]}`)
	if err != nil {
		return err
	}
	for {
		_, text, err := call(http.MethodGet, extensionNext, extensionID, head.Get(extensionID), "")
		if err != nil {
			return err
		}
		var event struct{ EventType string }
		if json.Unmarshal(text, &event) == nil && event.EventType == "SHUTDOWN" {
			return nil
		}
	}
}
