package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"sort"
	"strings"
	"testing"

	"github.com/writ-dev/writ/localcloud/gate"
	"pgregory.net/rapid"
)

// oracle is DynamoDB in the slowest and plainest way: a list of records with
// JSON values, numbers as big.Rat, conditions as Go functions.
type oracle struct{ items map[string]map[string]any }

// do calls the service as the gate would, without HTTP.
func (c *cloud) do(t *rapid.T, operation string, in any) (map[string]any, string) {
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	call := &gate.Call{Service: "dynamodb", Operation: operation, Body: body}
	if _, err := c.service.Describe(call); err != nil {
		return nil, err.Error()
	}
	reply, err := c.service.Handle(c.t.Context(), call)
	if err != nil {
		return nil, err.Error()
	}
	var out map[string]any
	if err := json.Unmarshal(reply.Body, &out); err != nil {
		t.Fatalf("%s: %v", reply.Body, err)
	}
	return out, ""
}

type values = map[string]any

func scalar(kind, text string) values { return values{kind: text} }

// text gives the canonical text of a record, for comparing.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func ratOf(v any) (*big.Rat, bool) {
	m, ok := v.(values)
	if !ok {
		return nil, false
	}
	n, ok := m["N"].(string)
	if !ok {
		return nil, false
	}
	return new(big.Rat).SetString(n)
}

// compare orders two values of one type.
func compare(a, b any) (int, bool) {
	if x, ok := ratOf(a); ok {
		y, ok := ratOf(b)
		if !ok {
			return 0, false
		}
		return x.Cmp(y), true
	}
	x, okX := a.(values)["S"].(string)
	y, okY := b.(values)["S"].(string)
	return strings.Compare(x, y), okX && okY
}

var operators = map[string]func(order int) bool{
	"=": func(o int) bool { return o == 0 }, "<": func(o int) bool { return o < 0 }, "<=": func(o int) bool { return o <= 0 },
	">": func(o int) bool { return o > 0 }, ">=": func(o int) bool { return o >= 0 },
}

// query gives the records that Query must give, in its order.
func (o *oracle) query(hash, sortKey string, keep func(sort any) bool, filter func(values) bool) []any {
	out := []any{}
	for _, it := range o.items {
		if h, ok := it["pk"].(values); sortKey == "sk" && (!ok || h["S"] != hash) {
			continue
		}
		if g, ok := it["g"].(values); sortKey == "v" && (!ok || g["S"] != hash) {
			continue
		}
		v, ok := it[sortKey]
		if _, number := ratOf(v); !ok || !number || !keep(v) || !filter(it) {
			continue
		}
		out = append(out, any(it))
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i].(values), out[j].(values)
		if order, _ := compare(a[sortKey], b[sortKey]); order != 0 {
			return order < 0
		}
		return text(a) < text(b)
	})
	return out
}

// steady sorts records whose sort keys are equal, an order that an index leaves open.
func steady(items []any, sortKey string) []any {
	sort.SliceStable(items, func(i, j int) bool {
		a, b := items[i].(values), items[j].(values)
		order, _ := compare(a[sortKey], b[sortKey])
		return order == 0 && text(a) < text(b)
	})
	return items
}

func TestRandomCallsMatchTheOracle(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	tables := 0
	rapid.Check(t, func(t *rapid.T) {
		tables++
		name := fmt.Sprintf("table%d", tables)
		if _, fault := c.do(t, "CreateTable", values{
			"TableName": name, "BillingMode": "PAY_PER_REQUEST",
			"AttributeDefinitions":   []values{{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}, {"AttributeName": "g", "AttributeType": "S"}, {"AttributeName": "v", "AttributeType": "N"}},
			"KeySchema":              []values{{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}},
			"GlobalSecondaryIndexes": []values{{"IndexName": "byG", "KeySchema": []values{{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "v", "KeyType": "RANGE"}}, "Projection": values{"ProjectionType": "ALL"}}},
		}); fault != "" {
			t.Fatal(fault)
		}
		m := &machine{c: c, table: name, oracle: oracle{items: map[string]map[string]any{}}}
		t.Repeat(map[string]func(*rapid.T){"put": m.put, "update": m.update, "delete": m.delete, "query": m.query, "scan": m.scan, "get": m.get})
	})
}

// machine makes random calls and compares.
type machine struct {
	c     *cloud
	table string
	oracle
}

var (
	partition = rapid.SampledFrom([]string{"a", "b", "a\x00", "a\x01", "ab", "é"})
	numeral   = rapid.SampledFrom([]string{"0", "1", "-1", "1.5", "-1.5", "10", "100", "-100", "0.01", "-0.01", "1e20", "-1e20", "123456789.123456789"})
	groups    = rapid.SampledFrom([]string{"x", "y", ""})
)

func canonical(numeral string) string {
	r, _ := new(big.Rat).SetString(numeral)
	s := r.FloatString(30)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func (m *machine) key(t *rapid.T) (values, string) {
	k := values{"pk": scalar("S", partition.Draw(t, "pk")), "sk": scalar("N", canonical(numeral.Draw(t, "sk")))}
	return k, text(k)
}

// record makes the further attributes of an item.
func (m *machine) record(t *rapid.T) values {
	it := values{}
	if g := groups.Draw(t, "g"); g != "" {
		it["g"] = scalar("S", g)
	}
	if rapid.Bool().Draw(t, "has v") {
		it["v"] = scalar("N", canonical(numeral.Draw(t, "v")))
	}
	if rapid.Bool().Draw(t, "has s") {
		it["s"] = scalar("S", rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "s"))
	}
	return it
}

func (m *machine) put(t *rapid.T) {
	k, id := m.key(t)
	it := m.record(t)
	for name, v := range k {
		it[name] = v
	}
	in := values{"TableName": m.table, "Item": it}
	_, there := m.items[id]
	refuse := rapid.Bool().Draw(t, "only if new")
	if refuse {
		in["ConditionExpression"] = "attribute_not_exists(pk)"
	}
	_, fault := m.c.do(t, "PutItem", in)
	if got, want := fault != "", refuse && there; got != want {
		t.Fatalf("put: %q, the item is there: %t", fault, there)
	}
	if fault == "" {
		m.items[id] = it
	}
}

func (m *machine) update(t *rapid.T) {
	k, id := m.key(t)
	by := canonical(numeral.Draw(t, "by"))
	old, there := m.items[id]
	out, fault := m.c.do(t, "UpdateItem", values{
		"TableName": m.table, "Key": k, "UpdateExpression": "SET v = if_not_exists(v, :zero) + :by REMOVE s",
		"ExpressionAttributeValues": values{":zero": scalar("N", "0"), ":by": scalar("N", by)}, "ReturnValues": "ALL_NEW",
	})
	sum, _ := new(big.Rat).SetString(by)
	it := values{"pk": k["pk"], "sk": k["sk"]}
	if there {
		for name, v := range old {
			it[name] = v
		}
		if v, ok := ratOf(old["v"]); ok {
			sum.Add(sum, v)
		}
	}
	if fault != "" {
		if !strings.Contains(fault, "38 significant digits") {
			t.Fatal(fault)
		}
		return
	}
	it["v"] = scalar("N", canonical(sum.RatString()))
	delete(it, "s")
	m.items[id] = it
	if got := text(out["Attributes"]); got != text(it) {
		t.Fatalf("after the update\n got %s\nwant %s", got, text(it))
	}
}

func (m *machine) delete(t *rapid.T) {
	k, id := m.key(t)
	out, fault := m.c.do(t, "DeleteItem", values{"TableName": m.table, "Key": k, "ReturnValues": "ALL_OLD"})
	if fault != "" {
		t.Fatal(fault)
	}
	if got, want := text(out["Attributes"]), text(any(m.items[id])); got != want && !(got == "null" && m.items[id] == nil) {
		t.Fatalf("deleted %s, want %s", got, want)
	}
	delete(m.items, id)
}

func (m *machine) get(t *rapid.T) {
	k, id := m.key(t)
	out, fault := m.c.do(t, "GetItem", values{"TableName": m.table, "Key": k})
	if fault != "" {
		t.Fatal(fault)
	}
	if got, want := text(out["Item"]), text(any(m.items[id])); got != want && !(got == "null" && m.items[id] == nil) {
		t.Fatalf("got %s, want %s", got, want)
	}
}

// pages reads all pages of a call.
func (m *machine) pages(t *rapid.T, operation string, in values) []any {
	all := []any{}
	in["Limit"] = rapid.IntRange(1, 5).Draw(t, "limit")
	for {
		out, fault := m.c.do(t, operation, in)
		if fault != "" {
			t.Fatalf("%s: %s", text(in), fault)
		}
		all = append(all, out["Items"].([]any)...)
		if out["LastEvaluatedKey"] == nil {
			return all
		}
		in["ExclusiveStartKey"] = out["LastEvaluatedKey"]
	}
}

func (m *machine) query(t *rapid.T) {
	hash, sortKey, hashKey := partition.Draw(t, "pk"), "sk", "pk"
	in := values{"TableName": m.table}
	if rapid.Bool().Draw(t, "index") {
		hash, sortKey, hashKey = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "g"), "v", "g"
		in["IndexName"] = "byG"
	}
	condition, given := hashKey+" = :h", values{":h": scalar("S", hash)}
	keep := func(any) bool { return true }
	switch op := rapid.SampledFrom([]string{"", "=", "<", "<=", ">", ">=", "between"}).Draw(t, "op"); op {
	case "":
	case "between":
		low, high := canonical(numeral.Draw(t, "low")), canonical(numeral.Draw(t, "high"))
		if order, _ := compare(scalar("N", low), scalar("N", high)); order > 0 {
			low, high = high, low
		}
		condition += " AND " + sortKey + " BETWEEN :low AND :high"
		given[":low"], given[":high"] = scalar("N", low), scalar("N", high)
		keep = func(v any) bool {
			a, _ := compare(v, scalar("N", low))
			b, _ := compare(v, scalar("N", high))
			return a >= 0 && b <= 0
		}
	default:
		v := canonical(numeral.Draw(t, "sk"))
		condition += " AND " + sortKey + " " + op + " :v"
		given[":v"] = scalar("N", v)
		keep = func(got any) bool {
			order, _ := compare(got, scalar("N", v))
			return operators[op](order)
		}
	}
	filter, expression := m.filter(t, given)
	if expression != "" {
		in["FilterExpression"] = expression
	}
	in["KeyConditionExpression"], in["ExpressionAttributeValues"] = condition, given
	backwards := rapid.Bool().Draw(t, "backwards")
	in["ScanIndexForward"] = !backwards
	got, want := m.pages(t, "Query", in), m.oracle.query(hash, sortKey, keep, filter)
	if backwards {
		for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
			got[i], got[j] = got[j], got[i]
		}
	}
	if g, w := text(steady(got, sortKey)), text(want); g != w {
		t.Fatalf("%s\n got %s\nwant %s", text(in), g, w)
	}
}

// filter makes a condition on s, which is no key, as an expression and as a function.
func (m *machine) filter(t *rapid.T, given values) (func(values) bool, string) {
	is := func(it values, want string) bool {
		v, ok := it["s"].(values)
		return ok && v["S"] == want
	}
	switch rapid.IntRange(0, 4).Draw(t, "filter") {
	case 0:
		given[":s"] = scalar("S", "one")
		return func(it values) bool { return is(it, "one") }, "s = :s"
	case 1:
		given[":s"] = scalar("S", "one")
		return func(it values) bool { return !is(it, "one") }, "s <> :s"
	case 2:
		given[":s"], given[":n"] = scalar("S", "t"), scalar("N", "0")
		return func(it values) bool { return it["s"] == nil || is(it, "two") || is(it, "") }, "attribute_not_exists(s) OR begins_with(s, :s) OR size(s) = :n"
	case 3:
		given[":s"], given[":t"] = scalar("S", ""), scalar("S", "two")
		return func(it values) bool { return !is(it, "") && !is(it, "two") }, "NOT (s IN (:s, :t))"
	default:
		return func(values) bool { return true }, ""
	}
}

func (m *machine) scan(t *rapid.T) {
	given := values{}
	filter, expression := m.filter(t, given)
	in := values{"TableName": m.table}
	if expression != "" {
		in["FilterExpression"], in["ExpressionAttributeValues"] = expression, given
	}
	want := map[string]int{}
	for _, it := range m.items {
		if filter(it) {
			want[text(it)]++
		}
	}
	got := map[string]int{}
	segments := rapid.IntRange(1, 4).Draw(t, "segments")
	for segment := range segments {
		part := values{"TotalSegments": segments, "Segment": segment}
		for k, v := range in {
			part[k] = v
		}
		for _, it := range m.pages(t, "Scan", part) {
			got[text(it)]++
		}
	}
	if g, w := text(got), text(want); g != w {
		t.Fatalf("%s in %d segments\n got %s\nwant %s", text(in), segments, g, w)
	}
}
