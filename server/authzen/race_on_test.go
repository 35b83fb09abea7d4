//go:build race

package authzen_test

// The race detector makes pools drop what they hold.
const raced = true
