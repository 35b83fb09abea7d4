//go:build !race

package authzen_test

const raced = false
