package sns

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// maxMembers bounds the lists of a request; AWS's own bounds are lower.
const maxMembers = 200

// members reads a list of texts: NAME.member.1, NAME.member.2, ...
func members(c *gate.Call, name string) (out []string) {
	for i := 1; i <= maxMembers; i++ {
		key := name + ".member." + strconv.Itoa(i)
		if !c.Form.Has(key) {
			break
		}
		out = append(out, c.Form.Get(key))
	}
	return out
}

// entries reads a map of texts: NAME.entry.1.key, NAME.entry.1.value, ...
func entries(c *gate.Call, name string) map[string]string {
	out := map[string]string{}
	for i := 1; i <= maxMembers; i++ {
		prefix := name + ".entry." + strconv.Itoa(i)
		if !c.Form.Has(prefix + ".key") {
			break
		}
		out[c.Form.Get(prefix+".key")] = c.Form.Get(prefix + ".value")
	}
	return out
}

func tagsOf(c *gate.Call) map[string]string {
	out := map[string]string{}
	for i := 1; i <= maxMembers; i++ {
		prefix := "Tags.member." + strconv.Itoa(i)
		if !c.Form.Has(prefix + ".Key") {
			break
		}
		out[c.Form.Get(prefix+".Key")] = c.Form.Get(prefix + ".Value")
	}
	return out
}

func checkTags(tags map[string]string) error {
	if len(tags) > 50 {
		return gate.Errorf("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
	}
	for k, v := range tags {
		if k == "" || len(k) > 128 || len(v) > 256 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return invalid("Tags Reason: the key or value of %s is not valid", k)
		}
	}
	return nil
}

// tagContext gives the keys that a request with tags has.
func tagContext(tags map[string]string) iam.Context {
	if len(tags) == 0 {
		return nil
	}
	keys := iam.Context{"aws:tagkeys": iam.Many(slices.Sorted(maps.Keys(tags))...)}
	for k, v := range tags {
		keys["aws:requesttag/"+iam.Key(k)] = iam.One(v)
	}
	return keys
}

// attribute is a typed value beside a message.
type attribute struct {
	Type  string `json:"type"`
	Value string `json:"value"` // base64 when binary
}

// attributesOf reads the message attributes of a message; prefix is "" or that
// of an entry of a batch.
func attributesOf(c *gate.Call, prefix string) (out map[string]attribute, err error) {
	for i := 1; i <= maxMembers; i++ {
		at := prefix + "MessageAttributes.entry." + strconv.Itoa(i)
		name := c.Form.Get(at + ".Name")
		if name == "" {
			break
		}
		a := attribute{Type: c.Form.Get(at + ".Value.DataType"), Value: c.Form.Get(at + ".Value.StringValue")}
		if strings.HasPrefix(a.Type, "Binary") {
			a.Value = c.Form.Get(at + ".Value.BinaryValue")
			if _, err := base64.StdEncoding.DecodeString(a.Value); err != nil {
				return nil, invalid("MessageAttributes Reason: the value of %s is not base64", name)
			}
		}
		base, _, _ := strings.Cut(a.Type, ".")
		if base != "String" && base != "Number" && base != "Binary" {
			return nil, gate.Errorf("ParameterValueInvalid", "The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
		}
		if _, err := strconv.ParseFloat(a.Value, 64); base == "Number" && err != nil {
			return nil, gate.Errorf("ParameterValueInvalid", "Could not cast message attribute '%s' value to number.", name)
		}
		if a.Value == "" {
			return nil, gate.Errorf("ParameterValueInvalid", "The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, a.Type)
		}
		if out == nil {
			out = map[string]attribute{}
		}
		out[name] = a
	}
	return out, nil
}

// attributesXML answers with a map.
type attributesXML struct {
	Entries []entryXML `xml:"Attributes>entry"`
}

type entryXML struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

func toXML(all map[string]string) attributesXML {
	var out attributesXML
	for _, k := range slices.Sorted(maps.Keys(all)) {
		out.Entries = append(out.Entries, entryXML{k, all[k]})
	}
	return out
}

// page cuts a sorted list after the name that a token says; next is the token
// of the rest.
func page[T any](c *gate.Call, all []T, name func(T) string) (part []T, next string, err error) {
	const size = 100
	after, err := base64.RawURLEncoding.DecodeString(c.Form.Get("NextToken"))
	if err != nil {
		return nil, "", invalid("NextToken")
	}
	for _, one := range all {
		if name(one) <= string(after) {
			continue
		}
		if len(part) == size {
			return part, base64.RawURLEncoding.EncodeToString([]byte(name(part[size-1]))), nil
		}
		part = append(part, one)
	}
	return part, "", nil
}
