package resource

import (
	"context"
	"slices"

	"github.com/writ-dev/writ/cfn"
)

// table is AWS::DynamoDB::Table.
type table struct{}

type tableAnswer struct {
	TableDescription struct{ TableArn, LatestStreamArn string }
}

func (t tableAnswer) result(w *Work) Result {
	attributes := map[string]string{"Arn": t.TableDescription.TableArn}
	if t.TableDescription.LatestStreamArn != "" {
		attributes["StreamArn"] = t.TableDescription.LatestStreamArn
	}
	return Result{Physical: w.Physical, Attributes: attributes}
}

func (table) Create(ctx context.Context, w *Work) (Result, error) {
	body := pick(w.Properties, "AttributeDefinitions BillingMode DeletionProtectionEnabled GlobalSecondaryIndexes KeySchema "+
		"LocalSecondaryIndexes ProvisionedThroughput TableClass")
	body.Set("TableName", w.Physical)
	if stream := w.Properties.Object("StreamSpecification"); stream != nil {
		body.Set("StreamSpecification", streamSpecification(stream))
	}
	if all := tags(w.Tags, w.Properties); len(all) > 0 {
		body.Set("Tags", tagList(all))
	}
	var out tableAnswer
	if err := w.Cloud.json(ctx, "dynamodb", "CreateTable", body, &out); err != nil {
		return Result{}, err
	}
	if ttl := w.Properties.Object("TimeToLiveSpecification"); ttl != nil {
		if err := setTTL(ctx, w, ttl); err != nil {
			return out.result(w), err
		}
	}
	return out.result(w), nil
}

func streamSpecification(stream *cfn.Object) *cfn.Object {
	out := cfn.Obj("StreamEnabled", true)
	if view, ok := text(stream, "StreamViewType"); ok {
		out.Set("StreamViewType", view)
	}
	return out
}

func setTTL(ctx context.Context, w *Work, ttl *cfn.Object) error {
	in := cfn.Obj("TableName", w.Physical, "TimeToLiveSpecification", pick(ttl, "AttributeName Enabled"))
	return w.Cloud.json(ctx, "dynamodb", "UpdateTimeToLive", in, nil)
}

func (t table) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	for _, body := range tableUpdates(w) {
		var out tableAnswer
		if err := w.Cloud.json(ctx, "dynamodb", "UpdateTable", body, &out); err != nil {
			return result, err
		}
		if out.TableDescription.TableArn != "" {
			result = out.result(w)
		}
	}
	if w.changed("TimeToLiveSpecification") {
		if err := updateTTL(ctx, w); err != nil {
			return result, err
		}
	}
	return result, t.updateTags(ctx, w)
}

// tableUpdates gives the UpdateTable calls of a change. DynamoDB takes one
// change of an index at a time.
func tableUpdates(w *Work) []*cfn.Object {
	request := func() *cfn.Object { return cfn.Obj("TableName", w.Physical) }
	var calls []*cfn.Object
	if w.changed("BillingMode ProvisionedThroughput TableClass DeletionProtectionEnabled") {
		body := pick(w.Properties, "BillingMode ProvisionedThroughput TableClass DeletionProtectionEnabled")
		if _, now := w.Properties.Get("BillingMode"); !now {
			if _, before := w.Old.Get("BillingMode"); before {
				body.Set("BillingMode", "PROVISIONED")
			}
		}
		body.Set("TableName", w.Physical)
		calls = append(calls, body)
	}
	if w.changed("StreamSpecification") {
		if w.Old.Object("StreamSpecification") != nil { // a stream is changed by making a new one
			calls = append(calls, cfn.Obj("TableName", w.Physical, "StreamSpecification", cfn.Obj("StreamEnabled", false)))
		}
		if stream := w.Properties.Object("StreamSpecification"); stream != nil {
			calls = append(calls, cfn.Obj("TableName", w.Physical, "StreamSpecification", streamSpecification(stream)))
		}
	}
	before, after := indexes(w.Old), indexes(w.Properties)
	for _, name := range before.Keys() {
		old, _ := before.Get(name)
		if now, ok := after.Get(name); !ok || !sameIndex(old, now) {
			body := request()
			body.Set("GlobalSecondaryIndexUpdates", []any{cfn.Obj("Delete", cfn.Obj("IndexName", name))})
			calls = append(calls, body)
		}
	}
	definitions, _ := w.Properties.Get("AttributeDefinitions")
	for name, now := range after.All() {
		old, had := before.Get(name)
		switch {
		case !had || !sameIndex(old, now):
			body := request()
			body.Set("AttributeDefinitions", definitions)
			body.Set("GlobalSecondaryIndexUpdates", []any{cfn.Obj("Create", coerce(now))})
			calls = append(calls, body)
		case !Equal(old, now):
			body := request()
			update := pick(now.(*cfn.Object), "IndexName ProvisionedThroughput")
			body.Set("GlobalSecondaryIndexUpdates", []any{cfn.Obj("Update", update)})
			calls = append(calls, body)
		}
	}
	return calls
}

// indexes gives the global secondary indexes by name.
func indexes(properties *cfn.Object) *cfn.Object {
	out := &cfn.Object{}
	for _, v := range properties.List("GlobalSecondaryIndexes") {
		if index, ok := v.(*cfn.Object); ok {
			name, _ := text(index, "IndexName")
			out.Set(name, index)
		}
	}
	return out
}

// sameIndex reports whether two indexes differ at most in their throughput.
func sameIndex(a, b any) bool {
	return Equal(pick(a.(*cfn.Object), "KeySchema Projection"), pick(b.(*cfn.Object), "KeySchema Projection"))
}

func updateTTL(ctx context.Context, w *Work) error {
	before, after := w.Old.Object("TimeToLiveSpecification"), w.Properties.Object("TimeToLiveSpecification")
	oldName, _ := text(before, "AttributeName")
	name, _ := text(after, "AttributeName")
	enabled, _ := text(before, "Enabled")
	if before != nil && enabled == "true" && oldName != name {
		if err := setTTL(ctx, w, cfn.Obj("AttributeName", oldName, "Enabled", false)); err != nil {
			return err
		}
	}
	if after == nil {
		return nil
	}
	return setTTL(ctx, w, after)
}

func (table) updateTags(ctx context.Context, w *Work) error {
	set, remove := w.tagChange()
	if len(set) > 0 {
		in := map[string]any{"ResourceArn": w.Attributes["Arn"], "Tags": tagList(set)}
		if err := w.Cloud.json(ctx, "dynamodb", "TagResource", in, nil); err != nil {
			return err
		}
	}
	if len(remove) > 0 {
		slices.Sort(remove)
		return w.Cloud.json(ctx, "dynamodb", "UntagResource", map[string]any{"ResourceArn": w.Attributes["Arn"], "TagKeys": remove}, nil)
	}
	return nil
}

func (table) Delete(ctx context.Context, w *Work) error {
	return gone(w.Cloud.json(ctx, "dynamodb", "DeleteTable", map[string]any{"TableName": w.Physical}, nil))
}
