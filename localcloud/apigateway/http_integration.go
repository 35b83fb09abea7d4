package apigateway

import (
	"maps"
	"regexp"
	"time"

	"github.com/writ-dev/writ/localcloud/apigateway/direct"
	"github.com/writ-dev/writ/localcloud/apigateway/front"
)

func (s *Service) createIntegration2(r *request) (any, error) {
	i := &httpIntegration{TimeoutInMillis: 30000, ConnectionType: "INTERNET"}
	if err := r.decode(i); err != nil {
		return nil, err
	}
	i.IntegrationID = s.newID(7)
	if err := s.checkIntegration2(i); err != nil {
		return nil, err
	}
	err := s.changeHTTP(r, func(d *httpDoc) error {
		d.Integrations[i.IntegrationID] = i
		return nil
	})
	return i, err
}

// checkIntegration2 refuses what cannot be run here.
func (s *Service) checkIntegration2(i *httpIntegration) error {
	switch i.IntegrationType {
	case "AWS_PROXY":
	case "HTTP_PROXY", "HTTP", "AWS", "MOCK":
		return badRequest("Integrations of type %s do not run locally for HTTP APIs; AWS_PROXY does", i.IntegrationType)
	default:
		return badRequest("Invalid integration type specified: %s", i.IntegrationType)
	}
	switch {
	case i.TimeoutInMillis < 50 || i.TimeoutInMillis > 30000:
		return badRequest("Timeout should be between 50 ms and 30000 ms")
	case len(i.ResponseParameters) > 2 && string(i.ResponseParameters) != "null":
		return badRequest("Parameter mapping of answers does not run locally")
	case i.IntegrationSubtype != "":
		return s.checkDirect(i)
	case functionOf(i.IntegrationURI) == "":
		return badRequest("AWS_PROXY integrations run locally only for Lambda functions, SQS-SendMessage and EventBridge-PutEvents: %q is not the ARN or URI of a function", i.IntegrationURI)
	case i.CredentialsARN != "":
		return badRequest("Integrations of functions with a role of their own do not run locally; allow apigateway.amazonaws.com in the function's policy")
	case len(i.RequestParameters) > 0:
		return badRequest("Parameter mapping for functions does not run locally")
	case i.PayloadFormatVersion != "1.0" && i.PayloadFormatVersion != "2.0":
		return badRequest("PayloadFormatVersion is a required parameter for AWS_PROXY integrations: 1.0 or 2.0")
	}
	return nil
}

var roleRule = regexp.MustCompile(`^arn:aws:iam::\d{12}:role/[\w+=,.@/-]+$`)

// checkDirect checks an integration that calls a service without a function.
// That a role must be there is said in the words of REST APIs, which are known.
func (s *Service) checkDirect(i *httpIntegration) error {
	switch {
	case i.CredentialsARN == "":
		return badRequest("Role ARN must be specified for AWS integrations")
	case i.CredentialsARN == "arn:aws:iam::*:user/*":
		return badRequest("Integrations with the identity of the caller do not run locally; those with a role do")
	case !roleRule.MatchString(i.CredentialsARN):
		return badRequest("Invalid ARN specified in the request: %s", i.CredentialsARN)
	case i.PayloadFormatVersion != "1.0":
		return badRequest("PayloadFormatVersion must be 1.0 for integrations of subtype %s", i.IntegrationSubtype)
	}
	_, err := direct.New(i.IntegrationSubtype, i.RequestParameters, s.cfg.Region)
	return err
}

// frontIntegration is an integration as the front runs it.
func (s *Service) frontIntegration(i *httpIntegration, variables map[string]string) front.Integration {
	switch {
	case i == nil:
		return front.Integration{Problem: "the route has no integration"}
	case i.IntegrationSubtype == "":
		return lambdaIntegration(substitute(i.IntegrationURI, variables), i.PayloadFormatVersion, i.TimeoutInMillis)
	case s.cfg.Roles == nil:
		return front.Integration{Problem: "nothing takes on the role of the integration"}
	}
	call, err := direct.New(i.IntegrationSubtype, i.RequestParameters, s.cfg.Region)
	if err != nil {
		return front.Integration{Problem: "the integration cannot be read: " + err.Error()}
	}
	return front.Integration{
		Service: &front.Service{Integration: call, Role: i.CredentialsARN}, Timeout: time.Duration(i.TimeoutInMillis) * time.Millisecond,
	}
}

func (s *Service) getIntegrations2(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	return items[*httpIntegration]{sortedValues(doc.Integrations)}, nil
}

func (s *Service) getIntegration2(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	return pick(doc.Integrations, r.vars["integrationId"], "Integration")
}

func (s *Service) updateIntegration2(r *request) (any, error) {
	var i *httpIntegration
	err := s.changeHTTP(r, func(d *httpDoc) (err error) {
		if i, err = pick(d.Integrations, r.vars["integrationId"], "Integration"); err != nil {
			return err
		}
		if err := r.decode(i); err != nil {
			return err
		}
		i.IntegrationID = r.vars["integrationId"]
		// Parameters that the call does not name stay; an empty one goes.
		maps.DeleteFunc(i.RequestParameters, func(_, value string) bool { return value == "" })
		return s.checkIntegration2(i)
	})
	return i, err
}

func (s *Service) deleteIntegration2(r *request) (any, error) {
	return nil, s.changeHTTP(r, func(d *httpDoc) error {
		i, err := pick(d.Integrations, r.vars["integrationId"], "Integration")
		if err != nil {
			return err
		}
		for _, route := range d.Routes {
			if route.Target == "integrations/"+i.IntegrationID {
				return conflict("Cannot delete Integration '%s' due to Route '%s' referencing it", i.IntegrationID, route.RouteKey)
			}
		}
		delete(d.Integrations, i.IntegrationID)
		return nil
	})
}
