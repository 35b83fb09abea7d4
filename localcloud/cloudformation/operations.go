package cloudformation

import (
	"context"
	"errors"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/localcloud/gate"
)

// operation is one call of the API.
type operation struct {
	// onStack operations act on the stack that StackName names.
	onStack bool
	handle  func(*Service, context.Context, *gate.Call) (any, error)
}

var operations = map[string]operation{
	"CreateStack":                 {true, (*Service).createStack},
	"UpdateStack":                 {true, (*Service).updateStack},
	"DeleteStack":                 {true, (*Service).deleteStack},
	"RollbackStack":               {true, (*Service).rollbackStack},
	"ContinueUpdateRollback":      {true, (*Service).continueUpdateRollback},
	"UpdateTerminationProtection": {true, (*Service).updateTerminationProtection},
	"CreateChangeSet":             {true, (*Service).createChangeSet},
	"DescribeChangeSet":           {true, (*Service).describeChangeSet},
	"ExecuteChangeSet":            {true, (*Service).executeChangeSet},
	"DeleteChangeSet":             {true, (*Service).deleteChangeSet},
	"ListChangeSets":              {true, (*Service).listChangeSets},
	"DescribeStacks":              {true, (*Service).describeStacks},
	"DescribeStackEvents":         {true, (*Service).describeStackEvents},
	"DescribeStackResource":       {true, (*Service).describeStackResource},
	"DescribeStackResources":      {true, (*Service).describeStackResources},
	"ListStackResources":          {true, (*Service).listStackResources},
	"GetTemplate":                 {true, (*Service).getTemplate},
	"GetTemplateSummary":          {true, (*Service).getTemplateSummary},
	"ListStacks":                  {false, (*Service).listStacks},
	"ListExports":                 {false, (*Service).listExports},
	"ListImports":                 {false, (*Service).listImports},
	"ValidateTemplate":            {false, (*Service).validateTemplate},
}

func invalid(format string, args ...any) *gate.Error {
	return gate.Errorf("ValidationError", format, args...)
}

// apiError gives AWS's error for a fault in a template, with the place and the hint
// added, and leaves other errors as they are.
func apiError(err error) error {
	var fault *writ.Error
	if !errors.As(err, &fault) || fault.Code == writ.CodeInternal || fault.Code == writ.CodeExternal {
		return err
	}
	return invalid("%s", sentence(fault))
}

// sentence is a fault in a template as one text.
func sentence(fault *writ.Error) string {
	text := fault.Message
	if fault.Position.Line > 0 {
		text += " (" + strings.TrimPrefix(fault.Position.String(), fault.Position.File+":") + ")"
	}
	if fault.Hint != "" {
		text += "; " + fault.Hint
	}
	return text
}

func lower(s string) string { return strings.ToLower(s) }

func isARN(s string) bool { return strings.HasPrefix(s, "arn:") }
