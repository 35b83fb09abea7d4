package dynamodb

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/gate"
)

const maxTags = 50

func checkTags(tags []tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || len(t.Key) > 128:
			return invalidf("1 validation error detected: Value '%s' at 'tags.1.member.key' failed to satisfy constraint: Member must have length between 1 and 128", t.Key)
		case len(t.Value) > 256:
			return invalidf("1 validation error detected: Value '%s' at 'tags.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 256", t.Value)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return item.Error("One or more parameter values were invalid: Tag keys cannot begin with aws:")
		case seen[t.Key]:
			return invalidf("One or more parameter values were invalid: Duplicate tag key: %s", t.Key)
		}
		seen[t.Key] = true
	}
	if len(tags) > maxTags {
		return item.Error("One or more parameter values were invalid: Too many tags: the limit is 50")
	}
	return nil
}

// byARN finds the table of an ARN.
func (s *Service) byARN(arn string) (*table, error) {
	if !strings.HasPrefix(arn, "arn:") {
		return nil, invalidf("Invalid TableArn: Invalid ResourceArn provided as input %s", arn)
	}
	t, err := s.find(arn)
	if err != nil {
		return nil, gate.Errorf("ResourceNotFoundException", "Requested resource not found: ResourcArn: %s not found", arn)
	}
	return t, nil
}

// tagResource is TagResource.
type tagResource struct {
	ResourceArn string
	Tags        []tag
}

func (r *tagResource) prepare() error {
	var c constraints
	c.require(r.ResourceArn != "", nil, "resourceArn", ruleNotNull)
	c.require(r.Tags != nil, nil, "tags", ruleNotNull)
	if err := c.err(); err != nil {
		return err
	}
	if len(r.Tags) == 0 {
		return item.Error("Atleast one Tag needs to be provided as Input.")
	}
	return checkTags(r.Tags)
}

func (r *tagResource) asks(s *Service) []gate.Ask {
	ask := s.ask(r.ResourceArn, access{operation: "TagResource"})
	addTagKeys(ask.Context, r.Tags)
	return []gate.Ask{ask}
}

// nothing is the answer of operations that answer nothing.
type nothing struct{}

func (r *tagResource) run(_ context.Context, s *Service) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.byARN(r.ResourceArn)
	if err != nil {
		return nil, err
	}
	d := t.definition
	d.Tags = maps.Clone(d.Tags)
	if d.Tags == nil {
		d.Tags = map[string]string{}
	}
	for _, one := range r.Tags {
		d.Tags[one.Key] = one.Value
	}
	if len(d.Tags) > maxTags {
		return nil, item.Error("One or more parameter values were invalid: Too many tags: the limit is 50")
	}
	_, err = s.save(d, nil)
	return nothing{}, err
}

// untagResource is UntagResource.
type untagResource struct {
	ResourceArn string
	TagKeys     []string
}

func (r *untagResource) prepare() error {
	var c constraints
	c.require(r.ResourceArn != "", nil, "resourceArn", ruleNotNull)
	c.require(r.TagKeys != nil, nil, "tagKeys", ruleNotNull)
	if err := c.err(); err != nil {
		return err
	}
	if len(r.TagKeys) == 0 {
		return item.Error("Atleast one Tag Key needs to be provided as Input.")
	}
	return nil
}

func (r *untagResource) asks(s *Service) []gate.Ask {
	ask := s.ask(r.ResourceArn, access{operation: "UntagResource"})
	ask.Context["aws:tagkeys"] = iam.Many(r.TagKeys...)
	return []gate.Ask{ask}
}

func (r *untagResource) run(_ context.Context, s *Service) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.byARN(r.ResourceArn)
	if err != nil {
		return nil, err
	}
	d := t.definition
	d.Tags = maps.Clone(d.Tags)
	for _, k := range r.TagKeys {
		delete(d.Tags, k)
	}
	_, err = s.save(d, nil)
	return nothing{}, err
}

// listTags is ListTagsOfResource.
type listTags struct {
	ResourceArn string
	NextToken   string
}

func (r *listTags) prepare() error {
	var c constraints
	c.require(r.ResourceArn != "", nil, "resourceArn", ruleNotNull)
	return c.err()
}

func (r *listTags) asks(s *Service) []gate.Ask {
	return []gate.Ask{s.ask(r.ResourceArn, access{operation: "ListTagsOfResource"})}
}

// tagsOutput answers ListTagsOfResource.
type tagsOutput struct {
	Tags []tag `wire:"always"`
}

func (r *listTags) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.byARN(r.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := tagsOutput{Tags: []tag{}}
	for _, k := range slices.Sorted(maps.Keys(t.Tags)) {
		out.Tags = append(out.Tags, tag{k, t.Tags[k]})
	}
	return out, nil
}
