package synth

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// principal is whose role it is: an AWS service that acts for one entity of the
// topology.
type principal struct {
	kind    topology.Kind // function, event, route, schedule, state, mutation, channel
	name    string        // the topology's name; "" for one per namespace
	service string        // the one service that may take the role on: "lambda.amazonaws.com"
	source  any           // aws:SourceArn of the trust policy, a CloudFormation value; nil for none
	account bool          // aws:SourceAccount in the trust policy
	pos     writ.Position
}

// node is an entity as the graph of references has it.
type node = topology.End

func (p principal) node() node { return node{Kind: p.kind, Name: p.name} }

// what names a principal in messages: "function hello", "the schedules".
func (p principal) what() string {
	if p.name == "" {
		return "the " + string(p.kind) + "s"
	}
	return string(p.kind) + " " + p.name
}

// stem starts the logical ids of a principal's role and policy.
func (p principal) stem() string {
	id := ""
	if p.name != "" {
		id = logicalID(p.name)
	}
	if p.kind == topology.KindFunction {
		return id
	}
	return id + title(string(p.kind))
}

// trust is the one statement of a role's trust policy: its service, for this
// account and this entity where the service says for whom it asks.
func (p principal) trust() *cfn.Object {
	statement := cfn.Obj("Effect", "Allow", "Principal", cfn.Obj("Service", p.service), "Action", "sts:AssumeRole")
	if condition := fromSource(p.source, p.account); condition != nil {
		statement.Set("Condition", condition)
	}
	return statement
}

// fromSource is the condition that a service acts for one source, and for this
// account; nil when there is neither.
func fromSource(source any, account bool) *cfn.Object {
	condition := &cfn.Object{}
	if source != nil {
		condition.Set("ArnLike", cfn.Obj("aws:SourceArn", source))
	}
	if account {
		condition.Set("StringEquals", cfn.Obj("aws:SourceAccount", ref("AWS::AccountId")))
	}
	if condition.Len() == 0 {
		return nil
	}
	return condition
}
