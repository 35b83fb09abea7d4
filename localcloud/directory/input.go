package directory

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ/localcloud/gate"
)

// The quotas of the IAM User Guide, "IAM and AWS STS quotas"; those of
// documents are in package iam.
const (
	maxRoleName       = 64
	maxPolicyName     = 128
	maxRoles          = 1000
	maxPolicies       = 1500
	maxAttached       = 10
	maxVersions       = 5
	maxTags           = 50
	maxDescription    = 1000
	minMaxSession     = 3600
	maxMaxSession     = 43200
	defaultMaxSession = 3600
)

// Each pattern is the one that AWS names in its error.
var (
	namePattern = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathPattern = regexp.MustCompile(`^/(?:[\x21-\x7e]*/)?$`)
	tagPattern  = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	arnPattern  = regexp.MustCompile(`^arn:aws:iam::(?:\d{12}|aws):policy/[\x21-\x7e]+$`)
)

// invalid is AWS's sentence for one bad parameter.
func invalid(value, member, constraint string) error {
	return gate.Errorf("ValidationError", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)
}

func checkName(member, name string, longest int) error {
	switch {
	case name == "":
		return gate.Errorf("ValidationError", "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
	case len(name) > longest:
		return invalid(name, member, "Member must have length less than or equal to "+strconv.Itoa(longest))
	case !namePattern.MatchString(name):
		return gate.Errorf("ValidationError", "The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", member)
	}
	return nil
}

// pathOf reads the path of what is to be created.
func pathOf(c *gate.Call) (string, error) {
	path := c.Form.Get("Path")
	if path == "" {
		return "/", nil
	}
	if len(path) > 512 || !pathPattern.MatchString(path) {
		return "", gate.Errorf("ValidationError", "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return path, nil
}

func checkPolicyARN(arn string) error {
	switch {
	case len(arn) < 20:
		return invalid(arn, "policyArn", "Member must have length greater than or equal to 20")
	case !arnPattern.MatchString(arn):
		return gate.Errorf("InvalidInput", "ARN %s is not valid.", arn)
	}
	return nil
}

func checkDescription(text string) error {
	if utf8.RuneCountInString(text) > maxDescription {
		return invalid(text[:20]+"...", "description", "Member must have length less than or equal to 1000")
	}
	return nil
}

// members reads a list of strings.
func members(c *gate.Call, list string) []string {
	var out []string
	for i := 1; c.Form.Has(fmt.Sprintf("%s.member.%d", list, i)); i++ {
		out = append(out, c.Form.Get(fmt.Sprintf("%s.member.%d", list, i)))
	}
	return out
}

// tagsOf reads the tags of a request.
func tagsOf(c *gate.Call) ([]tag, error) {
	var out []tag
	for i := 1; c.Form.Has(fmt.Sprintf("Tags.member.%d.Key", i)); i++ {
		t := tag{c.Form.Get(fmt.Sprintf("Tags.member.%d.Key", i)), c.Form.Get(fmt.Sprintf("Tags.member.%d.Value", i))}
		at := fmt.Sprintf("tags.%d.member", i)
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > 128 || !tagPattern.MatchString(t.Key):
			return nil, invalid(t.Key, at+".key", `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`)
		case utf8.RuneCountInString(t.Value) > 256 || !tagPattern.MatchString(t.Value):
			return nil, invalid(t.Value, at+".value", `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*`)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			// CloudFormation may write such tags; a person may not.
			if c.Via == "" {
				return nil, gate.Errorf("InvalidInput", "Tag keys starting with aws: are reserved for internal use.")
			}
		}
		for _, other := range out {
			if strings.EqualFold(other.Key, t.Key) {
				return nil, gate.Errorf("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
			}
		}
		out = append(out, t)
	}
	if len(out) > maxTags {
		return nil, gate.Errorf("ValidationError", "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
	}
	return out, nil
}

// page cuts the part of a sorted list that a request asks for. nameOf gives
// what the marker is made of: the last name of the page before.
func page[T any](c *gate.Call, all []T, nameOf func(T) string) (part []T, more bool, marker string, err error) {
	size := 100
	if text := c.Form.Get("MaxItems"); text != "" {
		if size, err = strconv.Atoi(text); err != nil || size < 1 || size > 1000 {
			return nil, false, "", invalid(text, "maxItems", "Member must have value between 1 and 1000")
		}
	}
	if text := c.Form.Get("Marker"); text != "" {
		after, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, false, "", gate.Errorf("ValidationError", "Invalid Marker.")
		}
		for len(all) > 0 && nameOf(all[0]) <= string(after) {
			all = all[1:]
		}
	}
	if len(all) <= size {
		return all, false, "", nil
	}
	return all[:size], true, base64.StdEncoding.EncodeToString([]byte(nameOf(all[size-1]))), nil
}
