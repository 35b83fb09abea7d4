package synth_test

import (
	"pgregory.net/rapid"

	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// randomSystem draws functions, stores and edges between them.
func randomSystem(t *rapid.T) *topology.Topology {
	functions := []string{"one", "two", "three-3", "four"}[:rapid.IntRange(1, 4).Draw(t, "functions")]
	stores := []string{"one", "plain", "photos", "more"}[:rapid.IntRange(0, 4).Draw(t, "stores")]
	top := system(functions, stores)
	for i, s := range top.Stores {
		if s.Name == "photos" {
			top.Stores[i] = &topology.Store{Name: s.Name, Kind: topology.StoreBucket}
			continue
		}
		if rapid.Bool().Draw(t, "index") {
			s.Table.Indexes = []topology.Index{{Name: "by", PartitionKey: topology.Key{Name: "x", Type: "S"}, Projection: "ALL"}}
		}
		if rapid.Bool().Draw(t, "stream") {
			s.Table.Stream = "NEW_IMAGE"
		}
	}
	for _, f := range top.Functions {
		for range rapid.IntRange(0, 3).Draw(t, "calls") {
			f.Grants = append(f.Grants, topology.Grant{
				Kind: topology.KindFunction, Access: "invoke",
				Name: rapid.SampledFrom(functions).Draw(t, "callee"),
			})
		}
		if rapid.Bool().Draw(t, "env") {
			f.Environment = []topology.EnvVar{{Name: "OTHER", Value: "${functions." + rapid.SampledFrom(functions).Draw(t, "named") + ".arn}"}}
		}
		for range rapid.IntRange(0, 3).Draw(t, "reads") {
			if len(top.Stores) > 0 {
				f.Grants = append(f.Grants, randomGrant(t, rapid.SampledFrom(top.Stores).Draw(t, "store")))
			}
		}
	}
	return top
}

func randomGrant(t *rapid.T, s *topology.Store) topology.Grant {
	words := topology.Verbs(topology.KindStore, s.Kind)
	g := topology.Grant{Kind: topology.KindStore, Name: s.Name, Access: rapid.SampledFrom(words).Draw(t, "access")}
	if g.Access == "streamRead" && s.Table.Stream == "" {
		g.Access = "readData"
	}
	return g
}

// account is the world that ARNs in tests lie in.
const (
	account = "000000000000"
	region  = "us-east-1"
)

func functionARN(t *topology.Topology, name, sandbox string) string {
	return "arn:aws:lambda:" + region + ":" + account + ":function:" + synth.FunctionName(t, name, sandbox)
}

func tableARN(t *topology.Topology, name, sandbox string) string {
	return "arn:aws:dynamodb:" + region + ":" + account + ":table/" + synth.TableName(t, name, sandbox)
}

func bucketARN(t *topology.Topology, name, sandbox string) string {
	return "arn:aws:s3:::" + synth.BucketName(t, name, sandbox) + "-" + account + "-" + region
}
