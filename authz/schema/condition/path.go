package condition

import (
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
)

// path is an attribute in CEL: a root (`user`, or the variable of a macro) and names below it.
type path struct {
	root  string
	names []string
}

// namespaces are the first words of attributes.
var namespaces = map[string]string{
	"user": "user", "subject": "user", "resource": "resource", "tenant": "tenant",
	"context": "context", "environment": "context", "action": "action",
}

// attribute reads user.age, resource.address.city, or user."full name".
func attribute(word, at string) (path, error) {
	names, ok := split(word)
	if !ok || len(names) < 2 {
		e := invalid(at, "%q is no attribute", short(word))
		return path{}, e.WithHint("attributes are written user.NAME, resource.NAME, tenant.NAME or context.NAME")
	}
	root, known := namespaces[names[0]]
	if !known {
		e := invalid(at, "%q is neither an attribute nor allOf, anyOf or not", short(word))
		hint := "attributes start with user, resource, tenant or context"
		if near := writ.Nearest(short(names[0]), []string{"user", "subject", "resource", "tenant", "context", "environment"}); near != "" {
			hint = "did you mean " + near + "." + short(strings.Join(names[1:], ".")) + "?"
		}
		e.Hint = hint
		return path{}, e
	}
	return path{root, names[1:]}, nil
}

// split cuts at dots outside of double quotes.
func split(word string) ([]string, bool) {
	var names []string
	for rest := word; ; {
		var name string
		if strings.HasPrefix(rest, `"`) {
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				return nil, false
			}
			name, rest = rest[1:1+end], rest[2+end:]
			if rest != "" && rest[0] != '.' {
				return nil, false
			}
		} else {
			end := strings.IndexByte(rest, '.')
			if end < 0 {
				end = len(rest)
			}
			name, rest = rest[:end], rest[end:]
		}
		if name == "" || len(names) == maxDepth {
			return nil, false
		}
		names = append(names, name)
		if rest == "" {
			return names, true
		}
		rest = rest[1:]
	}
}

// below gives the attribute of an attribute.
func (p path) below(names []string) path {
	return path{p.root, append(append([]string{}, p.names...), names...)}
}

// value is the CEL expression of the attribute.
func (p path) value() string {
	var b strings.Builder
	b.WriteString(p.root)
	for _, name := range p.names {
		b.WriteString(selector(name))
	}
	return b.String()
}

// present is the CEL condition that the attribute is there, each object on the way too. It is empty
// for a macro's variable itself.
func (p path) present() string {
	var tests []string
	for i := range p.names {
		owner := path{p.root, p.names[:i]}.value()
		if plain(p.names[i]) {
			tests = append(tests, "has("+owner+"."+p.names[i]+")")
		} else {
			tests = append(tests, quote(p.names[i])+" in "+owner)
		}
	}
	return strings.Join(tests, " && ")
}

func selector(name string) string {
	if plain(name) {
		return "." + name
	}
	return "[" + quote(name) + "]"
}

// reserved are the words that CEL does not take as names.
var reserved = map[string]bool{
	"as": true, "break": true, "const": true, "continue": true, "else": true, "false": true, "for": true,
	"function": true, "if": true, "import": true, "in": true, "let": true, "loop": true, "namespace": true,
	"null": true, "package": true, "return": true, "true": true, "var": true, "void": true, "while": true,
}

func plain(name string) bool {
	if reserved[name] {
		return false
	}
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// quote writes a string as CEL reads it. CEL knows \uXXXX and \UXXXXXXXX beside the usual
// escapes; what is not UTF-8 has become U+FFFD when the JSON was read.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 || r == 0xfeff:
			b.WriteString(`\u` + strings.ToLower(pad(strconv.FormatInt(int64(r), 16))))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func pad(hex string) string { return strings.Repeat("0", 4-len(hex)) + hex }

func short(word string) string {
	if len(word) > 80 {
		return strings.ToValidUTF8(word[:80], "") + "..."
	}
	return word
}
