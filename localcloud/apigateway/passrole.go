package apigateway

import (
	"encoding/json"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/apigateway/front"
	"github.com/writ-dev/writ/localcloud/gate"
)

// askPassRole asks whether the caller may give a role to API Gateway: who names
// the role of an integration or an authorizer does.
func (s *Service) askPassRole(r *request) []gate.Ask {
	var body struct {
		Integration     string           `json:"credentialsArn"`
		Authorizer      string           `json:"authorizerCredentialsArn"`
		RESTAuthorizer  string           `json:"authorizerCredentials"`
		PatchOperations []patchOperation `json:"patchOperations"`
	}
	if json.Unmarshal(r.call.Body, &body) != nil {
		return nil // which Handle says
	}
	var api string
	var roles []string
	switch {
	case r.vars["apiId"] != "":
		api, roles = "/apis/"+r.vars["apiId"], []string{body.Integration, body.Authorizer}
	case r.vars["restApiId"] != "":
		api, roles = "/restapis/"+r.vars["restApiId"], []string{body.RESTAuthorizer}
		for _, op := range body.PatchOperations {
			if op.Path == "/authorizerCredentials" {
				roles = append(roles, op.Value)
			}
		}
	}
	var asks []gate.Ask
	for _, role := range roles {
		if roleRule.MatchString(role) {
			asks = append(asks, gate.Ask{Action: "iam:PassRole", Resource: role, Context: iam.Context{
				"iam:passedtoservice":       iam.One(front.Principal),
				"iam:associatedresourcearn": iam.One("arn:aws:apigateway:" + s.cfg.Region + "::" + api),
			}})
		}
	}
	return asks
}
