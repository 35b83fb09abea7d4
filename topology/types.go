// Package topology says what a serverless system is: its functions, stores,
// routes and the edges between them, each with its place in the user's file.
//
// A topology is written as topology.yml ([Load]) or as Go constructs ([New]);
// both give the same value, and so the same template to the byte.
package topology

import "github.com/writ-dev/writ"

// Topology is one namespace of the system. Lists are sorted by name, so that
// two ways of writing the same system give equal values but for positions.
type Topology struct {
	Name string `json:"name"`
	// File is the source as the user would name it: "examples/hitcounter/topology.yml".
	File string `json:"file"`
	// Dir is the directory that relative paths start from.
	Dir        string `json:"dir"`
	Hyphenated bool   `json:"hyphenated,omitempty"`
	Infra      string `json:"infra,omitempty"`
	// Roles is how the roles of the system are to be made; nil where the
	// topology does not say.
	Roles *RoleSettings `json:"roles,omitempty"`
	Pos   writ.Position `json:"pos,omitzero"`

	Functions []*Function   `json:"functions,omitempty"`
	Stores    []*Store      `json:"stores,omitempty"`
	Routes    []*Route      `json:"routes,omitempty"`
	Queues    []*Queue      `json:"queues,omitempty"`
	Events    []*Event      `json:"events,omitempty"`
	Channels  []*Channel    `json:"channels,omitempty"`
	Mutations *Mutations    `json:"mutations,omitempty"`
	States    *StateMachine `json:"states,omitempty"`
	Pages     []*Page       `json:"pages,omitempty"`
	Pools     []*Pool       `json:"pools,omitempty"`
	Schedules []*Schedule   `json:"schedules,omitempty"`
	// The sections that tc does not have.
	Topics     []*Topic         `json:"topics,omitempty"`
	Streams    []*Stream        `json:"streams,omitempty"`
	Buses      []*Bus           `json:"buses,omitempty"`
	Secrets    []*Secret        `json:"secrets,omitempty"`
	Parameters []*Parameter     `json:"parameters,omitempty"`
	Keys       []*EncryptionKey `json:"keys,omitempty"`
	Tests      []*Test          `json:"tests,omitempty"`
	Imports    []*Import        `json:"imports,omitempty"`
	// Authorizers are those that Writ makes; a route may also name a function of its own.
	Authorizers []*Authorizer `json:"authorizers,omitempty"`

	// Policy, Datasets and Access are kept as written for the packages that read them.
	Policy   *Section `json:"policy,omitempty"`
	Datasets *Section `json:"datasets,omitempty"`
	Access   *Section `json:"access,omitempty"`
	// Others are further sections of tc that Writ keeps but does not read yet
	// (config, version, ...), in the order written.
	Others []*Section `json:"others,omitempty"`

	// Nodes are the topologies of sub-folders, each a namespace of its own.
	Nodes []*Topology `json:"nodes,omitempty"`
}

// Function is one Lambda function.
type Function struct {
	// Name is unique in the topology: the YAML key, or the construct ids
	// joined with "-".
	Name string `json:"name"`
	// Root is the directory of the code, relative to Topology.Dir.
	Root string `json:"root"`
	// Code is the whole code of the function, written in the topology; "" where it
	// lies in Root. CodeFile names the file that it is.
	Code string `json:"code,omitempty"`
	// Inferred says that the topology does not name the function: the folder Root
	// was found beside it, with a handler in it.
	Inferred bool `json:"inferred,omitempty"`
	// Authorizer says that the function is the one that Writ makes of the declared authorizer of this name; it has no code in Root.
	Authorizer  *Authorizer `json:"-"`
	Description string      `json:"description,omitempty"`
	Runtime     Runtime     `json:"runtime"`
	Environment []EnvVar    `json:"environment,omitempty"`
	// Infra is the function's own directory of tc's overlays (infra_dir), relative
	// to Topology.Dir and instead of the topology's; "" for none.
	Infra string `json:"infra,omitempty"`
	// Targets are the edges that the topology draws by naming another entity
	// under the function (function:, event:, queue:, topic:, mutation:,
	// channel:): Lambda calls it after an asynchronous call that succeeded.
	Targets []Target `json:"targets,omitempty"`
	// DeadLetter is the queue that takes asynchronous calls which failed for
	// good; nil for none.
	DeadLetter *Target `json:"deadLetter,omitempty"`
	// Network puts the function into a VPC; nil for none.
	Network *Network `json:"network,omitempty"`
	// Grants are the edges written under grants: or made with Grant methods. Those
	// on imports are kept in [Import.Functions].
	Grants []Grant       `json:"grants,omitempty"`
	Pos    writ.Position `json:"pos,omitzero"`
	// End is the last line of the function's block, where a fix may add lines;
	// GrantsEnd the last line of its grants list, zero when it has none.
	End       writ.Position `json:"end,omitzero"`
	GrantsEnd writ.Position `json:"grantsEnd,omitzero"`
	// Indent is the number of spaces that the function's own keys stand at;
	// zero when lines cannot be added to it (flow style, inferred, or Go).
	Indent int `json:"indent,omitempty"`
	// GrantsIndent is the number of spaces before the "- " of the grants list;
	// zero when it has none or is written in flow style.
	GrantsIndent int `json:"grantsIndent,omitempty"`
	// Others are further keys of tc that Writ keeps but does not act on yet
	// (fqn, build, runtime.layers, ...), sorted by key.
	Others []*Section `json:"others,omitempty"`
	// Misuse collects wrong calls of the Go constructs until Emit reports them.
	Misuse []*writ.Error `json:"-"`
}

// Language is how a function's code is built and run.
type Language string

// The languages that Writ builds and runs.
const (
	LanguageGo     Language = "go"     // go build to a bootstrap, provided.al2023
	LanguageNode   Language = "node"   // nodejs22.x and the like
	LanguagePython Language = "python" // python3.13 and the like
	LanguageCustom Language = "custom" // an executable bootstrap as it is, provided.al2023
)

// Runtime is how a function runs. Zero fields take AWS's defaults, except that
// Load fills in Language, Identifier and Handler from the code in Root.
type Runtime struct {
	Language Language `json:"language"`
	// Identifier is Lambda's own name of the runtime, such as "provided.al2023".
	Identifier string `json:"identifier"`
	Handler    string `json:"handler"`
	MemoryMB   int    `json:"memory,omitempty"`  // 0: 128
	TimeoutSec int    `json:"timeout,omitempty"` // 0: 3
	// Provider is what runs the function where that is not Lambda: tc's MicroVm,
	// AgentCore or Fargate, as written; "" for Lambda.
	Provider string `json:"provider,omitempty"`
	// Role is the name or ARN of a role that exists, RoleFile a policy document
	// for a role that is made, RoleName the name of that role: tc's overrides for
	// one function. They may hold {{...}}.
	Role        string        `json:"role,omitempty"`
	RoleFile    string        `json:"roleFile,omitempty"`
	RoleName    string        `json:"roleName,omitempty"`
	RolePos     writ.Position `json:"rolePos,omitzero"`
	RoleFilePos writ.Position `json:"roleFilePos,omitzero"`
	RoleNamePos writ.Position `json:"roleNamePos,omitzero"`
	Pos         writ.Position `json:"pos,omitzero"`
}

// Network is a VPC as a function sees it: ids of AWS, which may hold {{...}}.
type Network struct {
	Subnets        []string      `json:"subnets"`
	SecurityGroups []string      `json:"securityGroups"`
	Pos            writ.Position `json:"pos,omitzero"`
}

// RoleSettings say how roles are made, in the words of package roles.
type RoleSettings struct {
	Mode string `json:"mode,omitempty"` // dynamic, shared or global
	Way  string `json:"way,omitempty"`  // replace, merge or boundary
	// Dir holds the platform team's role files, relative to Topology.Dir.
	Dir string        `json:"dir,omitempty"`
	Pos writ.Position `json:"pos,omitzero"`
	// DirPos is where Dir is written.
	DirPos writ.Position `json:"dirPos,omitzero"`
}

// EnvVar is one environment variable. Value may hold ${functions.hello.name},
// ${stores.hits.arn} and the like, and {{sandbox}} and other template variables.
type EnvVar struct {
	Name  string        `json:"name"`
	Value string        `json:"value"`
	Pos   writ.Position `json:"pos,omitzero"`
}

// Kind is a kind of entity.
type Kind string

// The kinds of entity that an edge may lead to.
const (
	KindFunction  Kind = "function"
	KindStore     Kind = "store"
	KindQueue     Kind = "queue"
	KindEvent     Kind = "event"
	KindState     Kind = "state"
	KindMutation  Kind = "mutation"
	KindChannel   Kind = "channel"
	KindSecret    Kind = "secret"
	KindParameter Kind = "parameter"
	KindKey       Kind = "key"
	KindTopic     Kind = "topic"
	KindStream    Kind = "stream"
	KindBus       Kind = "bus"
	KindBucket    Kind = "bucket"
	KindPage      Kind = "page"
	KindRoute     Kind = "route"
	KindSchedule  Kind = "schedule"
	KindPool      Kind = "pool"
	// KindImport is an entity of elsewhere, by the name that imports: gives it.
	KindImport Kind = "import"
)

// Target is an edge drawn by naming an entity: `function: transformer`.
type Target struct {
	Kind Kind          `json:"kind"`
	Name string        `json:"name"`
	Pos  writ.Position `json:"pos,omitzero"`
}

// Grant is one edge with what it allows, in CDK's verbs: readData, writeData,
// readWriteData, fullAccess, streamRead, invoke, read, write, ...
type Grant struct {
	Kind   Kind          `json:"kind"`
	Name   string        `json:"name"`
	Access string        `json:"access"`
	Pos    writ.Position `json:"pos,omitzero"`
}

// StoreKind is what holds a store's data.
type StoreKind string

// The kinds of store.
const (
	StoreTable  StoreKind = "table"  // DynamoDB
	StoreBucket StoreKind = "bucket" // S3
)

// Store is a DynamoDB table or an S3 bucket.
type Store struct {
	Name string    `json:"name"`
	Kind StoreKind `json:"kind"`
	// Table is set for StoreTable.
	Table *Table `json:"table,omitempty"`
	// Notify is what a bucket tells of its objects.
	Notify []Notification `json:"notify,omitempty"`
	Pos    writ.Position  `json:"pos,omitzero"`
	// Misuse collects wrong calls of the Go constructs until Emit reports them.
	Misuse []*writ.Error `json:"-"`
}

// Table is the shape of a DynamoDB table.
type Table struct {
	PartitionKey Key     `json:"partitionKey"`
	SortKey      *Key    `json:"sortKey,omitempty"`
	Indexes      []Index `json:"indexes,omitempty"`
	// TTL names the attribute that holds the expiry time, "" for none.
	TTL string `json:"ttl,omitempty"`
	// Stream is NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY or "".
	Stream string `json:"stream,omitempty"`
	// Retain keeps the table when the stack is deleted.
	Retain bool `json:"retain,omitempty"`
}

// Key is one key attribute. Type is S, N or B.
type Key struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Index is a secondary index: local when it has the table's own partition key
// and Local is set, else global.
type Index struct {
	Name         string `json:"name"`
	Local        bool   `json:"local,omitempty"`
	PartitionKey Key    `json:"partitionKey"`
	SortKey      *Key   `json:"sortKey,omitempty"`
	// Projection is ALL, KEYS_ONLY or INCLUDE.
	Projection string   `json:"projection"`
	Include    []string `json:"include,omitempty"`
}

// APIKind is the kind of API Gateway API that a route belongs to.
type APIKind string

// The two kinds: http is API Gateway v2 (payload 2.0, tc's), rest is v1 (payload 1.0, the CDK lesson's).
const (
	APIHTTP APIKind = "http"
	APIREST APIKind = "rest"
)

// Route is one method of one path.
type Route struct {
	// Path is as API Gateway writes it: "/pets/{id}", "/{proxy+}".
	Path string `json:"path"`
	// Method is upper case; ANY for all.
	Method string  `json:"method"`
	API    APIKind `json:"api"`
	Target Target  `json:"target"`
	// Authorizer is a declared authorizer or a function, cognito, iam, or "" for none.
	Authorizer string `json:"authorizer,omitempty"`
	// Authorize is what the route asks its declared authorizer; nil: nothing yet, and nobody is let in.
	Authorize *Authorize    `json:"authorize,omitempty"`
	CORS      *CORS         `json:"cors,omitempty"`
	Async     bool          `json:"async,omitempty"`
	Pos       writ.Position `json:"pos,omitzero"`
	// Others are further keys of tc that Writ keeps but does not act on yet
	// (gateway, stage, request_template, ...), sorted by key.
	Others []*Section `json:"others,omitempty"`
}

// CORS is what a route allows to browsers of other origins.
type CORS struct {
	Origins []string `json:"origins,omitempty"`
	Methods []string `json:"methods,omitempty"`
	Headers []string `json:"headers,omitempty"`
	// MaxAgeSec is how long a browser may keep the answer; 0 leaves it out.
	MaxAgeSec   int  `json:"maxAge,omitempty"`
	Credentials bool `json:"credentials,omitempty"`
}

// Test is one case of the tests: section, kept as written.
type Test struct {
	Name string        `json:"name"`
	Body *Section      `json:"body,omitempty"`
	Pos  writ.Position `json:"pos,omitzero"`
}

// Section is a part of the file kept as written: its YAML text and its place.
type Section struct {
	Key  string        `json:"key"`
	YAML string        `json:"yaml"`
	Pos  writ.Position `json:"pos,omitzero"`
}
