package resource

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/cfn"
)

// text gives a property as text; numbers and booleans are written out, as
// CloudFormation does.
func text(o *cfn.Object, key string) (string, bool) {
	v, ok := o.Get(key)
	if !ok {
		return "", false
	}
	return scalar(v)
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// texts gives a property that is a list of texts; one text counts as a list of one.
func texts(o *cfn.Object, key string) []string {
	v, _ := o.Get(key)
	if s, ok := scalar(v); ok {
		return []string{s}
	}
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		if s, ok := scalar(item); ok {
			out = append(out, s)
		}
	}
	return out
}

// document gives a policy property as JSON text; text is taken as it is.
func document(o *cfn.Object, key string) (string, error) {
	v, _ := o.Get(key)
	if s, ok := v.(string); ok {
		return s, nil
	}
	raw, err := json.Marshal(v)
	return string(raw), err
}

// numbers lists the members that the services want as JSON numbers or
// booleans; templates often have them as text, because parameters are text.
var numbers = words("ReadCapacityUnits WriteCapacityUnits MemorySize Timeout Size RetentionInDays TimeoutInMillis timeoutInMillis " +
	"MinimumCompressionSize minimumCompressionSize MaxAge maxAge BatchSize MaximumBatchingWindowInSeconds MaximumConcurrency " +
	"AuthorizerResultTtlInSeconds authorizerResultTtlInSeconds PasswordLength MaximumRetryAttempts MaximumEventAgeInSeconds MaximumWindowInMinutes")

var booleans = words("DeletionProtectionEnabled Enabled ApiKeyRequired apiKeyRequired AutoDeploy autoDeploy DisableExecuteApiEndpoint " +
	"disableExecuteApiEndpoint AllowCredentials allowCredentials disableSchemaValidation ExcludeLowercase ExcludeNumbers ExcludePunctuation ExcludeUppercase " +
	"IncludeSpace RequireEachIncludedType EnableSimpleResponses enableSimpleResponses")

// coerce gives v with numbers and booleans that stand as text made real, at any depth.
func coerce(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = coerce(item)
		}
		return out
	case *cfn.Object:
		out := &cfn.Object{}
		for key, member := range v.All() {
			out.Set(key, coerceMember(key, member))
		}
		return out
	}
	return v
}

func coerceMember(key string, v any) any {
	s, isText := v.(string)
	switch {
	case isText && slices.Contains(numbers, key):
		if _, err := strconv.ParseFloat(s, 64); err == nil {
			return json.Number(s)
		}
	case isText && slices.Contains(booleans, key):
		if b, err := strconv.ParseBool(s); err == nil {
			return b
		}
	}
	return coerce(v)
}

// pick gives a new object of the named properties, those that are there.
func pick(o *cfn.Object, keys string) *cfn.Object {
	out := &cfn.Object{}
	for _, key := range words(keys) {
		if v, ok := o.Get(key); ok {
			out.Set(key, coerceMember(key, v))
		}
	}
	return out
}

// lowerFirst gives the object with the first letter of its keys in lower case,
// which is how the REST services name what CloudFormation capitalises.
func lowerFirst(o *cfn.Object) *cfn.Object {
	out := &cfn.Object{}
	for key, v := range o.All() {
		out.Set(strings.ToLower(key[:1])+key[1:], v)
	}
	return out
}

// tags gives the stack's tags overlaid with those of the property, which is a
// list of Key and Value or, for API Gateway v2, a map.
func tags(stack map[string]string, properties *cfn.Object) map[string]string {
	all := maps.Clone(stack)
	if all == nil {
		all = map[string]string{}
	}
	v, _ := properties.Get("Tags")
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if tag, ok := item.(*cfn.Object); ok {
				key, _ := text(tag, "Key")
				all[key], _ = text(tag, "Value")
			}
		}
	case *cfn.Object:
		for key := range v.All() {
			all[key], _ = text(v, key)
		}
	}
	return all
}

// tagList is tags as AWS's JSON lists have them, sorted.
func tagList(all map[string]string) []map[string]string {
	list := []map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		list = append(list, map[string]string{"Key": key, "Value": all[key]})
	}
	return list
}

// tagChange gives what must be set and what must be removed.
func (w *Work) tagChange() (set map[string]string, remove []string) {
	before, after := tags(w.OldTags, w.Old), tags(w.Tags, w.Properties)
	set = map[string]string{}
	for key, value := range after {
		if old, ok := before[key]; !ok || old != value {
			set[key] = value
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, ok := after[key]; !ok {
			remove = append(remove, key)
		}
	}
	return set, remove
}

// changed reports whether any of the named properties differs from before.
func (w *Work) changed(keys string) bool {
	return slices.ContainsFunc(words(keys), func(key string) bool {
		a, hadBefore := w.Old.Get(key)
		b, hasNow := w.Properties.Get(key)
		return hadBefore != hasNow || !Equal(a, b)
	})
}

// Equal compares two property values: the order of keys does not count, and
// scalars compare by their text ("5" is 5).
func Equal(a, b any) bool {
	if x, ok := scalar(a); ok {
		y, ok := scalar(b)
		return ok && x == y
	}
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Equal)
	case *cfn.Object:
		b, ok := b.(*cfn.Object)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for key, v := range a.All() {
			other, ok := b.Get(key)
			if !ok || !Equal(v, other) {
				return false
			}
		}
		return true
	}
	return a == nil && b == nil
}
