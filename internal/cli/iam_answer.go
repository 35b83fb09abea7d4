package cli

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// answer is an explanation as it is printed; the names of its JSON are stable.
type answer struct {
	Verdict   iam.Verdict      `json:"verdict"`
	BlockedBy []iam.PolicyType `json:"blockedBy"`
	// Sentence is AWS's message, without and with the ARN that newer ones end in.
	Sentence        string `json:"sentence,omitempty"`
	SentenceWithARN string `json:"sentenceWithPolicyArn,omitempty"`

	Principal answerPrincipal     `json:"principal"`
	Action    string              `json:"action"`
	Resource  string              `json:"resource"`
	Account   string              `json:"resourceAccount,omitempty"`
	Context   map[string][]string `json:"context"`
	// Assumed are the context keys that were filled in.
	Assumed []string `json:"assumed"`

	Types   []answerType   `json:"types"`
	Misses  []answerMiss   `json:"misses,omitempty"`
	Spared  []answerMiss   `json:"spared,omitempty"`
	Missing *answerMissing `json:"missing,omitempty"`
	Fix     *writ.Fix      `json:"fix,omitempty"`
	Advice  []string       `json:"advice,omitempty"`
	Warning []string       `json:"warnings,omitempty"`
}

type answerPrincipal struct {
	Kind     iam.PrincipalKind `json:"kind"`
	ARN      string            `json:"arn,omitempty"`
	Role     string            `json:"role,omitempty"`
	Function string            `json:"function,omitempty"`
}

type answerType struct {
	Type       iam.PolicyType    `json:"type"`
	Said       iam.Said          `json:"said"`
	Blocks     bool              `json:"blocks"`
	Level      int               `json:"level,omitempty"`
	Statements []answerStatement `json:"statements"`
}

type answerStatement struct {
	Type      iam.PolicyType `json:"type"`
	Policy    string         `json:"policy,omitempty"`
	ARN       string         `json:"policyArn,omitempty"`
	Statement int            `json:"statement"`
	Sid       string         `json:"sid,omitempty"`
	Effect    iam.Effect     `json:"effect"`
	Position  writ.Position  `json:"position,omitzero"`
	Edges     []string       `json:"edges,omitempty"`

	match iam.Match
}

type answerMiss struct {
	answerStatement
	Failures []answerFailure `json:"failures"`
}

type answerFailure struct {
	Element  string   `json:"element"`
	Operator string   `json:"operator,omitempty"`
	Key      string   `json:"key,omitempty"`
	Wanted   []string `json:"wanted"`
	Found    []string `json:"found"`
	Note     string   `json:"note,omitempty"`
}

type answerMissing struct {
	Where     iam.PolicyType `json:"where"`
	Statement iam.Statement  `json:"statement"`
}

// explain decides the question.
func (q *question) explain() *answer {
	e := iam.Explain(q.req, q.policies)
	a := &answer{
		Verdict: e.Decision.Verdict, BlockedBy: append([]iam.PolicyType{}, e.Decision.BlockedBy...),
		Principal: answerPrincipal{Kind: q.caller.Kind, ARN: q.caller.ARN, Function: q.world.functionName(q.caller.Function)},
		Action:    q.req.Action, Resource: q.req.Resource, Account: q.req.ResourceAccount,
		Context: map[string][]string{}, Assumed: []string{}, Types: []answerType{}, Warning: q.warnings,
	}
	if a.Verdict != iam.Allowed {
		a.Sentence, a.SentenceWithARN = e.Decision.ShortSentence(q.req), e.Decision.Sentence(q.req)
		if a.SentenceWithARN == a.Sentence {
			a.SentenceWithARN = ""
		}
	}
	if q.caller.Entity != nil {
		a.Principal.Role = q.caller.Entity.Name
	}
	for key, value := range q.req.Context {
		a.Context[keyName(key)] = value.Values
	}
	for _, key := range q.assumed {
		a.Assumed = append(a.Assumed, keyName(key))
	}
	for _, t := range e.Types {
		row := answerType{Type: t.Type, Said: t.Said, Blocks: t.Blocks, Level: t.Level, Statements: []answerStatement{}}
		for _, m := range t.Statements {
			row.Statements = append(row.Statements, q.statement(m))
		}
		a.Types = append(a.Types, row)
	}
	a.Misses, a.Spared = q.misses(e.Misses), q.misses(e.Spared)
	q.advise(a, &e)
	return a
}

// advise adds what would allow a denied request.
func (q *question) advise(a *answer, e *iam.Explanation) {
	if a.Verdict == iam.Allowed {
		return
	}
	if a.Verdict == iam.ExplicitlyDenied {
		a.Advice = append(a.Advice, "no Allow helps against an explicit deny: the statement that denies has to go, or must not match this request")
	}
	for _, m := range e.Misses {
		if onlyConditions(m) {
			a.Advice = append(a.Advice, "or the request has to meet the conditions of "+m.Rule()+", which is about this call")
			break
		}
	}
	if q.unknownAction {
		return // a grant of an action that does not exist helps nobody
	}
	if e.Missing != nil {
		a.Missing = &answerMissing{Where: e.Where, Statement: *e.Missing}
	}
	if a.Verdict == iam.ImplicitlyDenied && slices.Equal(a.BlockedBy, []iam.PolicyType{iam.TypeIdentity}) {
		a.Fix = q.world.fix(q.caller, q.req.Action, q.req.Resource)
	}
	if e.Missing != nil && len(a.BlockedBy) > 1 {
		var rest []string
		for _, t := range a.BlockedBy {
			if t != e.Where {
				rest = append(rest, typeName(t))
			}
		}
		a.Advice = append(a.Advice, "after that the "+strings.Join(rest, " and the ")+" must allow it too")
	}
}

func onlyConditions(m iam.Miss) bool {
	return !slices.ContainsFunc(m.Failures, func(f iam.Failure) bool { return f.Element != iam.ElementCondition })
}

func (q *question) statement(m iam.Match) answerStatement {
	return answerStatement{
		Type: m.Origin.Type, Policy: m.Origin.Name, ARN: m.Origin.ARN, Statement: m.Statement, Sid: m.Sid, Effect: m.Effect,
		Position: m.Position, Edges: q.world.edgesOf(m), match: m,
	}
}

func (q *question) misses(list []iam.Miss) []answerMiss {
	var out []answerMiss
	for _, m := range list {
		miss := answerMiss{answerStatement: q.statement(m.Match)}
		for _, f := range m.Failures {
			element := string(f.Element)
			if f.Not {
				element = "Not" + element
			}
			miss.Failures = append(miss.Failures, answerFailure{
				Element: element, Operator: f.Operator, Key: f.Key, Note: f.Note,
				Wanted: append([]string{}, f.Wanted...), Found: append([]string{}, f.Found...),
			})
		}
		out = append(out, miss)
	}
	return out
}

// typeName is what people call a kind of policy.
func typeName(t iam.PolicyType) string {
	switch t {
	case iam.TypeIdentity, iam.TypeResource, iam.TypeTrust, iam.TypeKey, iam.TypeSession, iam.TypeEndpoint:
		return string(t) + " policy"
	case iam.TypeBoundary:
		return "permissions boundary"
	case iam.TypeSCP:
		return "service control policy"
	case iam.TypeRCP:
		return "resource control policy"
	case iam.TypeBlockPublicAccess:
		return "Block Public Access"
	case iam.TypeAWSOwned:
		return "entity of AWS"
	}
	return string(t)
}
