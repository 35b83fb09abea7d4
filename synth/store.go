package synth

import (
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

func (b *builder) store(s *topology.Store) {
	if entityOf(s) == entityBucket {
		b.bucket(s)
		return
	}
	b.table(s)
}

func (b *builder) table(s *topology.Store) {
	id, table := logicalID(s.Name)+"Table", b.stores[s.Name].Table
	indexes := sorted(table.Indexes, func(i topology.Index) string { return i.Name })
	p := cfn.Obj(
		"TableName", TableName(b.t, s.Name, b.o.Sandbox),
		"BillingMode", "PAY_PER_REQUEST",
		"AttributeDefinitions", b.attributes(s, table),
		"KeySchema", keySchema(table.PartitionKey, table.SortKey),
	)
	var global, local []any
	for _, i := range indexes {
		projection := cfn.Obj("ProjectionType", i.Projection)
		if i.Projection == "" {
			projection.Set("ProjectionType", "ALL")
		}
		if len(i.Include) > 0 {
			projection.Set("NonKeyAttributes", texts(i.Include))
		}
		index := cfn.Obj("IndexName", i.Name, "KeySchema", keySchema(i.PartitionKey, i.SortKey), "Projection", projection)
		if i.Local {
			local = append(local, index)
		} else {
			global = append(global, index)
		}
	}
	if global != nil {
		p.Set("GlobalSecondaryIndexes", global)
	}
	if local != nil {
		p.Set("LocalSecondaryIndexes", local)
	}
	if table.TTL != "" {
		p.Set("TimeToLiveSpecification", cfn.Obj("AttributeName", table.TTL, "Enabled", true))
	}
	if table.Stream != "" {
		p.Set("StreamSpecification", cfn.Obj("StreamViewType", table.Stream))
	}
	p.Set("Tags", b.tags())
	keep := "Delete"
	if table.Retain {
		keep = "Retain"
	}
	b.add(id, "table "+s.Name, s.Pos, cfn.Obj(
		"Type", "AWS::DynamoDB::Table", "DeletionPolicy", keep, "UpdateReplacePolicy", keep, "Properties", p))
	b.output(id+"Name", "Name of table "+s.Name, ref(id))
}

// attributes defines each key attribute once.
func (b *builder) attributes(s *topology.Store, table *topology.Table) []any {
	keys := []topology.Key{table.PartitionKey}
	if table.SortKey != nil {
		keys = append(keys, *table.SortKey)
	}
	for _, i := range table.Indexes {
		keys = append(keys, i.PartitionKey)
		if i.SortKey != nil {
			keys = append(keys, *i.SortKey)
		}
	}
	var list []any
	types := map[string]string{}
	for _, k := range sorted(keys, func(k topology.Key) string { return k.Name }) {
		known, seen := types[k.Name]
		if seen && known != k.Type {
			b.fail(writ.Errorf(writ.CodeInvalid, "attribute %s of store %s is of type %s in one key and %s in another", k.Name, s.Name, known, k.Type).
				WithHint("an attribute has one type in all keys").At(s.Pos, ""))
		}
		if !seen {
			list = append(list, cfn.Obj("AttributeName", k.Name, "AttributeType", k.Type))
		}
		types[k.Name] = k.Type
	}
	return list
}

func keySchema(partition topology.Key, sort *topology.Key) []any {
	schema := []any{cfn.Obj("AttributeName", partition.Name, "KeyType", "HASH")}
	if sort != nil {
		schema = append(schema, cfn.Obj("AttributeName", sort.Name, "KeyType", "RANGE"))
	}
	return schema
}

// bucket adds an S3 bucket that nobody outside can be let into by mistake.
func (b *builder) bucket(s *topology.Store) {
	id := logicalID(s.Name) + "Bucket"
	resource := cfn.Obj("Type", "AWS::S3::Bucket")
	p := cfn.Obj("BucketName", sub(BucketName(b.t, s.Name, b.o.Sandbox)+"-${AWS::AccountId}-${AWS::Region}"))
	if configuration, first := b.notifications(s); configuration.Len() > 0 {
		if len(first) > 0 {
			slices.Sort(first)
			resource.Set("DependsOn", texts(first))
		}
		p.Set("NotificationConfiguration", configuration)
	}
	p.Set("PublicAccessBlockConfiguration", cfn.Obj(
		"BlockPublicAcls", true, "BlockPublicPolicy", true, "IgnorePublicAcls", true, "RestrictPublicBuckets", true))
	p.Set("Tags", b.tags())
	// S3 refuses to delete a bucket that holds objects, so nothing is lost.
	resource.Set("DeletionPolicy", "Delete")
	resource.Set("UpdateReplacePolicy", "Delete")
	resource.Set("Properties", p)
	b.add(id, "bucket "+s.Name, s.Pos, resource)
	b.output(id+"Name", "Name of bucket "+s.Name, ref(id))
}

func texts(list []string) []any {
	all := make([]any, len(list))
	for i, s := range list {
		all[i] = s
	}
	return all
}
