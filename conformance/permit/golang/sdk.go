// Package golang pins Permit's Go SDK, whose own integration test is run against Writ. It is a
// module of its own, so that nobody who uses Writ downloads it.
package golang

import _ "github.com/permitio/permit-golang/pkg/permit" // its tests are compiled, not this package
