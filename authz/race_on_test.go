//go:build race

package authz_test

// The race detector makes pools drop what they hold.
const raceEnabled = true
