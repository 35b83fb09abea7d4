package gate

import (
	"errors"
	"net/http"
	"strings"

	"github.com/writ-dev/writ/internal/sigv4"
)

// authFault is a way in which a caller fails to show who it is.
type authFault int

const (
	authMissing authFault = iota
	authIncomplete
	authInvalidToken
	authExpiredToken
	authSignature
)

// authRow is how one fault is called by the three families of protocols.
type authRow struct {
	json, query, s3       string
	queryStatus, s3Status int
	message               string
}

// authRows is the one table of authentication errors. Sources: the "Common
// Errors" page of each service's API reference, and S3's "Error responses".
var authRows = map[authFault]authRow{
	authMissing: {
		"MissingAuthenticationTokenException", "MissingAuthenticationToken", "AccessDenied", 403, 403,
		"Request is missing Authentication Token",
	},
	authIncomplete: {"IncompleteSignatureException", "IncompleteSignature", "AuthorizationHeaderMalformed", 400, 400, ""},
	authInvalidToken: {
		"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", 403, 403,
		"The security token included in the request is invalid.",
	},
	authExpiredToken: {
		"ExpiredTokenException", "ExpiredToken", "ExpiredToken", 403, 400,
		"The security token included in the request is expired",
	},
	authSignature: {"InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch", 403, 403, ""},
}

// authError words a fault as the service's protocol does. An empty message
// takes the usual one.
func authError(info Info, f authFault, message string) *Error {
	row := authRows[f]
	if message == "" {
		message = row.message
	}
	switch info.Protocol {
	case Query:
		return Errorf(row.query, "%s", message).WithStatus(row.queryStatus)
	case RESTXML:
		if f == authInvalidToken {
			message = "The AWS Access Key Id you provided does not exist in our records."
		}
		return Errorf(row.s3, "%s", message).WithStatus(row.s3Status)
	case RESTJSON:
		if f == authMissing {
			message = "Missing Authentication Token"
		}
		return Errorf(row.json, "%s", message).WithStatus(http.StatusForbidden)
	case JSON10, JSON11:
	}
	return Errorf(row.json, "%s", message)
}

// credentialError words an error of Credentials.Lookup. S3 tells a token that
// it cannot read from a key that it does not know.
func credentialError(info Info, err error, hasToken bool) *Error {
	if CodeOf(err) == "ExpiredToken" {
		message := ""
		if info.Protocol == RESTXML {
			message = "The provided token has expired."
		}
		return authError(info, authExpiredToken, message)
	}
	if info.Protocol == RESTXML && hasToken {
		return Errorf("InvalidToken", "The provided token is malformed or otherwise invalid.")
	}
	return authError(info, authInvalidToken, "")
}

// signatureError words an error of package sigv4.
func signatureError(info Info, s *sigv4.Signature, err error) *Error {
	var f *sigv4.Fault
	if !errors.As(err, &f) {
		return authError(info, authSignature, "")
	}
	if info.Protocol == RESTXML {
		if e := s3SignatureError(s, f); e != nil {
			return e
		}
	}
	switch f.Kind {
	case sigv4.Missing:
		return authError(info, authMissing, "")
	case sigv4.Incomplete, sigv4.BadExpires:
		return authError(info, authIncomplete, f.Message)
	case sigv4.WrongScope, sigv4.Expired, sigv4.NotYet, sigv4.NotSigned, sigv4.Mismatch, sigv4.BadChunk, sigv4.BadChecksum:
	}
	return authError(info, authSignature, f.Message)
}

// s3SignatureError gives the errors that only S3 has, nil for the others.
func s3SignatureError(s *sigv4.Signature, f *sigv4.Fault) *Error {
	presigned := s != nil && s.Presigned
	switch f.Kind {
	case sigv4.Expired, sigv4.NotYet:
		if presigned && f.Kind == sigv4.Expired {
			return Errorf("AccessDenied", "Request has expired").WithStatus(http.StatusForbidden)
		}
		return Errorf("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.").WithStatus(http.StatusForbidden)
	case sigv4.NotSigned:
		return Errorf("AccessDenied", "%s", f.Message).WithStatus(http.StatusForbidden)
	case sigv4.BadExpires:
		return Errorf("AuthorizationQueryParametersError", "%s", f.Message)
	case sigv4.WrongScope:
		return Errorf("AuthorizationHeaderMalformed", "The authorization header is malformed; %s", strings.TrimSpace(f.Message))
	case sigv4.Incomplete:
		if strings.HasPrefix(f.Message, "AWS query-string") {
			return Errorf("AuthorizationQueryParametersError", "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
		}
	case sigv4.Mismatch:
		return Errorf("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.").
			WithStatus(http.StatusForbidden)
	case sigv4.BadChunk:
		return Errorf("IncompleteBody", "%s", f.Message)
	case sigv4.BadChecksum:
		return Errorf("BadDigest", "%s", f.Message)
	case sigv4.Missing:
	}
	return nil
}

// wrongRegion is what a service answers when the scope names another region.
func wrongRegion(info Info, got, want string) *Error {
	if info.Protocol == RESTXML {
		return Errorf("AuthorizationHeaderMalformed", "The authorization header is malformed; the region '%s' is wrong; expecting '%s'", got, want)
	}
	return authError(info, authSignature, "Credential should be scoped to a valid region, not '"+got+"'. ")
}

// denied is IAM's no in the words of the service's protocol.
func denied(info Info, message string) *Error {
	switch info.Protocol {
	case Query, RESTXML:
		if info.Name == "sns" { // its own word ("Common Errors" of its API reference)
			return Errorf("AuthorizationError", "%s", message).WithStatus(http.StatusForbidden)
		}
		return Errorf("AccessDenied", "%s", message).WithStatus(http.StatusForbidden)
	case RESTJSON:
		return Errorf("AccessDeniedException", "%s", message).WithStatus(http.StatusForbidden)
	case JSON10, JSON11:
	}
	return Errorf("AccessDeniedException", "%s", message)
}

// internalFailure is a fault of the local cloud itself.
func internalFailure(info Info) *Error {
	code := "InternalFailure"
	switch {
	case info.Protocol == RESTXML:
		code = "InternalError"
	case info.Name == "dynamodb":
		code = "InternalServerError"
	}
	return Errorf(code, "The request processing has failed because of an unknown error, exception or failure.").
		WithStatus(http.StatusInternalServerError)
}

// UnknownOperation is what a service's Describe answers for an operation that
// it does not have, in the words of its protocol.
func UnknownOperation(info Info, c *Call) *Error {
	switch info.Protocol {
	case Query:
		version := c.Form.Get("Version")
		if version == "" {
			version = "NO_VERSION_SPECIFIED"
		}
		return Errorf("InvalidAction", "Could not find operation %s for version %s", c.Operation, version)
	case RESTXML:
		return Errorf("MethodNotAllowed", "The specified method is not allowed against this resource.").WithStatus(http.StatusMethodNotAllowed)
	case RESTJSON:
		return Errorf("UnknownOperationException", "The local cloud has no operation for %s %s", c.Method, c.Path).WithStatus(http.StatusNotFound)
	case JSON10, JSON11:
	}
	return Errorf("UnknownOperationException", "The local cloud has no operation %s", c.Operation)
}
