// Package permit runs Permit's own SDKs, unmodified, against a server of Writ: the
// integration test that its Go SDK is published with, and a script over its Node SDK.
package permit
