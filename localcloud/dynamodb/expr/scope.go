// Package expr is DynamoDB's expression language: conditions, key conditions,
// updates and projections, with AWS's messages for what is wrong with them.
//
// Expressions are parsed once, with their placeholders filled in, and then
// evaluated against any number of items. The rules are those of the Developer
// Guide, "Using expressions in DynamoDB"; errors are [item.Error].
package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

// MaxSize is how many bytes an expression may have.
const MaxSize = 4096

// Scope holds the placeholders of one request, which all its expressions share.
type Scope struct {
	names      map[string]string
	values     item.Item
	usedNames  map[string]bool
	usedValues map[string]bool
}

// NewScope checks placeholders. A nil map is one that the request does not
// have. wrap puts the name of the placeholder around what is wrong with its
// value, which AWS does for Scan and transactions only.
func NewScope(names map[string]string, values item.Item, wrap bool) (*Scope, error) {
	s := &Scope{names: names, values: values, usedNames: map[string]bool{}, usedValues: map[string]bool{}}
	if names != nil && len(names) == 0 {
		return nil, item.Error("ExpressionAttributeNames must not be empty")
	}
	for _, key := range sortedKeys(names) {
		if !placeholder(key, '#') {
			return nil, item.Error(fmt.Sprintf("ExpressionAttributeNames contains invalid key: Syntax error; key: \"%s\"", key))
		}
	}
	if values != nil && len(values) == 0 {
		return nil, item.Error("ExpressionAttributeValues must not be empty")
	}
	keys := values.Names()
	for _, key := range keys {
		if !placeholder(key, ':') {
			return nil, item.Error(fmt.Sprintf("ExpressionAttributeValues contains invalid key: Syntax error; key: \"%s\"", key))
		}
	}
	for _, key := range keys {
		err := values[key].Check()
		switch {
		case err == nil:
		case !wrap:
			return nil, err
		default:
			return nil, item.Error(fmt.Sprintf("ExpressionAttributeValues contains invalid value: %v for key %s", err, key))
		}
	}
	return s, nil
}

func placeholder(key string, first byte) bool {
	return len(key) > 1 && key[0] == first && run(key, 1, word) == len(key)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Unused gives an error when a placeholder was used by no expression.
func (s *Scope) Unused() error {
	var names, values []string
	for _, key := range sortedKeys(s.names) {
		if !s.usedNames[key] {
			names = append(names, key)
		}
	}
	for _, key := range s.values.Names() {
		if !s.usedValues[key] {
			values = append(values, key)
		}
	}
	switch {
	case names != nil:
		return item.Error("Value provided in ExpressionAttributeNames unused in expressions: keys: {" + strings.Join(names, ", ") + "}")
	case values != nil:
		return item.Error("Value provided in ExpressionAttributeValues unused in expressions: keys: {" + strings.Join(values, ", ") + "}")
	}
	return nil
}

// parse reads the text of the parameter param with read, and gives the error
// that AWS would: syntax first, then the findings in the order of priority.
func (s *Scope) parse(param, text string, keywords []string, priority []finding, read func(*parser)) error {
	wrap := func(err error) error { return item.Error("Invalid " + param + ": " + err.Error()) }
	switch {
	case text == "":
		return wrap(item.Error("The expression can not be empty;"))
	case len(text) > MaxSize:
		return wrap(item.Error(fmt.Sprintf("Expression size has exceeded the maximum allowed size; expression size: %d", len(text))))
	}
	p := &parser{source: text, tokens: tokenize(text), scope: s, keywords: keywords, found: findings{}}
	read(p)
	if p.failed == nil && p.peek().kind != tokenEnd {
		p.fail()
	}
	if p.failed != nil {
		return wrap(p.failed)
	}
	if err := p.found.first(priority); err != nil {
		return wrap(err)
	}
	return nil
}

// finding is a kind of error that a parser notes and goes on from, because one
// of another kind, further on, may be the one that AWS reports.
type finding int

const (
	findOperators finding = iota
	findParens
	findUnknownFunction
	findMisusedFunction
	findReserved
	findCondition // the first of the next four in one comparison
	findPlaceholder
	findOperandCount
	findDistinct
	findFunction
	findSection
	findName
	findValue
	findOverlap
	findConflict
	findOperand
	findPath
)

// findings holds the first error of each kind.
type findings map[finding]error

func (f findings) note(kind finding, format string, args ...any) {
	if f[kind] == nil {
		f[kind] = item.Error(fmt.Sprintf(format, args...))
	}
}

func (f findings) first(order []finding) error {
	for _, kind := range order {
		if err := f[kind]; err != nil {
			return err
		}
	}
	return nil
}
