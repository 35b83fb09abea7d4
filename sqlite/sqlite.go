// Package sqlite keeps environments in a file of SQLite: durable when a write
// returns, for one process.
package sqlite
