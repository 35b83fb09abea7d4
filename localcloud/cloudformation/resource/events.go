package resource

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/gate"
)

func (c *Cloud) events(ctx context.Context, operation string, in, out any) error {
	return c.json(ctx, "events", operation, in, out)
}

// eventBus is AWS::Events::EventBus. Its physical id is its name.
type eventBus struct{}

func (b eventBus) Create(ctx context.Context, w *Work) (Result, error) {
	in := pick(w.Properties, "DeadLetterConfig Description EventSourceName KmsKeyIdentifier")
	in.Set("Name", w.Physical)
	if all := tags(w.Tags, w.Properties); len(all) > 0 {
		in.Set("Tags", tagList(all))
	}
	if err := w.Cloud.events(ctx, "CreateEventBus", in, nil); err != nil {
		return Result{}, err
	}
	return b.result(w), b.setPolicy(ctx, w)
}

func (eventBus) result(w *Work) Result {
	policy := ""
	if _, ok := w.Properties.Get("Policy"); ok {
		policy, _ = document(w.Properties, "Policy") // setPolicy says what is wrong with it
	}
	return Result{Physical: w.Physical, Attributes: map[string]string{
		"Arn": w.Cloud.arn("events", w.Cloud.Region, "event-bus/"+w.Physical), "Name": w.Physical, "Policy": policy,
	}}
}

// setPolicy puts the policy that the properties say, or removes what they said before.
func (eventBus) setPolicy(ctx context.Context, w *Work) error {
	if _, ok := w.Properties.Get("Policy"); ok {
		policy, err := document(w.Properties, "Policy")
		if err != nil {
			return err
		}
		return w.Cloud.events(ctx, "PutPermission", cfn.Obj("EventBusName", w.Physical, "Policy", policy), nil)
	}
	if _, before := w.Old.Get("Policy"); before {
		return w.Cloud.events(ctx, "RemovePermission", cfn.Obj("EventBusName", w.Physical, "RemoveAllPermissions", true), nil)
	}
	return nil
}

func (b eventBus) Update(ctx context.Context, w *Work) (Result, error) {
	result := b.result(w)
	if w.changed("DeadLetterConfig Description KmsKeyIdentifier") {
		in := pick(w.Properties, "DeadLetterConfig Description KmsKeyIdentifier")
		in.Set("Name", w.Physical)
		if err := w.Cloud.events(ctx, "UpdateEventBus", in, nil); err != nil {
			return result, err
		}
	}
	if w.changed("Policy") {
		if err := b.setPolicy(ctx, w); err != nil {
			return result, err
		}
	}
	return result, eventTags(ctx, w, result.Attributes["Arn"])
}

// eventTags sets what has changed of the tags of a bus or a rule.
func eventTags(ctx context.Context, w *Work, arn string) error {
	set, remove := w.tagChange()
	if len(set) > 0 {
		if err := w.Cloud.events(ctx, "TagResource", cfn.Obj("ResourceARN", arn, "Tags", tagList(set)), nil); err != nil {
			return err
		}
	}
	if len(remove) > 0 {
		return w.Cloud.events(ctx, "UntagResource", map[string]any{"ResourceARN": arn, "TagKeys": remove}, nil)
	}
	return nil
}

func (eventBus) Delete(ctx context.Context, w *Work) error {
	return gone(w.Cloud.events(ctx, "DeleteEventBus", cfn.Obj("Name", w.Physical), nil))
}

// Exists asks EventBridge.
func (eventBus) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.events(ctx, "DescribeEventBus", cfn.Obj("Name", w.Physical), nil))
}

// eventBusPolicy is AWS::Events::EventBusPolicy: one statement of a bus's policy.
type eventBusPolicy struct{}

func (eventBusPolicy) Create(ctx context.Context, w *Work) (Result, error) {
	in := pick(w.Properties, "Action Condition EventBusName Principal StatementId")
	id, ok := text(w.Properties, "StatementId")
	if !ok {
		return Result{}, missing(w, "StatementId")
	}
	if v, ok := w.Properties.Get("Statement"); ok {
		policy, err := withStatement(ctx, w, id, v)
		if err != nil {
			return Result{}, err
		}
		in = pick(w.Properties, "EventBusName")
		in.Set("Policy", policy)
	}
	if err := w.Cloud.events(ctx, "PutPermission", in, nil); err != nil {
		return Result{}, err
	}
	return Result{Physical: w.Physical, Attributes: map[string]string{"Id": w.Physical}}, nil
}

// withStatement gives the bus's policy with a statement in it, in the place of
// the one with its id.
func withStatement(ctx context.Context, w *Work, id string, statement any) (string, error) {
	raw, err := json.Marshal(statement)
	if err != nil {
		return "", err
	}
	var one map[string]any
	if err := json.Unmarshal(raw, &one); err != nil {
		return "", missing(w, "Statement")
	}
	one["Sid"] = id
	var bus struct{ Policy string }
	of := pick(w.Properties, "EventBusName")
	if name, ok := text(of, "EventBusName"); ok {
		of = cfn.Obj("Name", name)
	}
	if err := w.Cloud.events(ctx, "DescribeEventBus", of, &bus); err != nil {
		return "", err
	}
	doc := struct {
		Version   string
		Statement []map[string]any
	}{Version: "2012-10-17"}
	if bus.Policy != "" {
		if err := json.Unmarshal([]byte(bus.Policy), &doc); err != nil {
			return "", err
		}
	}
	doc.Statement = slices.DeleteFunc(doc.Statement, func(other map[string]any) bool { return other["Sid"] == id })
	doc.Statement = append(doc.Statement, one)
	raw, err = json.Marshal(doc)
	return string(raw), err
}

func (p eventBusPolicy) Update(ctx context.Context, w *Work) (Result, error) { return p.Create(ctx, w) }

func (eventBusPolicy) Delete(ctx context.Context, w *Work) error {
	return gone(w.Cloud.events(ctx, "RemovePermission", pick(w.Properties, "EventBusName StatementId"), nil))
}

// eventRule is AWS::Events::Rule. Its physical id is its name, on a bus of
// one's own BUS|NAME.
type eventRule struct{}

// ruleParts gives the bus, "" for the default one, and the name of a rule.
func ruleParts(w *Work) (bus, name string) {
	bus, _ = text(w.Properties, "EventBusName")
	bus = bus[strings.LastIndexByte(bus, '/')+1:]
	if bus == "default" {
		bus = ""
	}
	return bus, w.Physical[strings.LastIndexByte(w.Physical, '|')+1:]
}

// ruleRequest is the part of a request that names the rule.
func ruleRequest(w *Work, member string) *cfn.Object {
	bus, name := ruleParts(w)
	in := cfn.Obj(member, name)
	if bus != "" {
		in.Set("EventBusName", bus)
	}
	return in
}

func (eventRule) result(w *Work) Result {
	bus, name := ruleParts(w)
	result := Result{Physical: name}
	path := "rule/" + name
	if bus != "" {
		result.Physical, path = bus+"|"+name, "rule/"+bus+"/"+name
	}
	result.Attributes = map[string]string{"Arn": w.Cloud.arn("events", w.Cloud.Region, path)}
	return result
}

func (r eventRule) Create(ctx context.Context, w *Work) (Result, error) {
	if _, custom := text(w.Properties, "Name"); custom {
		// PutRule takes a rule that is there for one to change.
		exists, err := r.Exists(ctx, w)
		if err != nil {
			return Result{}, err
		}
		if exists {
			return Result{}, gate.Errorf("AlreadyExists", "Resource of type 'AWS::Events::Rule' with identifier '%s' already exists.", w.Physical)
		}
	}
	if err := r.put(ctx, w, tags(w.Tags, w.Properties)); err != nil {
		return Result{}, err
	}
	return r.result(w), r.target(ctx, w)
}

func (eventRule) put(ctx context.Context, w *Work, all map[string]string) error {
	in := ruleRequest(w, "Name")
	for key, v := range pick(w.Properties, "Description RoleArn ScheduleExpression State").All() {
		in.Set(key, v)
	}
	if _, ok := w.Properties.Get("EventPattern"); ok {
		pattern, err := document(w.Properties, "EventPattern")
		if err != nil {
			return err
		}
		in.Set("EventPattern", pattern)
	}
	if len(all) > 0 {
		in.Set("Tags", tagList(all))
	}
	return w.Cloud.events(ctx, "PutRule", in, nil)
}

// target puts the targets of the properties.
func (eventRule) target(ctx context.Context, w *Work) error {
	v, _ := pick(w.Properties, "Targets").Get("Targets")
	list, _ := v.([]any)
	if len(list) == 0 {
		return nil
	}
	in := ruleRequest(w, "Rule")
	in.Set("Targets", list)
	return w.Cloud.events(ctx, "PutTargets", in, nil)
}

func (r eventRule) Update(ctx context.Context, w *Work) (Result, error) {
	result := r.result(w)
	if w.changed("Description EventPattern RoleArn ScheduleExpression State") {
		if err := r.put(ctx, w, nil); err != nil {
			return result, err
		}
	}
	if w.changed("Targets") {
		now := set(targetIDs(w.Properties))
		var old []string
		for _, id := range targetIDs(w.Old) {
			if _, stays := now[id]; !stays {
				old = append(old, id)
			}
		}
		if err := r.remove(ctx, w, old); err != nil {
			return result, err
		}
		if err := r.target(ctx, w); err != nil {
			return result, err
		}
	}
	return result, eventTags(ctx, w, result.Attributes["Arn"])
}

func targetIDs(o *cfn.Object) (ids []string) {
	v, _ := o.Get("Targets")
	list, _ := v.([]any)
	for _, item := range list {
		if target, ok := item.(*cfn.Object); ok {
			id, _ := text(target, "Id")
			ids = append(ids, id)
		}
	}
	return ids
}

func (eventRule) remove(ctx context.Context, w *Work, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	in := ruleRequest(w, "Rule")
	in.Set("Ids", ids)
	return w.Cloud.events(ctx, "RemoveTargets", in, nil)
}

// Delete removes the targets that there are, and the rule.
func (r eventRule) Delete(ctx context.Context, w *Work) error {
	var list struct {
		Targets []struct {
			ID string `json:"Id"`
		}
	}
	if err := w.Cloud.events(ctx, "ListTargetsByRule", ruleRequest(w, "Rule"), &list); err != nil {
		return gone(err)
	}
	var ids []string
	for _, one := range list.Targets {
		ids = append(ids, one.ID)
	}
	if err := r.remove(ctx, w, ids); err != nil {
		return gone(err)
	}
	return gone(w.Cloud.events(ctx, "DeleteRule", ruleRequest(w, "Name"), nil))
}

// Exists asks EventBridge.
func (eventRule) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.events(ctx, "DescribeRule", ruleRequest(w, "Name"), nil))
}
