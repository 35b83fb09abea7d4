package gateway_test

import (
	"encoding/json"
	"testing"

	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/conformance/authorizer"
)

func TestCorpusAuthorizer(t *testing.T) {
	t.Parallel()
	authorizer.Run(t, func(event json.RawMessage) (authorizer.Reading, error) {
		c, err := gateway.ReadEvent(event)
		if err != nil {
			return authorizer.Reading{}, err
		}
		return authorizer.Reading{Form: c.Form.String(), Method: c.Method, Path: c.Path, Template: c.Template, Token: c.Token}, nil
	})
}
