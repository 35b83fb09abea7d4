package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/writ-dev/writ/localcloud/gate"
)

// maxPolicy is the largest function policy, "Lambda quotas".
const maxPolicy = 20480

// statement is one statement of a function's policy, in the order AWS writes its members.
type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

type permissionRequest struct {
	StatementID         string `json:"StatementId"`
	Action, Principal   string
	SourceArn           string
	SourceAccount       string
	EventSourceToken    string
	PrincipalOrgID      string
	FunctionURLAuthType string `json:"FunctionUrlAuthType"`
	RevisionID          string `json:"RevisionId"`
}

var (
	sidRule     = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,100}$`)
	actionRule  = regexp.MustCompile(`^(lambda:\*|lambda:[a-zA-Z]+|\*)$`)
	accountRule = regexp.MustCompile(`^\d{12}$`)
	serviceRule = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com|amazon\.com)(\.cn)?$`)
	iamARNRule  = regexp.MustCompile(`^arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|user/.+|role/.+|assumed-role/.+|federated-user/.+)$`)
	sourceRule  = regexp.MustCompile(`^arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9-]+):([a-z0-9-]*):(\d{12}|\*)?:(.*)$`)
	orgRule     = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
)

// policyText is the function policy as GetPolicy gives it.
func policyText(statements []statement) ([]byte, error) {
	return json.Marshal(struct {
		Version   string
		ID        string `json:"Id"`
		Statement []statement
	}{"2012-10-17", "default", statements})
}

// statementOf builds the statement that AWS builds of an AddPermission.
func (q *permissionRequest) statementOf(resource string) (statement, error) {
	st := statement{Sid: q.StatementID, Effect: "Allow", Action: q.Action, Resource: resource}
	switch {
	case !sidRule.MatchString(q.StatementID):
		return st, constraint("statementId", q.StatementID, `Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)`)
	case !actionRule.MatchString(q.Action):
		return st, constraint("action", q.Action, `Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])`)
	case q.SourceArn != "" && !sourceRule.MatchString(q.SourceArn):
		return st, constraint("sourceArn", q.SourceArn, `Member must satisfy regular expression pattern: arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)`)
	case q.SourceAccount != "" && !accountRule.MatchString(q.SourceAccount):
		return st, constraint("sourceAccount", q.SourceAccount, `Member must satisfy regular expression pattern: \d{12}`)
	case q.PrincipalOrgID != "" && !orgRule.MatchString(q.PrincipalOrgID):
		return st, constraint("principalOrgID", q.PrincipalOrgID, `Member must satisfy regular expression pattern: o-[a-z0-9]{10,32}`)
	}
	switch p := q.Principal; {
	case p == "*":
		st.Principal = "*"
	case accountRule.MatchString(p):
		st.Principal = map[string]string{"AWS": "arn:aws:iam::" + p + ":root"}
	case iamARNRule.MatchString(p):
		st.Principal = map[string]string{"AWS": p}
	case serviceRule.MatchString(p):
		st.Principal = map[string]string{"Service": p}
	default:
		return st, invalid("The provided principal was invalid. Please check the principal and try again.")
	}
	equals := map[string]string{}
	for key, value := range map[string]string{
		"AWS:SourceAccount": q.SourceAccount, "aws:PrincipalOrgID": q.PrincipalOrgID,
		"lambda:EventSourceToken": q.EventSourceToken, "lambda:FunctionUrlAuthType": q.FunctionURLAuthType,
	} {
		if value != "" {
			equals[key] = value
		}
	}
	st.Condition = map[string]map[string]string{}
	if len(equals) > 0 {
		st.Condition["StringEquals"] = equals
	}
	if q.SourceArn != "" {
		st.Condition["ArnLike"] = map[string]string{"AWS:SourceArn": q.SourceArn}
	}
	return st, nil
}

func (s *Service) addPermission(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	req := in.body.(*permissionRequest)
	if in.qualifier == latest {
		return nil, invalid("We currently do not support adding policies for $LATEST.")
	}
	st, err := req.statementOf(s.functionARN(in.name, ""))
	if err != nil {
		return nil, err
	}
	_, err = s.change(in, req.RevisionID, func(r *Record) error {
		for _, have := range r.Policy {
			if have.Sid == st.Sid {
				return failure(409, "ResourceConflictException", "The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", st.Sid)
			}
		}
		r.Policy = append(r.Policy, st)
		text, err := policyText(r.Policy)
		if err != nil {
			return err
		}
		if len(text) > maxPolicy {
			return failure(400, "PolicyLengthExceededException", "The final policy size (%d) is bigger than the limit (%d).", len(text), maxPolicy)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(st)
	if err != nil {
		return nil, fmt.Errorf("encode statement: %w", err)
	}
	return reply(201, map[string]string{"Statement": string(text)})
}

func (s *Service) removePermission(_ context.Context, c *gate.Call, in *input) (*gate.Reply, error) {
	sid := c.Vars["StatementId"]
	_, err := s.change(in, c.Query.Get("RevisionId"), func(r *Record) error {
		for i, st := range r.Policy {
			if st.Sid == sid {
				r.Policy = append(r.Policy[:i:i], r.Policy[i+1:]...)
				return nil
			}
		}
		return failure(404, "ResourceNotFoundException", "Statement %s is not found in resource policy.", sid)
	})
	if err != nil {
		return nil, err
	}
	return reply(204, nil)
}

func (s *Service) getPolicy(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	fn, err := s.need(in)
	if err != nil {
		return nil, err
	}
	if len(fn.record.Policy) == 0 {
		return nil, failure(404, "ResourceNotFoundException", "The resource you requested does not exist.")
	}
	text, err := policyText(fn.record.Policy)
	if err != nil {
		return nil, fmt.Errorf("encode policy: %w", err)
	}
	return reply(200, map[string]string{"Policy": string(text), "RevisionId": fn.record.RevisionID})
}
