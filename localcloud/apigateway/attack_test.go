package apigateway_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway"
)

// What an API's resource policy denies stays denied, whatever the Deny is
// about: a condition on a key that is not there does not hold.
func TestAttackDenyWithACondition(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		condition string
		want      int
	}{
		"the time has come":       {`{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}`, 403},
		"the time is to come":     {`{"DateGreaterThan":{"aws:CurrentTime":"2999-01-01T00:00:00Z"}}`, 200},
		"the time in seconds":     {`{"NumericGreaterThan":{"aws:EpochTime":"1577836800"}}`, 403},
		"a region":                {`{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}`, 403},
		"where the link stood":    {`{"StringLike":{"aws:Referer":"http://evil.example/*"}}`, 403},
		"who is not known":        {`{"StringEquals":{"aws:PrincipalType":"Anonymous"}}`, 403},
		"what is not encrypted":   {`{"Bool":{"aws:SecureTransport":"false"}}`, 200},
		"addresses of this host":  {`{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}`, 403},
		"all but some addresses":  {`{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, 403},
		"all but a private cloud": {`{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`, 403},
	} {
		c := newCloud(t)
		rest := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{Policy: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"},
			{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":` + row.condition + `}]}`)})
		rest.method("GET /open", hello)
		rest.deploy("prod")
		// A client says where it comes from, but its word is not taken for its address.
		got := c.send(t, "GET", "/open", "", "Referer: http://evil.example/page", "X-Forwarded-For: 10.1.2.3", "Forwarded: for=10.1.2.3")
		if got.Status != row.want {
			t.Errorf("a Deny about %s: %d, want %d", name, got.Status, row.want)
		}
	}
}
