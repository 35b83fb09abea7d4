// Package tcbase has the roles that tc itself makes for a sandbox, so that ours
// can stand beside them. They are constants: the same for every topology.
//
// What is here are facts about tc (0.9.160, August 2026), with its faults: a
// Sid that its sandbox's name may make illegal, an action that does not exist,
// actions on resources of the wrong type, a statement that comes twice.
package tcbase

import (
	"encoding/json"
	"slices"
	"strings"
)

// Vars are what the documents differ in.
type Vars struct {
	// Account has twelve digits; the partition is always aws.
	Account, Region, Sandbox string
	// AssetBucket is the name of the bucket that functions get their assets from.
	AssetBucket string
}

// Kinds lists the kinds of entity for which tc makes a role and Policy has its
// document. A schedule takes the role of event; queues, channels, pages and
// pools have none.
func Kinds() []string { return []string{"function", "state", "route", "event", "mutation"} }

// RoleName is the name of the role that a sandbox has for a kind, and of its
// one managed policy.
func RoleName(kind, sandbox string) string { return "tc-base-" + kind + "-" + sandbox }

// Unsure says what is not known of the policy of a kind, "" where all is.
func Unsure(kind string) string {
	if kind == "state" {
		return "which twelve actions of CloudWatch Logs StateLogs has is not known; in their place are the ten that AWS documents for the logs of state machines"
	}
	return ""
}

// list is written as tc does: one entry is no list.
type list []string

func (l list) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return json.Marshal(l[0])
	}
	return json.Marshal([]string(l))
}

type document struct {
	Version   string
	Statement []statement
}

type statement struct {
	Action    list
	Effect    string
	Principal *principal `json:",omitempty"`
	Resource  list       `json:",omitempty"`
	Sid       string     `json:",omitempty"`
}

type principal struct{ Service list }

func (d document) bytes() []byte {
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // strings and lists of them
	}
	return b
}

// Trust is the trust policy of every role of tc, whatever its kind: seven
// services, and no condition.
func Trust() []byte {
	var services list
	for _, s := range []string{"lambda", "events", "states", "logs", "apigateway", "appsync", "scheduler"} {
		services = append(services, s+".amazonaws.com")
	}
	return document{"2012-10-17", []statement{{Action: list{"sts:AssumeRole"}, Effect: "Allow", Principal: &principal{services}}}}.bytes()
}

// Policy is the policy of the role that tc makes for a kind; nil for a kind
// that is not one of Kinds. See also Unsure.
func Policy(kind string, v Vars) []byte {
	if !slices.Contains(Kinds(), kind) {
		return nil
	}
	var d document
	d.Version = "2012-10-17"
	for _, row := range append(slices.Clone(rows[kind]), row{"LambdaAssetAccess", assetActions, []string{assets}}) {
		d.Statement = append(d.Statement, v.statement(row))
	}
	return d.bytes()
}

func (v Vars) statement(r row) statement {
	s := statement{Action: r.actions, Effect: "Allow", Sid: "TcBase" + r.label + strings.ReplaceAll(v.Sandbox, "-", "")}
	in := strings.NewReplacer("{region}", v.Region, "{account}", v.Account, "{assets}", v.AssetBucket)
	for _, resource := range r.resources {
		s.Resource = append(s.Resource, in.Replace(resource))
	}
	return s
}
