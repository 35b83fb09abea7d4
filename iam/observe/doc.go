// Package observe keeps which calls the roles of a system really made, and says
// what they show: the smallest grants that cover them, and what is granted and
// was never used.
//
// A [Recorder] counts decisions of IAM, one row for each distinct call, within
// bounds. [Write] and [Read] keep the rows as lines of JSON that a person can
// read. [Suggest] compares them with the edges that a system has and could
// have; it knows edges only by what they hold, so that any way of writing
// grants down can offer its own.
//
// What was seen is a lower bound of what is needed. A call that happens once a
// month is not in a record of an hour, and a call that was denied is no reason
// to allow it.
package observe
