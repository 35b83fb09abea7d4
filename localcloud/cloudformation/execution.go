package cloudformation

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/cloudformation/resource"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// execution is one operation on one stack under way. Only one runs on a stack
// at a time: the stack's status, changed in one transaction, sees to it.
type execution struct {
	s         *Service
	ctx       context.Context
	stack     *stackRecord
	resources map[string]*resourceRecord
	cloud     *resource.Cloud
	// events and pending records wait for the next save.
	events  []eventRecord
	pending []*resourceRecord
}

// errInterrupted ends an execution whose context was cancelled: the stack
// stays as stored, and the next start takes it up.
var errInterrupted = errors.New("the local cloud is stopping")

func (s *Service) newExecution(ctx context.Context, stack *stackRecord) (*execution, error) {
	list, err := s.resourcesOf(stack.uuid())
	if err != nil {
		return nil, err
	}
	e := &execution{s: s, ctx: ctx, stack: stack, resources: map[string]*resourceRecord{}}
	for _, r := range list {
		e.resources[r.LogicalID] = r
	}
	e.cloud = &resource.Cloud{Do: s.cfg.Do, Caller: stack.Work.Caller, Account: s.cfg.Account, Region: s.cfg.Region, Partition: "aws"}
	return e, nil
}

// save stores resources together with the stack and the events that wait.
func (e *execution) save(resources ...*resourceRecord) error {
	events := e.events
	resources = append(e.pending, resources...)
	err := e.s.cfg.DB.Update(func(tx *store.Tx) error {
		for _, r := range resources {
			if err := putResource(tx, e.stack.uuid(), r); err != nil {
				return err
			}
		}
		if err := putEvents(tx, e.stack.uuid(), events); err != nil {
			return err
		}
		return putStack(tx, e.stack)
	})
	if err == nil {
		e.events, e.pending = nil, nil
	}
	return err
}

// setStatus changes the stack's status and adds the event; save stores it.
func (e *execution) setStatus(status, reason string) {
	e.stack.Status, e.stack.StatusReason = status, reason
	e.events = append(e.events, eventRecord{
		ID: e.s.newUUID(), LogicalID: e.stack.Name, Physical: e.stack.ID, Type: "AWS::CloudFormation::Stack", Status: status, Reason: reason,
		Token: e.stack.Work.Token, Time: e.s.cfg.Now(),
	})
}

// mark changes a resource's status and adds the event.
func (e *execution) mark(r *resourceRecord, status, reason string) {
	r.Status, r.Reason, r.Time = status, reason, e.s.cfg.Now()
	e.note(r, r.Physical, status, reason)
}

// note adds an event of a resource without a change of its record.
func (e *execution) note(r *resourceRecord, physical, status, reason string) {
	properties := ""
	if text, err := r.Properties.MarshalJSON(); err == nil && r.Properties.Object != nil {
		properties = string(text)
	}
	e.events = append(e.events, eventRecord{
		ID: r.LogicalID + "-" + status + "-" + e.s.newUUID(), LogicalID: r.LogicalID, Physical: physical, Type: r.Type, Status: status,
		Reason: reason, Token: e.stack.Work.Token, Properties: properties, Time: e.s.cfg.Now(),
	})
}

// parallel runs do for each index at once, within the bound of the service.
func (e *execution) parallel(n int, do func(i int)) {
	slots := make(chan struct{}, e.s.cfg.Parallel)
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	wg.Wait()
}

func (e *execution) work(r *resourceRecord) *resource.Work {
	w := &resource.Work{
		Cloud: e.cloud, StackName: e.stack.Name, StackID: e.stack.ID, LogicalID: r.LogicalID, Physical: r.Physical,
		Properties: r.Properties.Object, Attributes: r.Attributes, Tags: r.Tags,
	}
	if r.Before != nil {
		w.Keep = r.Before.Physical
	}
	if kind, _ := resource.Find(r.Type); !kind.Tagged {
		w.Tags = nil
	}
	return w
}

// known lets a resolver see what the resources that were made are known by.
func (e *execution) known(in *cfn.Inputs) { in.Ref, in.GetAtt = e.ref, e.attribute }

func (e *execution) ref(id string) (any, bool) {
	r, ok := e.resources[id]
	if !ok || r.Physical == "" {
		return nil, false
	}
	return r.Physical, true
}

func (e *execution) attribute(id, name string) (any, bool) {
	r, ok := e.resources[id]
	if !ok {
		return nil, false
	}
	v, ok := r.Attributes[name]
	return v, ok
}

// errorText gives an error as a reason of a status, the way CloudFormation
// quotes the services.
func errorText(err error) string {
	var api *gate.Error
	if errors.As(err, &api) {
		return api.Message + " (" + api.Code + ")"
	}
	var fault *writ.Error
	if errors.As(err, &fault) {
		return sentence(fault)
	}
	return err.Error()
}

// levelsOf orders records so that each comes after those it needs.
func levelsOf(records []*resourceRecord) [][]*resourceRecord {
	left := slices.Clone(records)
	slices.SortStableFunc(left, func(a, b *resourceRecord) int { return a.FromTemplate - b.FromTemplate })
	waiting := map[string]bool{}
	for _, r := range left {
		waiting[r.LogicalID] = true
	}
	var levels [][]*resourceRecord
	for len(left) > 0 {
		var level, rest []*resourceRecord
		for _, r := range left {
			if slices.ContainsFunc(r.Needs, func(id string) bool { return waiting[id] && id != r.LogicalID }) {
				rest = append(rest, r)
			} else {
				level = append(level, r)
			}
		}
		if len(level) == 0 { // cannot be: what was stored came from an order
			level, rest = rest, nil
		}
		for _, r := range level {
			delete(waiting, r.LogicalID)
		}
		levels = append(levels, level)
		left = rest
	}
	return levels
}

// outputs works out the outputs and the exports among them.
func (e *execution) outputs(t *cfn.Template, r *cfn.Resolver) ([]outputRecord, error) {
	var list []outputRecord
	for name := range t.Section("Outputs").All() {
		body := t.Section("Outputs").Object(name)
		if !outputActive(r, body) {
			continue
		}
		v, _ := body.Get("Value")
		value, err := r.Resolve(v, "Outputs", name, "Value")
		if err != nil {
			return nil, err
		}
		text, err := outputText(t, name, value)
		if err != nil {
			return nil, err
		}
		out := outputRecord{Key: name, Value: text, Description: body.Text("Description")}
		if export := body.Object("Export"); export != nil {
			v, _ := export.Get("Name")
			resolved, err := r.Resolve(v, "Outputs", name, "Export", "Name")
			if err != nil {
				return nil, err
			}
			if out.Export, err = outputText(t, name, resolved); err != nil {
				return nil, err
			}
		}
		list = append(list, out)
	}
	return list, nil
}

func outputText(t *cfn.Template, name string, v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case cfn.Number:
		return v.String(), nil
	case bool:
		if v {
			return "true", nil
		}
		return "false", nil
	}
	return "", t.Errorf([]string{"Outputs", name}, "Template format error: Output %s is malformed. The Value field of every Outputs member must evaluate to a String.", name)
}
