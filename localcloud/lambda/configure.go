package lambda

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
)

// configRequest is what CreateFunction and UpdateFunctionConfiguration have in
// common; a nil member was not given.
type configRequest struct {
	Runtime, Role, Handler, Description *string
	Timeout, MemorySize                 *int
	Environment                         *struct{ Variables map[string]string }
	EphemeralStorage                    *struct{ Size int }
	TracingConfig                       *struct{ Mode string }
	LoggingConfig                       *loggingConfig
	RevisionID                          string `json:"RevisionId"`

	VpcConfig, DeadLetterConfig, Layers, FileSystemConfigs, KMSKeyArn, ImageConfig json.RawMessage
}

type createRequest struct {
	configRequest
	FunctionName  *string
	Code          functionCode
	PackageType   string
	Architectures []string
	Publish       bool
	Tags          map[string]string
}

type codeRequest struct {
	functionCode
	Publish, DryRun bool
	RevisionID      string `json:"RevisionId"`
	Architectures   []string
}

var roleRule = regexp.MustCompile(`^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)

// runtimes are the identifiers that AWS knows; those that do not run here fail
// when they are invoked, with a message that says so.
const runtimes = " nodejs nodejs4.3 nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x nodejs14.x nodejs16.x nodejs18.x nodejs20.x nodejs22.x nodejs24.x " +
	"java8 java8.al2 java11 java17 java21 java25 python2.7 python3.6 python3.7 python3.8 python3.9 python3.10 python3.11 python3.12 python3.13 python3.14 " +
	"dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1 dotnet6 dotnet8 dotnet10 go1.x ruby2.5 ruby2.7 ruby3.2 ruby3.3 ruby3.4 ruby4.0 provided provided.al2 provided.al2023 "

// apply checks a request and writes it into r.
func (q *configRequest) apply(r *Record) error {
	if q.Runtime != nil {
		if !strings.Contains(runtimes, " "+*q.Runtime+" ") {
			return invalid("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s] or be a valid ARN", *q.Runtime, strings.ReplaceAll(strings.TrimSpace(runtimes), " ", ", "))
		}
		r.Runtime = *q.Runtime
	}
	if q.Role != nil {
		if !roleRule.MatchString(*q.Role) {
			return constraint("role", *q.Role, `Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`)
		}
		r.Role = *q.Role
	}
	if q.Handler != nil {
		if len(*q.Handler) > 128 || strings.ContainsAny(*q.Handler, " \t\r\n") {
			return constraint("handler", *q.Handler, `Member must satisfy regular expression pattern: [^\s]+`)
		}
		r.Handler = *q.Handler
	}
	if q.Description != nil {
		if len(*q.Description) > 256 {
			return constraint("description", *q.Description, "Member must have length less than or equal to 256")
		}
		r.Description = *q.Description
	}
	if err := q.applySizes(r); err != nil {
		return err
	}
	if q.Environment != nil {
		if err := checkEnvironment(q.Environment.Variables); err != nil {
			return err
		}
		r.Env = q.Environment.Variables
	}
	if q.TracingConfig != nil {
		if q.TracingConfig.Mode != "Active" && q.TracingConfig.Mode != "PassThrough" {
			return constraint("tracingConfig.mode", q.TracingConfig.Mode, "Member must satisfy enum value set: [Active, PassThrough]")
		}
		r.Tracing = q.TracingConfig.Mode
	}
	if q.LoggingConfig != nil {
		r.Logging = *q.LoggingConfig
	}
	r.Logging.LogFormat = orText(r.Logging.LogFormat, "Text")
	r.Logging.LogGroup = orText(r.Logging.LogGroup, "/aws/lambda/"+r.Name)
	q.keep(r)
	return checkDeadLetter(r)
}

func (q *configRequest) applySizes(r *Record) error {
	if q.Timeout != nil {
		switch t := *q.Timeout; {
		case t < 1:
			return constraint("timeout", itoa(t), "Member must have value greater than or equal to 1")
		case t > 900:
			return constraint("timeout", itoa(t), "Member must have value less than or equal to 900")
		default:
			r.TimeoutSec = t
		}
	}
	if q.MemorySize != nil {
		switch m := *q.MemorySize; {
		case m < 128:
			return constraint("memorySize", itoa(m), "Member must have value greater than or equal to 128")
		case m > 32768:
			return constraint("memorySize", itoa(m), "Member must have value less than or equal to 32768")
		case m > 10240:
			return invalid("'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240")
		default:
			r.MemoryMB = m
		}
	}
	if q.EphemeralStorage != nil {
		if n := q.EphemeralStorage.Size; n < 512 || n > 10240 {
			return constraint("ephemeralStorage.size", itoa(n), "Member must have value between 512 and 10240")
		}
		r.EphemeralMB = q.EphemeralStorage.Size
	}
	return nil
}

// keep stores the members that have no effect here, and the dead-letter queue.
func (q *configRequest) keep(r *Record) {
	kept := map[string]json.RawMessage{}
	for k, v := range r.Kept {
		kept[k] = v
	}
	for k, v := range map[string]json.RawMessage{
		"VpcConfig": q.VpcConfig, "DeadLetterConfig": q.DeadLetterConfig, "FileSystemConfigs": q.FileSystemConfigs, "KMSKeyArn": q.KMSKeyArn,
	} {
		if len(v) > 0 && string(v) != "null" {
			kept[k] = v
		}
	}
	if len(q.Layers) > 0 {
		var arns []string
		if json.Unmarshal(q.Layers, &arns) == nil {
			layers := []byte("[")
			for i, a := range arns {
				if i > 0 {
					layers = append(layers, ',')
				}
				text, err := json.Marshal(map[string]any{"Arn": a, "CodeSize": 0})
				if err == nil { // a string always encodes
					layers = append(layers, text...)
				}
			}
			kept["Layers"] = append(layers, ']')
		}
	}
	if len(kept) > 0 {
		r.Kept = kept
	}
}

var envRule = regexp.MustCompile(`^[a-zA-Z]([a-zA-Z0-9_])+$`)

func checkEnvironment(env map[string]string) error {
	if used := reservedKeys(env); len(used) > 0 {
		slices.Sort(used)
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(used, ", "))
	}
	for k, v := range env {
		if !envRule.MatchString(k) {
			return constraint("environment.variables", k, `Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]`)
		}
		if strings.ContainsRune(v, 0) {
			return invalid("The environment variable %s holds a NUL byte.", k)
		}
	}
	text, err := json.Marshal(env)
	if err != nil {
		return err
	}
	if len(text) > 4096 {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: %s", text)
	}
	return nil
}

func (s *Service) createFunction(ctx context.Context, c *gate.Call, in *input) (*gate.Reply, error) {
	req := in.body.(*createRequest)
	r := Record{
		Name: in.name, Version: latest, TimeoutSec: 3, MemoryMB: 128, EphemeralMB: 512, Tracing: "PassThrough",
		Architecture: "x86_64", Tags: req.Tags, NextVersion: 1,
	}
	if err := req.check(); err != nil {
		return nil, err
	}
	if err := req.apply(&r); err != nil {
		return nil, err
	}
	if len(req.Architectures) > 0 {
		r.Architecture = req.Architectures[0]
	}
	if s.find(in.name, "") != nil {
		return nil, failure(409, "ResourceConflictException", "Function already exist: %s", in.name)
	}
	code, err := s.takeCode(ctx, c, req.Code)
	if err != nil {
		return nil, err
	}
	if err := s.checkRole(ctx, &r); err != nil {
		return nil, err
	}
	r.Code, r.CodeSHA256, r.CodeSize = code.name, code.sha256, code.size
	r.LastModified = s.cfg.Now()
	if r.RevisionID, err = s.uuid(); err != nil {
		return nil, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	if s.find(in.name, "") != nil {
		return nil, failure(409, "ResourceConflictException", "Function already exist: %s", in.name)
	}
	fn, err := s.save(r)
	if err != nil {
		return nil, err
	}
	if req.Publish {
		if fn, err = s.publish(fn, ""); err != nil {
			return nil, err
		}
	}
	return reply(201, s.configuration(&fn.record, false))
}

func (q *createRequest) check() error {
	switch {
	case q.PackageType != "" && q.PackageType != "Zip":
		return invalid("Container images do not run in the local cloud; use the package type Zip.")
	case q.Runtime == nil:
		return invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	case q.Handler == nil || *q.Handler == "":
		return invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	case len(q.Architectures) > 1:
		return invalid("Architectures can have only one value.")
	}
	for _, a := range q.Architectures {
		if a != "x86_64" && a != "arm64" {
			return constraint("architectures", "["+a+"]", "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]")
		}
	}
	if len(q.Tags) > 50 {
		return invalid("The number of tags exceeds the limit of 50.")
	}
	return nil
}

// checkRole makes sure that Lambda may take on the function's role.
func (s *Service) checkRole(ctx context.Context, r *Record) error {
	_, _, err := s.cfg.Roles.AssumeForService(ctx, session.ServiceRole{
		Principal: "lambda.amazonaws.com", RoleARN: r.Role, SessionName: r.Name,
		FunctionARN: s.functionARN(r.Name, ""), Duration: time.Hour,
	})
	if err != nil {
		s.cfg.Log.Info("a function's role cannot be assumed", "function", r.Name, "role", r.Role, "error", err)
		return invalid("The role defined for the function cannot be assumed by Lambda.")
	}
	return nil
}

func (s *Service) updateConfiguration(ctx context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	req := in.body.(*configRequest)
	fn, err := s.change(in, req.RevisionID, func(r *Record) error {
		if err := req.apply(r); err != nil {
			return err
		}
		r.LastModified = s.cfg.Now()
		if req.Role != nil {
			return s.checkRole(ctx, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return reply(200, s.configuration(&fn.record, false))
}

func (s *Service) updateCode(ctx context.Context, c *gate.Call, in *input) (*gate.Reply, error) {
	req := in.body.(*codeRequest)
	if _, err := s.needLatest(in); err != nil {
		return nil, err
	}
	code, err := s.takeCode(ctx, c, req.functionCode)
	if err != nil {
		return nil, err
	}
	edit := func(r *Record) error {
		r.Code, r.CodeSHA256, r.CodeSize, r.LastModified = code.name, code.sha256, code.size, s.cfg.Now()
		if len(req.Architectures) == 1 {
			r.Architecture = req.Architectures[0]
		}
		return nil
	}
	var fn *function
	if req.DryRun {
		if fn, err = s.needLatest(in); err != nil {
			return nil, err
		}
		r := fn.record.clone()
		err = edit(&r)
		fn = &function{record: r}
	} else {
		fn, err = s.change(in, req.RevisionID, edit)
	}
	if err == nil && req.Publish && !req.DryRun {
		fn, err = s.publishLocked(in.name, "")
	}
	if err != nil {
		return nil, err
	}
	return reply(200, s.configuration(&fn.record, false))
}
