package topology

import (
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/asl"
)

// states reads the one state machine: ASL inline, or the name of its file.
func (p *reader) states(t *Topology, f fields) {
	e, ok := f.entry("states")
	if flow, has := f.entry("flow"); has {
		if ok {
			p.add(flow.pos, "states and flow are both written").WithHint("they are two names of the same; keep one")
		}
		e, ok = flow, true
	}
	if !ok {
		return
	}
	s := &StateMachine{Mode: p.text(f.value("mode"), "mode"), Pos: e.pos}
	t.States = s
	s.Tracing = p.boolean(f.value("tracing"), "tracing")
	if n := f.value("logging"); n != nil {
		s.Logging = strings.ToUpper(p.text(n, "logging"))
		p.mark(s.Pos, "logging", n.pos)
	}
	if n := f.value("mode"); n != nil {
		p.mark(s.Pos, "mode", n.pos)
	}
	switch e.value.kind {
	case scalarNode:
		s.File = cleanPath(e.value.text)
		p.mark(e.pos, "file", e.value.pos)
	case mapNode:
		s.Definition = e.section()
		p.definition = e.value
	default:
		p.wrongKind(e.value, e.key, "a map or the name of a file")
	}
}

// readStates reads the ASL: what the states call, and on what.
func (p *reader) readStates(t *Topology) {
	s := t.States
	if s == nil {
		return
	}
	n := p.definition
	if s.File != "" {
		n = p.statesFile(t, s)
	}
	if n == nil {
		return
	}
	root := aslValue(n)
	machine, errs := asl.Read(root)
	p.errs = append(p.errs, errs...)
	if machine == nil {
		p.fail(KindState, "")
		return
	}
	s.Machine, p.aslRoot = machine, root
	for i, c := range machine.Calls {
		for _, target := range stateTargets(t, c) {
			s.Calls = append(s.Calls, StateCall{Call: i, Target: target})
		}
	}
}

// statesFile reads the file that states: names, nil when it cannot be read.
func (p *reader) statesFile(t *Topology, s *StateMachine) *node {
	if p.dir == "" {
		return nil
	}
	disk := filepath.Join(t.Dir, filepath.FromSlash(s.File))
	text, err := readBounded(disk)
	if err != nil {
		p.add(p.spot(s.Pos, "file"), "the state machine's file %s: %s", quoted(s.File), plainReason(err)).
			WithHint("name a file of ASL relative to the topology's directory, or write the states here")
		return nil
	}
	n := p.readYAML(text, path.Join(filepath.ToSlash(t.Dir), s.File), disk)
	if n == nil {
		return nil
	}
	p.checkTemplates(n)
	if d := n.get("definition"); d != nil && n.get("States") == nil {
		return d // tc's files hold it under a key
	}
	return n
}

// aslValue gives a node as the ASL reader takes it.
func aslValue(n *node) *asl.Value {
	if n.null() {
		v := &asl.Value{}
		if n != nil {
			v.Pos = n.pos
		}
		return v
	}
	v := &asl.Value{Pos: n.pos, Text: n.text, Quoted: n.quoted}
	switch n.kind {
	case scalarNode:
		v.Kind = asl.Scalar
	case mapNode:
		v.Kind = asl.Map
		for _, e := range n.entries {
			v.Entries = append(v.Entries, asl.Entry{Key: e.key, Pos: e.pos, Value: aslValue(e.value)})
		}
	case listNode:
		v.Kind = asl.List
		for _, item := range n.items {
			v.Items = append(v.Items, aslValue(item))
		}
	}
	return v
}

// stateArguments say which argument of a call names an entity of which kind.
var stateArguments = map[string]struct {
	kind Kind
	args []string
}{
	"lambda":         {KindFunction, []string{"FunctionName"}},
	"sqs":            {KindQueue, []string{"QueueUrl"}},
	"sns":            {KindTopic, []string{"TopicArn", "TargetArn"}},
	"dynamodb":       {KindStore, []string{"TableName"}},
	"states":         {KindState, []string{"StateMachineArn"}},
	"s3":             {KindStore, []string{"Bucket"}},
	"secretsmanager": {KindSecret, []string{"SecretId"}},
	"ssm":            {KindParameter, []string{"Name"}},
	"kms":            {KindKey, []string{"KeyId"}},
	"kinesis":        {KindStream, []string{"StreamName", "StreamARN"}},
}

// stateTargets gives the entities that a call names, as far as the ASL says.
func stateTargets(t *Topology, c asl.Call) []Target {
	if c.Service == "events" {
		return eventTargets(t, c)
	}
	named := stateArguments[c.Service]
	for _, arg := range named.args {
		if a, ok := c.Argument(arg); ok && a.Text != "" {
			name, _ := ownName(t, named.kind, a.Text)
			return []Target{{Kind: named.kind, Name: name, Pos: a.Pos}}
		}
	}
	return nil
}

// eventTargets gives the events that a PutEvents sends, named by detail-type.
func eventTargets(t *Topology, c asl.Call) []Target {
	var all []Target
	for i := 0; ; i++ {
		prefix := "Entries[" + strconv.Itoa(i) + "]."
		if !slices.ContainsFunc(c.Arguments, func(a asl.Argument) bool { return strings.HasPrefix(a.Name, prefix) }) {
			return all
		}
		if a, ok := c.Argument(prefix + "DetailType"); ok && a.Text != "" {
			name, _ := ownName(t, KindEvent, a.Text)
			all = append(all, Target{Kind: KindEvent, Name: name, Pos: a.Pos})
		}
	}
}

// stateAccess is what a call needs: a verb of [Verbs] for the calls that have
// one, startAndWait for a start that waits for the end, and IAM's action for
// any other.
func stateAccess(c asl.Call) string {
	switch action := c.Service + ":" + c.Action; action {
	case "lambda:Invoke":
		return "invoke"
	case "sqs:SendMessage":
		return "send"
	case "sns:Publish":
		return "publish"
	case "events:PutEvents":
		return "putEvents"
	case "states:StartSyncExecution":
		return "startSync"
	case "states:StartExecution":
		if c.Pattern == asl.Sync || c.Pattern == asl.Sync2 {
			return "startAndWait"
		}
		return "start"
	default:
		return action
	}
}
