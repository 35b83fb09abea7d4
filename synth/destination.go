package synth

import (
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// destination wires what follows a function: what Lambda calls, with the
// function's role, after an asynchronous call that succeeded. Lambda takes one.
func (b *builder) destination(f *topology.Function) {
	var wired []topology.Target
	for _, to := range f.Targets {
		if _, ok := b.targetEntity(f, to, nil); ok {
			wired = append(wired, to)
		}
	}
	if len(wired) == 0 || len(f.Targets) == 1 && !calledOnSuccess(wired[0].Kind) {
		return
	}
	if len(f.Targets) > 1 {
		for _, to := range sorted(wired, targetKey) {
			b.skip("edge", f.Name+" -> "+string(to.Kind)+" "+to.Name, to.Pos,
				"the role may do it, but Lambda itself calls one thing on success and this function leads to several; lead it to a topic or an event, and that to the others")
		}
		return
	}
	if wired[0].Kind == topology.KindFunction && wired[0].Name == f.Name {
		b.skip("edge", f.Name+" -> function "+f.Name, wired[0].Pos, "the role may do it, but Lambda itself does not call a function on its own success")
		return
	}
	id := logicalID(f.Name)
	b.add(id+"Destination", "what follows function "+f.Name, wired[0].Pos, cfn.Obj(
		"Type", "AWS::Lambda::EventInvokeConfig",
		"Properties", cfn.Obj(
			"FunctionName", ref(id+"Function"),
			"Qualifier", "$LATEST",
			"DestinationConfig", cfn.Obj("OnSuccess", cfn.Obj("Destination",
				b.resourceOf(functionNode(f.Name), entity(wired[0].Kind), wired[0].Name, formSelf))),
		),
	))
}

// calledOnSuccess are the kinds that Lambda calls after an asynchronous call.
func calledOnSuccess(kind topology.Kind) bool {
	return kind != topology.KindState && kind != topology.KindMutation && kind != topology.KindChannel
}

// targetEntity sorts what a function leads to; ok is false for what is not
// synthesised, which is said when say is not nil.
func (b *builder) targetEntity(f *topology.Function, to topology.Target, say func(why string)) (e entity, ok bool) {
	tell := func(why string) (entity, bool) {
		if say != nil {
			say(why)
		}
		return "", false
	}
	switch to.Kind {
	case topology.KindFunction:
		if why := b.away(to.Kind, to.Name); why != "" {
			return tell(why)
		}
		return entityFunction, b.functions[to.Name] != nil
	case topology.KindEvent:
		if b.events[to.Name] == nil { // it may be another topology's
			return tell(elsewhere)
		}
		return entityEvent, true
	case topology.KindQueue, topology.KindTopic:
		if _, known := b.things[node{Kind: to.Kind, Name: to.Name}]; !known {
			return tell(elsewhere)
		}
		return entity(to.Kind), true
	}
	if why := b.unreachable(to.Kind, to.Name); why != "" {
		return tell(why)
	}
	if say != nil {
		say("the role may do it, but Lambda does not call a " + string(to.Kind) + " on success; lead the function to an event, and that to the " + string(to.Kind))
	}
	return entity(to.Kind), true
}

// deadLetter gives the DeadLetterConfig of a function, nil for none.
func (b *builder) deadLetter(f *topology.Function) *cfn.Object {
	if f.DeadLetter == nil {
		return nil
	}
	if arn := b.deadLetterARN("function "+f.Name, f.DeadLetter); arn != nil {
		return cfn.Obj("TargetArn", arn)
	}
	return nil
}

// network gives the VpcConfig of a function, nil for none.
func (b *builder) network(f *topology.Function) *cfn.Object {
	if f.Network == nil {
		return nil
	}
	all := func(list []string) []any {
		values := make([]any, len(list))
		for i, text := range list {
			values[i] = b.render(text, f.Network.Pos)
		}
		return values
	}
	return cfn.Obj("SecurityGroupIds", all(f.Network.SecurityGroups), "SubnetIds", all(f.Network.Subnets))
}

// interfaces lets Lambda, but not the function's own code, make the network
// interfaces of a function in a VPC: Lambda Developer Guide, "Giving Lambda
// functions access to resources in an Amazon VPC", security best practices.
func interfaces(f *topology.Function) statement {
	return statement{
		sid: "Network", actions: networkActions, resources: []any{"*"},
		condition: cfn.Obj("Null", cfn.Obj("lambda:SourceFunctionArn", "true")),
		edges:     []edge{{pos: f.Network.Pos, text: f.Name + " -> its network"}},
	}
}
