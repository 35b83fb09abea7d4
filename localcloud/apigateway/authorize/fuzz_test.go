package authorize

import (
	"encoding/json"
	"slices"
	"strings"
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

// FuzzToken reads tokens that nobody has verified, and claims of any kind.
func FuzzToken(f *testing.F) {
	for _, seed := range []string{"", "Bearer a.b.c", "bearer  a", ".e30.", "x.eyJhdWQiOiJhIn0.y", "x.eyJjbGllbnRfaWQiOiJhIiwic2NvcGUiOiJhIGIifQ.y", `{"scope":["a",1],"scp":"b","exp":1,"x":{"y":[null]}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token := Bearer(text)
		if !strings.HasSuffix(strings.TrimSpace(text), token) && token != text {
			t.Errorf("the token of %q is %q", text, token)
		}
		if Client(token) != "" && strings.Count(token, ".") != 2 {
			t.Errorf("%q has an app client", token)
		}
		var claims map[string]any
		if json.Unmarshal([]byte(text), &claims) != nil {
			return
		}
		for _, rest := range []bool{true, false} {
			a := &Authorizer{REST: rest}
			if _, ok := a.OfToken(claims, nil); !ok {
				t.Error("scopes are wanted where there are none")
			}
			answer, ok := a.OfToken(claims, []string{"a"})
			if ok != slices.Equal(answer.Scopes, []string{"a"}) && len(answer.Scopes) < 2 {
				t.Errorf("%s: let in: %t, with the scopes %q", text, ok, answer.Scopes)
			}
		}
	})
}
