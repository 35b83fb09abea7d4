// Package asl reads a state machine in Amazon States Language: which service
// each state calls and on what, and what is wrong with the machine, each with
// its place in the user's file.
//
// It knows nothing of files: the caller parses JSON or YAML into a [Value].
// The language: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
package asl

import "github.com/writ-dev/writ"

// Machine is what a definition says.
type Machine struct {
	// States counts the states, those within maps and branches too.
	States int `json:"states"`
	// Calls are what the states call, in the order written.
	Calls []Call `json:"calls,omitempty"`
	// Distributed are the maps whose items run as executions of their own.
	Distributed []Distributed `json:"distributed,omitempty"`
	// Warnings are what AWS takes, or may take, but what is likely a mistake.
	Warnings []Warning `json:"warnings,omitempty"`
}

// Distributed is a map in distributed mode: it starts its own machine for each
// batch of items.
type Distributed struct {
	State string        `json:"state"`
	Pos   writ.Position `json:"pos,omitzero"`
}

// Warning is one doubt.
type Warning struct {
	// State is the state's name, "" for the machine.
	State string        `json:"state,omitempty"`
	Text  string        `json:"text"`
	Pos   writ.Position `json:"pos,omitzero"`
}

// Pattern is how a task waits for what it calls.
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
type Pattern string

// The patterns, in the words of a task's Resource.
const (
	RequestResponse  Pattern = ""
	Sync             Pattern = "sync"
	Sync2            Pattern = "sync:2"
	WaitForTaskToken Pattern = "waitForTaskToken"
)

// Use says which part of a state makes a call.
type Use string

// The parts.
const (
	UseTask   Use = ""       // the task itself
	UseReader Use = "reader" // ItemReader of a distributed map
	UseWriter Use = "writer" // ResultWriter of a distributed map
)

// Call is one call to a service.
type Call struct {
	// State is the name of the state that makes it.
	State string `json:"state"`
	// Service is the service as IAM names it ("states", "events"), Action the
	// call as the API has it ("StartExecution", "Invoke").
	Service string  `json:"service"`
	Action  string  `json:"action"`
	Pattern Pattern `json:"pattern,omitempty"`
	Use     Use     `json:"use,omitempty"`
	// Arguments are those that say on what the call acts, in the order written.
	Arguments []Argument    `json:"arguments,omitempty"`
	Pos       writ.Position `json:"pos,omitzero"`
}

// Argument is one argument of a call that names a resource, or the source and
// detail-type of an event.
type Argument struct {
	// Name is the API's: "FunctionName", "Bucket"; an argument of the second
	// event of a PutEvents is "Entries[1].Source".
	Name string `json:"name"`
	// Text is as written, "" when only a run can tell.
	Text string        `json:"text,omitempty"`
	Pos  writ.Position `json:"pos,omitzero"`
	// Value is the argument in the tree that was read, for a caller that writes
	// another name in its place. It is nil where Text is "".
	Value *Value `json:"-"`
}

// Argument gives the argument of a name; false when the call has none.
func (c Call) Argument(name string) (Argument, bool) {
	for _, a := range c.Arguments {
		if a.Name == name {
			return a, true
		}
	}
	return Argument{}, false
}
