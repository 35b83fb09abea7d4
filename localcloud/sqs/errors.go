package sqs

import (
	"net/http"

	"github.com/writ-dev/writ/localcloud/gate"
)

// failure makes an error of SQS. Beside the code of the JSON protocol it
// carries the one of the older Query protocol, which SDKs show to their users.
func failure(code, queryCode, format string, args ...any) *gate.Error {
	e := gate.Errorf(code, format, args...)
	e.Header = http.Header{"X-Amzn-Query-Error": {queryCode + ";Sender"}}
	return e
}

const simple = "AWS.SimpleQueueService."

func errNoQueue() *gate.Error {
	return failure("QueueDoesNotExist", simple+"NonExistentQueue", "The specified queue does not exist.")
}

// invalid is a parameter with a value that cannot be.
func invalid(format string, args ...any) *gate.Error {
	return failure("com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue", format, args...)
}

func invalidReason(value, parameter, reason string) *gate.Error {
	return invalid("Value %s for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

func missing(parameter string) *gate.Error {
	return failure("com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter", "The request must contain the parameter %s.", parameter)
}

func badAttribute(name string) *gate.Error {
	return failure("InvalidAttributeValue", "InvalidAttributeValue", "Invalid value for the parameter %s.", name)
}

func badHandle(handle string) *gate.Error {
	return failure("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", "The input receipt handle \"%s\" is not a valid receipt handle.", handle)
}
