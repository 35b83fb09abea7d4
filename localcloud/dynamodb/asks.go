package dynamodb

import (
	"maps"
	"slices"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/gate"
)

// access is one use of a table or index, from which an ask is made. The
// condition keys are those of the Developer Guide, "Using IAM policy
// conditions for fine-grained access control".
type access struct {
	operation  string // "GetItem"
	keys       []item.Item
	attributes []string
	selects    string
	returns    string
	capacity   string
	enclosing  string // the transaction that the operation is part of
	index      string
}

// ask makes the question for a table that a call names; the table need not
// exist: then the call fails after it was allowed, as on AWS.
func (s *Service) ask(ref string, a access) gate.Ask {
	name, ok := s.bareName(ref)
	out := gate.Ask{Action: "dynamodb:" + a.operation, Resource: ref, Context: iam.Context{}}
	if ok {
		out.Resource = s.tableARN(name)
	}
	t := s.tables[name]
	if !ok {
		t = nil
	}
	if t != nil {
		out.ResourcePolicy, out.ResourceTags = t.policy, t.Tags
		a.leadingKeys(t, out.Context)
	}
	if a.index != "" {
		out.Resource += "/index/" + a.index
	}
	if len(a.attributes) > 0 {
		slices.Sort(a.attributes)
		out.Context["dynamodb:attributes"] = iam.Many(slices.Compact(a.attributes)...)
	}
	for key, value := range map[string]string{
		"dynamodb:select": a.selects, "dynamodb:returnvalues": a.returns,
		"dynamodb:returnconsumedcapacity": a.capacity, "dynamodb:enclosingoperation": a.enclosing,
	} {
		if value != "" {
			out.Context[key] = iam.One(value)
		}
	}
	return out
}

// leadingKeys adds the partition keys that the call uses.
func (a access) leadingKeys(t *table, c iam.Context) {
	k := t.key
	if x := t.index(a.index); x != nil {
		k = x.key
	}
	var values []string
	for _, it := range a.keys {
		if v, ok := it[k.hash.name]; ok {
			values = append(values, plain(v))
		}
	}
	if len(values) > 0 {
		slices.Sort(values)
		c["dynamodb:leadingkeys"] = iam.Many(slices.Compact(values)...)
	}
}

// plain is a scalar as policies write it.
func plain(v item.Value) string {
	if v.Type == item.N {
		return v.Number().String()
	}
	return v.Text
}

// selects is dynamodb:Select of an operation that has no Select of its own: a
// policy that wants SPECIFIC_ATTRIBUTES must hold for it too.
func selects(p *expr.Projection) string {
	return readOptions{projection: p}.effectiveSelect()
}

// names collects the top-level attributes that a call uses.
func attributeNames(items []item.Item, paths ...[]expr.Path) []string {
	var out []string
	for _, it := range items {
		out = slices.AppendSeq(out, maps.Keys(it))
	}
	for _, p := range paths {
		out = append(out, expr.Heads(p...)...)
	}
	return out
}

// pathsOf gives the paths of a condition that may be missing.
func pathsOf(m matcher) []expr.Path {
	if m == nil {
		return nil
	}
	return m.Paths()
}

// projected gives the paths of a projection that may be missing.
func projectedPaths(p *expr.Projection) []expr.Path {
	if p == nil {
		return nil
	}
	return p.Paths()
}

// account is the ask of an operation without a resource.
func accountAsk(operation string) []gate.Ask {
	return []gate.Ask{{Action: "dynamodb:" + operation, Resource: "*"}}
}
