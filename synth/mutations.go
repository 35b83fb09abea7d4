package synth

import (
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

const (
	mutationsID = "MutationsApi"
	schemaID    = "MutationsSchema"
	appsync     = "appsync.amazonaws.com"
)

// mutations adds the GraphQL API: its schema, a data source with a role of its
// own for each thing that resolvers call, and the resolvers. Callers sign with
// IAM, or pass the authorizer; there is no API key.
func (b *builder) mutations() {
	m := b.t.Mutations
	if m == nil {
		return
	}
	api := cfn.Obj("Name", apiName(b.t, b.o.Sandbox))
	directives := ""
	switch {
	case b.functions[m.Authorizer] != nil:
		// The ARN by name: the function may itself call the API, and wait for it.
		api.Set("AuthenticationType", "AWS_LAMBDA")
		api.Set("LambdaAuthorizerConfig", cfn.Obj("AuthorizerUri", b.literalFunctionARN(m.Authorizer)))
		api.Set("AdditionalAuthenticationProviders", []any{cfn.Obj("AuthenticationType", "AWS_IAM")})
		directives = " @aws_lambda @aws_iam"
	case m.Authorizer != "" && m.Authorizer != "iam":
		why := "it belongs to another topology"
		if m.Authorizer == "cognito" {
			why = "cognito is not synthesised yet"
		}
		b.skip("authorizer", "mutations -> "+m.Authorizer, m.Pos, why+"; the API lets in who signs with IAM, and nobody else")
		fallthrough
	default:
		api.Set("AuthenticationType", "AWS_IAM")
	}
	api.Set("Tags", b.tags())
	b.add(mutationsID, "the GraphQL API", m.Pos, cfn.Obj("Type", "AWS::AppSync::GraphQLApi", "Properties", api))
	b.add(schemaID, "the schema of the GraphQL API", m.Pos, cfn.Obj(
		"Type", "AWS::AppSync::GraphQLSchema",
		"Properties", cfn.Obj("ApiId", getAtt(mutationsID, "ApiId"), "Definition", graphQL(m, directives)),
	))
	b.output("MutationsUrl", "URL of the GraphQL API", getAtt(mutationsID, "GraphQLUrl"))
	if directives != "" {
		b.mayInvoke(m.Authorizer, "MutationsAuthorizer", sender{
			service: appsync, source: getAtt(mutationsID, "Arn"), pos: m.Pos, edge: "mutations -> authorizer " + m.Authorizer,
		})
	}
	for _, r := range sorted(m.Resolvers, func(r topology.Resolver) string { return r.Name }) {
		b.resolver(r)
	}
}

// resolver adds one resolver and, if it is the first to call its target, the
// data source.
func (b *builder) resolver(r topology.Resolver) {
	text := "mutation " + r.Name + " -> " + string(r.Target.Kind) + " " + r.Target.Name
	switch {
	case r.Target.Name == "":
		b.skip("mutation", r.Name, r.Pos, "it has no function, event or store, so the API has no answer for it")
		return
	case b.away(r.Target.Kind, r.Target.Name) != "":
		b.skip("edge", text, r.Target.Pos, b.away(r.Target.Kind, r.Target.Name))
		return
	}
	source, ok := b.dataSource(sourceOf{kind: topology.KindMutation, api: getAtt(mutationsID, "ApiId"), apiARN: getAtt(mutationsID, "Arn")}, r.Target, b.resolversOf(r.Target))
	if !ok {
		return
	}
	p := cfn.Obj(
		"ApiId", getAtt(mutationsID, "ApiId"), "TypeName", "Mutation", "FieldName", r.Name,
		"DataSourceName", getAtt(source, "Name"),
	)
	if code := b.resolverCode(r); code != "" {
		p.Set("Runtime", cfn.Obj("Name", "APPSYNC_JS", "RuntimeVersion", "1.0.0"))
		p.Set("Code", code)
	}
	b.add(camel(r.Name)+shortHash(r.Name)+"Resolver", "resolver "+r.Name, r.Pos, cfn.Obj(
		"Type", "AWS::AppSync::Resolver", "DependsOn", []any{schemaID}, "Properties", p))
}

// resolversOf gives the edges of all resolvers to one target.
func (b *builder) resolversOf(to topology.Target) []edge {
	var all []edge
	for _, r := range sorted(b.t.Mutations.Resolvers, func(r topology.Resolver) string { return r.Name }) {
		if r.Target.Kind == to.Kind && r.Target.Name == to.Name {
			all = append(all, edge{pos: r.Target.Pos, text: "mutation " + r.Name + " -> " + string(to.Kind) + " " + to.Name})
		}
	}
	return all
}

// resolverCode is what AppSync runs for a resolver; a function needs none, as
// AppSync hands it the whole request.
// https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-js-version.html
func (b *builder) resolverCode(r topology.Resolver) string {
	switch r.Target.Kind {
	case topology.KindEvent:
		source, detailType := b.sent(b.events[r.Target.Name])
		return strings.NewReplacer("SOURCE", jsText(source), "DETAIL_TYPE", jsText(detailType)).Replace(`import { util } from '@aws-appsync/utils';

export function request(ctx) {
  return { operation: 'PutEvents', events: [{ source: SOURCE, detailType: DETAIL_TYPE, detail: { ...ctx.args } }] };
}

export function response(ctx) {
  if (ctx.error) util.error(ctx.error.message, ctx.error.type);
  return { ...ctx.args };
}
`)
	case topology.KindStore:
		s := b.stores[r.Target.Name]
		keys := []string{s.Table.PartitionKey.Name}
		if s.Table.SortKey != nil {
			keys = append(keys, s.Table.SortKey.Name)
		}
		var names, key []string
		for i, k := range keys {
			local := "key" + strconv.Itoa(i)
			names = append(names, jsText(k)+": "+local)
			key = append(key, jsText(k)+": util.dynamodb.toDynamoDB("+local+")")
		}
		return strings.NewReplacer("NAMES", strings.Join(names, ", "), "KEY", strings.Join(key, ", ")).Replace(`import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { NAMES, ...values } = ctx.args;
  const now = util.time.nowISO8601();
  return {
    operation: 'PutItem',
    key: { KEY },
    attributeValues: util.dynamodb.toMapValues({ ...values, createdAt: now, updatedAt: now }),
  };
}

export function response(ctx) {
  if (ctx.error) util.error(ctx.error.message, ctx.error.type);
  return ctx.result;
}
`)
	}
	return ""
}

// jsText writes text as a JavaScript string.
func jsText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\r", `\r`, "\u2028", `\u2028`, "\u2029", `\u2029`).Replace(text) + "'"
}

// DataSourceRole gives the name that [PrincipalRoleName] takes for the data
// source of an API that calls a target: "function-NAME".
func DataSourceRole(to topology.Target) string { return string(to.Kind) + "-" + to.Name }

// sourceOf is the API that a data source belongs to.
type sourceOf struct {
	kind        topology.Kind // mutation or channel
	api, apiARN any
}

// dataSource adds the data source of an API for one target, with its role, once;
// it gives the data source's logical id. edges are those that share it.
func (b *builder) dataSource(of sourceOf, to topology.Target, edges []edge) (id string, ok bool) {
	kindName := string(of.kind)
	stem := logicalID(to.Name) + title(string(to.Kind)) + title(kindName)
	id = stem + "Source"
	if b.meaning[id] != "" {
		return id, true
	}
	config, sourceType, may, ok := b.sourceConfig(of, to)
	if !ok {
		return "", false
	}
	for i := range edges {
		edges[i].entity, edges[i].name, edges[i].verb = may.entity, may.name, may.verb
	}
	owner := principal{
		kind: of.kind, name: DataSourceRole(to), service: appsync, source: of.apiARN, account: true, pos: to.Pos,
	}
	role := b.roleOf(owner, b.statements(owner.node(), edges))
	p := cfn.Obj("ApiId", of.api, "Name", title(string(to.Kind))+logicalID(to.Name), "Type", sourceType,
		"ServiceRoleArn", role.arn)
	for key, value := range config.All() {
		p.Set(key, value)
	}
	b.add(id, "the data source of "+kindName+"s for "+string(to.Kind)+" "+to.Name, to.Pos,
		waiting("AWS::AppSync::DataSource", role, p))
	return id, true
}

// sourceConfig gives what a data source says of its target, and what its role
// may do there.
func (b *builder) sourceConfig(of sourceOf, to topology.Target) (config *cfn.Object, sourceType string, may edge, ok bool) {
	from := node{Kind: of.kind}
	kind, known := b.entityOfTarget(to)
	switch {
	case to.Kind == topology.KindFunction && !known:
		b.missing("function", to.Name, to.Pos, names(b.t.Functions, functionName))
		return nil, "", edge{}, false
	case to.Kind == topology.KindStore && kind != entityTable:
		b.fail(writ.Errorf(writ.CodeInvalid, "there is no table %q", to.Name).WithHint("a resolver puts items into a store that is a table").At(to.Pos, ""))
		return nil, "", edge{}, false
	case !known:
		b.skip("edge", string(of.kind)+" -> "+string(to.Kind)+" "+to.Name, to.Pos, elsewhere)
		return nil, "", edge{}, false
	}
	switch to.Kind {
	case topology.KindFunction:
		return cfn.Obj("LambdaConfig", cfn.Obj("LambdaFunctionArn", b.resourceOf(from, kind, to.Name, formSelf))), "AWS_LAMBDA",
			edge{entity: kind, name: to.Name, verb: drawn[entityFunction]}, true
	case topology.KindEvent:
		return cfn.Obj("EventBridgeConfig", cfn.Obj("EventBusArn", b.busARN(b.events[to.Name]))), "AMAZON_EVENTBRIDGE",
			edge{entity: kind, name: to.Name, verb: sentEvent}, true
	}
	return cfn.Obj("DynamoDBConfig", cfn.Obj("TableName", ref(logicalID(to.Name)+"Table"), "AwsRegion", ref("AWS::Region"))), "AMAZON_DYNAMODB",
		edge{entity: kind, name: to.Name, verb: verb{"put", on([]string{topology.ResolverAction}, formSelf)}}, true
}

// literalFunctionARN names a function by its name, for what it may itself wait for.
func (b *builder) literalFunctionARN(name string) any {
	return sub("arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:" + FunctionName(b.t, name, b.o.Sandbox))
}
