package synth

import (
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

var (
	// entityReference is ${functions.hello.name}, ${stores.hits.arn} and the like.
	entityReference = regexp.MustCompile(`^\$\{([a-z]+)\.([^}]+)\.(name|arn|url|id)\}$`)
	// anyReference also finds references that are wrong.
	anyReference = regexp.MustCompile(`\$\{(functions|stores|queues|topics|streams|buses|secrets|parameters|keys|imports)\.[^}]*\}`)
	// escaped is $${, which stands for the text ${; $${{sandbox}} is a variable.
	escaped = regexp.MustCompile(`\$\$\{([^{]|$)`)
	// variable is {{sandbox}} and the other template variables; tc also writes {{{sandbox}}}.
	variable = regexp.MustCompile(`\{\{\{\s*[A-Za-z_]+\s*\}\}\}|\{\{\s*[A-Za-z_]+\s*\}\}`)
)

// environment gives the Environment property of a function, nil for none.
func (b *builder) environment(f *topology.Function) *cfn.Object {
	variables := &cfn.Object{}
	if f.Authorizer != nil {
		variables = b.authorizerVariables(f)
	}
	for _, v := range sorted(f.Environment, func(v topology.EnvVar) string { return v.Name }) {
		if reservedVariable(v.Name) {
			b.fail(writ.Errorf(writ.CodeInvalid, "function %s sets %s, which Lambda keeps for itself", f.Name, v.Name).
				WithHint("choose another name").At(v.Pos, ""))
			continue
		}
		value, why := b.value(f, v)
		if why != "" {
			b.skip("environment", f.Name+" "+v.Name, v.Pos, "the variable is not set: "+why)
			continue
		}
		variables.Set(v.Name, value)
	}
	if variables.Len() == 0 {
		return nil
	}
	return cfn.Obj("Variables", variables)
}

// reservedVariable knows the names that Lambda refuses: Lambda Developer Guide,
// "Defined runtime environment variables", those marked as reserved.
func reservedVariable(name string) bool {
	switch name {
	case "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
		"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
		"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
		"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR":
		return true
	}
	return false
}

// value compiles the value of a variable, or says why that cannot be done yet.
// A value that is one reference stays one; text with references in it becomes
// a Fn::Sub.
func (b *builder) value(f *topology.Function, v topology.EnvVar) (value any, why string) {
	var parts []any // string or a reference
	for text := v.Value; text != ""; {
		at, end, part, why := b.nextReference(f, v, text)
		if why != "" {
			return nil, why
		}
		if part == nil {
			parts = append(parts, text)
			break
		}
		if at > 0 {
			parts = append(parts, text[:at])
		}
		parts = append(parts, part)
		text = text[end:]
	}
	parts = joinText(parts)
	switch len(parts) {
	case 0:
		return "", ""
	case 1:
		return parts[0], ""
	}
	return substitute(parts), ""
}

// nextReference finds the first reference in text and what it stands for, nil
// when there is none.
func (b *builder) nextReference(f *topology.Function, v topology.EnvVar, text string) (at, end int, part any, why string) {
	entity, named, literal := anyReference.FindStringIndex(text), variable.FindStringIndex(text), escaped.FindStringIndex(text)
	switch {
	case literal != nil && (entity == nil || literal[0] < entity[0]) && (named == nil || literal[0] < named[0]):
		return literal[0], literal[0] + len("$${"), "${", ""
	case entity != nil && (named == nil || entity[0] < named[0]):
		part, why = b.entityValue(f, v, text[entity[0]:entity[1]])
		return entity[0], entity[1], part, why
	case named != nil:
		part, why = b.variableValue(strings.Trim(text[named[0]:named[1]], "{} \t\r\n"))
		return named[0], named[1], part, why
	}
	return 0, 0, nil, ""
}

// entityValue gives what ${functions.hello.name} stands for.
func (b *builder) entityValue(f *topology.Function, v topology.EnvVar, reference string) (value any, why string) {
	m := entityReference.FindStringSubmatch(reference)
	if m == nil {
		b.fail(writ.Errorf(writ.CodeInvalid, "%s refers to nothing", reference).
			WithHint("write ${functions.NAME.name}, ${functions.NAME.arn}, ${stores.NAME.name} or ${stores.NAME.arn}").At(v.Pos, ""))
		return "", ""
	}
	name, attribute := m[2], m[3]
	if m[1] == "imports" {
		return b.importValue(name, attribute, v.Pos), ""
	}
	if known := referenceAttributes[m[1]]; !slices.Contains(known, attribute) {
		b.fail(writ.Errorf(writ.CodeInvalid, "%s refers to nothing", reference).
			WithHint("write ${%s.NAME.%s}", m[1], strings.Join(known, "} or ${"+m[1]+".NAME.")).At(v.Pos, ""))
		return "", ""
	}
	if m[1] == "functions" {
		switch {
		case b.provided[name] != "":
			b.fail(writ.Errorf(writ.CodeInvalid, "%s refers to what is not made: %s", reference, b.away(topology.KindFunction, name)).
				WithHint("write its name or ARN instead").At(v.Pos, ""))
			return "", ""
		case b.functions[name] == nil:
			b.missing("function", name, v.Pos, names(b.t.Functions, functionName))
			return "", ""
		case attribute == "arn":
			return b.functionARN(functionNode(f.Name), name, ""), ""
		case b.inCircle(functionNode(f.Name), functionNode(name)):
			return FunctionName(b.t, name, b.o.Sandbox), ""
		}
		return ref(logicalID(name) + "Function"), ""
	}
	if kind, ok := thingSections[m[1]]; ok {
		return b.thingValue(kind, name, attribute, v.Pos), ""
	}
	s := b.stores[name]
	if s == nil {
		b.missing("store", name, v.Pos, names(b.t.Stores, storeName))
		return "", ""
	}
	id := logicalID(name) + title(string(entityOf(s)))
	if attribute == "arn" {
		return b.resourceOf(functionNode(f.Name), entityOf(s), name, formSelf), ""
	}
	if b.inCircle(functionNode(f.Name), node{Kind: topology.KindStore, Name: name}) {
		if entityOf(s) == entityTable {
			return TableName(b.t, name, b.o.Sandbox), ""
		}
		return sub(BucketName(b.t, name, b.o.Sandbox) + "-${AWS::AccountId}-${AWS::Region}"), ""
	}
	return ref(id), ""
}

// referenceAttributes are what references may ask of the entities of a section.
var referenceAttributes = map[string][]string{
	"functions": {"name", "arn"}, "stores": {"name", "arn"}, "queues": {"name", "arn", "url"}, "topics": {"name", "arn"},
	"streams": {"name", "arn"}, "buses": {"name", "arn"}, "secrets": {"arn"}, "parameters": {"name", "arn"}, "keys": {"id", "arn"},
}

// thingSections are the sections of things by kind.
var thingSections = map[string]topology.Kind{
	"queues": topology.KindQueue, "topics": topology.KindTopic, "streams": topology.KindStream, "buses": topology.KindBus,
	"secrets": topology.KindSecret, "parameters": topology.KindParameter, "keys": topology.KindKey,
}

// thingValue gives the ARN, name, URL or id of a thing.
func (b *builder) thingValue(kind topology.Kind, name, attribute string, pos writ.Position) any {
	x, ok := b.things[node{Kind: kind, Name: name}]
	if !ok {
		b.missing(string(kind), name, pos, b.namesOf(kind))
		return ""
	}
	if attribute == "arn" {
		return b.thingARN(kind, name)
	}
	if x.external != "" {
		return b.externalName(x, attribute)
	}
	switch kind {
	case topology.KindQueue:
		if attribute == "name" {
			return getAtt(x.id(), "QueueName")
		}
	case topology.KindTopic:
		return getAtt(x.id(), "TopicName")
	}
	return ref(x.id())
}

// externalName gives the name or URL of what another made, from its ARN or name.
func (b *builder) externalName(x thing, attribute string) any {
	account, region, name := "${AWS::AccountId}", "${AWS::Region}", x.external
	if parts := strings.SplitN(x.external, ":", 6); len(parts) == 6 {
		region, account, name = parts[3], parts[4], parts[5]
		switch x.kind {
		case topology.KindParameter:
			name = strings.TrimPrefix(name, "parameter")
		case topology.KindStream, topology.KindBus, topology.KindKey:
			name = name[strings.IndexByte(name, '/')+1:]
		}
	}
	if attribute == "url" {
		return sub("https://sqs." + region + ".${AWS::URLSuffix}/" + account + "/" + name)
	}
	return b.render(name, x.pos)
}

// variableValue gives what {{sandbox}} and the like stand for.
func (b *builder) variableValue(name string) (value any, why string) {
	switch name {
	case "namespace":
		return b.t.Name, ""
	case "sandbox":
		return b.o.Sandbox, ""
	case "region":
		return ref("AWS::Region"), ""
	case "account", "acc":
		return ref("AWS::AccountId"), ""
	case "env", "profile":
		if b.o.Env == "" {
			return nil, "no profile is given for {{" + name + "}}"
		}
		return b.o.Env, ""
	case "sandbox_trimmed":
		return strings.ReplaceAll(b.o.Sandbox, "-", ""), ""
	case "abbr_namespace":
		return abbreviated(b.t), ""
	}
	if value, known := b.o.Variables[name]; known {
		return value, ""
	}
	return nil, "{{" + name + "}} is not known here"
}

// joinText joins neighbouring strings.
func joinText(parts []any) []any {
	var joined []any
	for _, p := range parts {
		s, isText := p.(string)
		if n := len(joined); isText && n > 0 {
			if last, ok := joined[n-1].(string); ok {
				joined[n-1] = last + s
				continue
			}
		}
		joined = append(joined, p)
	}
	return joined
}

// substitute writes text with references as one Fn::Sub, or as a Fn::Join where
// the text itself holds what Fn::Sub would read as a reference.
func substitute(parts []any) *cfn.Object {
	var text strings.Builder
	for _, p := range parts {
		if s, isText := p.(string); isText {
			if strings.Contains(s, "$") {
				return cfn.Obj("Fn::Join", []any{"", parts})
			}
			text.WriteString(s)
			continue
		}
		name, argument, _ := cfn.Intrinsic(p)
		switch name {
		case "Ref":
			text.WriteString("${" + argument.(string) + "}")
		case "Fn::GetAtt":
			list := argument.([]any)
			text.WriteString("${" + list[0].(string) + "." + list[1].(string) + "}")
		case "Fn::Sub":
			text.WriteString(argument.(string))
		}
	}
	return sub(text.String())
}
