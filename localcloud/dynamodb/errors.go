package dynamodb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
	"github.com/writ-dev/writ/localcloud/gate"
)

const (
	codeValidation    = "com.amazon.coral.validate#ValidationException"
	codeSerialization = "com.amazon.coral.service#SerializationException"

	invalidParameter = "One or more parameter values were invalid: "
)

// apiError makes AWS's error of one of the engine's: a broken rule of the
// language is a ValidationException, a wrong JSON type a SerializationException.
func apiError(err error) error {
	var rule item.Error
	var syntax *wire.Error
	switch {
	case errors.As(err, &rule):
		return gate.Errorf(codeValidation, "%s", string(rule))
	case errors.As(err, &syntax):
		return &gate.Error{Code: codeSerialization, Message: syntax.Message}
	default:
		return err
	}
}

// invalidf is a rule of DynamoDB that a request breaks.
func invalidf(format string, args ...any) error { return item.Error(fmt.Sprintf(format, args...)) }

func tableNotFound(name string) error {
	return gate.Errorf("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
}

// errNotFound is what calls on items get, without the table's name.
func errNotFound() error {
	return gate.Errorf("ResourceNotFoundException", "Requested resource not found")
}

// envelope is what PutItem, UpdateItem and DeleteItem put around errors that
// they find before they look at the table.
func envelope(err error) error {
	var rule item.Error
	if errors.As(err, &rule) && !strings.Contains(string(rule), " detected: ") {
		return item.Error("1 validation error detected: " + string(rule))
	}
	return err
}

// constraints collects the errors of single members, as AWS reports them together.
type constraints []string

// require notes an error unless ok. value is nil for an absent member.
func (c *constraints) require(ok bool, value any, at, rule string, args ...any) {
	if ok || len(*c) >= 10 {
		return
	}
	shown := "null"
	if value != nil {
		shown = fmt.Sprintf("'%v'", value)
	}
	*c = append(*c, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", shown, at, fmt.Sprintf(rule, args...)))
}

const (
	ruleNotNull = "Member must not be null"
	ruleEnum    = "Member must satisfy enum value set: [%s]"
	ruleMin     = "Member must have length greater than or equal to %d"
	ruleMax     = "Member must have length less than or equal to %d"
	ruleAtLeast = "Member must have value greater than or equal to %d"
	ruleAtMost  = "Member must have value less than or equal to %d"
	rulePattern = "Member must satisfy regular expression pattern: %s"
)

// enum notes an error unless value is empty or one of the allowed, which are
// written as AWS lists them: "ALL, NONE".
func (c *constraints) enum(value, at, allowed string) {
	for one := range strings.SplitSeq(allowed, ", ") {
		if value == one {
			return
		}
	}
	c.require(value == "", value, at, ruleEnum, allowed)
}

// err gives all that was noted as one error.
func (c constraints) err() error {
	switch len(c) {
	case 0:
		return nil
	case 1:
		return item.Error("1 validation error detected: " + c[0])
	default:
		return invalidf("%d validation errors detected: %s", len(c), strings.Join(c, "; "))
	}
}

// present makes nil of an empty text, which is an absent member.
func present(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// tableName checks the TableName of a call: a name or an ARN.
func (c *constraints) tableName(name string) {
	if strings.HasPrefix(name, "arn:") {
		c.require(len(name) <= 1024, name, "tableName", ruleMax, 1024)
		return
	}
	c.require(name != "", nil, "tableName", ruleNotNull)
	c.require(len(name) <= 255, name, "tableName", ruleMax, 255)
	c.require(name == "" || validName(name), name, "tableName", rulePattern, "[a-zA-Z0-9_.-]+")
}

// validName reports whether a table or index may have the name.
func validName(name string) bool {
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-' {
			continue
		}
		return false
	}
	return name != ""
}
