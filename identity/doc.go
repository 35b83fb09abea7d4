// Package identity says who is calling: by a JSON Web Token of an issuer that is trusted, an API
// key, or a client certificate. What it cannot prove it refuses; it decides nothing else.
//
// Sources of the rules: RFC 7515 (signatures), RFC 7517 (keys), RFC 7518 (algorithms), RFC 7519
// (tokens), RFC 8725 (how tokens are attacked, and what to do), RFC 8414 and OpenID Connect
// Discovery (where keys are), RFC 9068 (access tokens), RFC 5280 (certificates).
//
// The package has no goroutines of its own and no clock: time and the way to fetch keys are
// handed in. Errors are [writ.Error]s whose message is for the log; [Public] is for the caller.
package identity
