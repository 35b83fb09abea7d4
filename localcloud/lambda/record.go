package lambda

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/lambda/process"
	"github.com/writ-dev/writ/localcloud/store"
)

const latest = "$LATEST"

// Record is a function, or a published version of one, as it is stored.
type Record struct {
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	Runtime      string            `json:"runtime"`
	Role         string            `json:"role"`
	Handler      string            `json:"handler,omitempty"`
	Description  string            `json:"description"`
	TimeoutSec   int               `json:"timeout"`
	MemoryMB     int               `json:"memory"`
	Env          map[string]string `json:"env,omitempty"`
	Architecture string            `json:"architecture"`
	EphemeralMB  int               `json:"ephemeral"`
	Tracing      string            `json:"tracing"`
	Logging      loggingConfig     `json:"logging"`
	CodeSHA256   string            `json:"codeSha256"` // base64, as AWS gives it
	CodeSize     int64             `json:"codeSize"`
	// Code names the directory of the unpacked code.
	Code         string            `json:"code"`
	LastModified time.Time         `json:"lastModified"`
	RevisionID   string            `json:"revisionId"`
	Tags         map[string]string `json:"tags,omitempty"`
	Reserved     *int              `json:"reserved,omitempty"`
	Policy       []statement       `json:"policy,omitempty"`
	NextVersion  int               `json:"nextVersion,omitempty"`
	// Async says how the version is invoked asynchronously; nil for AWS's defaults.
	Async *asyncConfig `json:"async,omitempty"`
	// Kept holds members that are stored and given back but have no effect
	// here: VpcConfig, Layers and the like; and DeadLetterConfig.
	Kept map[string]json.RawMessage `json:"kept,omitempty"`
}

type loggingConfig struct {
	LogFormat           string `json:"LogFormat,omitempty"`
	LogGroup            string `json:"LogGroup,omitempty"`
	ApplicationLogLevel string `json:"ApplicationLogLevel,omitempty"`
	SystemLogLevel      string `json:"SystemLogLevel,omitempty"`
}

// key is the record's name in the store and in memory.
func (r *Record) key() string {
	if r.Version == latest {
		return r.Name
	}
	return r.Name + ":" + r.Version
}

// clone copies what an update may change.
func (r *Record) clone() Record {
	c := *r
	c.Policy = slices.Clone(r.Policy)
	return c
}

// configuration is the FunctionConfiguration shape. qualified adds the version to the ARN.
func (s *Service) configuration(r *Record, qualified bool) map[string]any {
	qualifier := ""
	if qualified || r.Version != latest {
		qualifier = r.Version
	}
	c := map[string]any{
		"FunctionName": r.Name, "FunctionArn": s.functionARN(r.Name, qualifier), "Runtime": r.Runtime, "Role": r.Role,
		"Handler": r.Handler, "CodeSize": r.CodeSize, "Description": r.Description, "Timeout": r.TimeoutSec,
		"MemorySize": r.MemoryMB, "LastModified": r.LastModified.UTC().Format("2006-01-02T15:04:05.000-0700"),
		"CodeSha256": r.CodeSHA256, "Version": r.Version, "TracingConfig": map[string]string{"Mode": r.Tracing},
		"RevisionId": r.RevisionID, "State": "Active", "LastUpdateStatus": "Successful", "PackageType": "Zip",
		"Architectures": []string{r.Architecture}, "EphemeralStorage": map[string]int{"Size": r.EphemeralMB},
		"SnapStart": map[string]string{"ApplyOn": "None", "OptimizationStatus": "Off"}, "LoggingConfig": r.Logging,
	}
	if !s.hasCode(r.Code) {
		c["State"], c["StateReasonCode"], c["StateReason"] = "Failed", "InternalError", "The function's code is lost. Update it to run the function again."
	}
	if len(r.Env) > 0 {
		c["Environment"] = map[string]any{"Variables": r.Env}
	}
	for k, v := range r.Kept {
		c[k] = v
	}
	return c
}

// spec is what the fleet runs.
func (s *Service) spec(r *Record) process.Spec {
	qualifier := ""
	if r.Version != latest {
		qualifier = r.Version
	}
	return process.Spec{
		Name: r.Name, ARN: s.functionARN(r.Name, qualifier), Version: r.Version, Runtime: r.Runtime, Handler: r.Handler,
		TaskRoot: s.codeDir(r.Code), RoleARN: r.Role, LogGroup: r.Logging.LogGroup, MemoryMB: r.MemoryMB,
		Timeout: time.Duration(r.TimeoutSec) * time.Second, Env: r.Env,
	}
}

// live makes the function of a record. Before is the function it replaces,
// nil for none; its processes are kept when the record runs the same.
func (s *Service) live(r Record, before *function) (*function, error) {
	policy, err := s.compilePolicy(&r)
	if err != nil {
		return nil, err
	}
	fn := &function{record: r, arn: s.functionARN(r.Name, ""), policy: policy}
	if before != nil {
		fn.running = before.running
		if runsTheSame(&before.record, &r) {
			fn.pool = before.pool
			return fn, nil
		}
	} else {
		fn.running = new(atomic.Int64)
	}
	fn.pool = s.fleet.Pool(s.spec(&r))
	return fn, nil
}

// runsTheSame says whether a change needs no new processes: tags, policies and
// concurrency do not.
func runsTheSame(a, b *Record) bool {
	if len(a.Env) != len(b.Env) {
		return false
	}
	for k, v := range a.Env {
		if w, ok := b.Env[k]; !ok || w != v {
			return false
		}
	}
	return a.Code == b.Code && a.Runtime == b.Runtime && a.Role == b.Role && a.Handler == b.Handler &&
		a.TimeoutSec == b.TimeoutSec && a.MemoryMB == b.MemoryMB && a.Logging == b.Logging
}

// load reads all functions from the store and unpacks what is missing of their code.
func (s *Service) load() error {
	var records []Record
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket("lambda", "functions")
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			var r Record
			if err := json.Unmarshal(v, &r); err != nil {
				return fmt.Errorf("decode function %s: %w", k, err)
			}
			records = append(records, r)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read functions: %w", err)
	}
	used := map[string]bool{}
	for _, r := range records {
		used[r.Code] = true
		if err := s.restoreCode(r.Code); err != nil {
			s.cfg.Log.Warn("a function's code is lost: `writ deploy` or `writ up` brings it again, or UpdateFunctionCode", "function", r.Name, "error", err)
		}
		fn, err := s.live(r, nil)
		if err != nil {
			return fmt.Errorf("read function %s: %w", r.Name, err)
		}
		s.functions[r.key()] = fn
	}
	return s.removeUnusedCode(used)
}

// save stores a record and makes it the one that stands; the processes of the
// one before are retired. The caller holds s.changes.
func (s *Service) save(r Record) (*function, error) {
	before := s.find(r.Name, r.Version)
	fn, err := s.live(r, before)
	if err != nil {
		return nil, err
	}
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("lambda", "functions")
		if err != nil {
			return err
		}
		return b.PutJSON(r.key(), r)
	})
	if err != nil {
		if before == nil || before.pool != fn.pool {
			fn.pool.Retire()
		}
		return nil, fmt.Errorf("store function %s: %w", r.Name, err)
	}
	s.mu.Lock()
	s.functions[r.key()] = fn
	s.mu.Unlock()
	if before != nil && before.pool != fn.pool {
		before.pool.Retire()
	}
	return fn, nil
}

// change applies an edit to a function's record and saves it under a new revision.
func (s *Service) change(in *input, revision string, edit func(*Record) error) (*function, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	fn, err := s.needLatest(in)
	if err != nil {
		return nil, err
	}
	if revision != "" && revision != fn.record.RevisionID {
		return nil, failure(412, "PreconditionFailedException", "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId for your resource.")
	}
	r := fn.record.clone()
	if err := edit(&r); err != nil {
		return nil, err
	}
	if r.RevisionID, err = s.uuid(); err != nil {
		return nil, err
	}
	return s.save(r)
}

// remove deletes records by key; their processes are retired.
func (s *Service) remove(keys []string) error {
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("lambda", "functions")
		if err != nil {
			return err
		}
		for _, k := range keys {
			if err := b.Delete([]byte(k)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete functions: %w", err)
	}
	for _, k := range keys {
		s.mu.Lock()
		fn := s.functions[k]
		delete(s.functions, k)
		s.mu.Unlock()
		if fn != nil {
			fn.pool.Retire()
		}
	}
	return nil
}

// versionsOf gives the keys of a function and all its versions.
func (s *Service) versionsOf(name string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var keys []string
	for k := range s.functions {
		if k == name || strings.HasPrefix(k, name+":") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

func (s *Service) compilePolicy(r *Record) (*iam.Policy, error) {
	if len(r.Policy) == 0 {
		return nil, nil
	}
	text, err := policyText(r.Policy)
	if err != nil {
		return nil, err
	}
	p, err := iam.Load(text, iam.Origin{Type: iam.TypeResource, Name: r.Name})
	if err != nil {
		return nil, gate.Errorf("InvalidParameterValueException", "The function's policy is not valid: %s", err)
	}
	return p, nil
}
