package synth

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// Architecture is the processor that functions are deployed for, in Lambda's
// word; the code of a release has to be built for it.
const Architecture = "x86_64"

// logRetentionDays is how long a function's log is kept.
const logRetentionDays = 30

// function adds a function with all that it needs: role, policy, log group.
func (b *builder) function(f *topology.Function) {
	id := logicalID(f.Name)
	role := b.roleOfFunction(f)
	b.add(id+"LogGroup", "the log group of function "+f.Name, f.Pos, cfn.Obj(
		"Type", "AWS::Logs::LogGroup",
		"DeletionPolicy", "Delete",
		"UpdateReplacePolicy", "Delete",
		"Properties", cfn.Obj(
			"LogGroupName", logGroupName(FunctionName(b.t, f.Name, b.o.Sandbox)),
			"RetentionInDays", number(logRetentionDays),
			"Tags", b.tags(),
		),
	))
	// The function starts when its rights exist, and logs where we made the group.
	b.add(id+"Function", "function "+f.Name, f.Pos, cfn.Obj(
		"Type", "AWS::Lambda::Function",
		"DependsOn", append([]any{id + "LogGroup"}, role.waits...),
		"Properties", b.functionProperties(f, role),
	))
	b.destination(f)
	b.output(id+"FunctionArn", "ARN of function "+f.Name, getAtt(id+"Function", "Arn"))
}

// roleOfFunction adds the role that a function runs as. Only Lambda may take it
// on. (A condition on aws:SourceAccount would be a second fence, but Lambda does
// not document that it sends the key when it takes on a role.)
func (b *builder) roleOfFunction(f *topology.Function) role {
	p := principal{kind: topology.KindFunction, name: f.Name, service: "lambda.amazonaws.com", pos: f.Pos}
	always := []statement{b.logs(f)}
	if f.Network != nil {
		always = append(always, interfaces(f))
	}
	if object, ok := b.snapshotObject(f); ok {
		always = append(always, object)
	}
	return b.roleOf(p, append(always, b.statements(p.node(), b.edges(f))...))
}

func (b *builder) functionProperties(f *topology.Function, r role) *cfn.Object {
	p := cfn.Obj("FunctionName", FunctionName(b.t, f.Name, b.o.Sandbox))
	if f.Description != "" {
		p.Set("Description", f.Description)
	}
	memory, timeout := f.Runtime.MemoryMB, f.Runtime.TimeoutSec
	if memory == 0 {
		memory = 128
	}
	if timeout == 0 {
		timeout = 3
	}
	runtime, handler := b.runtime(f)
	p.Set("Runtime", runtime)
	p.Set("Handler", handler)
	p.Set("Architectures", []any{architecture(f)})
	p.Set("MemorySize", number(memory))
	p.Set("Timeout", number(timeout))
	p.Set("Role", r.arn)
	p.Set("Code", b.code(f))
	if failed := b.deadLetter(f); failed != nil {
		p.Set("DeadLetterConfig", failed)
	}
	if environment := b.environment(f); environment != nil {
		p.Set("Environment", environment)
	}
	p.Set("Tags", b.tags())
	if network := b.network(f); network != nil {
		p.Set("VpcConfig", network)
	}
	return p
}

// architecture is that of a function: authorizers are built for the one that their topology says.
func architecture(f *topology.Function) string {
	if f.Authorizer != nil {
		return cmp.Or(f.Authorizer.Architecture, "arm64")
	}
	return Architecture
}

// runtime gives Lambda's runtime and handler. A bootstrap of its own needs no
// handler, but Lambda asks for one.
func (b *builder) runtime(f *topology.Function) (identifier, handler string) {
	identifier, handler = f.Runtime.Identifier, f.Runtime.Handler
	if identifier == "" && (f.Runtime.Language == topology.LanguageGo || f.Runtime.Language == topology.LanguageCustom) {
		identifier = "provided.al2023"
	}
	if handler == "" && strings.HasPrefix(identifier, "provided") {
		handler = "bootstrap"
	}
	if identifier == "" || handler == "" {
		b.fail(writ.Errorf(writ.CodeInvalid, "function %s does not say how it runs", f.Name).
			WithHint("name its runtime and handler, as in  runtime: {lang: node, handler: index.handler}").At(f.Pos, ""))
	}
	return identifier, handler
}

func (b *builder) code(f *topology.Function) *cfn.Object {
	asset, ok := b.o.Assets[f.Name]
	if !ok {
		b.fail(writ.Errorf(writ.CodeInvalid, "function %s has no code", f.Name).At(f.Pos, ""))
		return nil
	}
	var bucket any = asset.Bucket
	if strings.Contains(asset.Bucket, "${") {
		bucket = sub(asset.Bucket)
	}
	return cfn.Obj("S3Bucket", bucket, "S3Key", asset.Key)
}

// permission lets API Gateway invoke a function for one route.
func (b *builder) permission(r *topology.Route, what, sourceARN string) {
	b.mayInvoke(r.Target.Name, what, sender{
		service: "apigateway.amazonaws.com", pos: r.Pos,
		source: sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:" + sourceARN),
		edge:   fmt.Sprintf("route %s -> function %s", routeText(r), r.Target.Name),
	})
}

func number(n int) cfn.Number { return cfn.Number(strconv.Itoa(n)) }
