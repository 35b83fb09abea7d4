package apigateway

import (
	"regexp"
	"slices"
	"strings"
)

var httpMethods = []string{"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

func (s *Service) putMethod(r *request) (any, error) {
	m := &restMethod{AuthorizationType: "NONE"}
	if err := r.decode(m); err != nil {
		return nil, err
	}
	m.HTTPMethod = r.vars["httpMethod"]
	m.MethodIntegration, m.MethodResponses = nil, nil
	if !slices.Contains(httpMethods, m.HTTPMethod) {
		return nil, badRequest("Invalid HttpMethod specified. Valid options are %s", strings.Join(httpMethods, ","))
	}
	if err := checkAuthorization(m); err != nil {
		return nil, err
	}
	err := s.changeREST(r, func(d *restDoc) error {
		res, err := d.resource(r)
		if err != nil {
			return err
		}
		if res.ResourceMethods[m.HTTPMethod] != nil {
			return conflict("Method already exists for this resource")
		}
		if err := m.checkAuthorizer(d); err != nil {
			return err
		}
		if res.ResourceMethods == nil {
			res.ResourceMethods = map[string]*restMethod{}
		}
		res.ResourceMethods[m.HTTPMethod] = m
		return nil
	})
	return m, err
}

func checkAuthorization(m *restMethod) error {
	switch m.AuthorizationType {
	case "NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS":
		return nil
	}
	return badRequest("Invalid Authorization type specified: %s", m.AuthorizationType)
}

func (s *Service) getMethod(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	return doc.method(r)
}

func (s *Service) updateMethod(r *request) (any, error) {
	var m *restMethod
	err := s.changeREST(r, func(d *restDoc) (err error) {
		if m, err = d.method(r); err != nil {
			return err
		}
		if err := r.patch(m, map[string]patchKind{
			"authorizationType": patchText, "authorizerId": patchText, "apiKeyRequired": patchFlag, "operationName": patchText,
			"requestValidatorId": patchText, "authorizationScopes": patchList,
		}); err != nil {
			return err
		}
		if err := checkAuthorization(m); err != nil {
			return err
		}
		return m.checkAuthorizer(d)
	})
	return m, err
}

func (s *Service) deleteMethod(r *request) (any, error) {
	return nil, s.changeREST(r, func(d *restDoc) error {
		if _, err := d.method(r); err != nil {
			return err
		}
		delete(d.Resources[r.vars["resourceId"]].ResourceMethods, r.vars["httpMethod"])
		return nil
	})
}

var statusCode = regexp.MustCompile(`^[1-5]\d\d$`)

func (s *Service) putMethodResponse(r *request) (any, error) {
	response := &restMethodResponse{}
	if err := r.decode(response); err != nil {
		return nil, err
	}
	response.StatusCode = r.vars["statusCode"]
	if !statusCode.MatchString(response.StatusCode) {
		return nil, badRequest("Invalid status code specified")
	}
	err := s.changeREST(r, func(d *restDoc) error {
		m, err := d.method(r)
		if err != nil {
			return err
		}
		if m.MethodResponses[response.StatusCode] != nil {
			return conflict("Response already exists for this resource")
		}
		if m.MethodResponses == nil {
			m.MethodResponses = map[string]*restMethodResponse{}
		}
		m.MethodResponses[response.StatusCode] = response
		return nil
	})
	return response, err
}

func (s *Service) getMethodResponse(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	m, err := doc.method(r)
	if err != nil {
		return nil, err
	}
	if response := m.MethodResponses[r.vars["statusCode"]]; response != nil {
		return response, nil
	}
	return nil, notFound("Invalid Response status code specified")
}

func (s *Service) deleteMethodResponse(r *request) (any, error) {
	return nil, s.changeREST(r, func(d *restDoc) error {
		m, err := d.method(r)
		if err != nil {
			return err
		}
		if m.MethodResponses[r.vars["statusCode"]] == nil {
			return notFound("Invalid Response status code specified")
		}
		delete(m.MethodResponses, r.vars["statusCode"])
		return nil
	})
}

func (s *Service) putIntegration(r *request) (any, error) {
	i := &restIntegration{PassthroughBehavior: "WHEN_NO_MATCH", TimeoutInMillis: 29000}
	if err := r.decode(i); err != nil {
		return nil, err
	}
	i.IntegrationResponses = nil
	if i.CacheNamespace == "" {
		i.CacheNamespace = r.vars["resourceId"]
	}
	if err := checkIntegration(i); err != nil {
		return nil, err
	}
	err := s.changeREST(r, func(d *restDoc) error {
		m, err := d.method(r)
		if err != nil {
			return err
		}
		m.MethodIntegration = i
		return nil
	})
	return i, err
}

// checkIntegration refuses what cannot be run here, when it is declared rather
// than when it is called.
func checkIntegration(i *restIntegration) error {
	switch i.Type {
	case "MOCK":
	case "AWS_PROXY":
		if functionOf(i.URI) == "" {
			return badRequest("AWS_PROXY integrations run locally only for Lambda functions: %s is not the URI of one", i.URI)
		}
		if i.HTTPMethod != "POST" {
			return badRequest("Lambda proxy integrations need the integration HTTP method POST")
		}
	case "AWS", "HTTP", "HTTP_PROXY":
		return badRequest("Integrations of type %s do not run locally; AWS_PROXY (Lambda) and MOCK do", i.Type)
	default:
		return badRequest("Invalid integration type specified: %s", i.Type)
	}
	if i.Credentials != "" {
		return badRequest("Integrations with a role of their own do not run locally; allow apigateway.amazonaws.com in the function's policy")
	}
	if i.TimeoutInMillis < 50 || i.TimeoutInMillis > 29000 {
		return badRequest("Timeout should be between 50 ms and 29000 ms")
	}
	return nil
}

func (s *Service) getIntegration(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	return doc.integration(r)
}

func (s *Service) updateIntegration(r *request) (any, error) {
	var i *restIntegration
	err := s.changeREST(r, func(d *restDoc) (err error) {
		if i, err = d.integration(r); err != nil {
			return err
		}
		if err := r.patch(i, map[string]patchKind{
			"type": patchText, "httpMethod": patchText, "uri": patchText, "passthroughBehavior": patchText, "credentials": patchText,
			"contentHandling": patchText, "timeoutInMillis": patchNumber, "requestParameters": patchMap, "requestTemplates": patchMap,
			"cacheKeyParameters": patchList, "cacheNamespace": patchText,
		}); err != nil {
			return err
		}
		return checkIntegration(i)
	})
	return i, err
}

func (s *Service) deleteIntegration(r *request) (any, error) {
	return nil, s.changeREST(r, func(d *restDoc) error {
		if _, err := d.integration(r); err != nil {
			return err
		}
		m, err := d.method(r)
		m.MethodIntegration = nil
		return err
	})
}

func (s *Service) putIntegrationResponse(r *request) (any, error) {
	response := &restIntegrationResponse{}
	if err := r.decode(response); err != nil {
		return nil, err
	}
	response.StatusCode = r.vars["statusCode"]
	err := s.changeREST(r, func(d *restDoc) error {
		i, err := d.integration(r)
		if err != nil {
			return err
		}
		if m, err := d.method(r); err != nil || m.MethodResponses[response.StatusCode] == nil {
			return notFound("Invalid Response status code specified")
		}
		if i.IntegrationResponses == nil {
			i.IntegrationResponses = map[string]*restIntegrationResponse{}
		}
		i.IntegrationResponses[response.StatusCode] = response
		return nil
	})
	return response, err
}

func (s *Service) getIntegrationResponse(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	i, err := doc.integration(r)
	if err != nil {
		return nil, err
	}
	if response := i.IntegrationResponses[r.vars["statusCode"]]; response != nil {
		return response, nil
	}
	return nil, notFound("Invalid Response status code specified")
}

func (s *Service) deleteIntegrationResponse(r *request) (any, error) {
	return nil, s.changeREST(r, func(d *restDoc) error {
		i, err := d.integration(r)
		if err != nil {
			return err
		}
		if i.IntegrationResponses[r.vars["statusCode"]] == nil {
			return notFound("Invalid Response status code specified")
		}
		delete(i.IntegrationResponses, r.vars["statusCode"])
		return nil
	})
}
