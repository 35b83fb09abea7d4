package gateway

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// The limits of API Gateway: an answer in bytes, and an entry of Resource in characters.
const (
	mostAnswer   = 8 << 10
	mostResource = 512
)

// The bounds, in bytes, of what goes into an answer. A subject or tenant in a kept answer is shorter than elsewhere,
// so that there is room for routes.
const (
	mostID       = 64
	mostUsageKey = 128
	mostKeptName = 256
)

// keptReserve is what a kept answer has beside the patterns of its routes, at most. In JSON a character takes
// at most twice its bytes here, as control characters are refused: subject as principalId and in the context, tenant, decision,
// revision, usage key; then the patterns of odd paths, and 450 bytes of names and braces.
var keptReserve = 2*(2*mostKeptName+mostType+mostKeptName+2*mostID+mostUsageKey) + 450 + len(mustJSON(strayPatterns("aws-us-gov")))

type policyAnswer struct {
	PrincipalID    string            `json:"principalId"`
	PolicyDocument document          `json:"policyDocument"`
	Context        map[string]string `json:"context,omitempty"`
	UsageKey       string            `json:"usageIdentifierKey,omitempty"`
}

type document struct {
	Version   string      `json:"Version"`
	Statement []statement `json:"Statement"`
}

type statement struct {
	Action   string   `json:"Action"`
	Effect   string   `json:"Effect"`
	Resource []string `json:"Resource"`
}

type simpleAnswer struct {
	IsAuthorized bool              `json:"isAuthorized"`
	Context      map[string]string `json:"context,omitempty"`
}

// answer puts an outcome into the form that the event calls for.
func (a *Authorizer) answer(o *outcome) (json.RawMessage, error) {
	switch {
	case o.unauthorized != nil && o.call.Form.rest():
		return nil, writ.Errorf(writ.CodeAuth, "Unauthorized") // to the letter
	case o.failure != nil && (o.kept() || a.c.FailMode == FailError):
		return nil, writ.Errorf(writ.CodeExternal, "no decision could be made: %w", o.failure)
	}
	context := a.context(o)
	if o.call.Form == HTTP2 && a.c.Simple {
		return fit(context, func() any { return simpleAnswer{o.allowed, context} })
	}
	p := policyAnswer{PrincipalID: o.subject.ID, PolicyDocument: document{Version: "2012-10-17"}, Context: context}
	if p.PrincipalID == "" {
		p.PrincipalID = "unknown"
	}
	if o.call.Form.rest() && o.subject.ID != "" && !a.usage.empty() {
		if key, err := a.usage.text(&values{claims: o.caller.Claims}); err == nil && len(key) <= mostUsageKey {
			p.UsageKey = key
		}
	}
	var allow, deny []string
	if o.group != nil {
		allow, deny = o.groupPatterns()
	} else {
		allow, deny = o.ownPattern()
	}
	p.PolicyDocument.add("Allow", allow)
	p.PolicyDocument.add("Deny", deny)
	return fit(context, func() any { return p })
}

func (d *document) add(effect string, resources []string) {
	if len(resources) > 0 {
		d.Statement = append(d.Statement, statement{"execute-api:Invoke", effect, resources})
	}
}

// ownPattern is for the request's own ARN alone. One that is too long for a policy is denied with all that begins like it.
func (o *outcome) ownPattern() (allow, deny []string) {
	own := literal(o.call.ARN)
	switch {
	case utf8.RuneCountInString(own) > mostResource:
		return nil, []string{literal(o.call.arn.prefix+o.call.arn.verb) + "/*"}
	case o.allowed:
		return []string{own}, nil
	}
	return nil, []string{own}
}

// groupPatterns are for all routes of the group, and against odd paths.
func (o *outcome) groupPatterns() (allow, deny []string) {
	open := false
	for _, r := range o.group.routes {
		pattern := literal(o.call.arn.prefix) + r.pattern.glob(r.Method)
		if o.verdicts[r.ask.words] {
			allow = append(allow, pattern)
		} else {
			deny = append(deny, pattern)
		}
		open = open || r.pattern.open()
	}
	if open {
		deny = append(deny, strayPatterns(o.call.arn.partition)...)
		if o.call.Form == RESTToken { // refused there, since it does not tell whether its path is decoded
			deny = append(deny, strayPattern(o.call.arn.partition, "%"))
		}
	}
	return allow, deny
}

// context is what is passed on to what is behind the gateway. That of a kept answer holds only what is the same for all routes
// of the group. The name claims is API Gateway's own.
func (a *Authorizer) context(o *outcome) map[string]string {
	c := map[string]string{"decision_id": o.id}
	if o.subject.ID != "" {
		c["subject"] = o.subject.Type + ":" + o.subject.ID
	}
	for name, value := range map[string]string{"tenant": o.tenant, "revision": o.revision} {
		if value != "" {
			c[name] = value
		}
	}
	if o.kept() {
		return c
	}
	if len(o.roles) > 0 {
		c["roles"] = strings.Join(o.roles, ",")
	}
	if a.c.Debug {
		if text := strings.Join(o.why(), "; "); text != "" {
			c["reasons"] = text
		}
	}
	return c
}

// cut ends reasons that were shortened.
const cut = "..."

// fit writes an answer. What explains alone is shortened or left out where it is too long; nothing else is.
func fit(context map[string]string, answer func() any) (json.RawMessage, error) {
	for {
		text, err := toJSON(answer())
		over := len(text) - mostAnswer
		if err != nil || over <= 0 {
			return text, err
		}
		reasons, roles := strings.TrimSuffix(context["reasons"], cut), context["roles"]
		switch keep := len(reasons) - over/2 - 1 - len(cut); { // a byte may take two in JSON
		case keep > 0:
			for keep > 0 && !utf8.RuneStart(reasons[keep]) {
				keep--
			}
			context["reasons"] = reasons[:keep] + cut
		case reasons != "":
			delete(context, "reasons")
		case roles != "":
			delete(context, "roles")
		default:
			return nil, writ.Errorf(writ.CodeTooLarge, "the answer has %d bytes, more than %d", len(text), mostAnswer)
		}
	}
}

func toJSON(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // it is in no page, and bytes count
	if err := e.Encode(v); err != nil {
		return nil, writ.Errorf(writ.CodeInternal, "the answer cannot be written: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func mustJSON(v any) []byte {
	text, err := toJSON(v)
	if err != nil {
		panic(err) // strings can always be written
	}
	return text
}
