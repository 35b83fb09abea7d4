package dynamodb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// updateTable is UpdateTable.
type updateTable struct {
	TableName                   string
	AttributeDefinitions        []attributeDefinition
	BillingMode                 string
	ProvisionedThroughput       *throughput
	OnDemandThroughput          *onDemand
	GlobalSecondaryIndexUpdates []indexUpdate
	StreamSpecification         *streamSpecification
	SSESpecification            *sseSpecification
	TableClass                  string
	DeletionProtectionEnabled   *bool
}

// indexUpdate has exactly one of its members.
type indexUpdate struct {
	Create *indexDefinition
	Update *indexDefinition
	Delete *indexDefinition
}

func (u indexUpdate) name() string {
	for _, d := range []*indexDefinition{u.Create, u.Update, u.Delete} {
		if d != nil {
			return d.IndexName
		}
	}
	return ""
}

func (r *updateTable) prepare() error {
	if err := checkTableName(r.TableName); err != nil {
		return err
	}
	var c constraints
	c.enum(r.BillingMode, "billingMode", "PROVISIONED, PAY_PER_REQUEST")
	c.enum(r.TableClass, "tableClass", "STANDARD, STANDARD_INFREQUENT_ACCESS")
	c.throughput(r.ProvisionedThroughput, "provisionedThroughput")
	for i, u := range r.GlobalSecondaryIndexUpdates {
		if u.Create != nil {
			c.index(*u.Create, fmt.Sprintf("globalSecondaryIndexUpdates.%d.member.create.", i+1))
		}
	}
	if err := c.err(); err != nil {
		return err
	}
	if r.BillingMode == "" && r.ProvisionedThroughput == nil && r.OnDemandThroughput == nil && len(r.GlobalSecondaryIndexUpdates) == 0 &&
		r.StreamSpecification == nil && r.SSESpecification == nil && r.TableClass == "" && r.DeletionProtectionEnabled == nil {
		return item.Error("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required")
	}
	if err := r.checkUpdates(); err != nil {
		return err
	}
	return checkStream(r.StreamSpecification)
}

// checkUpdates gives the rule that the list of index updates breaks.
func (r *updateTable) checkUpdates() error {
	seen := map[string]bool{}
	changes := 0
	for _, u := range r.GlobalSecondaryIndexUpdates {
		n := 0
		for _, d := range []*indexDefinition{u.Create, u.Update, u.Delete} {
			if d != nil {
				n++
			}
		}
		switch {
		case n == 0:
			return item.Error(invalidParameter + "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null")
		case n > 1:
			return item.Error(invalidParameter + "Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete may be specified")
		case seen[u.name()]:
			return invalidf(invalidParameter+"Only one global secondary index update per index is allowed simultaneously. Index: %s", u.name())
		}
		seen[u.name()] = true
		if u.Update == nil {
			changes++
		}
	}
	if changes > 1 {
		return gate.Errorf("LimitExceededException", "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")
	}
	return nil
}

func (r *updateTable) asks(s *Service) []gate.Ask {
	asks := []gate.Ask{s.ask(r.TableName, access{operation: "UpdateTable"})}
	for _, u := range r.GlobalSecondaryIndexUpdates {
		if u.Update != nil {
			asks = append(asks, s.ask(r.TableName, access{operation: "UpdateTable", index: u.name()}))
		}
	}
	return asks
}

func (r *updateTable) run(_ context.Context, s *Service) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.named(r.TableName)
	if err != nil {
		return nil, err
	}
	d := t.definition
	d.Global = slices.Clone(d.Global)
	if err := r.change(s, &d); err != nil {
		return nil, err
	}
	var created []string
	var dropped []string
	for _, u := range r.GlobalSecondaryIndexUpdates {
		if err := r.changeIndex(t, &d, u); err != nil {
			return nil, err
		}
		if u.Create != nil {
			created = append(created, u.name())
		}
		if u.Delete != nil {
			dropped = append(dropped, u.name())
		}
	}
	if d.Attributes, err = keepUsed(d); err != nil {
		return nil, err
	}
	next, err := s.newTable(d)
	if err != nil {
		return nil, err
	}
	saved, err := s.save(d, func(tx *store.Tx) error {
		for _, name := range dropped {
			if err := tx.DeleteBucket(indexBucket(t.Name, name)...); err != nil {
				return err
			}
		}
		for _, name := range created {
			if err := backfill(tx, next, indexBucket(t.Name, name), next.index(name).entryOf); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	items, size, err := s.count(saved)
	if err != nil {
		return nil, err
	}
	return tableOutput{s.describe(saved, items, size)}, nil
}

// entryOf is entry as [backfill] calls it. Items whose value is too long for a
// key, or empty, stay out of the index.
func (x *index) entryOf(it item.Raw, primary []byte) []byte {
	for i, a := range x.key.attributes() {
		if v, ok := it.Get(a.name); ok && v.Type == a.kind && a.checkSize(v, i == 0) != nil {
			return nil
		}
	}
	return x.entry(it, primary)
}

// change makes the changes of the table itself.
func (r *updateTable) change(s *Service, d *definition) error {
	now := s.cfg.Now()
	switch {
	case r.BillingMode == payPerRequest && r.ProvisionedThroughput != nil, r.BillingMode == "" && d.Billing == payPerRequest && r.ProvisionedThroughput != nil:
		return item.Error(invalidParameter + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	case r.BillingMode == provisioned && r.ProvisionedThroughput == nil && d.Billing != provisioned:
		return item.Error(invalidParameter + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
	case r.BillingMode == payPerRequest && d.Billing != payPerRequest:
		d.Billing, d.BillingAt, d.Throughput = payPerRequest, unix(now), nil
		for i := range d.Global {
			d.Global[i].ProvisionedThroughput = nil
		}
	case r.BillingMode == provisioned:
		d.Billing = provisioned
	}
	if r.ProvisionedThroughput != nil {
		d.Throughput = r.ProvisionedThroughput
	}
	if r.OnDemandThroughput != nil {
		d.OnDemand = r.OnDemandThroughput
	}
	if r.SSESpecification != nil {
		d.SSE = r.SSESpecification
	}
	if r.TableClass != "" {
		d.Class = r.TableClass
	}
	if r.DeletionProtectionEnabled != nil {
		d.Protected = *r.DeletionProtectionEnabled
	}
	if r.StreamSpecification == nil {
		return nil
	}
	switch enabled := *r.StreamSpecification.StreamEnabled; {
	case enabled && d.Stream != nil:
		return gate.Errorf("ValidationException", "Table already has an enabled stream: TableName: %s", d.Name)
	case !enabled && d.Stream == nil:
		return gate.Errorf("ValidationException", "Table has no stream to disable: TableName: %s", d.Name)
	case enabled:
		d.Stream, d.StreamAt = r.StreamSpecification, streamLabel(now)
	default:
		d.Stream = nil
	}
	return nil
}

// changeIndex makes one change of the global indexes.
func (r *updateTable) changeIndex(t *table, d *definition, u indexUpdate) error {
	at := slices.IndexFunc(d.Global, func(x indexDefinition) bool { return x.IndexName == u.name() })
	if u.Create == nil && at < 0 {
		return gate.Errorf("ResourceNotFoundException", "Requested resource not found")
	}
	switch {
	case u.Delete != nil:
		d.Global = slices.Delete(d.Global, at, at+1)
	case u.Update != nil:
		if u.Update.ProvisionedThroughput != nil {
			d.Global[at].ProvisionedThroughput = u.Update.ProvisionedThroughput
		}
		if u.Update.OnDemandThroughput != nil {
			d.Global[at].OnDemandThroughput = u.Update.OnDemandThroughput
		}
	default:
		if t.index(u.name()) != nil {
			return invalidf("Attempting to create an index which already exists")
		}
		if len(d.Global) >= maxGlobal {
			return gate.Errorf("LimitExceededException", "Subscriber limit exceeded: GlobalSecondaryIndex count exceeds the per-table limit of %d", maxGlobal)
		}
		if err := d.defineAttributes(r.AttributeDefinitions); err != nil {
			return err
		}
		if err := checkIndex(*u.Create, d.Attributes, d.Billing); err != nil {
			return err
		}
		d.Global = append(d.Global, *u.Create)
	}
	return nil
}

// defineAttributes adds attributes; one that is there already keeps its type.
func (d *definition) defineAttributes(attributes []attributeDefinition) error {
	d.Attributes = slices.Clone(d.Attributes)
	for _, a := range attributes {
		i := slices.IndexFunc(d.Attributes, func(b attributeDefinition) bool { return a.AttributeName == b.AttributeName })
		switch {
		case i < 0:
			d.Attributes = append(d.Attributes, a)
		case d.Attributes[i].AttributeType != a.AttributeType:
			return invalidf(invalidParameter+"Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. Existing schema: Schema:[%s] New schema: Schema:[%s]",
				d.Attributes[i].AttributeName, a.AttributeName)
		}
	}
	return nil
}

// keepUsed gives the attribute definitions that a key of the table or of an index needs.
func keepUsed(d definition) ([]attributeDefinition, error) {
	used := map[string]bool{}
	for _, e := range d.KeySchema {
		used[e.AttributeName] = true
	}
	for _, x := range slices.Concat(d.Local, d.Global) {
		for _, e := range x.KeySchema {
			used[e.AttributeName] = true
		}
	}
	kept := slices.DeleteFunc(slices.Clone(d.Attributes), func(a attributeDefinition) bool { return !used[a.AttributeName] })
	if len(kept) != len(used) {
		return nil, invalidf(invalidParameter+"Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]",
			strings.Join(sortedSet(used), ", "), joinAttributes(d.Attributes))
	}
	return kept, nil
}
