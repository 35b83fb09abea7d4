package authorize

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ/iam"
)

// Answer is what an authorizer's function said, or what a token holds. It is
// immutable, and decides each request anew.
type Answer struct {
	// PrincipalID is who the caller is; "" in a simple answer.
	PrincipalID string
	// Context is passed on, by name. A REST API's values are JSON strings.
	Context map[string]json.RawMessage
	// UsageIdentifierKey is the API key of the caller (REST APIs).
	UsageIdentifierKey string
	// Claims are those of a token, nil where a function answered; Scopes are
	// those of it that the route wants.
	Claims map[string]string
	Scopes []string
	// policy is nil in a simple answer, where authorized decides.
	policy     *iam.Policy
	authorized bool
	// size is about what the answer takes to keep, in bytes.
	size int
}

// Verdict is what an answer means for one request. The zero Verdict denies.
type Verdict int

// The verdicts: nothing allows, something denies, let in.
const (
	Unmatched Verdict = iota
	Denied
	Allowed
)

// Parse reads a function's answer in the form that the authorizer wants. An
// error means that the answer is malformed, which API Gateway answers with 500.
func (a *Authorizer) Parse(payload []byte) (*Answer, error) {
	if a.REST && len(payload) > MaxResult {
		return nil, fmt.Errorf("the answer has %d bytes, more than the %d that API Gateway takes", len(payload), MaxResult)
	}
	members, err := object(payload)
	if err != nil {
		return nil, err
	}
	answer := &Answer{size: len(payload)}
	if a.Simple {
		if err := answer.readSimple(members); err != nil {
			return nil, err
		}
	} else if err := answer.readPolicy(members, a.REST); err != nil {
		return nil, err
	}
	if raw := members["context"]; !absent(raw) {
		if answer.Context, err = object(raw); err != nil {
			return nil, errors.New("context is not an object")
		}
	}
	if a.REST {
		return answer, answer.flatten()
	}
	return answer, nil
}

// object reads a JSON object. Names count by their case.
func object(data []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	var members map[string]json.RawMessage
	if err := d.Decode(&members); err != nil || members == nil {
		return nil, errors.New("the answer is not a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the answer goes on after its JSON object")
	}
	return members, nil
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func (n *Answer) readSimple(members map[string]json.RawMessage) error {
	switch string(members["isAuthorized"]) {
	case "true":
		n.authorized = true
	case "false":
	default:
		return errors.New("the authorizer wants simple answers, and isAuthorized is not true or false")
	}
	return nil
}

// readPolicy reads the form with an IAM policy. That a REST API's answer has
// a principalId is a must of the guide; an HTTP API's may go without.
func (n *Answer) readPolicy(members map[string]json.RawMessage, rest bool) error {
	raw := members["principalId"]
	if absent(raw) && rest {
		return errors.New("the answer has no principalId")
	}
	for name, into := range map[string]*string{"principalId": &n.PrincipalID, "usageIdentifierKey": &n.UsageIdentifierKey} {
		if raw := members[name]; !absent(raw) && json.Unmarshal(raw, into) != nil {
			return fmt.Errorf("%s is not a string", name)
		}
	}
	raw = members["policyDocument"]
	if absent(raw) {
		return errors.New("the answer has no policyDocument")
	}
	doc, err := iam.Parse(raw)
	if err != nil {
		return fmt.Errorf("the policyDocument cannot be read: %w", err)
	}
	if err := doc.Validate(iam.TypeIdentity); err != nil {
		return fmt.Errorf("the policyDocument is not valid: %w", err)
	}
	for _, s := range doc.Statements {
		for _, list := range [][]string{s.Resource, s.NotResource} {
			for _, resource := range list {
				if utf8.RuneCountInString(resource) > MaxResource {
					return fmt.Errorf("a Resource of the policyDocument is longer than %d characters", MaxResource)
				}
			}
		}
	}
	n.policy = iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity, Name: "the authorizer's answer"})
	return nil
}

// flatten makes the context what a REST API passes on: texts, of strings,
// numbers and booleans only. The name claims belongs to user pools.
func (n *Answer) flatten() error {
	if _, taken := n.Context["claims"]; taken {
		return errors.New("context has the member claims, which is reserved")
	}
	for name, raw := range n.Context {
		switch {
		case raw[0] == '"':
			continue
		case raw[0] == '{', raw[0] == '[', absent(raw):
			return fmt.Errorf("context member %.40q is not a string, a number or a boolean", name)
		}
		text, err := json.Marshal(string(raw))
		if err != nil {
			return err
		}
		n.Context[name] = text
	}
	return nil
}

// Decide gives the verdict on a request of execute-api:Invoke. A REST API's own
// policy, nil for none, is asked together with the answer's, as for a caller of
// the same account: one Allow is enough and one Deny is final (API Gateway
// Developer Guide, "How API Gateway resource policies affect authorization
// workflow", table A).
func (n *Answer) Decide(req *iam.Request, resource *iam.Policy) Verdict {
	if n.policy == nil {
		if n.authorized {
			return Allowed
		}
		return Unmatched
	}
	switch iam.Evaluate(req, &iam.Policies{Identity: []*iam.Policy{n.policy}, Resource: resource}).Verdict {
	case iam.Allowed:
		return Allowed
	case iam.ExplicitlyDenied:
		return Denied
	}
	return Unmatched
}

// Variable gives a variable of $context.authorizer: principalId, claims.NAME of
// a token, or a member of the context as text. Objects and lists are given as their JSON; claims,
// which is reserved, as nothing.
func (n *Answer) Variable(name string) (string, bool) {
	if claim, ok := strings.CutPrefix(name, "claims."); ok {
		text, ok := n.Claims[claim]
		return text, ok
	}
	if name == "principalId" && n.PrincipalID != "" {
		return n.PrincipalID, true
	}
	raw, ok := n.Context[name]
	if !ok || name == "claims" || absent(raw) {
		return "", false
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	return string(raw), true
}
