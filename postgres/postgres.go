// Package postgres keeps environments in PostgreSQL, shared by several nodes.
package postgres
