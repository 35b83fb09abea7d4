package synth_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam/catalog"
	"github.com/writ-dev/writ/synth"
)

// Every action of every policy is in the service catalogue, takes the type of
// resource that it is granted on, and knows the condition keys that stand
// beside it. A pattern may stand for some actions that do not.
func TestPoliciesAreInTheCatalogue(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	check := func(fail func(string, ...any), out *synth.Output) {
		for id := range out.Template.Resources().All() {
			resource, _ := out.Template.Resource(id)
			for _, key := range []string{"PolicyDocument", "KeyPolicy"} {
				for _, s := range resource.Properties.Object(key).List("Statement") {
					for _, problem := range unknownToAWS(s.(*cfn.Object), seen) {
						fail("%s: %s", id, problem)
					}
				}
			}
		}
	}
	for _, path := range golden(t) {
		if t.Failed() {
			return
		}
		check(func(format string, args ...any) { t.Errorf(filepath.Dir(path)+": "+format, args...) }, build(t, parse(t, path), "dev"))
	}
	rapid.Check(t, func(rt *rapid.T) {
		top := randomWorld(rt)
		out, err := synth.Template(top, options(top, "dev"))
		if err != nil {
			rt.Fatal(err)
		}
		check(rt.Fatalf, out)
	})
	if len(seen) < 50 {
		t.Errorf("only %d actions were met", len(seen))
	}
	t.Logf("%d actions", len(seen))
}

func unknownToAWS(s *cfn.Object, seen map[string]bool) []string {
	var problems []string
	for _, a := range list(s, "Action") {
		name := a.(string)
		seen[name] = true
		actions := catalogued(name)
		if len(actions) == 0 {
			problems = append(problems, name+" is no action of AWS")
			continue
		}
		for _, operator := range conditionKeys(s) {
			if !slices.ContainsFunc(actions, func(a catalog.Action) bool { return knowsKey(a, operator) }) {
				problems = append(problems, name+" does not know the key "+operator)
			}
		}
		if !slices.ContainsFunc(list(s, "Resource"), func(r any) bool {
			return slices.ContainsFunc(actions, func(a catalog.Action) bool { return takes(a, r) })
		}) {
			problems = append(problems, name+" takes none of its resources")
		}
	}
	return problems
}

// catalogued gives the actions that a name or a pattern stands for.
func catalogued(name string) []catalog.Action {
	prefix, action, _ := strings.Cut(name, ":")
	service, ok := catalog.AWS().Service(prefix)
	if !ok {
		return nil
	}
	stem, wild := strings.CutSuffix(action, "*")
	var all []catalog.Action
	for _, a := range service.Actions {
		if a.Name == action || wild && strings.HasPrefix(a.Name, stem) {
			all = append(all, a)
		}
	}
	return all
}

func conditionKeys(s *cfn.Object) []string {
	var keys []string
	for _, test := range s.Object("Condition").All() {
		for key := range test.(*cfn.Object).All() {
			keys = append(keys, key)
		}
	}
	return keys
}

// globalKeys are AWS's keys of every request, and those that Lambda sets on the
// calls of a function's code.
var globalKeys = []string{"aws:SourceArn", "aws:SourceAccount", "lambda:SourceFunctionArn"}

func knowsKey(a catalog.Action, key string) bool {
	return slices.Contains(globalKeys, key) || slices.ContainsFunc(catalog.AWS().KeysOf(a), func(known string) bool { return catalog.KeyMatches(known, key) })
}

// takes reports whether an action takes a resource of the template's, by the
// service of its ARN; "*" it takes if that is said in Wildcards or is a key's own.
func takes(a catalog.Action, r any) bool {
	text := strings.NewReplacer("${AWS::Partition}", "aws", "${AWS::Region}", region, "${AWS::AccountId}", account).Replace(rendered(r))
	if text == "*" {
		return a.WildcardOnly() || synth.Wildcards()[a.String()] != "" || a.Service == "kms"
	}
	if a.WildcardOnly() {
		return false
	}
	if !strings.HasPrefix(text, "arn:") {
		return true // a reference to the resource itself
	}
	return slices.ContainsFunc(a.Resources, func(u catalog.ResourceUse) bool { return u.Covers(text) })
}
