package lambda

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
)

// failure makes an error of Lambda, whose shape has a Type: User for the
// caller's fault.
func failure(status int, code, format string, args ...any) *gate.Error {
	return &gate.Error{Code: code, Message: fmt.Sprintf(format, args...), Status: status, Fields: map[string]any{"Type": "User"}}
}

func invalid(format string, args ...any) *gate.Error {
	return failure(400, "InvalidParameterValueException", format, args...)
}

func missing(field string) *gate.Error {
	return failure(400, "ValidationException", "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", field)
}

func constraint(field, value, rule string) *gate.Error {
	return failure(400, "ValidationException", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, field, rule)
}

const namePattern = `(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`

var nameRule = regexp.MustCompile(`^(?:(?:arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):)?(?:(\d{12}):)?function:|)([a-zA-Z0-9_-]+)(?::(\$LATEST|[a-zA-Z0-9_-]+))?$`)

func pattern(field, value string) *gate.Error {
	return constraint(field, value, "Member must satisfy regular expression pattern: "+namePattern)
}

// parseName reads a function's name, partial ARN or ARN, with or without a qualifier.
func (s *Service) parseName(text string) (name, qualifier string, err error) {
	if plainName(text) {
		return text, "", nil
	}
	m := nameRule.FindStringSubmatch(text)
	if m == nil || len(m[3]) > 64 || len(text) > 170 {
		return "", "", pattern("functionName", text)
	}
	if m[1] != "" && m[1] != s.cfg.Region {
		return "", "", invalid("Functions from '%s' are not reachable in this region ('%s')", m[1], s.cfg.Region)
	}
	if m[2] != "" && m[2] != s.cfg.Account {
		return "", "", failure(404, "ResourceNotFoundException", "Function not found: %s", text)
	}
	return m[3], m[4], nil
}

func plainName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func (s *Service) notFound(in *input) *gate.Error {
	return failure(404, "ResourceNotFoundException", "Function not found: %s", s.functionARN(in.name, in.qualifier))
}

// need finds the function of a call.
func (s *Service) need(in *input) (*function, error) {
	if fn := s.find(in.name, in.qualifier); fn != nil {
		return fn, nil
	}
	return nil, s.notFound(in)
}

// needLatest finds the function of a call that cannot be about a version.
func (s *Service) needLatest(in *input) (*function, error) {
	if in.qualifier != "" && in.qualifier != latest {
		return nil, invalid("This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.")
	}
	if fn := s.find(in.name, ""); fn != nil {
		return fn, nil
	}
	return nil, s.notFound(&input{name: in.name})
}

// reservedKeys are the environment variables that a function may not set.
func reservedKeys(env map[string]string) []string {
	reserved := " _HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_MEMORY_SIZE " +
		"AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID " +
		"AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR "
	var used []string
	for k := range env {
		if strings.Contains(reserved, " "+k+" ") {
			used = append(used, k)
		}
	}
	return used
}
