package topology

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/asl"
)

// Channel is an AppSync Events channel: a namespace of paths that clients
// publish to and subscribe to.
type Channel struct {
	Name string `json:"name"`
	// Targets are what the handlers call, each once.
	Targets []Target `json:"targets,omitempty"`
	// Publish handles what is published, Subscribe who subscribes; nil for
	// AppSync's own way, which hands everything on.
	Publish   *ChannelHandler `json:"publish,omitempty"`
	Subscribe *ChannelHandler `json:"subscribe,omitempty"`
	// KeyExpires is when the API key ends that an event publishes to the channel
	// with, "2027-06-30"; "" leaves it to AWS, which ends it after seven days.
	KeyExpires string        `json:"keyExpires,omitempty"`
	Body       *Section      `json:"body,omitempty"`
	Pos        writ.Position `json:"pos,omitzero"`
}

// ChannelHandler is what happens to one message or one subscription. With Code
// and Target both, the code calls the target.
type ChannelHandler struct {
	// Code is JavaScript for AppSync's runtime, of the file that File names,
	// relative to Topology.Dir; "" for none.
	Code string `json:"code,omitempty"`
	File string `json:"file,omitempty"`
	// Target is a function or an event, nil for none.
	Target *Target       `json:"target,omitempty"`
	Pos    writ.Position `json:"pos,omitzero"`
}

// Mutations is an AppSync GraphQL API: resolvers by field name.
type Mutations struct {
	// Authorizer is a function, cognito, iam or "" (which is iam).
	Authorizer string `json:"authorizer,omitempty"`
	// Types and Inputs are the object types and input types, sorted by name.
	Types     []GraphQLType `json:"types,omitempty"`
	Inputs    []GraphQLType `json:"inputs,omitempty"`
	Resolvers []Resolver    `json:"resolvers,omitempty"`
	Body      *Section      `json:"body,omitempty"`
	Pos       writ.Position `json:"pos,omitzero"`
}

// GraphQLType is one type: its fields in the order written.
type GraphQLType struct {
	Name   string         `json:"name"`
	Fields []GraphQLField `json:"fields,omitempty"`
	Pos    writ.Position  `json:"pos,omitzero"`
}

// GraphQLField is one field; Type is GraphQL's: "String!", "[Message!]!".
type GraphQLField struct {
	Name string        `json:"name"`
	Type string        `json:"type"`
	Pos  writ.Position `json:"pos,omitzero"`
}

// Resolver answers one field of type Mutation.
type Resolver struct {
	Name   string `json:"name"`
	Target Target `json:"target"`
	// Input is the type whose fields are the arguments, Output that of the answer.
	Input  string `json:"input,omitempty"`
	Output string `json:"output,omitempty"`
	// Subscribe makes a subscription that is told of each answer.
	Subscribe bool          `json:"subscribe,omitempty"`
	Pos       writ.Position `json:"pos,omitzero"`
}

// StateMachine is a Step Functions machine: its ASL, inline or in a file.
type StateMachine struct {
	// File is the ASL file relative to Topology.Dir, "" when Definition is inline.
	File       string   `json:"file,omitempty"`
	Definition *Section `json:"definition,omitempty"`
	Mode       string   `json:"mode,omitempty"` // Express (default) or Standard
	// Logging is ALL, ERROR or FATAL where executions are logged; Tracing turns
	// X-Ray on.
	Logging string `json:"logging,omitempty"`
	Tracing bool   `json:"tracing,omitempty"`
	// Machine is what the ASL says; nil when its file was not read, since the
	// topology was not loaded from a directory.
	Machine *asl.Machine `json:"machine,omitempty"`
	// JSON is the definition, with ${functions.NAME.arn} and the like where a
	// state names an entity of the topology.
	JSON string `json:"asl,omitempty"`
	// Calls are the edges of the machine, one for each entity that a call names.
	Calls []StateCall   `json:"calls,omitempty"`
	Pos   writ.Position `json:"pos,omitzero"`
}

// Standard reports whether the machine is a Standard one, else it is Express.
func (s *StateMachine) Standard() bool {
	return s.Mode == "Standard" || s.Mode == "standard" || s.Mode == "STANDARD"
}

// StateCall is one call of a state to an entity.
type StateCall struct {
	// Call is an index into Machine.Calls.
	Call int `json:"call"`
	// Target is the entity; its position is that of the name in the ASL.
	Target Target `json:"target"`
	// Own says that Target is of this topology.
	Own bool `json:"own"`
}

// Page is a static site: files in a bucket behind CloudFront.
type Page struct {
	Name string `json:"name"`
	// Kind is tc's: SPA, PWA, Static.
	Kind string `json:"kind,omitempty"`
	// Dist is the directory of the files to deploy, relative to Topology.Dir.
	Dist string `json:"dist,omitempty"`
	// Bucket is a bucket of the user's own, "" for one that the stack makes.
	Bucket  string        `json:"bucket,omitempty"`
	Domains []PageDomain  `json:"domains,omitempty"`
	Body    *Section      `json:"body,omitempty"`
	Pos     writ.Position `json:"pos,omitzero"`
}

// PageDomain is a name that the page has, in one sandbox or, with Sandbox "", in all.
type PageDomain struct {
	Sandbox string        `json:"sandbox,omitempty"`
	Name    string        `json:"name"`
	Pos     writ.Position `json:"pos,omitzero"`
}

// Pool is a Cognito user pool and the functions that it calls.
type Pool struct {
	Name     string        `json:"name"`
	Triggers []Trigger     `json:"triggers,omitempty"`
	Pos      writ.Position `json:"pos,omitzero"`
}

// Trigger is one moment at which a pool calls a function.
type Trigger struct {
	// Event is Cognito's name of the moment: "PreSignUp".
	Event  string        `json:"event"`
	Target Target        `json:"target"`
	Pos    writ.Position `json:"pos,omitzero"`
}
