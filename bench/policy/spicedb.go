//go:build !cerbos

package policy

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/authzed/spicedb/pkg/cmd/datastore"
	"github.com/authzed/spicedb/pkg/datalayer"
	"github.com/authzed/spicedb/pkg/embedded"
)

const spicedbRoles = `definition user {}

definition role {
  relation assignee: user
}

definition allowed {
  relation granted: role#assignee
}
`

const spicedbAttributes = `definition user {}

definition role {
  relation assignee: user
}

caveat near(department string, clearance int, regions list<string>, owner string, level int, region string) {
  department == owner && clearance >= level && region in regions
}

definition allowed {
  relation granted: role#assignee with near
}
`

const spicedbTreeSchema = `definition user {}

definition group {
  relation member: user | group#member
}

definition folder {
  relation parent: folder
  relation shown: group#member
  permission viewer = shown + parent->viewer
}

definition document {
  relation parent: folder
  relation shown: user
  permission viewer = shown + parent->viewer
}
`

// newSpiceDB is the embedded checker on the memory store, filled from a bootstrap document.
func newSpiceDB(schema string, facts func(f func(object, relation, subject string)), caveat string) (*embedded.Permissions, func(), error) {
	var text strings.Builder
	text.WriteString("schema: |-\n")
	for line := range strings.Lines(schema) {
		text.WriteString("  " + line)
	}
	text.WriteString("relationships: |-\n")
	seen := map[string]bool{}
	facts(func(object, relation, subject string) {
		// "permission" is a word of the schema language.
		line := "  " + strings.Replace(object, "permission:", "allowed:", 1) + "#" + relation + "@" + subject
		if relation == "granted" {
			line += caveat
		}
		if !seen[line] {
			seen[line] = true
			text.WriteString(line + "\n")
		}
	})
	store, err := datastore.NewDatastore(context.Background(),
		datastore.DefaultDatastoreConfig().ToOption(),
		datastore.SetBootstrapFileContents(map[string][]byte{"bench.yaml": []byte(text.String())}),
		datastore.WithBootstrapTimeout(time.Hour),
		datastore.WithBootstrapSchemaMode(datalayer.SchemaModeReadNewWriteNew),
	)
	if err != nil {
		return nil, nil, err
	}
	p, err := embedded.NewPermissions(embedded.Config{
		Datastore: store, SchemaMode: datalayer.SchemaModeReadNewWriteNew, SchemaCacheMaxCostBytes: 16 << 20,
	})
	if err != nil {
		return nil, nil, err
	}
	return p, func() {
		_ = p.Close()
		_ = store.Close()
	}, nil
}

func spicedbAsk(p *embedded.Permissions, q embedded.CheckRequest) (bool, error) {
	r, err := p.Check(context.Background(), q)
	if err == nil && r.IsConditional {
		err = fmt.Errorf("spicedb wants %v", r.MissingContext)
	}
	return r.HasPermission, err
}

func spicedbRBAC(w *rbac, attributes bool) (engine, error) {
	schema, list, caveat := spicedbRoles, w.w1, ""
	if attributes {
		schema, list, caveat = spicedbAttributes, w.w3, "[near]"
	}
	p, stop, err := newSpiceDB(schema, func(f func(object, relation, subject string)) { eachRoleFact(w, f) }, caveat)
	if err != nil {
		return engine{}, err
	}
	return engine{name: "spicedb", check: 100, close: stop, ask: func(i int) (bool, error) {
		q := list[i]
		asked := embedded.CheckRequest{
			ResourceType: "allowed", ResourceID: typeName(q.kind) + "/" + actionName(q.action), Permission: "granted",
			SubjectType: "user", SubjectID: userName(q.user),
		}
		if attributes {
			asked.CaveatContext = attributesOf(w, q)
		}
		return spicedbAsk(p, asked)
	}}, nil
}

func spicedbTree(w *tree) (engine, lister, error) {
	p, stop, err := newSpiceDB(spicedbTreeSchema, func(f func(object, relation, subject string)) {
		eachTreeFact(w, func(object, relation, subject string) {
			if relation == "viewer" {
				relation = "shown"
			}
			f(object, relation, subject)
		})
	}, "")
	return engine{name: "spicedb", check: 40, close: stop, ask: func(i int) (bool, error) {
		q := w.w2[i]
		return spicedbAsk(p, embedded.CheckRequest{
			ResourceType: "document", ResourceID: documentName(q.document), Permission: "viewer",
			SubjectType: "user", SubjectID: userName(q.user),
		})
	}}, lister{}, err
}
