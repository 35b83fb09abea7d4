package observe

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// MinGeneral is how many resources that differ in their last segment alone it
// takes before one pattern may stand for them.
const MinGeneral = 3

// General is a pattern that stands, or could stand, for several resources.
type General struct {
	Action  string
	Pattern string
	// Resources is how many it stands for.
	Resources int
}

// String says why: `the 17 resources of s3:GetObject differ in their last segment alone`.
func (g General) String() string {
	return fmt.Sprintf("the %d resources of %s that were seen under %s differ in their last segment alone", g.Resources, g.Action, g.Pattern)
}

// Statements gives the statements that allow exactly these calls: each with the
// actions that all of its resources were seen with. With generalise a pattern
// stands for resources that differ in their last segment alone, where there
// are at least [MinGeneral], and for rows that are a prefix; without, general
// lists where that could be done. Rows whose resources were not kept are left out.
func Statements(calls []Observation, generalise bool) (statements []iam.Statement, general []General) {
	actionsOf := map[string][]string{}
	for action, resources := range byAction(calls, generalise) {
		patterns, found := generalised(action, resources)
		general = append(general, found...)
		if generalise {
			resources = patterns
		}
		for _, r := range resources {
			actionsOf[r] = append(actionsOf[r], action)
		}
	}
	resourcesOf := map[string][]string{}
	for resource, actions := range actionsOf {
		slices.Sort(actions)
		together := strings.Join(actions, " ")
		resourcesOf[together] = append(resourcesOf[together], resource)
	}
	for _, together := range slices.Sorted(maps.Keys(resourcesOf)) {
		resources := resourcesOf[together]
		slices.Sort(resources)
		statements = append(statements, iam.Statement{Effect: iam.Allow, Action: strings.Split(together, " "), Resource: resources})
	}
	slices.SortFunc(general, func(a, b General) int { return strings.Compare(a.Action+a.Pattern, b.Action+b.Pattern) })
	return statements, general
}

// byAction gives the distinct resources of each action, as a policy writes them.
func byAction(calls []Observation, prefixes bool) map[string][]string {
	all := map[string][]string{}
	for _, o := range calls {
		switch {
		case !o.Allowed() || o.Extent == ExtentAny || o.Extent == ExtentPrefix && !prefixes:
			continue
		case o.Extent == ExtentPrefix || o.Extent == ExtentMinted:
			all[o.Action] = append(all[o.Action], literal(strings.TrimSuffix(o.Resource, "*"))+"*")
		case o.Resource == "*":
			all[o.Action] = append(all[o.Action], "*")
		default:
			all[o.Action] = append(all[o.Action], literal(o.Resource))
		}
	}
	for action, resources := range all {
		slices.Sort(resources)
		all[action] = slices.Compact(resources)
	}
	return all
}

// literal writes text so that a policy matches it alone: a "*" in a resource's
// name is no wildcard. IAM User Guide, "Policy variables": ${*}, ${?}, ${$}.
func literal(resource string) string {
	return strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}").Replace(resource)
}

// generalised puts a pattern in the place of resources that differ in their
// last segment alone.
func generalised(action string, resources []string) (patterns []string, found []General) {
	under := map[string][]string{}
	for _, r := range resources {
		prefix := parent(r)
		under[prefix] = append(under[prefix], r)
	}
	for _, prefix := range slices.Sorted(maps.Keys(under)) {
		list := under[prefix]
		if prefix == "" || len(list) < MinGeneral {
			patterns = append(patterns, list...)
			continue
		}
		patterns = append(patterns, prefix+"*")
		found = append(found, General{action, prefix + "*", len(list)})
	}
	return patterns, found
}

// parent is an ARN up to its last segment; "" when nothing of the resource
// would be left, and for "*".
func parent(resource string) string {
	parts := strings.SplitN(resource, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	at := strings.LastIndexAny(parts[5], ":/")
	if at < 0 || at == len(parts[5])-1 {
		return ""
	}
	return resource[:len(resource)-len(parts[5])+at+1]
}

// Policy makes a document of statements. No statements are an error: AWS takes
// no such document.
func Policy(statements []iam.Statement) (*iam.Document, error) {
	if len(statements) == 0 {
		return nil, writ.Errorf(writ.CodeNotFound, "no allowed call was seen, and a policy cannot be empty")
	}
	doc := &iam.Document{Version: iam.Version2012, Statements: statements}
	if err := doc.Validate(iam.TypeIdentity); err != nil {
		return nil, err
	}
	return doc, nil
}
