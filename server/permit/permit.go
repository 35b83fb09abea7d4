// Package permit serves the HTTP API of Permit's PDP and of its management, so
// that Permit's own SDKs work unchanged.
package permit
