package dynamodb_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/writ-dev/writ/localcloud/gate"
)

// asked gives what IAM was asked since the last time, as lines of text.
func (c *cloud) asked() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, v := range c.asks {
		line := v.Ask.Action + " " + v.Ask.Resource
		for _, k := range slices.Sorted(maps.Keys(v.Ask.Context)) {
			line += " " + strings.TrimPrefix(k, "dynamodb:") + "=" + strings.Join(v.Ask.Context[k].Values, ",")
		}
		out = append(out, line)
	}
	c.asks = nil
	return out
}

func TestWhatIAMIsAsked(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	numbers(c)
	c.table("tab", false)
	c.asked()
	const num, tab = "arn:aws:dynamodb:us-east-1:000000000000:table/num", "arn:aws:dynamodb:us-east-1:000000000000:table/tab"
	for _, row := range []struct {
		call func() error
		want []string
	}{
		{func() error { return second(c.ListTables(t.Context(), nil)) }, []string{"dynamodb:ListTables *"}},
		{func() error {
			return second(c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("tab"), Key: record{"pk": s("k")}, ProjectionExpression: aws.String("a.b, c")}))
		}, []string{"dynamodb:GetItem " + tab + " attributes=a,c,pk leadingkeys=k select=SPECIFIC_ATTRIBUTES"}},
		{func() error {
			return second(c.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: aws.String(tab), Key: record{"pk": s("k")}, UpdateExpression: aws.String("SET a = if_not_exists(b, :v)"),
				ConditionExpression: aws.String("attribute_not_exists(d)"), ExpressionAttributeValues: record{":v": n("1")}, ReturnValues: types.ReturnValueAllNew,
			}))
		}, []string{"dynamodb:UpdateItem " + tab + " attributes=a,b,d,pk leadingkeys=k returnvalues=ALL_NEW"}},
		{func() error {
			return second(c.Query(t.Context(), &dynamodb.QueryInput{
				TableName: aws.String("num"), IndexName: aws.String("byG"), KeyConditionExpression: aws.String("g = :g"),
				ExpressionAttributeValues: record{":g": s("third")}, Select: types.SelectCount,
			}))
		}, []string{"dynamodb:Query " + num + "/index/byG attributes=g leadingkeys=third select=COUNT"}},
		{func() error {
			return second(c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("num")}))
		}, []string{"dynamodb:Scan " + num + " select=ALL_ATTRIBUTES"}},
		{func() error {
			return second(c.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				"tab": {Keys: []record{{"pk": s("2")}, {"pk": s("1")}}}, "num": {Keys: []record{{"pk": s("a"), "sk": n("1")}}},
			}}))
		}, []string{"dynamodb:BatchGetItem " + num + " attributes=pk,sk leadingkeys=a select=ALL_ATTRIBUTES", "dynamodb:BatchGetItem " + tab + " attributes=pk leadingkeys=1,2 select=ALL_ATTRIBUTES"}},
		{func() error {
			return second(c.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				txPut(record{"pk": s("x")}, ""),
				{ConditionCheck: &types.ConditionCheck{TableName: aws.String("num"), Key: record{"pk": s("a"), "sk": n("0")}, ConditionExpression: aws.String("attribute_exists(pk)")}},
			}}))
		}, []string{
			"dynamodb:PutItem " + tab + " attributes=pk enclosingoperation=TransactWriteItems leadingkeys=x",
			"dynamodb:ConditionCheckItem " + num + " attributes=pk,sk enclosingoperation=TransactWriteItems leadingkeys=a",
		}},
	} {
		if err := row.call(); err != nil {
			t.Error(err)
		}
		same(t, c.asked(), row.want)
	}
}

func TestPoliciesHold(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("tab", false)
	arn := "arn:aws:dynamodb:us-east-1:000000000000:table/tab"
	c.role("own", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem"],"Resource":"`+arn+`",
		"Condition":{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["mine"],"dynamodb:Attributes":["pk","v"]}}}]}`)
	c.role("none", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)
	own, none := c.as("own"), c.as("none")
	put := func(client *dynamodb.Client, it record) string {
		_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("tab"), Item: it})
		return message(err)
	}
	denied := func(role, action string) string {
		return "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/" + role + "/s is not authorized to perform: dynamodb:" + action +
			" on resource: " + arn + " because no identity-based policy allows the dynamodb:" + action + " action"
	}
	same(t, put(own, record{"pk": s("mine"), "v": n("1")}), "")
	same(t, put(own, record{"pk": s("other"), "v": n("1")}), denied("own", "PutItem"))
	same(t, put(own, record{"pk": s("mine"), "secret": n("1")}), denied("own", "PutItem"))
	same(t, put(none, record{"pk": s("mine")}), denied("none", "PutItem"))
	// The table's own policy lets the other role in, also after a restart.
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/none"},"Action":"dynamodb:PutItem","Resource":"` + arn + `"}]}`
	out, err := c.PutResourcePolicy(t.Context(), &dynamodb.PutResourcePolicyInput{ResourceArn: &arn, Policy: &policy})
	if err != nil || *out.RevisionId == "" {
		t.Fatal(err)
	}
	c.restart()
	same(t, put(c.as("none"), record{"pk": s("mine")}), "")
	got, err := c.GetResourcePolicy(t.Context(), &dynamodb.GetResourcePolicyInput{ResourceArn: &arn})
	if err != nil || *got.Policy != policy {
		t.Error(got, err)
	}
	if _, err := c.DeleteResourcePolicy(t.Context(), &dynamodb.DeleteResourcePolicyInput{ResourceArn: &arn}); err != nil {
		t.Fatal(err)
	}
	same(t, put(c.as("none"), record{"pk": s("mine")}), denied("none", "PutItem"))
	_, err = c.GetResourcePolicy(t.Context(), &dynamodb.GetResourcePolicyInput{ResourceArn: &arn})
	same(t, strings.Split(message(err), ":")[0], "PolicyNotFoundException")
}

// TestTheWire sends bodies that no SDK would, straight to the service.
func TestTheWire(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, row := range []struct{ operation, body, want string }{
		{"GetItem", `{"TableName":3}`, "com.amazon.coral.service#SerializationException: NUMBER_VALUE cannot be converted to String"},
		{"GetItem", `{`, "com.amazon.coral.service#SerializationException: "},
		{"PutItem", `{"TableName":"tab","Item":{"pk":{"S":1}}}`, "com.amazon.coral.service#SerializationException: NUMBER_VALUE cannot be converted to String"},
		{"PutItem", `{"TableName":"tab","Item":{"pk":"x"}}`, "com.amazon.coral.service#SerializationException: Unexpected value type in payload"},
		{"PutItem", `{"TableName":"tab","Item":{"pk":{"B":"x"}}}`, "com.amazon.coral.service#SerializationException: Base64 encoded length is expected a multiple of 4 bytes but found: 1"},
		{"PutItem", `{"TableName":"tab","Item":{"pk":{}}}`, "com.amazon.coral.validate#ValidationException: 1 validation error detected: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
		{"PutItem", `{"TableName":"tab","Item":{"pk":{"S":"a","N":"1"}}}`, "com.amazon.coral.validate#ValidationException: 1 validation error detected: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"},
		{"PutItem", `{}`, "com.amazon.coral.validate#ValidationException: 2 validation errors detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null; Value null at 'item' failed to satisfy constraint: Member must not be null"},
		{"Nope", `{}`, "com.amazon.coral.service#UnknownOperationException: "},
	} {
		_, err := c.service.Describe(&gate.Call{Service: "dynamodb", Operation: row.operation, Body: []byte(row.body)})
		if err == nil || !strings.HasPrefix(err.Error(), row.want) {
			t.Errorf("%s %s\n got %v\nwant %s", row.operation, row.body, err, row.want)
		}
	}
	// And once over HTTP: without a signature nothing is answered.
	server := httptest.NewServer(c.gate)
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 400 || !strings.Contains(string(body), "MissingAuthenticationToken") {
		t.Errorf("%d %s %v", response.StatusCode, body, err)
	}
}
