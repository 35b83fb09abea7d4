package gateway

import (
	"errors"
	"regexp"
	"strings"
)

// methodARN is the ARN of a request, arn:PARTITION:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH. It is not cut as
// other ARNs are: a path may have colons and slashes, and may be empty.
type methodARN struct {
	// prefix is all up to and with the slash before the method.
	prefix                               string
	partition, account, api, stage, verb string
	// path begins with a slash.
	path string
}

// mostARN is how long an ARN of an event may be, in bytes: API Gateway refuses requests with 1,600 and more (414).
const mostARN = 2048

var arnForm = regexp.MustCompile(`^arn:(aws(?:-[a-z]+)*):execute-api:[a-z0-9-]+:([0-9]{12}):([A-Za-z0-9-]+)/([A-Za-z0-9_-]+|\$default|\*)/([A-Z]+)(/|$)`)

func parseARN(text string) (methodARN, error) {
	if len(text) > mostARN {
		return methodARN{}, errors.New("has an ARN that is too long")
	}
	m := arnForm.FindStringSubmatch(text)
	if m == nil {
		return methodARN{}, errors.New("has an ARN that is not of a request to API Gateway")
	}
	a := methodARN{partition: m[1], account: m[2], api: m[3], stage: m[4], verb: m[5]}
	a.prefix = text[:len(m[0])-len(m[6])-len(a.verb)]
	a.path = "/" + strings.TrimPrefix(text[len(a.prefix)+len(a.verb):], "/")
	return a, nil
}
