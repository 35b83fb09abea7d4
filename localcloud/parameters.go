package localcloud

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/writ-dev/writ/localcloud/cloudformation/resource"
	"github.com/writ-dev/writ/localcloud/gate"
)

// parameterReader finds the parameters that templates ask for: those of the
// configuration, and then the stored ones, read as the deployer.
type parameterReader struct {
	given map[string]string
	do    gate.Doer
}

// read gives a parameter's value; a version may follow the name after a colon.
func (p parameterReader) read(ctx context.Context, deployer gate.Caller, name string) (string, error) {
	plain, _, _ := strings.Cut(name, ":")
	if value, ok := p.given[plain]; ok {
		return value, nil
	}
	body, err := json.Marshal(map[string]any{"Names": []string{name}})
	if err != nil {
		return "", err
	}
	reply, err := p.do.Do(ctx, &gate.Call{
		Service: "ssm", Operation: "GetParameters", Method: http.MethodPost, Path: "/", Body: body,
		Caller: deployer, Via: resource.Principal, UserAgent: resource.Principal, Secure: true,
	})
	if err != nil {
		return "", err
	}
	var out struct {
		Parameters []struct{ Type, Value string }
	}
	if err := json.Unmarshal(reply.Body, &out); err != nil {
		return "", err
	}
	if len(out.Parameters) == 0 {
		return "", gate.Errorf("ValidationError", "Unable to fetch parameters [%s] from parameter store for this account.", name)
	}
	if out.Parameters[0].Type == "SecureString" {
		return "", gate.Errorf("ValidationError", "Parameters [%s] referenced by template have types not supported by CloudFormation.", name)
	}
	return out.Parameters[0].Value, nil
}
