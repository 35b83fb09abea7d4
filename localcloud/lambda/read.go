package lambda

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
)

func itoa(n int) string { return strconv.Itoa(n) }

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (s *Service) getFunction(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	fn, err := s.need(in)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{
		"Configuration": s.configuration(&fn.record, in.qualifier != ""),
		// AWS gives a presigned URL; here the archive is a file of this machine.
		"Code": map[string]string{"RepositoryType": "S3", "Location": "file://" + s.codeFile(fn.record.Code)},
	}
	if len(fn.record.Tags) > 0 {
		answer["Tags"] = fn.record.Tags
	}
	if fn.record.Reserved != nil {
		answer["Concurrency"] = map[string]int{"ReservedConcurrentExecutions": *fn.record.Reserved}
	}
	return reply(200, answer)
}

func (s *Service) getConfiguration(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	fn, err := s.need(in)
	if err != nil {
		return nil, err
	}
	return reply(200, s.configuration(&fn.record, in.qualifier != ""))
}

func (s *Service) deleteFunction(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	fn, err := s.need(in)
	if err != nil {
		return nil, err
	}
	keys := []string{fn.record.key()}
	switch {
	case in.qualifier == latest:
		return nil, invalid("$LATEST version cannot be deleted without deleting the function.")
	case in.qualifier == "":
		keys = s.versionsOf(in.name)
	}
	if err := s.remove(keys); err != nil {
		return nil, err
	}
	return reply(204, nil)
}

// page cuts sorted keys by Marker and MaxItems and gives the next marker.
func page(c *gate.Call, keys []string, limit int) (cut []string, next string, err error) {
	if m := c.Query.Get("MaxItems"); m != "" {
		n, err := strconv.Atoi(m)
		if err != nil || n < 1 || n > 10000 {
			return nil, "", constraint("maxItems", m, "Member must have value between 1 and 10000")
		}
		limit = min(limit, n)
	}
	if marker := c.Query.Get("Marker"); marker != "" {
		after, err := base64.RawURLEncoding.DecodeString(marker)
		if err != nil {
			return nil, "", invalid("Invalid Marker")
		}
		at, found := slices.BinarySearch(keys, string(after))
		if found {
			at++
		}
		keys = keys[at:]
	}
	if len(keys) > limit {
		keys = keys[:limit]
		next = base64.RawURLEncoding.EncodeToString([]byte(keys[limit-1]))
	}
	return keys, next, nil
}

func (s *Service) listFunctions(_ context.Context, c *gate.Call, _ *input) (*gate.Reply, error) {
	all := c.Query.Get("FunctionVersion") == "ALL"
	s.mu.RLock()
	var keys []string
	for k := range s.functions {
		if all || !strings.Contains(k, ":") {
			keys = append(keys, k)
		}
	}
	s.mu.RUnlock()
	slices.Sort(keys)
	return s.listPage(c, keys, all)
}

func (s *Service) listPage(c *gate.Call, keys []string, qualified bool) (*gate.Reply, error) {
	keys, next, err := page(c, keys, 50)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, k := range keys {
		name, version, _ := strings.Cut(k, ":")
		if fn := s.find(name, version); fn != nil {
			list = append(list, s.configuration(&fn.record, qualified))
		}
	}
	answer := map[string]any{"Functions": list}
	if c.Operation == "ListVersionsByFunction" {
		answer = map[string]any{"Versions": list}
	}
	if next != "" {
		answer["NextMarker"] = next
	}
	return reply(200, answer)
}

func (s *Service) listVersions(_ context.Context, c *gate.Call, in *input) (*gate.Reply, error) {
	if _, err := s.needLatest(in); err != nil {
		return nil, err
	}
	return s.listPage(c, s.versionsOf(in.name), true)
}

type publishRequest struct {
	CodeSha256, Description string
	RevisionID              string `json:"RevisionId"`
}

func (s *Service) publishVersion(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	req := in.body.(*publishRequest)
	fn, err := s.needLatest(in)
	if err != nil {
		return nil, err
	}
	if req.CodeSha256 != "" && req.CodeSha256 != fn.record.CodeSHA256 {
		return nil, invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", req.CodeSha256, fn.record.CodeSHA256)
	}
	if req.RevisionID != "" && req.RevisionID != fn.record.RevisionID {
		return nil, failure(412, "PreconditionFailedException", "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId for your resource.")
	}
	if fn, err = s.publishLocked(in.name, req.Description); err != nil {
		return nil, err
	}
	return reply(201, s.configuration(&fn.record, true))
}

func (s *Service) publishLocked(name, description string) (*function, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	fn, err := s.needLatest(&input{name: name})
	if err != nil {
		return nil, err
	}
	return s.publish(fn, description)
}

// publish copies $LATEST into a new version, unless the newest version has the
// same code and configuration already. The caller holds s.changes.
func (s *Service) publish(fn *function, description string) (*function, error) {
	r := fn.record.clone()
	if r.NextVersion > 1 {
		if last := s.find(r.Name, itoa(r.NextVersion-1)); last != nil && runsTheSame(&last.record, &r) {
			return last, nil
		}
	}
	version := r
	version.Version, version.Policy, version.Tags, version.Reserved, version.Async = itoa(max(r.NextVersion, 1)), nil, nil, nil, nil
	version.Description = orText(description, r.Description)
	r.NextVersion = max(r.NextVersion, 1) + 1
	if _, err := s.save(r); err != nil {
		return nil, err
	}
	return s.save(version)
}

func (s *Service) getCodeSigning(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	if _, err := s.need(in); err != nil {
		return nil, err
	}
	return reply(200, map[string]string{"FunctionName": in.name})
}

func (s *Service) getRuntimeManagement(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	if _, err := s.need(in); err != nil {
		return nil, err
	}
	return reply(200, map[string]string{"UpdateRuntimeOn": "Auto", "FunctionArn": s.functionARN(in.name, orText(in.qualifier, latest))})
}

func (s *Service) getAccountSettings(_ context.Context, _ *gate.Call, _ *input) (*gate.Reply, error) {
	s.mu.RLock()
	var size int64
	count, reserved := 0, 0
	for _, fn := range s.functions {
		size += fn.record.CodeSize
		if fn.record.Version == latest {
			count++
		}
		if fn.record.Reserved != nil {
			reserved += *fn.record.Reserved
		}
	}
	s.mu.RUnlock()
	return reply(200, map[string]any{
		"AccountLimit": map[string]int64{
			"TotalCodeSize": 75 << 30, "CodeSizeUnzipped": maxUnzipped, "CodeSizeZipped": maxZipped,
			"ConcurrentExecutions": accountConcurrency, "UnreservedConcurrentExecutions": int64(accountConcurrency - reserved),
		},
		"AccountUsage": map[string]int64{"TotalCodeSize": size, "FunctionCount": int64(count)},
	})
}
