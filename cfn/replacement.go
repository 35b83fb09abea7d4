package cfn

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// Facts of the AWS CloudFormation resource specification, from
// @aws-cdk/aws-service-spec 0.1.216 (Apache-2.0): for each of 1,594 types the
// properties whose change replaces the resource, always or sometimes.
//
//go:embed replacement.json.gz
var replacementData []byte

// Replacement says what a change of a property does to its resource.
type Replacement int

// The ways in which CloudFormation updates a property.
const (
	ReplaceNever Replacement = iota
	ReplaceMaybe
	ReplaceAlways
	// ReplaceUnknown is for types that the specification does not hold.
	ReplaceUnknown
)

type replacing struct {
	Yes   []string `json:"yes"`
	Maybe []string `json:"maybe"`
}

var replacementTable = sync.OnceValue(func() map[string]replacing {
	table := map[string]replacing{}
	r, err := gzip.NewReader(bytes.NewReader(replacementData))
	if err == nil {
		err = json.NewDecoder(r).Decode(&table)
	}
	if err != nil {
		panic(fmt.Sprintf("cfn: the embedded replacement table is damaged: %v", err))
	}
	return table
})

// ReplacementOf says what a change of a top-level property of a resource type
// does. Types that never replace are not in the specification's table, so for
// a type of AWS that is not listed the answer is ReplaceNever; custom and
// third-party types are ReplaceUnknown.
func ReplacementOf(resourceType, property string) Replacement {
	row, ok := replacementTable()[resourceType]
	switch {
	case !ok && len(resourceType) > 5 && resourceType[:5] == "AWS::":
		return ReplaceNever
	case !ok:
		return ReplaceUnknown
	case slices.Contains(row.Yes, property):
		return ReplaceAlways
	case slices.Contains(row.Maybe, property):
		return ReplaceMaybe
	}
	return ReplaceNever
}
