// Package writ is the vocabulary that every part of Writ shares: one question,
// one answer, one error, one event.
//
// Every layer (IAM, API policy, datasets, access requests) answers the same
// question: may this [Subject] do this [Action] on this [Resource], and why?
// The words are those of the OpenID AuthZEN Authorization API 1.0.
//
// The package imports only the standard library and holds no engine.
package writ
