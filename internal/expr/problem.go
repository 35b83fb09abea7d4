package expr

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/interpreter"

	"github.com/writ-dev/writ"
)

func quote(s string) string { return strconv.Quote(s) }

// problem is an error in the user's file. Its source line is the condition's,
// moved to the column that it has there.
func (p *Program) problem(at writ.Position, message string) *writ.Error {
	lines := strings.Split(p.source, "\n")
	n := at.Line - p.at.Line
	if n < 0 || n >= len(lines) {
		n = 0
	}
	line := lines[n]
	if n == 0 && p.at.Col > 1 {
		line = strings.Repeat(" ", p.at.Col-1) + line
	}
	return (&writ.Error{Code: writ.CodeInvalid, Message: message}).At(at, line)
}

// place is where one of cel-go's locations, with columns from 0, is in the user's file.
func (p *Program) place(l common.Location) writ.Position {
	at := p.at
	if l == nil || l.Line() < 1 {
		return at
	}
	if at.Line == 0 {
		at.Line = 1
	}
	if l.Line() == 1 {
		at.Col = max(at.Col, 1) + l.Column()
		return at
	}
	at.Line += l.Line() - 1
	at.Col = l.Column() + 1
	return at
}

func (p *Program) placeOf(id int64) writ.Position {
	return p.place(p.checked.NativeRep().SourceInfo().GetStartLocation(id))
}

// rephrase gives the first of cel-go's complaints in our words.
func (p *Program) rephrase(issues []*cel.Error, scope *Scope) *writ.Error {
	first := slices.MinFunc(issues, func(a, b *cel.Error) int {
		if c := a.Location.Line() - b.Location.Line(); c != 0 {
			return c
		}
		return a.Location.Column() - b.Location.Column()
	})
	at := p.place(first.Location)
	message := first.Message
	if name, ok := between(message, "undeclared reference to '", "'"); ok {
		return p.undeclared(at, name, scope)
	}
	if m := noOverload.FindStringSubmatch(message); m != nil {
		return p.mismatch(at, m[1], m[2])
	}
	if text, ok := strings.CutPrefix(message, "Syntax error: "); ok {
		return p.problem(at, "this is not a condition: "+syntax(text)).WithHint("%s", syntaxHint(text))
	}
	if m := wrongType.FindStringSubmatch(message); m != nil {
		return p.problem(at, fmt.Sprintf("%s is here where %s must be", article(typeName(m[2])), article(typeName(m[1]))))
	}
	if text, ok := strings.CutPrefix(message, "invalid "); ok && strings.HasSuffix(text, " literal") {
		return p.problem(at, "this number does not fit "+article(typeName(strings.TrimSuffix(text, " literal"))))
	}
	if name, ok := strings.CutPrefix(message, "reserved identifier: "); ok {
		return p.problem(at, quote(name)+" is a reserved word").WithHint("a field of that name is written with brackets: user[%q]", name)
	}
	if strings.Contains(message, "limit") || strings.Contains(message, "recursion") {
		e := p.problem(at, "the condition is too large: "+plain(message))
		e.Code = writ.CodeTooLarge
		return e
	}
	return p.problem(at, plain(message))
}

var wrongType = regexp.MustCompile(`^expected type '(.*)' but found '(.*)'$`)

var noOverload = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'$`)

func between(s, before, after string) (string, bool) {
	_, rest, ok := strings.Cut(s, before)
	if !ok {
		return "", false
	}
	inner, _, ok := strings.Cut(rest, after)
	return inner, ok
}

func (p *Program) undeclared(at writ.Position, name string, scope *Scope) *writ.Error {
	var names []string
	for _, v := range scope.Variables {
		names = append(names, v.Name)
		if v.Alias != "" {
			names = append(names, v.Alias)
		}
	}
	name, _, _ = strings.Cut(name, ".")
	// cel-go points behind the name: at the dot or bracket that follows it.
	back := at
	back.Col -= utf8.RuneCountInString(name)
	if line := []rune(p.problem(at, "").Source); back.Col > 0 && at.Col-1 <= len(line) && string(line[back.Col-1:at.Col-1]) == name {
		at = back
	}
	e := p.problem(at, "there is no "+quote(name)+" here")
	if name == "now" {
		return e.WithHint("a condition reads no clock: the time comes with the question, such as context.now")
	}
	if near := writ.Nearest(name, append(names, functionNames...)); near != "" {
		return e.WithHint("did you mean %q?", near)
	}
	if len(names) == 0 {
		return e.WithHint("this condition has no parameters")
	}
	return e.WithHint("a condition here may name %s", strings.Join(names, ", "))
}

// functionNames are those that are suggested for a misspelt name.
var functionNames = []string{
	"has", "size", "startsWith", "endsWith", "contains", "matches", "exists", "exists_one", "all", "filter", "map",
	"timestamp", "duration", "ipaddress", "in_cidr", "instance", "int", "uint", "double", "string", "bool", "true", "false",
	"lowerAscii", "upperAscii", "split", "trim", "substring", "indexOf", "lastIndexOf",
}

// mismatch says which types an operator or function was given.
func (p *Program) mismatch(at writ.Position, function, signature string) *writ.Error {
	target, arguments, member := strings.Cut(signature, ".(")
	if !member {
		arguments = strings.TrimPrefix(signature, "(")
	}
	given := splitTypes(strings.TrimSuffix(arguments, ")"))
	symbol := operatorSymbol(function)
	switch {
	case symbol == "" && member:
		return p.problem(at, fmt.Sprintf("%s has no %s(%s)", article(typeName(target)), function, strings.Join(given, ", ")))
	case symbol == "":
		return p.problem(at, fmt.Sprintf("%s does not take (%s)", function, strings.Join(given, ", ")))
	case len(given) == 2 && strings.Contains("== != < <= > >=", symbol):
		e := p.problem(at, fmt.Sprintf("%s cannot be compared with %s by %s", article(given[0]), article(given[1]), symbol))
		if slices.Contains(given, "number") && (slices.Contains(given, "int") || slices.Contains(given, "uint")) {
			return e.WithHint("write 4.0 for 4, or double(n) for n")
		}
		return e
	case len(given) == 2 && symbol == "in":
		return p.problem(at, fmt.Sprintf("%s is never in %s", article(given[0]), article(given[1])))
	default:
		for i := range given {
			given[i] = article(given[i])
		}
		return p.problem(at, fmt.Sprintf("%s does not work on %s", symbol, strings.Join(given, " and ")))
	}
}

func article(t string) string {
	switch {
	case t == "any value":
		return t
	case strings.HasPrefix(t, "int") || strings.HasPrefix(t, "ip"):
		return "an " + t
	}
	return "a " + t
}

// splitTypes cuts "list(string), int" at its outer commas and names the types.
func splitTypes(s string) []string {
	var parts []string
	depth, from := 0, 0
	for i, c := range s + "," {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			if part := strings.TrimSpace(s[from:i]); part != "" {
				parts = append(parts, typeName(part))
			}
			from = i + 1
		}
	}
	return parts
}

// operatorSymbol is an operator as it is written; "" for a function.
func operatorSymbol(function string) string {
	switch function {
	case "@in":
		return "in"
	case "_?_:_":
		return "?:"
	case "_[_]":
		return "[]"
	}
	if strings.HasPrefix(function, "_") || strings.HasSuffix(function, "_") && !isName(strings.Trim(function, "_")) {
		return strings.Trim(function, "_")
	}
	return ""
}

// syntax shortens a parser's complaint.
func syntax(text string) string {
	text, _, _ = strings.Cut(text, " expecting ")
	text = strings.ReplaceAll(text, "'<EOF>'", "the end")
	text = strings.ReplaceAll(text, "<EOF>", "the end")
	text = strings.ReplaceAll(text, "extraneous input", "there is too much:")
	text = strings.ReplaceAll(text, "mismatched input", "unexpected")
	text = strings.ReplaceAll(text, "no viable alternative at input", "unexpected")
	return strings.ReplaceAll(text, "token recognition error at:", "cannot read")
}

// syntaxHint knows what people write who think of another language.
func syntaxHint(text string) string {
	for word, symbol := range map[string]string{"'and'": "&&", "'or'": "||", "'not'": "!", "'= '": "==", "'AND'": "&&", "'OR'": "||"} {
		if strings.Contains(text, word) {
			return fmt.Sprintf("write %s for %s", symbol, strings.Trim(word, "' "))
		}
	}
	if word, ok := between(text, "'.", "'"); ok && isName(word) {
		return fmt.Sprintf("%s is a reserved word: a field of that name is written user[%q]", word, word)
	}
	return "a condition is written like user.level >= 3 && resource.owner == user.key"
}

// plain is a message of cel-go with our names for its types.
func plain(text string) string {
	text = strings.ReplaceAll(text, "error parsing regexp:", "this is no regular expression:")
	text = strings.ReplaceAll(text, "google.protobuf.Timestamp", "timestamp")
	text = strings.ReplaceAll(text, "google.protobuf.Duration", "duration")
	return strings.ReplaceAll(text, "'dyn'", "'any value'")
}

// failure says why a run gave no answer.
func (p *Program) failure(err error, a *activation) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "no such attribute(s): "); ok {
		if s := p.names[strings.TrimPrefix(name, ".")]; s != nil {
			return s.missing
		}
	}
	if key, ok := strings.CutPrefix(text, "no such key: "); ok {
		if a.missing != nil && a.missing.Field == key {
			return a.missing
		}
		return p.problem(p.at, "there is no key "+quote(key))
	}
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) || strings.Contains(text, overCost) {
		return p.tooCostly()
	}
	if strings.HasPrefix(text, "no such overload") {
		return p.problem(p.at, "the condition has a value of a type that it does not fit")
	}
	return p.problem(p.at, "the condition failed: "+plain(text))
}

func (p *Program) tooCostly() *writ.Error {
	e := p.problem(p.at, fmt.Sprintf("the condition needs more than %d steps", maxCost))
	e.Code = writ.CodeTooLarge
	return e.WithHint("nested exists and all over long lists cost the product of their lengths")
}
