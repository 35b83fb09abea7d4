// Package walk finds the candidates of lists: the objects that a subject may have a relation to, and
// the subjects that may have one to an object. It walks over the tuples there are, so a list costs what
// is near its subject or object, not what is stored. A candidate that is not sure is to be asked about.
package walk
