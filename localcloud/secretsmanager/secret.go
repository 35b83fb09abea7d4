package secretsmanager

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

// record is a secret as it is stored.
type record struct {
	Name        string             `json:"name"`
	ARN         string             `json:"arn"`
	Description string             `json:"description,omitempty"`
	KmsKeyID    string             `json:"kmsKeyId,omitempty"`
	Tags        map[string]string  `json:"tags,omitempty"`
	Policy      string             `json:"policy,omitempty"`
	Created     time.Time          `json:"created"`
	Changed     time.Time          `json:"changed"`
	Accessed    time.Time          `json:"accessed,omitzero"` // a day
	Deleted     time.Time          `json:"deleted,omitzero"`  // when it was marked
	Ends        time.Time          `json:"ends,omitzero"`     // when it goes for good
	Versions    map[string]version `json:"versions,omitempty"`
}

// version is one value of a secret. One without stages is deprecated.
type version struct {
	Created time.Time `json:"created"`
	Stages  []string  `json:"stages,omitempty"`
	Sealed  []byte    `json:"sealed"`
}

// value is what is sealed.
type value struct {
	Text   *string `json:"s,omitempty"`
	Binary []byte  `json:"b,omitempty"`
}

func (v value) equal(w value) bool {
	if (v.Text == nil) != (w.Text == nil) || v.Text != nil && *v.Text != *w.Text {
		return false
	}
	return slices.Equal(v.Binary, w.Binary)
}

// secret is a secret as it stands; it is replaced as a whole.
type secret struct {
	record record
	policy *iam.Policy
}

const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
	maxValue = 65536
	// maxVersions bounds the versions without a stage that are kept; AWS keeps about 100.
	maxVersions = 100
)

func live(r record) (*secret, error) {
	if r.Policy == "" {
		return &secret{record: r}, nil
	}
	policy, err := iam.Load([]byte(r.Policy), iam.Origin{Type: iam.TypeResource, Name: r.Name})
	if err != nil {
		return nil, gate.Errorf("MalformedPolicyDocumentException", "This resource policy contains a syntax error or an element that cannot be: %s", err)
	}
	return &secret{r, policy}, nil
}

// with gives the version that a stage names, "" for none.
func (r *record) with(stage string) string {
	for id, v := range r.Versions {
		if slices.Contains(v.Stages, stage) {
			return id
		}
	}
	return ""
}

// clone copies what an edit may change.
func (r *record) clone() record {
	c := *r
	c.Tags, c.Versions = maps.Clone(r.Tags), maps.Clone(r.Versions)
	if c.Tags == nil {
		c.Tags = map[string]string{}
	}
	if c.Versions == nil {
		c.Versions = map[string]version{}
	}
	return c
}

// move gives a stage to a version and takes it from the one that has it; who
// loses AWSCURRENT becomes AWSPREVIOUS. An empty id takes the stage away.
func (r *record) move(stage, id string) {
	from := r.with(stage)
	if from == id {
		return
	}
	if v, ok := r.Versions[from]; ok {
		v.Stages = slices.DeleteFunc(slices.Clone(v.Stages), func(s string) bool { return s == stage })
		r.Versions[from] = v
		if stage == current {
			r.move(previous, from)
		}
	}
	if v, ok := r.Versions[id]; ok {
		v.Stages = append(slices.Clone(v.Stages), stage)
		r.Versions[id] = v
	}
}

// trim drops the oldest versions without a stage.
func (r *record) trim() {
	var loose []string
	for id, v := range r.Versions {
		if len(v.Stages) == 0 {
			loose = append(loose, id)
		}
	}
	slices.SortFunc(loose, func(a, b string) int { return r.Versions[a].Created.Compare(r.Versions[b].Created) })
	for len(loose) > maxVersions {
		delete(r.Versions, loose[0])
		loose = loose[1:]
	}
}

var nameRule = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]{1,512}$`)

const suffixLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (s *Service) arn(rest string) string {
	return "arn:aws:secretsmanager:" + s.cfg.Region + ":" + s.cfg.Account + ":secret:" + rest
}

// find finds a secret by its name, its ARN, or its ARN without the suffix. One
// whose recovery window is over is gone.
func (s *Service) find(id string) *secret {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := s.secrets[id]
	if name, ok := strings.CutPrefix(id, s.arn("")); ok {
		if found = s.secrets[name]; len(name) > 7 {
			if one := s.secrets[name[:len(name)-7]]; one != nil && one.record.ARN == id {
				found = one
			}
		}
	}
	if found != nil && !found.record.Ends.IsZero() && !s.cfg.Now().Before(found.record.Ends) {
		return nil
	}
	return found
}

// need finds the secret of a call; deleted says that one marked for deletion will do.
func (s *Service) need(q *request, deleted bool) (*secret, error) {
	found := s.find(q.SecretId)
	switch {
	case found == nil:
		return nil, errNoSecret()
	case !deleted && !found.record.Deleted.IsZero():
		return nil, errDeleted()
	}
	return found, nil
}

// resource is the ARN that IAM is asked about. That of a secret that is not
// there has question marks for a suffix, as policies write it.
func (s *Service) resource(id string) string {
	if found := s.find(id); found != nil {
		return found.record.ARN
	}
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return s.arn(id + "-??????")
}

// onSecret asks for one action on the secret of the call.
func (s *Service) onSecret(action string) func(*request) ([]gate.Ask, error) {
	return func(q *request) ([]gate.Ask, error) {
		if q.SecretId == "" {
			return nil, gate.Errorf("ValidationException", "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null")
		}
		ask := gate.Ask{Action: "secretsmanager:" + action, Resource: s.resource(q.SecretId), Context: s.keys(q)}
		ask.Context["secretsmanager:secretid"] = iam.One(ask.Resource)
		if found := s.find(q.SecretId); found != nil {
			ask.ResourcePolicy, ask.ResourceTags = found.policy, found.record.Tags
			for k, v := range found.record.Tags {
				ask.Context["secretsmanager:resourcetag/"+iam.Key(k)] = iam.One(v)
			}
		}
		return []gate.Ask{ask}, nil
	}
}

// keys gives the condition keys of a request, each with the operations that
// have it (Service Authorization Reference).
func (s *Service) keys(q *request) iam.Context {
	keys := iam.Context{}
	set := func(key, value string, operations ...string) {
		if value != "" && slices.Contains(operations, q.operation) {
			keys["secretsmanager:"+key] = iam.One(value)
		}
	}
	set("name", q.Name, "CreateSecret")
	set("description", q.Description, "CreateSecret", "UpdateSecret")
	set("kmskeyid", q.KmsKeyId, "CreateSecret", "UpdateSecret")
	set("versionid", q.VersionId, "GetSecretValue")
	stage := q.VersionStage
	if stage == "" && q.VersionId == "" {
		stage = current
	}
	set("versionstage", stage, "GetSecretValue")
	set("versionstage", q.VersionStage, "UpdateSecretVersionStage")
	set("forcedeletewithoutrecovery", strconv.FormatBool(q.ForceDeleteWithoutRecovery), "DeleteSecret")
	set("blockpublicpolicy", strconv.FormatBool(q.BlockPublicPolicy), "PutResourcePolicy")
	if q.RecoveryWindowInDays != nil {
		set("recoverywindowindays", strconv.Itoa(*q.RecoveryWindowInDays), "DeleteSecret")
	}
	switch q.operation {
	case "CreateSecret", "TagResource":
		q.tagKeys(keys)
	case "UntagResource":
		keys["aws:tagkeys"] = iam.Many(q.TagKeys...)
	}
	return keys
}

// tagKeys adds the keys of a request with tags.
func (q *request) tagKeys(keys iam.Context) {
	var names []string
	for _, t := range q.Tags {
		keys["aws:requesttag/"+iam.Key(t.Key)] = iam.One(t.Value)
		names = append(names, t.Key)
	}
	if len(names) > 0 {
		keys["aws:tagkeys"] = iam.Many(names...)
	}
}

func anywhere(action string) func(*request) ([]gate.Ask, error) {
	return func(*request) ([]gate.Ask, error) {
		return []gate.Ask{{Action: "secretsmanager:" + action, Resource: "*"}}, nil
	}
}

// askCreate asks about the ARN that the secret gets, suffix and all; with tags
// for secretsmanager:TagResource as well.
func (s *Service) askCreate(q *request) ([]gate.Ask, error) {
	if !nameRule.MatchString(q.Name) {
		return nil, gate.Errorf("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	suffix := make([]byte, 6)
	for i := range suffix {
		n, err := s.below(len(suffixLetters))
		if err != nil {
			return nil, err
		}
		suffix[i] = suffixLetters[n]
	}
	q.arn = s.arn(q.Name + "-" + string(suffix))
	asks := []gate.Ask{{Action: "secretsmanager:CreateSecret", Resource: q.arn, Context: s.keys(q)}}
	if len(q.Tags) > 0 {
		tags := iam.Context{}
		q.tagKeys(tags)
		asks = append(asks, gate.Ask{Action: "secretsmanager:TagResource", Resource: q.arn, Context: tags})
	}
	return asks, nil
}

// save stores a secret and makes it the one that stands. The caller holds s.changes.
func (s *Service) save(r record) error {
	made, err := live(r)
	if err != nil {
		return err
	}
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("secretsmanager", "secrets")
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
	s.secrets[r.Name] = made
	return nil
}

// remove removes a secret for good. The caller holds s.changes.
func (s *Service) remove(name string) error {
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("secretsmanager", "secrets")
		if err != nil {
			return err
		}
		return b.Delete([]byte(name))
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, name)
	return nil
}

// change edits a copy of a secret's record and saves it.
func (s *Service) change(q *request, deleted bool, edit func(*record) error) (record, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	found, err := s.need(q, deleted)
	if err != nil {
		return record{}, err
	}
	r := found.record.clone()
	if err := edit(&r); err != nil {
		return r, err
	}
	r.trim()
	return r, s.save(r)
}

func (s *Service) load() error {
	return s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket("secretsmanager", "secrets")
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			var r record
			if err := json.Unmarshal(v, &r); err != nil {
				return fmt.Errorf("decode secret %s: %w", k, err)
			}
			if s.secrets[r.Name], err = live(r); err != nil {
				return err
			}
		}
		return nil
	})
}
