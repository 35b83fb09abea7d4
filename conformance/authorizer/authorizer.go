// Package authorizer holds the sample events of API Gateway's Lambda authorizers that AWS publishes, and
// events that the local cloud sent, as data, with what a reader of such events must make of them.
package authorizer

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

//go:embed data/*.json events/*.json
var data embed.FS

// Reading is what a reader makes of an event.
type Reading struct {
	// Form is "REST TOKEN", "REST REQUEST", "HTTP 1.0" or "HTTP 2.0".
	Form                   string
	Method, Path, Template string
	Token                  string
}

// Case is a sample event and what must be made of it.
type Case struct {
	Name string
	// File is one of data, AWS's samples, or of events, those recorded from the local cloud; Replace are pairs of texts that are put in for others, each of which is in it.
	File    string
	Replace []string
	Want    Reading
	// Refused is why the sample cannot be read, "" when it can: two of them are illustrations and no events.
	Refused string
}

// Cases are all of them.
var Cases = []Case{
	{Name: "TOKEN", File: "data/apigw-custom-auth-request.json", Want: Reading{Form: "REST TOKEN", Method: "GET", Path: "/", Token: "allow"}},
	{
		Name: "REQUEST", File: "data/apigw-custom-auth-request-type-request.json",
		Want: Reading{Form: "REST REQUEST", Method: "GET", Path: "/request", Template: "/request"},
	},
	{
		Name: "1.0", File: "data/apigw-v2-custom-authorizer-v1-request.json",
		Want: Reading{Form: "HTTP 1.0", Method: "GET", Path: "/request", Template: "/request", Token: "user1,123"},
	},
	{
		Name: "2.0 as it is", File: "data/apigw-v2-custom-authorizer-v2-request.json",
		Refused: "its ARN is of GET /request in the stage test of abcdef123, the rest of POST /my/path in $default of api-id",
	},
	{
		Name: "2.0 with the ARN of its request", File: "data/apigw-v2-custom-authorizer-v2-request.json",
		Replace: []string{"abcdef123/test/GET/request", "api-id/$default/POST/my/path"},
		Want:    Reading{Form: "HTTP 2.0", Method: "POST", Path: "/my/path", Template: "$default"},
	},
	{
		Name: "2.0 of the function behind", File: "data/apigw-v2-request-lambda-authorizer.json",
		Refused: "it is what a function gets after an authorizer, with a body, and neither type nor ARN",
	},
	{Name: "recorded TOKEN", File: "events/rest-token.json", Want: Reading{Form: "REST TOKEN", Method: "GET", Path: "/pets/a b", Token: "Bearer secret"}},
	{
		Name: "recorded REQUEST", File: "events/rest-request.json",
		Want: Reading{Form: "REST REQUEST", Method: "GET", Path: "/pets/a%20b", Template: "/pets/{id}", Token: "Bearer secret"},
	},
	{
		Name: "recorded 1.0", File: "events/http-1.0.json",
		Want: Reading{Form: "HTTP 1.0", Method: "GET", Path: "/pets/a b", Template: "/pets/{id}", Token: "Bearer secret"},
	},
	{
		Name: "recorded 2.0", File: "events/http-2.0.json",
		Want: Reading{Form: "HTTP 2.0", Method: "GET", Path: "/pets/a b", Template: "/pets/{id}", Token: "Bearer secret"},
	},
}

// event is the event of a case.
func (c *Case) event() ([]byte, error) {
	text, err := data.ReadFile(c.File)
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(c.Replace); i += 2 {
		if !strings.Contains(string(text), c.Replace[i]) {
			return nil, fmt.Errorf("%s does not have %q", c.File, c.Replace[i])
		}
		text = []byte(strings.ReplaceAll(string(text), c.Replace[i], c.Replace[i+1]))
	}
	return text, nil
}

// Check says what is wrong with a reader; nil when it reads or refuses the case as it must.
func (c *Case) Check(read func(json.RawMessage) (Reading, error)) error {
	event, err := c.event()
	if err != nil {
		return err
	}
	got, err := read(event)
	switch {
	case c.Refused != "" && err == nil:
		return fmt.Errorf("read as %+v, but %s", got, c.Refused)
	case c.Refused != "":
		return nil
	case err != nil:
		return err
	case got != c.Want:
		return fmt.Errorf("read as %+v, want %+v", got, c.Want)
	}
	return nil
}

// Run puts all cases to a reader and prints how many ran.
func Run(t *testing.T, read func(json.RawMessage) (Reading, error)) {
	t.Helper()
	var files []fs.DirEntry
	for _, folder := range []string{"data", "events"} {
		in, err := data.ReadDir(folder)
		if err != nil || len(in) == 0 {
			t.Fatalf("no events in %s: %v", folder, err)
		}
		files = append(files, in...)
	}
	seen := map[string]bool{}
	for i := range Cases {
		seen[Cases[i].File] = true
		if err := Cases[i].Check(read); err != nil {
			t.Errorf("%s: %v", Cases[i].Name, err)
		}
	}
	if len(seen) != len(files) {
		t.Errorf("%d events, of which %d are in a case", len(files), len(seen))
	}
	t.Logf("%s authorizer: %d cases ran", t.Name(), len(Cases))
}
