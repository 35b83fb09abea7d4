package dynamodb_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestTablesLiveThroughARestart(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("one", true, func(in *dynamodb.CreateTableInput) {
		in.Tags = []types.Tag{{Key: aws.String("Team"), Value: aws.String("blue")}}
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewImage}
		in.DeletionProtectionEnabled = aws.Bool(true)
	})
	c.table("two", false)
	c.put("one", record{"pk": s("a"), "sk": s("b")})
	c.restart()
	out, err := c.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("one")})
	if err != nil {
		t.Fatal(err)
	}
	d := out.Table
	if d.TableStatus != types.TableStatusActive || *d.ItemCount != 1 || *d.TableSizeBytes != 6 || *d.TableArn != "arn:aws:dynamodb:us-east-1:000000000000:table/one" ||
		d.BillingModeSummary.BillingMode != types.BillingModePayPerRequest || d.LatestStreamArn == nil || time.Since(*d.CreationDateTime) > time.Hour {
		t.Errorf("%+v", d)
	}
	list, err := c.ListTables(t.Context(), &dynamodb.ListTablesInput{Limit: aws.Int32(1)})
	if err != nil || len(list.TableNames) != 1 || *list.LastEvaluatedTableName != "one" {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = c.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("one")})
	if got := message(err); got != "ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first." {
		t.Error(got)
	}
	tags, err := c.ListTagsOfResource(t.Context(), &dynamodb.ListTagsOfResourceInput{ResourceArn: d.TableArn})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "blue" {
		t.Errorf("%+v, %v", tags, err)
	}
}

func TestADeletedTableTakesItsItemsAlong(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("gone", false)
	c.put("gone", record{"pk": s("a")})
	if _, err := c.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("gone")}); err != nil {
		t.Fatal(err)
	}
	_, err := c.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("gone")})
	if got := message(err); got != "ResourceNotFoundException: Requested resource not found: Table: gone not found" {
		t.Error(got)
	}
	c.table("gone", false)
	if got := c.get("gone", record{"pk": s("a")}); got != nil {
		t.Error(got)
	}
	_, err = c.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("gone"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{attribute("pk", "S")}, KeySchema: []types.KeySchemaElement{hash("pk")},
	})
	var used *types.ResourceInUseException
	if !errors.As(err, &used) || used.ErrorMessage() != "Table already exists: gone" {
		t.Error(err)
	}
}

func TestCreateTableRefuses(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	const rule = "ValidationException: One or more parameter values were invalid: "
	for want, change := range map[string]func(*dynamodb.CreateTableInput){
		rule + "Some index key attributes are not defined in AttributeDefinitions. Keys: [nope], AttributeDefinitions: [pk]": func(in *dynamodb.CreateTableInput) {
			in.KeySchema = []types.KeySchemaElement{hash("nope")}
		},
		rule + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions": func(in *dynamodb.CreateTableInput) {
			in.AttributeDefinitions = append(in.AttributeDefinitions, attribute("sk", "S"))
		},
		rule + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED": func(in *dynamodb.CreateTableInput) { in.BillingMode = "" },
		"ValidationException: TableName must be at least 3 characters long and at most 255 characters long":      func(in *dynamodb.CreateTableInput) { in.TableName = aws.String("ab") },
		"ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH key type":              func(in *dynamodb.CreateTableInput) { in.KeySchema = []types.KeySchemaElement{ranged("pk")} },
		"ValidationException: 1 validation error detected: Value 'NOPE' at 'billingMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]": func(in *dynamodb.CreateTableInput) {
			in.BillingMode = "NOPE"
		},
		rule + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex": func(in *dynamodb.CreateTableInput) {
			in.LocalSecondaryIndexes = []types.LocalSecondaryIndex{{IndexName: aws.String("loc"), KeySchema: []types.KeySchemaElement{hash("pk")}, Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll}}}
		},
	} {
		in := &dynamodb.CreateTableInput{
			TableName: aws.String("bad"), BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{attribute("pk", "S")}, KeySchema: []types.KeySchemaElement{hash("pk")},
		}
		change(in)
		_, err := c.CreateTable(t.Context(), in)
		if got := message(err); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

func TestAnIndexIsBackfilledAndDropped(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("tab", false)
	for i := range 10 {
		c.put("tab", record{"pk": s(fmt.Sprint(i)), "g": s(fmt.Sprint(i % 2))})
	}
	c.put("tab", record{"pk": s("none")}, record{"pk": s("wrong"), "g": n("1")})
	g := global("byG", types.ProjectionTypeAll, hash("g"))
	update := func(u types.GlobalSecondaryIndexUpdate) {
		t.Helper()
		if _, err := c.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{
			TableName:            aws.String("tab"),
			AttributeDefinitions: []types.AttributeDefinition{attribute("g", "S")}, GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{u},
		}); err != nil {
			t.Fatal(err)
		}
	}
	count := func() (int32, error) {
		out, err := c.Query(t.Context(), &dynamodb.QueryInput{
			TableName: aws.String("tab"), IndexName: aws.String("byG"),
			KeyConditionExpression: aws.String("g = :g"), ExpressionAttributeValues: record{":g": s("1")},
		})
		if err != nil {
			return 0, err
		}
		return out.Count, nil
	}
	update(types.GlobalSecondaryIndexUpdate{Create: &types.CreateGlobalSecondaryIndexAction{IndexName: g.IndexName, KeySchema: g.KeySchema, Projection: g.Projection}})
	if got, err := count(); got != 5 || err != nil {
		t.Errorf("%d items in the new index, %v", got, err)
	}
	if _, err := c.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("tab"), Key: record{"pk": s("1")}}); err != nil {
		t.Fatal(err)
	}
	c.put("tab", record{"pk": s("3"), "g": s("0")})
	if got, err := count(); got != 3 || err != nil {
		t.Errorf("%d items after the changes, %v", got, err)
	}
	update(types.GlobalSecondaryIndexUpdate{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: g.IndexName}})
	if _, err := count(); message(err) != "ValidationException: The table does not have the specified index: byG" {
		t.Error(err)
	}
}

func TestTimeToLive(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("ttl", false)
	now := c.clock().Unix()
	c.put("ttl", record{"pk": s("before"), "until": n(fmt.Sprint(now + 60))})
	if _, err := c.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{
		TableName:               aws.String("ttl"),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("until"), Enabled: aws.Bool(true)},
	}); err != nil {
		t.Fatal(err)
	}
	c.put("ttl", record{"pk": s("after"), "until": n(fmt.Sprint(now + 60))}, record{"pk": s("later"), "until": n(fmt.Sprint(now + 6000))},
		record{"pk": s("old"), "until": n(fmt.Sprint(now - 6*365*24*3600))}, record{"pk": s("text"), "until": s("1")}, record{"pk": s("kept"), "until": n(fmt.Sprint(now + 60))})
	c.put("ttl", record{"pk": s("kept"), "until": n(fmt.Sprint(now + 6000))})
	c.restart()
	c.later(2 * time.Minute)
	out, err := c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("ttl")})
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for _, it := range out.Items {
		left[it["pk"].(*types.AttributeValueMemberS).Value] = true
	}
	same(t, left, map[string]bool{"later": true, "old": true, "text": true, "kept": true})
	if n, err := c.service.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d more, %v", n, err)
	}
	d, err := c.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String("ttl")})
	if err != nil || d.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusEnabled || *d.TimeToLiveDescription.AttributeName != "until" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestTheOtherOperations(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("tab", false)
	name, arn := aws.String("tab"), aws.String("arn:aws:dynamodb:us-east-1:000000000000:table/tab")
	for what, err := range map[string]error{
		"tag":   second(c.TagResource(t.Context(), &dynamodb.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})),
		"limit": second(c.DescribeLimits(t.Context(), nil)), "endpoints": second(c.DescribeEndpoints(t.Context(), nil)),
		"backups":  second(c.DescribeContinuousBackups(t.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: name})),
		"insights": second(c.DescribeContributorInsights(t.Context(), &dynamodb.DescribeContributorInsightsInput{TableName: name})),
		"protect":  second(c.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: name, DeletionProtectionEnabled: aws.Bool(true)})),
		"untag":    second(c.UntagResource(t.Context(), &dynamodb.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}})),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	tags, err := c.ListTagsOfResource(t.Context(), &dynamodb.ListTagsOfResourceInput{ResourceArn: arn})
	if err != nil || len(tags.Tags) != 0 {
		t.Errorf("%v, %v", tags, err)
	}
}

func second[T any](_ T, err error) error { return err }
