package directory

import (
	"crypto/sha256"
	"encoding/base32"

	"github.com/writ-dev/writ/iam/managed"
)

// awsManaged compiles AWS's own policies. A fault in their table is one of
// Writ's own, which the tests find.
func awsManaged() []*policy {
	known := managed.All()
	out := make([]*policy, len(known))
	for i, m := range known {
		id, arn := versionID(m.Version), m.ARN()
		sum := sha256.Sum256([]byte(arn)) // AWS's own unique ids mean nothing here, but must not change
		p := &policy{
			Name: m.Name, Path: m.Path, ARN: arn, ID: policyIDPrefix + base32.StdEncoding.EncodeToString(sum[:])[:17], Created: m.Created, Updated: m.Created,
			Default: id, Last: m.Version, Versions: []version{{ID: id, Document: m.Document, Created: m.Created}}, aws: true,
		}
		if err := p.compile(); err != nil {
			panic(err)
		}
		out[i] = p
	}
	return out
}
