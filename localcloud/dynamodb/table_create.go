package dynamodb

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

const (
	provisioned   = "PROVISIONED"
	payPerRequest = "PAY_PER_REQUEST"

	maxTables = 2500
	maxLocal  = 5
	maxGlobal = 20
)

// createTable is CreateTable.
type createTable struct {
	TableName                 string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keySchemaElement
	LocalSecondaryIndexes     []indexDefinition
	GlobalSecondaryIndexes    []indexDefinition
	BillingMode               string
	ProvisionedThroughput     *throughput
	OnDemandThroughput        *onDemand
	StreamSpecification       *streamSpecification
	SSESpecification          *sseSpecification
	Tags                      []tag
	TableClass                string
	DeletionProtectionEnabled *bool
	ResourcePolicy            string
}

func (r *createTable) prepare() error {
	if err := checkTableName(r.TableName); err != nil {
		return err
	}
	var c constraints
	c.require(validName(r.TableName), r.TableName, "tableName", rulePattern, "[a-zA-Z0-9_.-]+")
	c.require(r.AttributeDefinitions != nil, nil, "attributeDefinitions", ruleNotNull)
	c.keySchema(r.KeySchema, "keySchema")
	c.enum(r.BillingMode, "billingMode", "PROVISIONED, PAY_PER_REQUEST")
	c.enum(r.TableClass, "tableClass", "STANDARD, STANDARD_INFREQUENT_ACCESS")
	c.throughput(r.ProvisionedThroughput, "provisionedThroughput")
	for i, a := range r.AttributeDefinitions {
		at := fmt.Sprintf("attributeDefinitions.%d.member.", i+1)
		c.require(a.AttributeName != "", nil, at+"attributeName", ruleNotNull)
		c.require(len(a.AttributeName) <= 255, a.AttributeName, at+"attributeName", ruleMax, 255)
		c.require(a.AttributeType != "", nil, at+"attributeType", ruleNotNull)
		c.enum(a.AttributeType, at+"attributeType", "B, N, S")
	}
	for i, x := range r.GlobalSecondaryIndexes {
		c.index(x, fmt.Sprintf("globalSecondaryIndexes.%d.member.", i+1))
	}
	for i, x := range r.LocalSecondaryIndexes {
		c.index(x, fmt.Sprintf("localSecondaryIndexes.%d.member.", i+1))
	}
	if err := c.err(); err != nil {
		return err
	}
	if err := checkBilling(r.BillingMode, r.ProvisionedThroughput); err != nil {
		return err
	}
	if err := checkSchema(r.KeySchema, r.AttributeDefinitions); err != nil {
		return err
	}
	if err := r.checkIndexes(); err != nil {
		return err
	}
	if err := checkStream(r.StreamSpecification); err != nil {
		return err
	}
	return checkTags(r.Tags)
}

// checkTableName is what operations on tables say of a bad name.
func checkTableName(name string) error {
	switch {
	case name == "":
		return item.Error("The parameter 'TableName' is required but was not present in the request")
	case !strings.HasPrefix(name, "arn:") && (len(name) < 3 || len(name) > 255):
		return item.Error("TableName must be at least 3 characters long and at most 255 characters long")
	}
	return nil
}

func (c *constraints) keySchema(schema []keySchemaElement, at string) {
	c.require(schema != nil, nil, at, ruleNotNull)
	if schema == nil {
		return
	}
	c.require(len(schema) >= 1, "[]", at, ruleMin, 1)
	c.require(len(schema) <= 2, schema, at, ruleMax, 2)
	for i, e := range schema {
		c.require(e.AttributeName != "", nil, fmt.Sprintf("%s.%d.member.attributeName", at, i+1), ruleNotNull)
		c.require(e.KeyType != "", nil, fmt.Sprintf("%s.%d.member.keyType", at, i+1), ruleNotNull)
		c.enum(e.KeyType, fmt.Sprintf("%s.%d.member.keyType", at, i+1), "HASH, RANGE")
	}
}

func (c *constraints) throughput(t *throughput, at string) {
	if t == nil {
		return
	}
	c.units(t.WriteCapacityUnits, at+".writeCapacityUnits")
	c.units(t.ReadCapacityUnits, at+".readCapacityUnits")
}

func (c *constraints) units(n *int64, at string) {
	c.require(n != nil, nil, at, ruleNotNull)
	if n != nil {
		c.require(*n >= 1, *n, at, ruleAtLeast, 1)
	}
}

func (c *constraints) index(x indexDefinition, at string) {
	c.require(x.IndexName != "", nil, at+"indexName", ruleNotNull)
	if x.IndexName != "" {
		c.require(validName(x.IndexName), x.IndexName, at+"indexName", rulePattern, "[a-zA-Z0-9_.-]+")
		c.require(len(x.IndexName) >= 3, x.IndexName, at+"indexName", ruleMin, 3)
		c.require(len(x.IndexName) <= 255, x.IndexName, at+"indexName", ruleMax, 255)
	}
	c.keySchema(x.KeySchema, at+"keySchema")
	c.require(x.Projection != nil, nil, at+"projection", ruleNotNull)
	if x.Projection != nil {
		c.enum(x.Projection.ProjectionType, at+"projection.projectionType", "ALL, INCLUDE, KEYS_ONLY")
	}
	c.throughput(x.ProvisionedThroughput, at+"provisionedThroughput")
}

func checkBilling(mode string, t *throughput) error {
	if mode == payPerRequest {
		if t != nil {
			return item.Error(invalidParameter + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
		}
		return nil
	}
	if t == nil {
		return item.Error(invalidParameter + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	}
	return nil
}

// checkSchema gives the rule that a key schema breaks.
func checkSchema(schema []keySchemaElement, attributes []attributeDefinition) error {
	var keys, defined []string
	for _, e := range schema {
		keys = append(keys, e.AttributeName)
	}
	for _, a := range attributes {
		if slices.Contains(defined, a.AttributeName) {
			return item.Error("Cannot have two attributes with the same name")
		}
		defined = append(defined, a.AttributeName)
	}
	if len(keys) > len(defined) {
		return item.Error("Invalid KeySchema: Some index key attribute have no definition")
	}
	for _, k := range keys {
		if !slices.Contains(defined, k) {
			return invalidf(invalidParameter+"Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]",
				strings.Join(keys, ", "), strings.Join(defined, ", "))
		}
	}
	switch {
	case len(keys) == 2 && keys[0] == keys[1]:
		return item.Error("Invalid KeySchema: Both the Hash Key and the Range Key element in the KeySchema have the same name")
	case schema[0].KeyType != "HASH":
		return item.Error("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(schema) == 2 && schema[1].KeyType != "RANGE":
		return item.Error("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	}
	return nil
}

// checkIndexes gives the rule that the indexes break, alone or together.
func (r *createTable) checkIndexes() error {
	used := map[string]bool{}
	for _, e := range r.KeySchema {
		used[e.AttributeName] = true
	}
	names := map[string]bool{}
	switch {
	case r.LocalSecondaryIndexes != nil && len(r.LocalSecondaryIndexes) == 0:
		return item.Error(invalidParameter + "List of LocalSecondaryIndexes is empty")
	case r.GlobalSecondaryIndexes != nil && len(r.GlobalSecondaryIndexes) == 0:
		return item.Error(invalidParameter + "List of GlobalSecondaryIndexes is empty")
	case len(r.LocalSecondaryIndexes) > 0 && len(r.KeySchema) < 2:
		return item.Error(invalidParameter + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex")
	case len(r.LocalSecondaryIndexes) > maxLocal:
		return item.Error(invalidParameter + "Number of LocalSecondaryIndexes exceeds per-table limit of 5")
	case len(r.GlobalSecondaryIndexes) > maxGlobal:
		return item.Error(invalidParameter + "GlobalSecondaryIndex count exceeds the per-table limit of 20")
	}
	for i, x := range slices.Concat(r.LocalSecondaryIndexes, r.GlobalSecondaryIndexes) {
		if err := checkIndex(x, r.AttributeDefinitions, r.BillingMode); err != nil {
			return err
		}
		if i < len(r.LocalSecondaryIndexes) {
			if err := r.checkLocal(x); err != nil {
				return err
			}
		}
		if names[x.IndexName] {
			return invalidf(invalidParameter+"Duplicate index name: %s", x.IndexName)
		}
		names[x.IndexName] = true
		for _, e := range x.KeySchema {
			used[e.AttributeName] = true
		}
	}
	if len(used) != len(r.AttributeDefinitions) {
		if len(names) == 0 {
			return item.Error(invalidParameter + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
		}
		return invalidf(invalidParameter+"Some AttributeDefinitions are not used. AttributeDefinitions: [%s], keys used: [%s]",
			joinAttributes(r.AttributeDefinitions), strings.Join(sortedSet(used), ", "))
	}
	return nil
}

func joinAttributes(attributes []attributeDefinition) string {
	names := make([]string, len(attributes))
	for i, a := range attributes {
		names[i] = a.AttributeName
	}
	return strings.Join(names, ", ")
}

func sortedSet(set map[string]bool) []string {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// checkIndex gives the rule that one index breaks by itself.
func checkIndex(x indexDefinition, attributes []attributeDefinition, billing string) error {
	if err := checkSchema(x.KeySchema, attributes); err != nil {
		return err
	}
	p := x.Projection
	switch {
	case p.ProjectionType == "":
		return item.Error(invalidParameter + "Unknown ProjectionType: null")
	case p.NonKeyAttributes != nil && p.ProjectionType != "INCLUDE":
		return invalidf(invalidParameter+"ProjectionType is %s, but NonKeyAttributes is specified", p.ProjectionType)
	case p.ProjectionType == "INCLUDE" && len(p.NonKeyAttributes) == 0:
		return item.Error(invalidParameter + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
	case x.ProvisionedThroughput != nil && billing == payPerRequest:
		return invalidf(invalidParameter+"ProvisionedThroughput should not be specified for index: %s when BillingMode is PAY_PER_REQUEST", x.IndexName)
	}
	return nil
}

func (r *createTable) checkLocal(x indexDefinition) error {
	if len(x.KeySchema) < 2 {
		return invalidf(invalidParameter+"Index KeySchema does not have a range key for index: %s", x.IndexName)
	}
	if x.KeySchema[0].AttributeName != r.KeySchema[0].AttributeName {
		return invalidf(invalidParameter+"Index KeySchema does not have the same leading hash key as table KeySchema for index: %s. index hash key: %s, table hash key: %s",
			x.IndexName, x.KeySchema[0].AttributeName, r.KeySchema[0].AttributeName)
	}
	return nil
}

func checkStream(s *streamSpecification) error {
	if s == nil {
		return nil
	}
	var c constraints
	c.require(s.StreamEnabled != nil, nil, "streamSpecification.streamEnabled", ruleNotNull)
	c.enum(s.StreamViewType, "streamSpecification.streamViewType", "NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY")
	if err := c.err(); err != nil {
		return err
	}
	switch {
	case *s.StreamEnabled && s.StreamViewType == "":
		return item.Error(invalidParameter + "StreamViewType is required when StreamEnabled is true")
	case !*s.StreamEnabled && s.StreamViewType != "":
		return item.Error(invalidParameter + "StreamViewType cannot be specified when StreamEnabled is false")
	}
	return nil
}

func (r *createTable) asks(s *Service) []gate.Ask {
	ask := s.ask(r.TableName, access{operation: "CreateTable"})
	if len(r.Tags) == 0 {
		return []gate.Ask{ask}
	}
	addTagKeys(ask.Context, r.Tags)
	tagging := s.ask(r.TableName, access{operation: "TagResource"})
	addTagKeys(tagging.Context, r.Tags)
	return []gate.Ask{ask, tagging}
}

func addTagKeys(c iam.Context, tags []tag) {
	keys := make([]string, len(tags))
	for i, t := range tags {
		keys[i] = t.Key
		c["aws:requesttag/"+iam.Key(t.Key)] = iam.One(t.Value)
	}
	c["aws:tagkeys"] = iam.Many(keys...)
}

// tableOutput answers CreateTable, UpdateTable and DeleteTable.
type tableOutput struct{ TableDescription *tableDescription }

func (r *createTable) run(_ context.Context, s *Service) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, ok := s.bareName(r.TableName)
	switch {
	case !ok:
		return nil, invalidf("Invalid TableName: %s", r.TableName)
	case s.tables[name] != nil:
		return nil, gate.Errorf("ResourceInUseException", "Table already exists: %s", name)
	case len(s.tables) >= maxTables:
		return nil, gate.Errorf("LimitExceededException", "Subscriber limit exceeded: There is a limit of %d tables per subscriber", maxTables)
	}
	if r.ResourcePolicy != "" {
		if err := checkPolicy(r.ResourcePolicy); err != nil {
			return nil, err
		}
	}
	d := r.definition(s.cfg.Now(), name)
	t, err := s.save(d, func(tx *store.Tx) error {
		if _, err := tx.Bucket(itemsBucket(name)...); err != nil {
			return err
		}
		for _, x := range slices.Concat(d.Local, d.Global) {
			if _, err := tx.Bucket(indexBucket(name, x.IndexName)...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return tableOutput{s.describe(t, 0, 0)}, nil
}

func (r *createTable) definition(now time.Time, name string) definition {
	d := definition{
		Name: name, ID: newID(), Created: unix(now), Attributes: r.AttributeDefinitions, KeySchema: r.KeySchema,
		Local: r.LocalSecondaryIndexes, Global: r.GlobalSecondaryIndexes, Billing: r.BillingMode, Throughput: r.ProvisionedThroughput,
		OnDemand: r.OnDemandThroughput, SSE: r.SSESpecification, Class: r.TableClass, Protected: r.DeletionProtectionEnabled != nil && *r.DeletionProtectionEnabled,
		Policy: r.ResourcePolicy,
	}
	if d.Billing == "" {
		d.Billing = provisioned
	}
	if d.Billing == payPerRequest {
		d.BillingAt = d.Created
	}
	if d.Policy != "" {
		d.Revision = newID()
	}
	if r.StreamSpecification != nil && *r.StreamSpecification.StreamEnabled {
		d.Stream, d.StreamAt = r.StreamSpecification, streamLabel(now)
	}
	for _, t := range r.Tags {
		if d.Tags == nil {
			d.Tags = map[string]string{}
		}
		d.Tags[t.Key] = t.Value
	}
	return d
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func streamLabel(now time.Time) string { return now.UTC().Format("2006-01-02T15:04:05.000") }

// newID makes a random id in the form of a UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
