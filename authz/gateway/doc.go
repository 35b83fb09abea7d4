// Package gateway answers Amazon API Gateway's question whether a request may pass: who calls (package
// identity), what the route asks (a [Route]), the decision (any [writ.Checker]), and the answer in the form
// that the event calls for. It reads all four forms of events that API Gateway sends to a Lambda
// authorizer, and as [Middleware] it stands before any http.Handler.
//
// A route that no [Route] is for is denied. An answer that API Gateway may keep is one that is right for
// every request that it may be used for: see [Plan].
package gateway
