package process_test

import (
	"fmt"

	"github.com/writ-dev/writ/localcloud/lambda/process"
)

// Runtimes that are neither an executable, Node.js nor Python do not run here.
func ExampleKind() {
	for _, runtime := range []string{"provided.al2023", "nodejs22.x", "python3.13", "java21"} {
		fmt.Printf("%s: %q\n", runtime, process.Kind(runtime))
	}
	// Output:
	// provided.al2023: "provided"
	// nodejs22.x: "node"
	// python3.13: "python"
	// java21: ""
}
