package synth

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// invokePermission lets a service invoke a function for one source, and, with
// account, for sources of this account alone.
func (b *builder) invokePermission(function, what, service string, source any, account bool, pos writ.Position, text string) {
	policy := logicalID(function) + "Permission" + what
	p := cfn.Obj(
		"Action", "lambda:InvokeFunction",
		"FunctionName", getAtt(logicalID(function)+"Function", "Arn"),
		"Principal", service,
		"SourceArn", source,
	)
	if account {
		p.Set("SourceAccount", ref("AWS::AccountId"))
	}
	b.add(policy, "the permission of "+text, pos, cfn.Obj("Type", "AWS::Lambda::Permission", "Properties", p))
	b.out.Permissions = append(b.out.Permissions, Provenance{
		Kind: topology.KindFunction, Name: function, Policy: policy, Position: pos, Edge: text,
	})
}
