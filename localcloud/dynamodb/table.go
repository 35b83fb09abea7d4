package dynamodb

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/store"
)

// The buckets that the service keeps.
var (
	bucketTables = []string{"dynamodb", "tables"}
	bucketTokens = []string{"dynamodb", "tokens"}
	bucketExpiry = []string{"dynamodb", "token-expiry"}
)

func itemsBucket(table string) []string        { return []string{"dynamodb", "items", table} }
func indexBucket(table, index string) []string { return []string{"dynamodb", "index", table, index} }
func ttlBucket(table string) []string          { return []string{"dynamodb", "ttl", table} }

// The parts of a table's definition, as they are on the wire.
type (
	attributeDefinition struct{ AttributeName, AttributeType string }
	keySchemaElement    struct{ AttributeName, KeyType string }
	projection          struct {
		ProjectionType   string
		NonKeyAttributes []string
	}
	throughput struct {
		ReadCapacityUnits  *int64
		WriteCapacityUnits *int64
	}
	onDemand struct {
		MaxReadRequestUnits  *int64
		MaxWriteRequestUnits *int64
	}
	indexDefinition struct {
		IndexName             string
		KeySchema             []keySchemaElement
		Projection            *projection
		ProvisionedThroughput *throughput
		OnDemandThroughput    *onDemand
	}
	streamSpecification struct {
		StreamEnabled  *bool
		StreamViewType string
	}
	sseSpecification struct {
		Enabled        *bool
		SSEType        string
		KMSMasterKeyId string
	}
	tag struct{ Key, Value string }
)

// definition is a table as it is stored.
type definition struct {
	Name       string
	ID         string
	Created    float64 // Unix seconds
	Attributes []attributeDefinition
	KeySchema  []keySchemaElement
	Local      []indexDefinition
	Global     []indexDefinition
	Billing    string // PROVISIONED or PAY_PER_REQUEST
	BillingAt  float64
	Throughput *throughput
	OnDemand   *onDemand
	Stream     *streamSpecification
	StreamAt   string // the label of the latest stream
	SSE        *sseSpecification
	Class      string
	Protected  bool
	Tags       map[string]string
	TTL        string // the attribute, "" when off
	Policy     string
	Revision   string // of the policy
}

// keyAttribute is one attribute of a key.
type keyAttribute struct {
	name string
	kind item.Type
}

// key is a partition key and perhaps a sort key.
type key struct {
	hash keyAttribute
	sort keyAttribute // no name when there is none
}

func (k key) hasSort() bool { return k.sort.name != "" }

// names gives the attributes of the key.
func (k key) names() []string {
	if k.hasSort() {
		return []string{k.hash.name, k.sort.name}
	}
	return []string{k.hash.name}
}

// attributes gives the parts of the key.
func (k key) attributes() []keyAttribute {
	if k.hasSort() {
		return []keyAttribute{k.hash, k.sort}
	}
	return []keyAttribute{k.hash}
}

// table is a table with all that is derived from its definition. It is not
// changed but replaced.
type table struct {
	definition
	arn     string
	key     key
	indexes []*index
	policy  *iam.Policy
	// stats counts on through definitions.
	stats *tableStats
}

// tableStats remembers the count of a table's items.
type tableStats struct {
	writes  atomic.Uint64
	counted atomic.Pointer[tableCount]
}

type tableCount struct {
	writes      uint64
	items, size int64
}

// index is a secondary index.
type index struct {
	indexDefinition
	local bool
	arn   string
	key   key
	// projected are the names of the attributes in the index, sorted; nil for all.
	projected []string
}

// newTable derives a table from its definition.
func (s *Service) newTable(d definition) (*table, error) {
	t := &table{definition: d, arn: s.tableARN(d.Name), stats: &tableStats{}}
	t.key = t.keyOf(d.KeySchema)
	for _, x := range d.Local {
		t.indexes = append(t.indexes, t.newIndex(x, true))
	}
	for _, x := range d.Global {
		t.indexes = append(t.indexes, t.newIndex(x, false))
	}
	if d.Policy != "" {
		p, err := iam.Load([]byte(d.Policy), iam.Origin{Type: iam.TypeResource, Name: d.Name, ARN: t.arn})
		if err != nil {
			return nil, fmt.Errorf("resource policy of table %s: %w", d.Name, err)
		}
		t.policy = p
	}
	return t, nil
}

func (s *Service) tableARN(name string) string {
	return fmt.Sprintf("arn:aws:dynamodb:%s:%s:table/%s", s.cfg.Region, s.cfg.Account, name)
}

func (t *table) keyOf(schema []keySchemaElement) key {
	var k key
	for _, e := range schema {
		a := keyAttribute{name: e.AttributeName}
		for _, d := range t.Attributes {
			if d.AttributeName == e.AttributeName {
				a.kind = item.TypeOf(d.AttributeType)
			}
		}
		if e.KeyType == "HASH" {
			k.hash = a
		} else {
			k.sort = a
		}
	}
	return k
}

func (t *table) newIndex(d indexDefinition, local bool) *index {
	x := &index{indexDefinition: d, local: local, arn: t.arn + "/index/" + d.IndexName, key: t.keyOf(d.KeySchema)}
	if d.Projection.ProjectionType != "ALL" {
		x.projected = slices.Concat(t.key.names(), x.key.names(), d.Projection.NonKeyAttributes)
		slices.Sort(x.projected)
		x.projected = slices.Compact(x.projected)
	}
	return x
}

// index finds an index by name, nil when there is none.
func (t *table) index(name string) *index {
	for _, x := range t.indexes {
		if x.IndexName == name {
			return x
		}
	}
	return nil
}

// bareName gives the name of a table from what a call names it by: its name,
// or its ARN in this account and region. ok is false for another's ARN.
func (s *Service) bareName(ref string) (name string, ok bool) {
	if !strings.HasPrefix(ref, "arn:") {
		return ref, true
	}
	name, ok = strings.CutPrefix(ref, s.tableARN(""))
	name, _, _ = strings.Cut(name, "/")
	return name, ok && name != ""
}

// find gives the table that a call names; s.mu must be held.
func (s *Service) find(ref string) (*table, error) {
	name, ok := s.bareName(ref)
	if t := s.tables[name]; ok && t != nil {
		return t, nil
	}
	return nil, errNotFound()
}

// save stores a definition and puts the table in place of the one before it;
// s.mu must be held for writing. more is run in the same write.
func (s *Service) save(d definition, more func(*store.Tx) error) (*table, error) {
	t, err := s.newTable(d)
	if err != nil {
		return nil, err
	}
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket(bucketTables...)
		if err != nil {
			return err
		}
		if err := b.PutJSON(d.Name, d); err != nil {
			return err
		}
		if more == nil {
			return nil
		}
		return more(tx)
	})
	if err != nil {
		return nil, err
	}
	if old := s.tables[d.Name]; old != nil && old.ID == d.ID {
		t.stats = old.stats
	}
	s.tables[d.Name] = t
	return t, nil
}
