package authorize

import (
	"encoding/json"
	"testing"

	"github.com/writ-dev/writ/iam"
)

// FuzzAnswer reads what a function says in all forms. Whatever it is, an answer
// that is taken lets nobody in whom it does not name, and its context is what
// the kind of API may pass on.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `true`, `{}`, `{"isAuthorized":true}`, `{"isAuthorized":true,"context":{"a":[1,{"b":null}]}}`, `{"isAuthorized":false,"isAuthorized":true}`,
		`{"principalId":"a","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"Allow","Resource":"*"}]},"context":{"a":"x","n":1e3,"b":true}}`,
		`{"principalId":"a","policyDocument":{"Version":"2012-10-17","Statement":{"Action":["*"],"Effect":"Deny","Resource":["arn:aws:execute-api:*:*:*"]}},"usageIdentifierKey":"k"}`,
		`{"principalId":"a","policyDocument":{"Statement":[]},"context":{"claims":1}}`,
	} {
		f.Add([]byte(seed))
	}
	forms := []*Authorizer{{REST: true, Kind: Token}, {Kind: Request, Payload: "2.0"}, {Kind: Request, Payload: "2.0", Simple: true}}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, a := range forms {
			answer, err := a.Parse(payload)
			if err != nil {
				continue
			}
			var said struct {
				IsAuthorized   bool `json:"isAuthorized"`
				PolicyDocument json.RawMessage
			}
			if err := json.Unmarshal(payload, &said); err != nil {
				t.Fatalf("taken, but not an object: %v", err)
			}
			request := &iam.Request{
				Principal: iam.Principal{Kind: iam.PrincipalUser, Account: "000000000000"}, Action: "execute-api:Invoke", ResourceAccount: "000000000000",
				Resource: "arn:aws:execute-api:us-east-1:000000000000:a/prod/GET/a",
			}
			switch verdict := answer.Decide(request, nil); {
			case a.Simple != (answer.policy == nil):
				t.Error("the form of the answer is not the one that is wanted")
			case a.Simple && verdict == Denied, !a.Simple && answer.authorized:
				t.Errorf("the verdict %d belongs to the other form", verdict)
			}
			for name, raw := range answer.Context {
				if !json.Valid(raw) {
					t.Errorf("context member %q is no JSON: %s", name, raw)
				}
				var text string
				if a.REST && json.Unmarshal(raw, &text) != nil {
					t.Errorf("a REST API passes on %s as %q", raw, name)
				}
				answer.Variable(name)
			}
		}
	})
}

// FuzzSource reads identity sources: what is taken can be read of any request.
func FuzzSource(f *testing.F) {
	for _, seed := range []string{"", "method.request.header.Auth", "method.request.header.Auth, context.httpMethod", "$request.querystring.q", "$context.routeKey", "stageVariables.", ",", "$request.body.x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := &Incoming{Context: func(string) string { return "" }}
		rest, err := ParseREST(text)
		if http, httpErr := ParseHTTP([]string{text}); httpErr == nil {
			rest = append(rest, http...)
		} else if err != nil {
			return
		}
		for _, s := range rest {
			if got := s.Read(r); got != "" {
				t.Errorf("%q gives %q of an empty request", text, got)
			}
		}
	})
}
