package ssm

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
)

// view is a parameter with its value.
func (s *Service) view(r *record, v *version, selector string, open bool) (map[string]any, error) {
	value, err := s.read(r, v, open)
	if err != nil {
		return nil, err
	}
	out := map[string]any{
		"Name": r.Name, "Type": r.Type, "Value": value, "Version": v.Number, "LastModifiedDate": seconds(v.Modified), "ARN": s.arn(r.Name),
		"DataType": v.DataType,
	}
	if selector != "" {
		out["Selector"] = selector
	}
	return out, nil
}

func (s *Service) getParameter(_ *gate.Call, q *request) (any, error) {
	r, v, selector, err := s.need(q.Name)
	if err != nil {
		return nil, err
	}
	one, err := s.view(r, v, selector, q.WithDecryption)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Parameter": one}, nil
}

func (s *Service) getParameters(_ *gate.Call, q *request) (any, error) {
	list, unknown := []any{}, []string{}
	for i, name := range q.Names {
		if slices.Contains(q.Names[:i], name) {
			return nil, invalid("Duplicate names are not allowed: %s", name)
		}
		r, v, selector, err := s.need(name)
		if err != nil {
			unknown = append(unknown, name)
			continue
		}
		one, err := s.view(r, v, selector, q.WithDecryption)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return map[string]any{"Parameters": list, "InvalidParameters": unknown}, nil
}

// page cuts a list of records after the name that the token says.
func (q *request) page(all []*record, usual, most int, wanted func(*record) bool) (part []*record, next string, err error) {
	limit := usual
	if q.MaxResults != nil {
		if limit = *q.MaxResults; limit < 1 || limit > most {
			return nil, "", invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and %d", limit, most)
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(q.NextToken)
	if err != nil {
		return nil, "", gate.Errorf("InvalidNextToken", "The specified token isn't valid.")
	}
	for _, r := range all {
		if r.Name <= string(after) || !wanted(r) {
			continue
		}
		if len(part) == limit {
			return part, base64.RawURLEncoding.EncodeToString([]byte(part[limit-1].Name)), nil
		}
		part = append(part, r)
	}
	return part, "", nil
}

// below reports whether a parameter lies under a path, at any depth or right there.
func below(name, path string, recursive bool) bool {
	path = strings.TrimRight(path, "/")
	rest, ok := strings.CutPrefix(name, path+"/")
	if path == "" && !strings.HasPrefix(name, "/") { // a name without a path lies at the root
		rest, ok = name, true
	}
	return ok && (recursive || !strings.Contains(rest, "/"))
}

func (s *Service) getByPath(_ *gate.Call, q *request) (any, error) {
	if !strings.HasPrefix(q.Path, "/") {
		return nil, invalid("The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\".")
	}
	for _, f := range q.ParameterFilters {
		if f.Key != "Type" && f.Key != "KeyId" {
			return nil, gate.Errorf("InvalidFilterKey", "The following filter key is not valid: %s. Valid filter keys include: [Type, KeyId]", f.Key)
		}
	}
	part, next, err := q.page(s.sorted(), 10, 10, func(r *record) bool { return below(r.Name, q.Path, q.Recursive) && matchAll(q.ParameterFilters, r) })
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, r := range part {
		one, err := s.view(r, r.last(), "", q.WithDecryption)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return withToken(map[string]any{"Parameters": list}, next), nil
}

func withToken(answer map[string]any, next string) map[string]any {
	if next != "" {
		answer["NextToken"] = next
	}
	return answer
}

// metadata is what there is to know of a version but its value.
func (s *Service) metadata(r *record, v *version) map[string]any {
	out := map[string]any{
		"Name": r.Name, "Type": r.Type, "Version": v.Number, "LastModifiedDate": seconds(v.Modified), "LastModifiedUser": v.User,
		"Tier": v.Tier, "DataType": v.DataType, "Policies": []any{},
	}
	for key, text := range map[string]string{"Description": v.Description, "KeyId": v.KeyID, "AllowedPattern": v.Pattern} {
		if text != "" {
			out[key] = text
		}
	}
	return out
}

func (s *Service) getHistory(_ *gate.Call, q *request) (any, error) {
	name, _ := s.reference(q.Name)
	r := s.find(name)
	if r == nil {
		return nil, errNoParameter(q.Name)
	}
	limit, from := 50, 0
	if q.MaxResults != nil {
		limit = *q.MaxResults
	}
	if q.NextToken != "" {
		from, _ = strconv.Atoi(q.NextToken)
	}
	if limit < 1 || limit > 50 || from < 0 || from > len(r.Versions) {
		return nil, invalid("MaxResults or NextToken is not valid.")
	}
	end := min(from+limit, len(r.Versions))
	list := []any{}
	for i := from; i < end; i++ {
		one := s.metadata(r, &r.Versions[i])
		value, err := s.read(r, &r.Versions[i], q.WithDecryption)
		if err != nil {
			return nil, err
		}
		one["Value"], one["Labels"] = value, []any{}
		list = append(list, one)
	}
	next := ""
	if end < len(r.Versions) {
		next = strconv.Itoa(end)
	}
	return withToken(map[string]any{"Parameters": list}, next), nil
}

// filterKeys are the keys of ParameterFilters that are known, beside tag:KEY.
var filterKeys = []string{"DataType", "KeyId", "Name", "Path", "Tier", "Type"}

func (s *Service) describeParameters(_ *gate.Call, q *request) (any, error) {
	filters := slices.Concat(q.ParameterFilters, q.Filters)
	for _, f := range filters {
		if !slices.Contains(filterKeys, f.Key) && !strings.HasPrefix(f.Key, "tag:") {
			return nil, gate.Errorf("InvalidFilterKey", "The following filter key is not valid: %s. Valid filter keys include: [Path, Name, Type, KeyId, Tier, DataType, tag:KEY]", f.Key)
		}
		if !slices.Contains([]string{"", "Equals", "BeginsWith", "Contains", "Recursive", "OneLevel"}, f.Option) {
			return nil, gate.Errorf("InvalidFilterOption", "The following filter option is not valid: %s.", f.Option)
		}
	}
	part, next, err := q.page(s.sorted(), 50, 50, func(r *record) bool { return matchAll(filters, r) })
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, r := range part {
		one := s.metadata(r, r.last())
		one["ARN"] = s.arn(r.Name)
		list = append(list, one)
	}
	return withToken(map[string]any{"Parameters": list}, next), nil
}

func matchAll(filters []condition, r *record) bool {
	return !slices.ContainsFunc(filters, func(f condition) bool { return !f.match(r) })
}

func (f *condition) match(r *record) bool {
	v := r.last()
	switch f.Key {
	case "Name":
		return f.on(r.Name) || f.on(strings.TrimPrefix(r.Name, "/"))
	case "Type":
		return f.on(r.Type)
	case "KeyId":
		return f.on(v.KeyID)
	case "Tier":
		return f.on(v.Tier)
	case "DataType":
		return f.on(v.DataType)
	case "Path":
		return slices.ContainsFunc(f.Values, func(path string) bool { return below(r.Name, path, f.Option == "Recursive") })
	}
	text, ok := r.Tags[strings.TrimPrefix(f.Key, "tag:")]
	return ok && (len(f.Values) == 0 || f.on(text))
}

// on compares a text with the values, one of which must match.
func (f *condition) on(text string) bool {
	return slices.ContainsFunc(f.Values, func(want string) bool {
		switch f.Option {
		case "BeginsWith":
			return strings.HasPrefix(text, want)
		case "Contains":
			return strings.Contains(text, want)
		}
		return text == want
	})
}
