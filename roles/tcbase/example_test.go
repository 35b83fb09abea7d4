package tcbase_test

import (
	"fmt"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cover"
	"github.com/writ-dev/writ/roles/tcbase"
)

// How large is the role that every function of a sandbox gets from tc?
func Example() {
	policy, err := iam.Parse(tcbase.Policy("function", tcbase.Vars{Account: "111122223333", Region: "us-east-1", Sandbox: "dev", AssetBucket: "assets"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	trust, err := iam.Parse(tcbase.Trust())
	if err != nil {
		fmt.Println(err)
		return
	}
	f := cover.Count(trust, policy)
	fmt.Println(tcbase.RoleName("function", "dev"))
	fmt.Println(f.Statements, "statements,", f.Actions, "actions,", f.Any, "times *,", f.Patterns, "patterns,", len(f.Services), "services")
	// Output:
	// tc-base-function-dev
	// 9 statements, 58 actions, 6 times *, 4 patterns, 7 services
}
