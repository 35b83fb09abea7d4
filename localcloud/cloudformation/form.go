package cloudformation

import (
	"net/url"
	"regexp"
	"strconv"

	"github.com/writ-dev/writ/localcloud/gate"
)

// maxMembers bounds the lists of a request; AWS's own bounds are 200 and less.
const maxMembers = 500

// memberTexts reads a list of texts: NAME.member.1, NAME.member.2, ...
func memberTexts(form url.Values, name string) []string {
	var list []string
	for i := 1; i <= maxMembers; i++ {
		v, ok := form[name+".member."+strconv.Itoa(i)]
		if !ok || len(v) == 0 {
			break
		}
		list = append(list, v[0])
	}
	return list
}

// members reads a list of structures; it ends at the first whose key member is not there.
func members(form url.Values, name, key string) []func(member string) (string, bool) {
	var list []func(string) (string, bool)
	for i := 1; i <= maxMembers; i++ {
		prefix := name + ".member." + strconv.Itoa(i) + "."
		if _, ok := form[prefix+key]; !ok {
			break
		}
		list = append(list, func(member string) (string, bool) {
			v, ok := form[prefix+member]
			if !ok || len(v) == 0 {
				return "", false
			}
			return v[0], true
		})
	}
	return list
}

func tagsOf(c *gate.Call) (map[string]string, error) {
	list := members(c.Form, "Tags", "Key")
	if len(list) == 0 {
		return nil, nil
	}
	if len(list) > 50 {
		return nil, invalid("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
	}
	all := map[string]string{}
	for _, tag := range list {
		key, _ := tag("Key")
		if _, twice := all[key]; twice {
			return nil, invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		if key == "" || len(key) > 128 || len(lower(key)) >= 4 && lower(key)[:4] == "aws:" {
			return nil, invalid("Tag key %q is not valid: it must have 1 to 128 characters and not start with aws:", key)
		}
		all[key], _ = tag("Value")
	}
	return all, nil
}

// given are the parameters of a request by name.
type given struct {
	value string
	// previous takes the value that the stack has.
	previous bool
}

func parametersOf(c *gate.Call) map[string]given {
	all := map[string]given{}
	for _, p := range members(c.Form, "Parameters", "ParameterKey") {
		key, _ := p("ParameterKey")
		value, _ := p("ParameterValue")
		previous, _ := p("UsePreviousValue")
		all[key] = given{value, previous == "true"}
	}
	return all
}

func flag(c *gate.Call, name string) bool { return c.Form.Get(name) == "true" }

var stackNamePattern = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

func checkStackName(name string) error {
	if stackNamePattern.MatchString(name) {
		return nil
	}
	return invalid("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
}

// required gives a parameter that must be there.
func required(c *gate.Call, name string) (string, error) {
	if v := c.Form.Get(name); v != "" {
		return v, nil
	}
	member := lower(name[:1]) + name[1:]
	return "", invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}
