package awscloud

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	"github.com/writ-dev/writ"
)

// explain makes a *writ.Error of what an AWS client returned.
func explain(err error, doing string) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return explainOther(err, doing)
	}
	message := doing + ": " + api.ErrorCode()
	if api.ErrorMessage() != "" {
		message += ": " + api.ErrorMessage()
	}
	e := &writ.Error{Code: writ.CodeExternal, Message: message, Err: err}
	switch code := api.ErrorCode(); {
	case strings.HasPrefix(code, "AccessDenied"), code == "Forbidden":
		e.Code = writ.CodeDenied
	case strings.HasPrefix(code, "ExpiredToken"), code == "RequestExpired":
		e.Code = writ.CodeAuth
		e.Hint = "the credentials have expired; sign in again (`aws sso login`), or start `writ up` again for new local ones"
	case code == "InvalidClientTokenId", code == "UnrecognizedClientException", code == "InvalidAccessKeyId":
		e.Code = writ.CodeAuth
		e.Hint = "the account does not know these credentials"
	case code == "ResourceNotFoundException", code == "NoSuchBucket":
		e.Code = writ.CodeNotFound
	case strings.Contains(code, "Throttl"), code == "TooManyRequestsException", code == "SlowDown", isStatus(err, http.StatusServiceUnavailable):
		e.Hint = "AWS asks for fewer calls, also after several tries; try again in a minute"
	}
	return e
}

// explainOther is for what did not come from AWS: the network, credentials
// that cannot be had, a caller that went away.
func explainOther(err error, doing string) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return writ.Errorf(writ.CodeCancelled, "%s: stopped: %w", doing, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return writ.Errorf(writ.CodeExternal, "%s: %w", doing, err).WithHint("is the local cloud running? `writ up` starts it")
	}
	if strings.Contains(err.Error(), "get identity") { // the SDK has no type for it
		return writ.Errorf(writ.CodeAuth, "%s: no AWS credentials: %w", doing, err).
			WithHint("sign in (`aws sso login`, `aws configure`), or name a profile that has credentials with -e")
	}
	return writ.Errorf(writ.CodeExternal, "%s: %w", doing, err)
}

// isStatus reports whether AWS answered with the given HTTP status.
func isStatus(err error, status int) bool {
	var response interface{ HTTPStatusCode() int }
	return errors.As(err, &response) && response.HTTPStatusCode() == status
}

func isNotFound(err error) bool { return isStatus(err, http.StatusNotFound) }
