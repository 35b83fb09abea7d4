package dynamodb

import (
	"context"
	"slices"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// The description of a table, as AWS gives it.
type (
	tableDescription struct {
		AttributeDefinitions      []attributeDefinition
		TableName                 string
		KeySchema                 []keySchemaElement
		TableStatus               string
		CreationDateTime          float64
		ProvisionedThroughput     *throughputDescription
		TableSizeBytes            int64 `wire:"always"`
		ItemCount                 int64 `wire:"always"`
		TableArn                  string
		TableId                   string
		BillingModeSummary        *billingSummary
		LocalSecondaryIndexes     []indexDescription
		GlobalSecondaryIndexes    []indexDescription
		StreamSpecification       *streamSpecification
		LatestStreamLabel         string
		LatestStreamArn           string
		SSEDescription            *sseDescription
		TableClassSummary         *tableClassSummary
		OnDemandThroughput        *onDemand
		DeletionProtectionEnabled bool `wire:"always"`
		WarmThroughput            *warmThroughput
	}
	throughputDescription struct {
		NumberOfDecreasesToday int64 `wire:"always"`
		ReadCapacityUnits      int64 `wire:"always"`
		WriteCapacityUnits     int64 `wire:"always"`
	}
	billingSummary struct {
		BillingMode                       string
		LastUpdateToPayPerRequestDateTime float64
	}
	sseDescription    struct{ Status, SSEType, KMSMasterKeyArn string }
	tableClassSummary struct{ TableClass string }
	warmThroughput    struct {
		ReadUnitsPerSecond  int64
		WriteUnitsPerSecond int64
		Status              string
	}
	indexDescription struct {
		IndexName             string
		KeySchema             []keySchemaElement
		Projection            *projection
		IndexStatus           string
		ProvisionedThroughput *throughputDescription
		IndexSizeBytes        int64 `wire:"always"`
		ItemCount             int64 `wire:"always"`
		IndexArn              string
		OnDemandThroughput    *onDemand
		WarmThroughput        *warmThroughput
	}
)

func describeThroughput(t *throughput) *throughputDescription {
	d := &throughputDescription{}
	if t != nil {
		d.ReadCapacityUnits, d.WriteCapacityUnits = *t.ReadCapacityUnits, *t.WriteCapacityUnits
	}
	return d
}

// describe makes the description of a table that holds so many items and bytes.
func (s *Service) describe(t *table, items, size int64) *tableDescription {
	d := &tableDescription{
		AttributeDefinitions: t.Attributes, TableName: t.Name, KeySchema: t.KeySchema, TableStatus: "ACTIVE",
		CreationDateTime: t.Created, ProvisionedThroughput: describeThroughput(t.Throughput), TableSizeBytes: size, ItemCount: items,
		TableArn: t.arn, TableId: t.ID, StreamSpecification: t.Stream, LatestStreamLabel: t.StreamAt,
		OnDemandThroughput: t.OnDemand, DeletionProtectionEnabled: t.Protected,
		WarmThroughput: &warmThroughput{12000, 4000, "ACTIVE"},
	}
	if t.Billing == payPerRequest {
		d.BillingModeSummary = &billingSummary{payPerRequest, t.BillingAt}
	}
	if t.StreamAt != "" {
		d.LatestStreamArn = t.arn + "/stream/" + t.StreamAt
	}
	if t.Class != "" {
		d.TableClassSummary = &tableClassSummary{t.Class}
	}
	if t.SSE != nil && t.SSE.Enabled != nil && *t.SSE.Enabled {
		d.SSEDescription = &sseDescription{"ENABLED", "KMS", t.SSE.KMSMasterKeyId}
	}
	for _, x := range t.indexes {
		i := indexDescription{IndexName: x.IndexName, KeySchema: x.KeySchema, Projection: x.Projection, IndexArn: x.arn}
		if x.local {
			d.LocalSecondaryIndexes = append(d.LocalSecondaryIndexes, i)
			continue
		}
		i.IndexStatus, i.ProvisionedThroughput, i.OnDemandThroughput = "ACTIVE", describeThroughput(x.ProvisionedThroughput), x.OnDemandThroughput
		i.WarmThroughput = d.WarmThroughput
		d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, i)
	}
	return d
}

// count counts the items of a table, and their bytes; it goes through them
// only when something was written since the last time.
func (s *Service) count(t *table) (items, size int64, err error) {
	writes := t.stats.writes.Load()
	if c := t.stats.counted.Load(); c != nil && c.writes == writes {
		return c.items, c.size, nil
	}
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket(itemsBucket(t.Name)...)
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			items++
			size += int64(item.Raw(v).Size())
		}
		return nil
	})
	if err == nil {
		t.stats.counted.Store(&tableCount{writes, items, size})
	}
	return items, size, err
}

// describeTable is DescribeTable.
type describeTable struct{ TableName string }

func (r *describeTable) prepare() error { return checkTableName(r.TableName) }

func (r *describeTable) asks(s *Service) []gate.Ask {
	return []gate.Ask{s.ask(r.TableName, access{operation: "DescribeTable"})}
}

// describeOutput answers DescribeTable.
type describeOutput struct{ Table *tableDescription }

func (r *describeTable) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.named(r.TableName)
	if err != nil {
		return nil, err
	}
	items, size, err := s.count(t)
	if err != nil {
		return nil, err
	}
	return describeOutput{s.describe(t, items, size)}, nil
}

// named finds a table for an operation on tables, whose error names it.
func (s *Service) named(ref string) (*table, error) {
	t, err := s.find(ref)
	if err != nil {
		name, _ := s.bareName(ref)
		return nil, tableNotFound(name)
	}
	return t, nil
}

// deleteTable is DeleteTable.
type deleteTable struct{ TableName string }

func (r *deleteTable) prepare() error { return checkTableName(r.TableName) }

func (r *deleteTable) asks(s *Service) []gate.Ask {
	return []gate.Ask{s.ask(r.TableName, access{operation: "DeleteTable"})}
}

func (r *deleteTable) run(_ context.Context, s *Service) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.named(r.TableName)
	if err != nil {
		return nil, err
	}
	if t.Protected {
		return nil, item.Error("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	items, size, err := s.count(t)
	if err != nil {
		return nil, err
	}
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket(bucketTables...)
		if err != nil {
			return err
		}
		if err := b.Delete([]byte(t.Name)); err != nil {
			return err
		}
		for _, path := range [][]string{itemsBucket(t.Name), {"dynamodb", "index", t.Name}, ttlBucket(t.Name)} {
			if err := tx.DeleteBucket(path...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	delete(s.tables, t.Name)
	d := s.describe(t, items, size)
	d.TableStatus = "DELETING"
	return tableOutput{d}, nil
}

// listTables is ListTables.
type listTables struct {
	ExclusiveStartTableName string
	Limit                   *int64
}

func (r *listTables) prepare() error {
	var c constraints
	if r.Limit != nil {
		c.require(*r.Limit >= 1, *r.Limit, "limit", ruleAtLeast, 1)
		c.require(*r.Limit <= 100, *r.Limit, "limit", ruleAtMost, 100)
	}
	if n := r.ExclusiveStartTableName; n != "" {
		c.require(validName(n), n, "exclusiveStartTableName", rulePattern, "[a-zA-Z0-9_.-]+")
		c.require(len(n) >= 3, n, "exclusiveStartTableName", ruleMin, 3)
		c.require(len(n) <= 255, n, "exclusiveStartTableName", ruleMax, 255)
	}
	return c.err()
}

func (r *listTables) asks(*Service) []gate.Ask { return accountAsk("ListTables") }

// listOutput answers ListTables.
type listOutput struct {
	TableNames             []string `wire:"always"`
	LastEvaluatedTableName string
}

func (r *listTables) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	limit := 100
	if r.Limit != nil {
		limit = int(*r.Limit)
	}
	out := listOutput{TableNames: []string{}}
	for name := range s.tables {
		if name > r.ExclusiveStartTableName {
			out.TableNames = append(out.TableNames, name)
		}
	}
	slices.Sort(out.TableNames)
	if len(out.TableNames) > limit {
		out.TableNames = out.TableNames[:limit]
		out.LastEvaluatedTableName = out.TableNames[limit-1]
	}
	return out, nil
}
