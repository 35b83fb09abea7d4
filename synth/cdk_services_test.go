package synth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/cfn"
)

// cdkServices compares the grants on state machines, GraphQL APIs and channels
// with CDK's, but for what is listed with its reason.
var cdkServices = []struct {
	construct, variant, call string
	grant                    string
	// without are CDK's that we leave out, beside are ours that CDK gives elsewhere.
	without, beside []string
	why             string
}{
	{construct: "StateMachine", variant: "standard", call: "grantStartExecution(grantee)", grant: "{state: world, access: start}"},
	{construct: "StateMachine", variant: "express", call: "grantStartSyncExecution(grantee)", grant: "{state: world, access: startSync}"},
	{
		construct: "StateMachine", variant: "standard", call: "grantRead(grantee)", grant: "{state: world, access: read}",
		without: []string{"states:ListStateMachines ${Machine}", "states:DescribeActivity *", "states:ListActivities *", "states:DescribeStateMachine *"},
		beside:  []string{"states:DescribeStateMachine ${Machine}"},
		why:     "one has no resource level and never matches, a topology has no activities, and the machine is described by its ARN and not by *",
	},
	{construct: "GraphqlApi", variant: "IAM auth", call: `grantMutation(grantee, "add")`, grant: "{mutation: add, access: mutate}"},
	{construct: "ChannelNamespace", variant: "IAM auth", call: "grantPublish(grantee)", grant: "{channel: ns, access: publish}"},
	{
		construct: "ChannelNamespace", variant: "IAM auth", call: "grantSubscribe(grantee)", grant: "{channel: ns, access: subscribe}",
		beside: []string{"appsync:EventConnect ${EventApi}"},
		why:    "who subscribes has to connect first, which CDK grants on the API",
	},
}

func TestServiceGrantsFollowCDK(t *testing.T) {
	t.Parallel()
	grants := cdkGrants(t)
	for _, c := range cdkServices {
		i := slices.IndexFunc(grants, func(g cdkGrant) bool {
			return g.Construct == c.construct && g.Variant == c.variant && g.Call == c.call
		})
		if i < 0 {
			t.Errorf("%s %s %s is not among CDK's grants", c.construct, c.variant, c.call)
			continue
		}
		want := slices.Clone(c.beside)
		for _, s := range grants[i].IdentityPolicy {
			for _, a := range s.Actions {
				for _, r := range s.Resources {
					if call := a + " " + serviceARN(r); !slices.Contains(c.without, call) {
						want = append(want, call)
					}
				}
			}
		}
		top := parseText(t, "name: world\nfunctions:\n  grantee: {runtime: {lang: go}, grants: ["+c.grant+"]}\n"+
			"mutations: {types: {T: {id: ID!}}, resolvers: {add: {function: grantee, input: T, output: T}}}\nchannels: {ns: {handler: default}}\n"+
			"states: {StartAt: a, States: {a: {Type: Succeed}}}\n")
		policy, _ := build(t, top, "dev").Template.Resource("GranteePolicy")
		var got []string
		for _, s := range policy.Properties.Object("PolicyDocument").List("Statement")[1:] { // the first is the log
			for _, a := range list(s.(*cfn.Object), "Action") {
				for _, r := range list(s.(*cfn.Object), "Resource") {
					got = append(got, a.(string)+" "+serviceARN(rendered(r)))
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s: CDK gives\n%s\nwe give\n%s", c.call, strings.Join(want, "\n"), strings.Join(got, "\n"))
		}
		if len(c.without)+len(c.beside) > 0 && c.why == "" {
			t.Errorf("%s differs without a reason", c.call)
		}
	}
	t.Logf("%d grants compared", len(cdkServices))
}

// serviceARN writes the ARNs of the two, which differ in how they are made up, alike.
func serviceARN(text string) string {
	switch {
	case strings.Contains(text, ":execution:"):
		return "${Executions}"
	case strings.Contains(text, ":stateMachine:"), text == "${Machine}":
		return "${Machine}"
	case strings.Contains(text, "types/Mutation/fields/"):
		return "${Gql}/" + text[strings.Index(text, "types/"):]
	case strings.Contains(text, "channelNamespace/"):
		return "${EventApi}/" + text[strings.Index(text, "channelNamespace/"):]
	case strings.Contains(text, "ChannelsApi"):
		return "${EventApi}"
	}
	return text
}
