// Package client asks a Writ server over HTTP. Its Client is a [writ.Checker],
// as the engine in process is, so that code moves between the two unchanged.
package client
