package topology

import (
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/tree"
)

// App is a topology made of Go constructs. Its methods are those of its outermost [Scope]:
//
//	app := topology.New("hitcounter")
//	hello := app.Function("hello", topology.FunctionProps{Root: "hello"})
//	...
//	app.Emit()
type App struct {
	*scope
}

// scope lets App have a method Scope beside the embedded field.
type scope = Scope

// Scope is a place in the tree of constructs. What is made in it is named by
// the ids on the way there, joined with "-".
type Scope struct {
	made *construction
	path string
}

// construction is the state that all scopes of one App share.
type construction struct {
	topology Topology
	ids      map[string]writ.Position
	problems []*writ.Error
}

// New starts a topology of the given name, the namespace of all that is deployed.
func New(name string) *App {
	made := &construction{ids: map[string]writ.Position{}}
	made.topology = Topology{Name: name, Pos: callerPosition()}
	made.topology.File = made.topology.Pos.File
	return &App{&Scope{made: made}}
}

// Roles says how roles are made, as roles: does in topology.yml: the mode
// ("dynamic", "shared" or "global"), the way of role files ("replace", "merge",
// "boundary", "" for replace) and their directory ("" for the usual one).
func (a *App) Roles(mode, way, dir string) {
	at := callerPosition()
	if !slices.Contains(roleModes, mode) {
		a.made.wrong(at, quoted(mode)+" is no mode of roles", "it is dynamic, shared or global")
	}
	if way != "" && !slices.Contains(roleWays, way) {
		a.made.wrong(at, quoted(way)+" is no way of role files", "it is replace, merge or boundary")
	}
	a.made.topology.Roles = &RoleSettings{Mode: mode, Way: way, Dir: dir, Pos: at, DirPos: at}
}

// Root gives the outermost scope, to hand to a construct of one's own.
func (a *App) Root() *Scope { return a.scope }

// Scope gives the scope id within s. A construct of several parts makes one for
// itself, so that it can be used more than once:
//
//	func NewHitCounter(scope *topology.Scope, id string, downstream *topology.Function) *HitCounter {
//		s := scope.Scope(id)
//		...
//	}
func (s *Scope) Scope(id string) *Scope {
	return &Scope{made: s.made, path: s.claim(id, "scope")}
}

// claim gives the full name of a new construct; an id that is empty or taken
// is noted for Emit.
func (s *Scope) claim(id, what string) string {
	at := callerPosition()
	name := id
	if s.path != "" {
		name = s.path + "-" + id
	}
	if id == "" {
		s.made.wrong(at, "a "+what+" without an id", "give it an id that is unique in its scope")
		return name
	}
	if first, taken := s.made.ids[name]; taken {
		s.made.wrong(at, "the id "+quoted(name)+" is taken", "the other one is at "+tree.Place(first)+"; ids are unique in their scope")
		return name
	}
	s.made.ids[name] = at
	return name
}

func (c *construction) wrong(at writ.Position, message, hint string) {
	c.problems = append(c.problems, misuse(at, message, hint))
}

func misuse(at writ.Position, message, hint string) *writ.Error {
	return &writ.Error{Code: writ.CodeInvalid, Message: message, Hint: hint, Position: at}
}

// FunctionProps are the properties of a function; zero fields take the defaults.
type FunctionProps struct {
	// Root is the directory of the code, relative to the program's; the
	// default is the function's id.
	Root        string
	Description string
	// Runtime is a name such as go, node22 or python3.13; the default is found
	// from the code.
	Runtime     string
	Handler     string
	MemoryMB    int // 0: 128
	TimeoutSec  int // 0: 3
	Environment map[string]string
	// DeadLetter takes asynchronous calls that failed for good.
	DeadLetter *Queue
	Network    *Network
	// Role is the name or ARN of a role that exists, RoleFile a policy document
	// for the function's own role, RoleName the name of that role.
	Role, RoleFile, RoleName string
}

// Function makes a Lambda function.
func (s *Scope) Function(id string, props FunctionProps) *Function {
	at := callerPosition()
	f := &Function{Name: s.claim(id, "function"), Root: cleanPath(props.Root), Description: props.Description, Pos: at}
	if props.Root == "" {
		f.Root = cleanPath(id)
	}
	if filepath.IsAbs(props.Root) {
		s.made.wrong(at, "the root of function "+f.Name+" is absolute", "write it relative to the program's directory")
	}
	f.DeadLetter = queueTarget(props.DeadLetter, at)
	if props.Network != nil {
		f.Network = &Network{Subnets: slices.Clone(props.Network.Subnets), SecurityGroups: slices.Clone(props.Network.SecurityGroups), Pos: at}
	}
	f.Runtime = Runtime{
		Handler: props.Handler, MemoryMB: props.MemoryMB, TimeoutSec: props.TimeoutSec,
		Role: props.Role, RoleFile: props.RoleFile, RoleName: props.RoleName,
	}
	for _, own := range []struct {
		text string
		at   *writ.Position
	}{{props.Role, &f.Runtime.RolePos}, {props.RoleFile, &f.Runtime.RoleFilePos}, {props.RoleName, &f.Runtime.RoleNamePos}} {
		if own.text != "" {
			*own.at = at
		}
	}
	if props.Runtime != "" {
		r, ok := findRuntime(props.Runtime)
		if !ok {
			s.made.wrong(at, "unknown runtime "+quoted(props.Runtime)+" of function "+f.Name, runtimeHint(props.Runtime))
		}
		f.Runtime.Language, f.Runtime.Identifier = r.Language, r.Identifier
	}
	for _, name := range slices.Sorted(maps.Keys(props.Environment)) {
		f.Environment = append(f.Environment, EnvVar{Name: name, Value: props.Environment[name], Pos: at})
	}
	s.made.topology.Functions = append(s.made.topology.Functions, f)
	return f
}

// TableProps are the properties of a DynamoDB table. Keys are strings unless
// their Type says otherwise.
type TableProps struct {
	PartitionKey Key
	SortKey      *Key
	Indexes      []Index
	TTL          string
	// Stream is NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY or "".
	Stream string
	// Retain keeps the table when the stack is deleted.
	Retain bool
}

// Table makes a DynamoDB table.
func (s *Scope) Table(id string, props TableProps) *Store {
	at := callerPosition()
	t := &Table{
		PartitionKey: withType(props.PartitionKey), SortKey: withTypeOrNil(props.SortKey),
		Indexes: slices.Clone(props.Indexes), TTL: props.TTL, Stream: props.Stream, Retain: props.Retain,
	}
	for i := range t.Indexes {
		index := &t.Indexes[i]
		if index.Local && index.PartitionKey.Name == "" {
			index.PartitionKey = t.PartitionKey
		}
		if index.SortKey != nil { // a copy: the type is filled in below
			sort := *index.SortKey
			index.SortKey = &sort
		}
		if index.Projection == "" {
			index.Projection = "ALL"
		}
		if index.PartitionKey.Name == "" || index.Name == "" {
			s.made.wrong(at, "an index of table "+id+" has no key or no name", "set Name and PartitionKey")
		}
	}
	t.fillTypes(knownTypes(t))
	store := &Store{Name: s.claim(id, "table"), Kind: StoreTable, Table: t, Pos: at}
	if t.PartitionKey.Name == "" {
		s.made.wrong(at, "table "+store.Name+" has no key", `set  PartitionKey: topology.Key{Name: "id"}`)
	}
	if t.Stream != "" && !slices.Contains(streamViews, t.Stream) {
		s.made.wrong(at, "unknown stream view "+quoted(t.Stream), "the views are "+strings.Join(streamViews, ", "))
	}
	s.made.topology.Stores = append(s.made.topology.Stores, store)
	return store
}

// Bucket makes an S3 bucket.
func (s *Scope) Bucket(id string) *Store {
	store := &Store{Name: s.claim(id, "bucket"), Kind: StoreBucket, Pos: callerPosition()}
	s.made.topology.Stores = append(s.made.topology.Stores, store)
	return store
}

// RouteProps are the properties of a route. Just one of Function, Queue and
// Event is where it leads.
type RouteProps struct {
	// Path is as API Gateway writes it: "/pets/{id}", "/{proxy+}".
	Path string
	// Method is GET, POST, ...; ANY for all. The default is POST, as in YAML.
	Method     string
	API        APIKind // "": APIHTTP
	Function   *Function
	Queue      *Queue
	Event      *Event
	Authorizer *Function
	// Guard is a declared authorizer, in place of Authorizer; Authorize is what the route asks it, nil for nothing yet.
	Guard     *Authorizer
	Authorize *Authorize
	CORS      *CORS
	Async     bool
}

// Route makes a route. Routes have no id: path and method name them.
func (s *Scope) Route(props RouteProps) *Route {
	at := callerPosition()
	r := &Route{Path: props.Path, Method: strings.ToUpper(props.Method), API: props.API, CORS: props.CORS, Async: props.Async, Pos: at}
	if r.Method == "" {
		r.Method = "POST"
	}
	if r.API == "" {
		r.API = APIHTTP
	}
	if props.Authorizer != nil {
		r.Authorizer = props.Authorizer.Name
	}
	if props.Guard != nil {
		if r.Authorizer = props.Guard.Name; props.Authorizer != nil {
			s.made.wrong(at, "route "+r.Method+" "+r.Path+" has two authorizers", "set one of Authorizer and Guard")
		}
	}
	if props.Authorize != nil {
		ask := *props.Authorize
		ask.Pos, ask.ActionPos, ask.ResourcePos, ask.TenantPos = at, at, at, at
		r.Authorize = &ask
	}
	var targets []Target
	if props.Function != nil {
		targets = append(targets, Target{KindFunction, props.Function.Name, at})
	}
	if props.Queue != nil {
		targets = append(targets, Target{KindQueue, props.Queue.Name, at})
	}
	if props.Event != nil {
		targets = append(targets, Target{KindEvent, props.Event.Name, at})
	}
	if len(targets) != 1 {
		s.made.wrong(at, "route "+r.Method+" "+r.Path+" does not lead to just one thing", "set one of Function, Queue and Event")
	} else {
		r.Target = targets[0]
	}
	s.made.topology.Routes = append(s.made.topology.Routes, r)
	return r
}

// packagePrefix starts the names of this package's functions in a stack.
const packagePrefix = "github.com/writ-dev/writ/topology."

// callerPosition gives the line of the user's Go file that called into this
// package, so that errors and fixes point there.
func callerPosition() writ.Position {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if frame.Function != "" && !strings.HasPrefix(frame.Function, packagePrefix) {
			return writ.Position{File: filepath.ToSlash(frame.File), Line: frame.Line}
		}
		if !more {
			return writ.Position{}
		}
	}
}
