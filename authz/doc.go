// Package authz is the policy decision point: a model (roles, relations,
// attributes) and facts (who holds what on what) become one immutable
// [Snapshot], and a snapshot answers who may do what, and why.
//
// The model is Zanzibar's (Pang et al., USENIX ATC 2019): a relation of an
// object is a set of subjects, written as direct tuples, unions, intersections,
// exclusions, other relations of the same object, and relations of related
// objects. Roles, condition sets and derivations are other ways to write the
// same; packages schema and openfga translate them.
//
// Nothing here reads a clock, starts a goroutine or does I/O.
package authz
