// Package server is Writ over HTTP: it knows who calls, which environment they
// mean, and how much they may ask, and hands the rest to the packages of each protocol.
package server

import (
	"context"
	"net/http"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

// Role is what an API key may do. Each has the rights of those before it.
type Role string

// The roles of keys: read asks, write changes facts, admin changes the model and keys.
const (
	Read  Role = "read"
	Write Role = "write"
	Admin Role = "admin"
)

// Caller is who sent a request, known by its key.
type Caller struct {
	Key     authz.Key
	Project string
	Env     string
	// Environment is what its key opens.
	Environment *environment.Environment
}

// May reports whether the caller's key has the role.
func (c *Caller) May(r Role) bool { return false }

// CallerOf gives the caller of a request that passed the gate; the handlers of protocols need not check again.
func CallerOf(ctx context.Context) *Caller { return nil }

// Protocol is a group of endpoints, such as AuthZEN's.
type Protocol struct {
	// Handler serves them; paths are whole.
	Handler http.Handler
	// Prefixes are the paths that belong to it: "/access/v1/" or "/allowed".
	Prefixes []string
	// Open reports whether a request needs no key.
	Open func(*http.Request) bool
	// Needs is the role that a request needs.
	Needs func(*http.Request) Role
	// Fail writes an error in the protocol's own shape.
	Fail func(w http.ResponseWriter, r *http.Request, err error)
}
