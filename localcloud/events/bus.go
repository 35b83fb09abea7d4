package events

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

const (
	maxBuses  = 100 // "Amazon EventBridge quotas"
	maxPolicy = 10240
	maxTags   = 50
)

var (
	busRule = regexp.MustCompile(`^[/.\-_A-Za-z0-9]{1,256}$`)
	sidRule = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
)

// deadLetter is a DeadLetterConfig.
type deadLetter struct {
	Arn string `json:"Arn,omitempty"`
}

// busName reads the name of a bus, or its ARN; "" is the default bus.
func (s *Service) busName(text string) (string, error) {
	name := text
	if strings.HasPrefix(text, "arn:") {
		rest, ok := strings.CutPrefix(text, s.arn("event-bus/"))
		if !ok {
			return "", invalid("Parameter EventBusName is not valid: %s is no event bus of this account and region.", text)
		}
		name = rest
	}
	if name == "" {
		name = "default"
	}
	if !busRule.MatchString(name) {
		return "", constraint(text, "eventBusName", `Member must satisfy regular expression pattern: (arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[/\.\-_A-Za-z0-9]+`)
	}
	return name, nil
}

func (s *Service) createBus(_ context.Context, _ *gate.Call, q *request) (any, error) {
	if strings.Contains(q.Name, "/") || q.EventSourceName != "" {
		return nil, invalid("The local cloud has no partner event buses.")
	}
	tags, err := checkTags(nil, q.Tags)
	if err != nil {
		return nil, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	if s.bus(q.Name) != nil {
		return nil, gate.Errorf("ResourceAlreadyExistsException", "Event bus %s already exists.", q.Name)
	}
	s.mu.RLock()
	full := len(s.buses) >= maxBuses
	s.mu.RUnlock()
	if full {
		return nil, gate.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	now := s.cfg.Now().Unix()
	r := busRecord{Name: q.Name, Description: q.Description, Key: q.KmsKeyIdentifier, Tags: tags, Created: now, Modified: now}
	if q.DeadLetterConfig != nil {
		r.Dead = q.DeadLetterConfig.Arn
	}
	if err := s.saveBus(r); err != nil {
		return nil, err
	}
	out := map[string]any{"EventBusArn": s.arn("event-bus/" + q.Name)}
	return withSettings(out, r), nil
}

func withSettings(out map[string]any, r busRecord) map[string]any {
	for name, value := range map[string]string{"Description": r.Description, "KmsKeyIdentifier": r.Key, "Policy": r.Policy} {
		if value != "" {
			out[name] = value
		}
	}
	if r.Dead != "" {
		out["DeadLetterConfig"] = deadLetter{r.Dead}
	}
	return out
}

// changeBus edits a copy of a bus's record and saves it.
func (s *Service) changeBus(name string, edit func(*busRecord) error) (busRecord, error) {
	name, err := s.busName(name)
	if err != nil {
		return busRecord{}, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	b, err := s.needBus(name)
	if err != nil {
		return busRecord{}, err
	}
	r := b.record
	r.Tags, r.Modified = maps.Clone(r.Tags), s.cfg.Now().Unix()
	if r.Created == 0 {
		r.Created = r.Modified
	}
	if err := edit(&r); err != nil {
		return r, err
	}
	return r, s.saveBus(r)
}

func (s *Service) updateBus(_ context.Context, _ *gate.Call, q *request) (any, error) {
	r, err := s.changeBus(q.Name, func(r *busRecord) error {
		r.Description, r.Key, r.Dead = q.Description, q.KmsKeyIdentifier, ""
		if q.DeadLetterConfig != nil {
			r.Dead = q.DeadLetterConfig.Arn
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.Policy = ""
	return withSettings(map[string]any{"Arn": s.arn("event-bus/" + r.Name), "Name": r.Name}, r), nil
}

// deleteBus removes a bus without rules; one that is gone is no error.
func (s *Service) deleteBus(_ context.Context, _ *gate.Call, q *request) (any, error) {
	name, err := s.busName(q.Name)
	if err != nil {
		return nil, err
	}
	if name == "default" {
		return nil, invalid("Cannot delete event bus default.")
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	if len(s.rulesOf(name)) > 0 {
		return nil, invalid("Cannot delete event bus %s because it still has rules.", name)
	}
	if err := s.remove("buses", name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.buses, name)
	return nil, nil
}

func (s *Service) describeBus(_ context.Context, _ *gate.Call, q *request) (any, error) {
	name, err := s.busName(q.Name)
	if err != nil {
		return nil, err
	}
	b, err := s.needBus(name)
	if err != nil {
		return nil, err
	}
	return s.busView(b.record), nil
}

func (s *Service) busView(r busRecord) map[string]any {
	out := withSettings(map[string]any{"Arn": s.arn("event-bus/" + r.Name), "Name": r.Name}, r)
	if r.Created > 0 {
		out["CreationTime"], out["LastModifiedTime"] = r.Created, r.Modified
	}
	return out
}

func (s *Service) listBuses(_ context.Context, _ *gate.Call, q *request) (any, error) {
	s.mu.RLock()
	names := slices.Collect(maps.Keys(s.buses))
	s.mu.RUnlock()
	names = append(names, "default")
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return !strings.HasPrefix(name, q.NamePrefix) })
	part, next, err := page(q, names)
	if err != nil {
		return nil, err
	}
	list := []map[string]any{}
	for _, name := range part {
		if b := s.bus(name); b != nil {
			list = append(list, s.busView(b.record))
		}
	}
	return withNext(map[string]any{"EventBuses": list}, next), nil
}

// page cuts a sorted list of names.
func page(q *request, names []string) (part []string, next string, err error) {
	limit := 100
	if q.Limit != nil {
		if limit = *q.Limit; limit < 1 || limit > 100 {
			return nil, "", invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100", limit)
		}
	}
	if q.NextToken != "" {
		after, err := base64.RawURLEncoding.DecodeString(q.NextToken)
		if err != nil {
			return nil, "", invalid("Invalid NextToken.")
		}
		i, found := slices.BinarySearch(names, string(after))
		if found {
			i++
		}
		names = names[i:]
	}
	if len(names) <= limit {
		return names, "", nil
	}
	return names[:limit], base64.RawURLEncoding.EncodeToString([]byte(names[limit-1])), nil
}

func withNext(out map[string]any, next string) map[string]any {
	if next != "" {
		out["NextToken"] = next
	}
	return out
}

// policyDocument is a bus's policy as PutPermission changes it; the statements
// of others stay as they are.
type policyDocument struct {
	Version   string
	Statement []json.RawMessage
}

func readPolicy(text string) (policyDocument, error) {
	d := policyDocument{Version: "2012-10-17"}
	if text == "" {
		return d, nil
	}
	var loose struct {
		Version   string
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &loose); err != nil {
		return d, err
	}
	d.Version = loose.Version
	if json.Unmarshal(loose.Statement, &d.Statement) != nil {
		d.Statement = []json.RawMessage{loose.Statement}
	}
	return d, nil
}

func (d *policyDocument) without(sid string) (found bool) {
	n := len(d.Statement)
	d.Statement = slices.DeleteFunc(d.Statement, func(raw json.RawMessage) bool {
		var one struct{ Sid string }
		return json.Unmarshal(raw, &one) == nil && one.Sid == sid
	})
	return len(d.Statement) < n
}

// putPermission replaces the policy, or puts one statement into it.
func (s *Service) putPermission(_ context.Context, _ *gate.Call, q *request) (any, error) {
	_, err := s.changeBus(q.EventBusName, func(r *busRecord) error {
		if q.Policy != "" {
			r.Policy = q.Policy
			return checkPolicy(r.Policy)
		}
		switch {
		case !sidRule.MatchString(q.StatementID):
			return constraint(q.StatementID, "statementId", "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+")
		case q.Action != "events:PutEvents":
			return invalid("Provided value in parameter 'action' is not supported.")
		case q.Principal == "":
			return invalid("Parameter Principal must be specified.")
		}
		st := map[string]any{"Sid": q.StatementID, "Effect": "Allow", "Action": q.Action, "Resource": s.arn("event-bus/" + r.Name), "Principal": "*"}
		if q.Principal != "*" {
			st["Principal"] = map[string]string{"AWS": "arn:aws:iam::" + q.Principal + ":root"}
		}
		if c := q.Condition; c != nil {
			st["Condition"] = map[string]map[string]string{c.Type: {c.Key: c.Value}}
		}
		d, err := readPolicy(r.Policy)
		if err != nil {
			return err
		}
		d.without(q.StatementID)
		raw, err := json.Marshal(st)
		if err != nil {
			return err
		}
		d.Statement = append(d.Statement, raw)
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		r.Policy = string(text)
		return checkPolicy(r.Policy)
	})
	return nil, err
}

func checkPolicy(text string) error {
	if len(text) > maxPolicy {
		return gate.Errorf("PolicyLengthExceededException", "The event bus policy is longer than %d characters.", maxPolicy)
	}
	if _, err := iam.Load([]byte(text), iam.Origin{Type: iam.TypeResource}); err != nil {
		return invalid("The policy document is not valid: %s", err)
	}
	return nil
}

func (s *Service) removePermission(_ context.Context, _ *gate.Call, q *request) (any, error) {
	_, err := s.changeBus(q.EventBusName, func(r *busRecord) error {
		if q.RemoveAllPermissions {
			r.Policy = ""
			return nil
		}
		d, err := readPolicy(r.Policy)
		if err != nil {
			return err
		}
		if !d.without(q.StatementID) {
			return notFound("Statement with the provided id does not exist.")
		}
		if len(d.Statement) == 0 {
			r.Policy = ""
			return nil
		}
		text, err := json.Marshal(d)
		r.Policy = string(text)
		return err
	})
	return nil, err
}
