// Package synth makes a CloudFormation template of a topology, with the
// smallest policies that allow the topology's edges, and goes the way back:
// from a denied call to the edge that is missing ([Fix]).
//
// One topology gives one stack. Nothing is granted but by an edge, every
// statement names this sandbox's own resources, and [Output] says which edge
// each statement comes from. What this package does not synthesise yet is
// listed in Output.Skipped, never dropped.
package synth
