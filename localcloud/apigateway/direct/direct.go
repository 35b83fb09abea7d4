// Package direct is the integrations of an HTTP API that call an AWS service
// with no function between ("first-class integrations"): which parameters each
// one has, how a request fills them, the call, and what the client gets.
//
// The rules are those of the API Gateway Developer Guide, "Create AWS service
// integrations for HTTP APIs" and "Integration subtype reference".
package direct

import (
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
)

// Integration is a checked integration. It is immutable.
type Integration struct {
	subtype *subtype
	values  map[string]Value
	region  string
}

// New checks the parameters of an integration. Errors are AWS's
// BadRequestException; AWS documents their words nowhere, and only those of a
// value that it cannot read were seen in public.
func New(name string, parameters map[string]string, region string) (*Integration, error) {
	known := subtypes[name]
	switch {
	case known != nil:
	case slices.Contains(elsewhere, name):
		return nil, badRequest("Integrations of subtype %s do not run locally; SQS-SendMessage and EventBridge-PutEvents do", name)
	default:
		return nil, badRequest("Invalid integration subtype specified: %s", name)
	}
	i := &Integration{subtype: known, values: map[string]Value{}, region: region}
	for _, p := range known.parameters {
		text := parameters[p.name]
		switch {
		case text == "" && p.required:
			return nil, badRequest("The parameter %s is required for integrations of subtype %s", p.name, name)
		case text == "":
			continue
		}
		value, err := Parse(text)
		if err != nil || p.kind == asObject && value.plain() && strings.HasPrefix(text, "{") {
			return nil, badRequest("Invalid selection expression specified: Validation Result: warnings : [], errors : [Invalid source: %s specified for destination: %s]", text, p.name)
		}
		if p.kind == asRegion && value.plain() && text != region {
			return nil, badRequest("Integrations with services of another region (%s) do not run locally", text)
		}
		i.values[p.name] = value
	}
	for _, given := range slices.Sorted(maps.Keys(parameters)) {
		if !slices.ContainsFunc(known.parameters, func(p parameter) bool { return p.name == given }) {
			return nil, badRequest("Integrations of subtype %s have no parameter %s", name, given)
		}
	}
	return i, nil
}

// Action is what IAM is asked for: "sqs:SendMessage".
func (i *Integration) Action() string { return i.subtype.service + ":" + i.subtype.operation }

func badRequest(format string, args ...any) error {
	return gate.Errorf("BadRequestException", format, args...)
}
