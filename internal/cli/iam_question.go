package cli

import (
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
	"github.com/writ-dev/writ/iam/inventory"
)

// question is a request with its policies, and what is to be said beside.
type question struct {
	req      *iam.Request
	policies *iam.Policies
	caller   inventory.Caller
	world    *world
	// assumed are the context keys that were filled in, guessed those of them that
	// a real call may well have otherwise; absent are those said to be absent.
	assumed, absent []string
	guessed         map[string]bool
	given           []string // as they were written
	// crowd: the caller stands for many, another account for its users and roles,
	// an anonymous one for everybody and all services.
	crowd    bool
	resource string // what was meant by its name
	warnings []string
	// unknownAction says that AWS has no such action.
	unknownAction bool
}

// checkAction looks an action up: whether it has a resource level, and whether
// there is one of that name at all.
func (q *question) checkAction() {
	known := catalog.AWS()
	action, ok := known.Action(q.req.Action)
	if !ok {
		q.unknownAction = true
		warning := "AWS has no action " + q.req.Action + " that Writ's catalogue knows"
		if near := known.NearestAction(q.req.Action); near != "" {
			warning += "; did you mean " + near + "?"
		}
		q.warnings = append(q.warnings, warning)
		return
	}
	q.req.Action = action.String()
	q.req.WildcardOnly = action.WildcardOnly()
	if q.req.WildcardOnly || q.req.Resource == "*" {
		return
	}
	var types []string
	for _, use := range action.Resources {
		if use.Covers(q.req.Resource) {
			return
		}
		types = append(types, use.ARN)
	}
	q.warnings = append(q.warnings, q.req.Action+" is not asked on such a resource; it takes "+strings.Join(types, ", "))
}

// keyNames are condition keys as AWS writes them, by their names in lower case.
var keyNames = func() map[string]string {
	names := map[string]string{}
	for _, name := range []string{
		"aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalType", "aws:PrincipalIsAWSService", "aws:PrincipalServiceName",
		"aws:PrincipalServiceNamesList", "aws:ResourceAccount", "aws:SourceArn", "aws:SourceAccount", "lambda:SourceFunctionArn",
		"aws:PrincipalTag/", "aws:ResourceTag/", "aws:RequestedRegion", "aws:SecureTransport", "aws:ViaAWSService",
		"aws:CurrentTime", "aws:EpochTime", "aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:UserAgent",
	} {
		names[iam.Key(name)] = name
	}
	return names
}()

// keyName writes a condition key as it was given, or as AWS does where its case is known.
func (q *question) keyName(key string) string {
	for _, given := range q.given {
		if iam.Key(given) == key {
			return given
		}
	}
	return keyName(key)
}

// keyName writes a condition key as AWS does, where its case is known.
func keyName(key string) string {
	if name, ok := keyNames[key]; ok {
		return name
	}
	prefix, rest, _ := strings.Cut(key, "/")
	if name, ok := keyNames[prefix+"/"]; ok {
		return name + rest
	}
	return key
}
