package cli

import (
	"context"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// stackTags say whose a stack is.
func stackTags(t *topology.Topology, sandbox string) map[string]string {
	return map[string]string{"namespace": t.Name, "sandbox": sandbox, "deployer": "writ"}
}

// checkOwners refuses to go on when a stack that has the name of a topology's is
// another's: NAMESPACE-SANDBOX is the same for "a" in "b-dev" and "a-b" in "dev".
// All are looked at before any is touched.
func checkOwners(ctx context.Context, account *awscloud.Account, topologies []*topology.Topology, sandbox string) error {
	for _, t := range topologies {
		stack, found, err := account.Stack(ctx, synth.StackName(t, sandbox))
		if err != nil {
			return err
		}
		if found {
			err = checkOwner(t, sandbox, stack)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkOwner(t *topology.Topology, sandbox string, stack awscloud.Stack) error {
	const sandboxOrName = "take another sandbox with -s, or rename the namespace"
	tags := stack.Tags
	switch {
	case stack.Reserved() && len(tags) == 0:
		return nil
	case tags["deployer"] != "writ" || tags["namespace"] == "" || tags["sandbox"] == "":
		return writ.Errorf(writ.CodeConflict, "there is a stack %s, and Writ did not deploy it", stack.Name).At(t.Pos, "").
			WithHint("%s;\n`aws cloudformation describe-stacks --stack-name %s` shows the one that is there", sandboxOrName, stack.Name)
	case tags["namespace"] != t.Name || tags["sandbox"] != sandbox:
		return writ.Errorf(writ.CodeConflict, "stack %s is namespace %s in sandbox %s, not %s in %s",
			stack.Name, oneLine(tags["namespace"]), oneLine(tags["sandbox"]), t.Name, sandbox).At(t.Pos, "").
			WithHint("both names make %s; %s", stack.Name, sandboxOrName)
	}
	return nil
}

func topologiesOf(systems []*system) []*topology.Topology {
	var all []*topology.Topology
	for _, s := range systems {
		all = append(all, s.topology)
	}
	return all
}
