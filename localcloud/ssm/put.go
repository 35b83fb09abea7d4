package ssm

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
)

// putParameter makes a parameter, or with Overwrite a new version of one.
func (s *Service) putParameter(c *gate.Call, q *request) (any, error) {
	name, selector := s.reference(q.Name)
	if selector != "" {
		return nil, invalid("Parameter name must not hold a version.")
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	if q.Overwrite && len(q.Tags) > 0 {
		return nil, invalid("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	r := &record{Name: name, Type: q.Type, Tags: map[string]string{}}
	v := version{Number: 1, Tier: tierStandard, DataType: "text"}
	if before := s.find(name); before != nil {
		switch {
		case !q.Overwrite:
			return nil, gate.Errorf("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
		case q.Type != "" && q.Type != before.Type:
			return nil, gate.Errorf("HierarchyTypeMismatchException", "Parameter Store does not support changing a parameter's type: %s is a %s.", name, before.Type)
		}
		*r = *before
		r.Versions = slices.Clone(before.Versions)
		// What is not said stays, but for the value.
		last := before.last()
		v.Number, v.Tier, v.DataType = last.Number+1, last.Tier, last.DataType
		v.Description, v.KeyID, v.Pattern = last.Description, last.KeyID, last.Pattern
	}
	if err := q.fill(r, &v); err != nil {
		return nil, err
	}
	if err := tagAll(r.Tags, q.Tags); err != nil {
		return nil, err
	}
	v.Modified, v.User, v.Value = s.cfg.Now(), c.Caller.ARN, q.Value
	if r.Type == secure {
		v.Value, v.Sealed = "", s.sealer.Seal([]byte(q.Value), sealedOf(r.Name, v.Number))
	}
	r.Versions = append(r.Versions, v)
	if len(r.Versions) > maxVersions {
		r.Versions = slices.Delete(r.Versions, 0, len(r.Versions)-maxVersions)
	}
	return map[string]any{"Version": v.Number, "Tier": v.Tier}, s.save(r)
}

// fill checks what a request says of a version and sets it.
func (q *request) fill(r *record, v *version) error {
	if !slices.Contains(strings.Split(typesAllowed, ", "), r.Type) {
		if r.Type == "" {
			return invalid("A parameter type is required when you create a parameter.")
		}
		return invalid("1 validation error detected: Value '%s' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [%s]", r.Type, typesAllowed)
	}
	for _, one := range []struct {
		given string
		to    *string
	}{{q.Description, &v.Description}, {q.KeyId, &v.KeyID}, {q.AllowedPattern, &v.Pattern}, {q.DataType, &v.DataType}} {
		if one.given != "" {
			*one.to = one.given
		}
	}
	switch {
	case r.Type != secure && q.KeyId != "":
		return invalid("KeyId is required for SecureString type parameter only.")
	case r.Type == secure && v.KeyID == "":
		v.KeyID = usualKey
	}
	switch q.Tier {
	case "":
	case tierStandard, tierAdvanced:
		if q.Tier == tierStandard && v.Tier == tierAdvanced {
			return invalid("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.")
		}
		v.Tier = q.Tier
	case tierAutomatic:
		if len(q.Value) > maxStandard {
			v.Tier = tierAdvanced
		}
	default:
		return invalid("1 validation error detected: Value '%s' at 'tier' failed to satisfy constraint: Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]", q.Tier)
	}
	switch {
	case q.Policies != "" && q.Policies != "[]":
		return gate.Errorf("InvalidPolicyTypeException", "The local cloud has no parameter policies.")
	case v.DataType != "text" && v.DataType != "aws:ec2:image":
		return invalid("The following data type is not supported: %s (Data type names are all lowercase.)", v.DataType)
	case q.Value == "":
		return invalid("1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case len(q.Value) > maxAdvanced || v.Tier == tierStandard && len(q.Value) > maxStandard:
		return invalid("Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.", maxStandard)
	}
	return v.matches(q.Value)
}

// matches checks a value against the parameter's own pattern.
func (v *version) matches(value string) error {
	if v.Pattern == "" {
		return nil
	}
	rule, err := regexp.Compile(v.Pattern)
	if err != nil || len(v.Pattern) > 1024 {
		return gate.Errorf("InvalidAllowedPatternException", "The request does not meet the regular expression requirement.")
	}
	if !rule.MatchString(value) {
		return gate.Errorf("ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern: %s", v.Pattern)
	}
	return nil
}

func tagAll(tags map[string]string, list []tag) error {
	for _, t := range list {
		if t.Key == "" || len(t.Key) > 128 || len(t.Value) > 256 || strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return invalid("The tag key or value is not valid: %s", t.Key)
		}
		tags[t.Key] = t.Value
	}
	if len(tags) > 50 {
		return gate.Errorf("TooManyTagsError", "The Targets parameter includes too many tags.")
	}
	return nil
}

// changeTags edits a copy of a parameter's tags and saves it.
func (s *Service) changeTags(q *request, edit func(map[string]string) error) error {
	name, err := s.resource(q)
	if err != nil {
		return err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	found := s.find(name)
	if found == nil {
		return gate.Errorf("InvalidResourceId", "The resource ID is not valid. Verify that you entered the correct ID and try again.")
	}
	r := *found
	if r.Tags = maps.Clone(found.Tags); r.Tags == nil {
		r.Tags = map[string]string{}
	}
	if err := edit(r.Tags); err != nil {
		return err
	}
	return s.save(&r)
}

func (s *Service) addTags(_ *gate.Call, q *request) (any, error) {
	return nil, s.changeTags(q, func(tags map[string]string) error { return tagAll(tags, q.Tags) })
}

func (s *Service) removeTags(_ *gate.Call, q *request) (any, error) {
	return nil, s.changeTags(q, func(tags map[string]string) error {
		for _, k := range q.TagKeys {
			delete(tags, k)
		}
		return nil
	})
}

func (s *Service) listTags(_ *gate.Call, q *request) (any, error) {
	name, err := s.resource(q)
	if err != nil {
		return nil, err
	}
	found := s.find(name)
	if found == nil {
		return nil, gate.Errorf("InvalidResourceId", "The resource ID is not valid. Verify that you entered the correct ID and try again.")
	}
	list := []tag{}
	for _, k := range slices.Sorted(maps.Keys(found.Tags)) {
		list = append(list, tag{k, found.Tags[k]})
	}
	return map[string]any{"TagList": list}, nil
}

func (s *Service) deleteParameter(_ *gate.Call, q *request) (any, error) {
	name, selector := s.reference(q.Name)
	s.changes.Lock()
	defer s.changes.Unlock()
	if selector != "" || s.find(name) == nil {
		return nil, errNoParameter(q.Name)
	}
	return nil, s.remove([]string{name})
}

func (s *Service) deleteParameters(_ *gate.Call, q *request) (any, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	deleted, unknown := []string{}, []string{}
	for _, one := range q.Names {
		if name, selector := s.reference(one); selector == "" && s.find(name) != nil {
			deleted = append(deleted, name)
		} else {
			unknown = append(unknown, one)
		}
	}
	if len(deleted) > 0 {
		if err := s.remove(deleted); err != nil {
			return nil, err
		}
	}
	return map[string]any{"DeletedParameters": deleted, "InvalidParameters": unknown}, nil
}
