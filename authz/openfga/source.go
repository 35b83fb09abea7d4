package openfga

import (
	"strings"

	"github.com/writ-dev/writ"
)

// source is one file of a model as it was written, in the DSL or in JSON.
type source struct {
	at     writ.Position
	lines  lines
	schema string // "1.1"
	module string // empty in a model that stands alone
	types  []typeDef
	mixins []typeDef
	conds  []condDef
}

// typeDef is a type, an extension of a type, or a mixin.
type typeDef struct {
	name      string
	at        writ.Position
	extends   bool
	relations []relDef
	includes  []word
}

type relDef struct {
	name     string
	at       writ.Position
	subjects []subjectDef
	rewrite  node
}

type subjectDef struct {
	kind      string
	relation  string
	everyone  bool
	condition string
	at        writ.Position
}

type condDef struct {
	name       string
	at         writ.Position
	params     []paramDef
	expression string
	bodyAt     writ.Position
}

type paramDef struct {
	name, kind, item string // list<item>, map<item>
	at               writ.Position
}

// node is a step of a relation's definition.
type node struct {
	op       op
	relation string // computed, from
	tupleset string // from
	of       []node // or, and; butNot: base and what is taken away
	at       writ.Position
}

type op int

const (
	opThis op = iota
	opComputed
	opFrom
	opOr
	opAnd
	opButNot
)

// lines is a text by its lines.
type lines []string

func linesOf(text []byte) lines { return strings.Split(string(text), "\n") }

// at gives the text of the line of a place.
func (l lines) at(p writ.Position) string {
	if p.Line < 1 || p.Line > len(l) {
		return ""
	}
	return strings.TrimRight(l[p.Line-1], "\r")
}
