package synth

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// StateMachineName gives the Step Functions name of the topology's state
// machine: NAMESPACE_SANDBOX.
func StateMachineName(t *topology.Topology, sandbox string) string {
	name := separated(t, t.Name, sandbox)
	return fit(name, replace(name, "-_"), 80)
}

const (
	machineID    = "StateMachine"
	machineLogID = "StateMachineLogGroup"
)

// machine adds the state machine with its role and, where it logs, its log group.
func (b *builder) machine() {
	s := b.t.States
	if s == nil {
		return
	}
	if s.Machine == nil {
		b.skip("states", b.t.Name, s.Pos, "its definition "+s.File+" was not read")
		return
	}
	owner := principal{
		kind: topology.KindState, service: "states.amazonaws.com", source: b.machineARN("stateMachine", ""), account: true, pos: s.Pos,
	}
	statements := b.machineStatements(s)
	role := b.roleOf(owner, statements)
	b.claim("state machine", StateMachineName(b.t, b.o.Sandbox), "the state machine", s.Pos)
	p := cfn.Obj(
		"StateMachineName", StateMachineName(b.t, b.o.Sandbox),
		"StateMachineType", machineType(s),
		"RoleArn", role.arn,
	)
	definition, substitutions := b.definition(s)
	p.Set("DefinitionString", definition)
	if substitutions.Len() > 0 {
		p.Set("DefinitionSubstitutions", substitutions)
	}
	if logging(s) {
		b.machineLog(s)
		p.Set("LoggingConfiguration", cfn.Obj(
			"Level", s.Logging,
			// What passes through the machine is the users' data: it stays out of the log.
			"IncludeExecutionData", false,
			"Destinations", []any{cfn.Obj("CloudWatchLogsLogGroup", cfn.Obj("LogGroupArn", getAtt(machineLogID, "Arn")))},
		))
	}
	if s.Tracing {
		p.Set("TracingConfiguration", cfn.Obj("Enabled", true))
	}
	p.Set("Tags", b.tags())
	o := cfn.Obj("Type", "AWS::StepFunctions::StateMachine")
	if len(role.waits) > 0 { // Step Functions looks at the rights when the machine is made
		o.Set("DependsOn", role.waits)
	}
	o.Set("Properties", p)
	b.add(machineID, "the state machine", s.Pos, o)
	b.output(machineID+"Arn", "ARN of the state machine", ref(machineID))
}

func machineType(s *topology.StateMachine) string {
	if s.Standard() {
		return "STANDARD"
	}
	return "EXPRESS"
}

func logging(s *topology.StateMachine) bool { return s.Logging != "" && s.Logging != "OFF" }

// machineARN is the ARN of the machine, or of its executions, by its name: its
// own role, and functions that it may call, cannot wait for it.
func (b *builder) machineARN(resource, tail string) any {
	return sub("arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:" + resource + ":" + StateMachineName(b.t, b.o.Sandbox) + tail)
}

// machineLog adds the log group. Step Functions writes to groups of this prefix
// without a resource policy that grows with every machine.
func (b *builder) machineLog(s *topology.StateMachine) {
	b.add(machineLogID, "the log group of the state machine", s.Pos, cfn.Obj(
		"Type", "AWS::Logs::LogGroup",
		"DeletionPolicy", "Delete",
		"UpdateReplacePolicy", "Delete",
		"Properties", cfn.Obj(
			"LogGroupName", logGroupPrefix+StateMachineName(b.t, b.o.Sandbox)+"/states",
			"RetentionInDays", number(logRetentionDays),
			"Tags", b.tags(),
		),
	))
}

const logGroupPrefix = "/aws/vendedlogs/writ/"

// placeholder is what a definition holds in the place of a deployed name:
// ${functions.NAME.arn} or {{sandbox}}.
var placeholder = regexp.MustCompile(`\$\{(?:functions|stores|queues|topics|streams|buses|secrets|parameters|keys|states)\.[^}"]+\.[a-z]+\}|\{\{\{?\s*[A-Za-z_]+\s*\}?\}\}`)

// definition gives the ASL with keys in the place of deployed names, and what
// the keys stand for (DefinitionSubstitutions of AWS::StepFunctions::StateMachine).
func (b *builder) definition(s *topology.StateMachine) (string, *cfn.Object) {
	values := map[string]any{}
	text := placeholder.ReplaceAllStringFunc(s.JSON, func(match string) string {
		key, value, known := b.substitution(s, match)
		switch text, isText := value.(string); {
		case !known:
			return match
		case isText:
			return text
		}
		values[key] = value
		return "${" + key + "}"
	})
	substitutions := &cfn.Object{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		substitutions.Set(key, values[key])
	}
	return text, substitutions
}

// substitution gives what a placeholder stands for: text, or a value and the
// key that it has in the definition.
func (b *builder) substitution(s *topology.StateMachine, match string) (key string, value any, known bool) {
	if strings.HasPrefix(match, "{{") {
		name := strings.Trim(match, "{} \t")
		value, why := b.variableValue(name)
		if why != "" {
			b.skip("variable", "the state machine "+match, s.Pos, why)
			return "", nil, false
		}
		return title(name), value, true
	}
	section, rest, _ := strings.Cut(strings.Trim(match, "${}"), ".")
	dot := strings.LastIndexByte(rest, '.')
	name, attribute := rest[:dot], rest[dot+1:]
	from := node{Kind: topology.KindState}
	key = title(strings.TrimSuffix(section, "s")) + logicalID(name) + title(attribute)
	if section == "states" {
		return key, b.machineARN("stateMachine", ""), true
	}
	value, why := b.attribute(from, section, name, attribute)
	if why != "" {
		b.skip("reference", "the state machine "+match, s.Pos, why)
		return "", nil, false
	}
	return key, value, true
}
