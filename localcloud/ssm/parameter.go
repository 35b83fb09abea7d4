package ssm

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// record is a parameter as it is stored, with its versions, oldest first.
type record struct {
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Tags     map[string]string `json:"tags,omitempty"`
	Versions []version         `json:"versions"`
}

// version is one value of a parameter and what was said with it.
type version struct {
	Number      int       `json:"number"`
	Value       string    `json:"value,omitempty"`
	Sealed      []byte    `json:"sealed,omitempty"` // of a SecureString
	Modified    time.Time `json:"modified"`
	User        string    `json:"user"`
	Description string    `json:"description,omitempty"`
	KeyID       string    `json:"keyId,omitempty"`
	Pattern     string    `json:"pattern,omitempty"`
	Tier        string    `json:"tier"`
	DataType    string    `json:"dataType"`
}

const (
	secure        = "SecureString"
	maxStandard   = 4096
	maxAdvanced   = 8192
	maxVersions   = 100
	maxDepth      = 15
	usualKey      = "alias/aws/ssm"
	typesAllowed  = "String, StringList, SecureString"
	tierAdvanced  = "Advanced"
	tierStandard  = "Standard"
	tierAutomatic = "Intelligent-Tiering"
)

// last gives the newest version.
func (r *record) last() *version { return &r.Versions[len(r.Versions)-1] }

var nameRule = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)

func checkName(name string) error {
	plain := strings.ToLower(strings.TrimPrefix(name, "/"))
	switch {
	case !nameRule.MatchString(name) || len(name) > 1011:
		return invalid("Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_")
	case strings.Contains(name, "/") && name[0] != '/':
		return invalid("Parameter name must be a fully qualified name.")
	case strings.HasSuffix(name, "/") || strings.Contains(name, "//"):
		return invalid("Parameter name must not end with a slash or have empty parts.")
	case strings.HasPrefix(plain, "ssm"):
		return invalid("Parameter name: can't be prefixed with \"ssm\" (case-insensitive).")
	case strings.HasPrefix(plain, "aws"):
		return gate.Errorf("AccessDeniedException", "No access to reserved parameter name: %s.", name)
	case strings.Count(strings.TrimPrefix(name, "/"), "/") >= maxDepth:
		return gate.Errorf("HierarchyLevelLimitExceededException", "A parameter hierarchy can have a maximum of %d levels.", maxDepth)
	}
	return nil
}

// arn is a parameter's ARN: a name without a slash gets one.
func (s *Service) arn(name string) string {
	return "arn:aws:ssm:" + s.cfg.Region + ":" + s.cfg.Account + ":parameter/" + strings.TrimPrefix(name, "/")
}

// reference reads a name as calls give it: a name or an ARN, with or without a
// version after a colon.
func (s *Service) reference(text string) (name, selector string) {
	if rest, ok := strings.CutPrefix(text, s.arn("")); ok {
		name, selector, _ = strings.Cut(rest, ":")
		if s.find(name) == nil || strings.Contains(name, "/") { // a path's ARN does not show its slash
			name = "/" + name
		}
		return name, selector
	}
	name, selector, _ = strings.Cut(text, ":")
	if strings.HasPrefix(text, "arn:") {
		return text, ""
	}
	return name, selector
}

func (s *Service) find(name string) *record {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.parameters[name]
}

func (s *Service) ask(action, name string, keys iam.Context) gate.Ask {
	ask := gate.Ask{Action: "ssm:" + action, Resource: name, Context: keys}
	if !strings.HasPrefix(name, "arn:") {
		ask.Resource = s.arn(name)
	}
	if found := s.find(name); found != nil {
		ask.ResourceTags = found.Tags
	}
	return ask
}

func (s *Service) onName(action string) func(*request) ([]gate.Ask, error) {
	return func(q *request) ([]gate.Ask, error) {
		if q.Name == "" {
			return nil, missing("name")
		}
		name, _ := s.reference(q.Name)
		return []gate.Ask{s.ask(action, name, nil)}, nil
	}
}

// onNames asks once for each name.
func (s *Service) onNames(action string) func(*request) ([]gate.Ask, error) {
	return func(q *request) ([]gate.Ask, error) {
		if len(q.Names) == 0 || len(q.Names) > 10 {
			return nil, invalid("1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length between 1 and 10")
		}
		var asks []gate.Ask
		for _, one := range q.Names {
			name, _ := s.reference(one)
			if name == "" {
				return nil, missing("names")
			}
			asks = append(asks, s.ask(action, name, nil))
		}
		return asks, nil
	}
}

// askPath asks for the path alone: who may read it may read all below it, also
// a parameter that is denied by itself, as AWS documents. A slash at its end
// does not make it another one.
func (s *Service) askPath(q *request) ([]gate.Ask, error) {
	if q.Path == "" {
		return nil, missing("path")
	}
	keys := iam.Context{"ssm:recursive": iam.One(strconv.FormatBool(q.Recursive))}
	return []gate.Ask{{Action: "ssm:GetParametersByPath", Resource: s.arn(strings.TrimRight(q.Path, "/")), Context: keys}}, nil
}

func askAll(*request) ([]gate.Ask, error) {
	return []gate.Ask{{Action: "ssm:DescribeParameters", Resource: "*"}}, nil
}

// askPut asks for ssm:AddTagsToResource as well when there are tags.
func (s *Service) askPut(q *request) ([]gate.Ask, error) {
	if q.Name == "" {
		return nil, missing("name")
	}
	name, _ := s.reference(q.Name)
	keys := tagContext(q.Tags)
	keys["ssm:overwrite"] = iam.One(strconv.FormatBool(q.Overwrite))
	asks := []gate.Ask{s.ask("PutParameter", name, keys)}
	if len(q.Tags) > 0 {
		asks = append(asks, s.ask("AddTagsToResource", name, tagContext(q.Tags)))
	}
	return asks, nil
}

func tagContext(tags []tag) iam.Context {
	keys := iam.Context{}
	var names []string
	for _, t := range tags {
		keys["aws:requesttag/"+iam.Key(t.Key)] = iam.One(t.Value)
		names = append(names, t.Key)
	}
	if len(names) > 0 {
		keys["aws:tagkeys"] = iam.Many(names...)
	}
	return keys
}

func (s *Service) resource(q *request) (name string, err error) {
	if q.ResourceType != "Parameter" {
		return "", gate.Errorf("InvalidResourceType", "The local cloud has resources of type Parameter only, not %s.", q.ResourceType)
	}
	if q.ResourceId == "" {
		return "", missing("resourceId")
	}
	name, _ = s.reference(q.ResourceId)
	return name, nil
}

func (s *Service) askAddTags(q *request) ([]gate.Ask, error) {
	name, err := s.resource(q)
	return []gate.Ask{s.ask("AddTagsToResource", name, tagContext(q.Tags))}, err
}

func (s *Service) askRemoveTags(q *request) ([]gate.Ask, error) {
	name, err := s.resource(q)
	return []gate.Ask{s.ask("RemoveTagsFromResource", name, iam.Context{"aws:tagkeys": iam.Many(q.TagKeys...)})}, err
}

func (s *Service) askListTags(q *request) ([]gate.Ask, error) {
	name, err := s.resource(q)
	return []gate.Ask{s.ask("ListTagsForResource", name, nil)}, err
}

// need finds a parameter and the version that a reference means.
func (s *Service) need(text string) (*record, *version, string, error) {
	name, selector := s.reference(text)
	r := s.find(name)
	if r == nil {
		return nil, nil, "", errNoParameter(text)
	}
	if selector == "" {
		return r, r.last(), "", nil
	}
	number, err := strconv.Atoi(selector)
	for i := range r.Versions {
		if err == nil && r.Versions[i].Number == number {
			return r, &r.Versions[i], ":" + selector, nil
		}
	}
	return nil, nil, "", gate.Errorf("ParameterVersionNotFound", "Systems Manager could not find version %s of %s. Verify the version and try again.", selector, name)
}

// read gives a version's value. A SecureString is opened only when asked for.
func (s *Service) read(r *record, v *version, open bool) (string, error) {
	switch {
	case r.Type != secure:
		return v.Value, nil
	case !open:
		return fmt.Sprintf("sealed:%x", v.Sealed), nil
	}
	text, err := s.sealer.Open(v.Sealed, sealedOf(r.Name, v.Number))
	return string(text), err
}

// Unreadable names the SecureStrings with a value that the key does not open.
func (s *Service) Unreadable() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var names []string
	for name, r := range s.parameters {
		for i := range r.Versions {
			if _, err := s.read(r, &r.Versions[i], true); err != nil {
				names = append(names, "the parameter "+name)
				break
			}
		}
	}
	slices.Sort(names)
	return names
}

// sealedOf names what a sealed value belongs to.
func sealedOf(name string, number int) string { return name + ":" + strconv.Itoa(number) }

// save stores a parameter and makes it the one that stands. The caller holds s.changes.
func (s *Service) save(r *record) error {
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("ssm", "parameters")
		if err != nil {
			return err
		}
		return b.PutJSON(r.Name, r)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parameters[r.Name] = r
	return nil
}

// remove removes parameters. The caller holds s.changes.
func (s *Service) remove(names []string) error {
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("ssm", "parameters")
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := b.Delete([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		delete(s.parameters, name)
	}
	return nil
}

func (s *Service) load() error {
	return s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket("ssm", "parameters")
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			r := &record{}
			if err := json.Unmarshal(v, r); err != nil || len(r.Versions) == 0 {
				return fmt.Errorf("decode parameter %s: %w", k, err)
			}
			s.parameters[r.Name] = r
		}
		return nil
	})
}

// sorted gives all parameters by name.
func (s *Service) sorted() []*record {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.SortedFunc(maps.Values(s.parameters), func(a, b *record) int { return strings.Compare(a.Name, b.Name) })
}
