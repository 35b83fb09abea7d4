// Package authzen serves the OpenID AuthZEN Authorization API 1.0: evaluation,
// evaluations, three searches and the metadata.
package authzen
