package synth

import (
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// PoolName gives the Cognito name of a user pool.
func PoolName(t *topology.Topology, pool, sandbox string) string {
	name := separated(t, t.Name, pool, sandbox)
	return fit(name, replace(name, "-_"), 128)
}

// pools adds the Cognito user pools, and for each trigger the permission by
// which that pool alone may call its function.
func (b *builder) pools() {
	for _, pool := range sorted(b.t.Pools, func(p *topology.Pool) string { return p.Name }) {
		id := logicalID(pool.Name) + "Pool"
		b.claim("pool", PoolName(b.t, pool.Name, b.o.Sandbox), pool.Name, pool.Pos)
		p := cfn.Obj("UserPoolName", PoolName(b.t, pool.Name, b.o.Sandbox))
		triggers := &cfn.Object{}
		for _, trigger := range sorted(pool.Triggers, func(t topology.Trigger) string { return t.Event }) {
			function := trigger.Target.Name
			text := "pool " + pool.Name + " " + trigger.Event + " -> function " + function
			switch {
			case b.away(topology.KindFunction, function) != "":
				b.skip("edge", text, trigger.Target.Pos, b.away(topology.KindFunction, function))
				continue
			case b.functions[function] == nil:
				b.missing("function", function, trigger.Target.Pos, names(b.t.Functions, functionName))
				continue
			}
			triggers.Set(trigger.Event, getAtt(logicalID(function)+"Function", "Arn"))
			b.poolPermission(pool, function, text, trigger)
		}
		if triggers.Len() > 0 {
			p.Set("LambdaConfig", triggers)
		}
		p.Set("UserPoolTags", b.tagMap())
		b.add(id, "pool "+pool.Name, pool.Pos, cfn.Obj(
			"Type", "AWS::Cognito::UserPool", "DeletionPolicy", "Delete", "UpdateReplacePolicy", "Delete", "Properties", p))
		b.output(id+"Id", "ID of pool "+pool.Name, ref(id))
	}
}

// poolPermission is one permission for all triggers of a pool that call one
// function: Cognito's calls look alike to Lambda.
func (b *builder) poolPermission(pool *topology.Pool, function, text string, trigger topology.Trigger) {
	what := logicalID(pool.Name) + "Pool"
	if policy := logicalID(function) + "Permission" + what; b.meaning[policy] != "" {
		b.out.Permissions = append(b.out.Permissions, Provenance{
			Kind: topology.KindFunction, Name: function, Policy: policy, Position: trigger.Target.Pos, Edge: text,
		})
		return
	}
	b.mayInvoke(function, what, sender{
		service: "cognito-idp.amazonaws.com", source: getAtt(logicalID(pool.Name)+"Pool", "Arn"), pos: trigger.Target.Pos, edge: text,
	})
}
