// Package engine answers questions over numbers: has this subject this relation to this object? A
// [Program] is the relations of a model, a [graph.Graph] the facts, and an [Asker] puts them together
// for one subject. It knows no names and no source of a model; conditions are answered for it by
// [Conditions].
//
// The answer is the least fixpoint of the relations: what leads back to itself alone is no. Where an
// exclusion lies on a cycle it is the well-founded model, in which some is unknown. There are several
// ways to it, all with the same answers: looking at tuples and remembering what was found (memo),
// climbing from the subject to the usersets that it is in (climb), following rows of related objects
// (chain), and writing formulas out where an exclusion lies on a cycle (solve).
package engine
