package direct

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Request is what values are read from.
type Request struct {
	Header http.Header
	Query  url.Values
	// Path holds the path's variables by their names.
	Path map[string]string
	Body []byte
	// Context gives a variable of $context, and whether there is one.
	Context func(name string) (string, bool)
	Stage   map[string]string
}

// Value is where the value of a parameter comes from: plain text,
// "$request.header.name" as a whole, or text that holds "${request.path.id}"
// and the like. The zero Value is the empty text.
type Value struct{ parts []part }

// part is plain text or, where read is set, a variable.
type part struct {
	text string
	read func(*Request) (string, bool)
}

// Parse reads a value as it stands in RequestParameters.
func Parse(text string) (Value, error) {
	if strings.HasPrefix(text, "$") && !strings.HasPrefix(text, "${") {
		p, err := variable(text[1:])
		return Value{[]part{p}}, err
	}
	var v Value
	for {
		before, rest, found := strings.Cut(text, "${")
		if before != "" {
			v.parts = append(v.parts, part{text: before})
		}
		if !found {
			return v, nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return Value{}, errors.New("a brace is not closed")
		}
		p, err := variable(name)
		if err != nil {
			return Value{}, err
		}
		v.parts, text = append(v.parts, p), after
	}
}

// plain says that a value is the same for all requests.
func (v Value) plain() bool {
	for _, p := range v.parts {
		if p.read != nil {
			return false
		}
	}
	return true
}

// maxRead bounds a value, in bytes: a body that a value holds many times over is
// more than any service takes.
const maxRead = 10 << 20

// Read gives the value for a request. It is an error when the request does not
// have what the value is read from, or when that is too long.
func (v Value) Read(r *Request) (string, error) {
	var b strings.Builder
	for _, p := range v.parts {
		if p.read == nil {
			b.WriteString(p.text)
			continue
		}
		text, ok := p.read(r)
		if !ok {
			return "", fmt.Errorf("there is no %s", p.text)
		}
		if b.Len()+len(text) > maxRead {
			return "", fmt.Errorf("with %s it has more than %d bytes", p.text, maxRead)
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

var nameRule = regexp.MustCompile(`^[^\s{}$"']+$`)

// variable reads a name such as "request.querystring.page".
func variable(name string) (part, error) {
	p := part{text: "$" + name}
	of := func(prefix string) (rest string, ok bool) {
		rest, ok = strings.CutPrefix(name, prefix)
		return rest, ok && nameRule.MatchString(rest)
	}
	if name == "request.body" {
		p.read = wholeBody
		return p, nil
	}
	if path, ok := strings.CutPrefix(name, "request.body"); ok {
		steps, err := parsePath(path)
		p.read = func(r *Request) (string, bool) { return choose(r.Body, steps) }
		return p, err
	}
	if key, ok := of("request.header."); ok {
		p.read = func(r *Request) (string, bool) { return joined(r.Header.Values(key)) }
	} else if key, ok := of("request.querystring."); ok {
		p.read = func(r *Request) (string, bool) { return joined(r.Query[key]) }
	} else if key, ok := of("request.path."); ok {
		p.read = func(r *Request) (string, bool) { value, ok := r.Path[key]; return value, ok }
	} else if key, ok := of("context."); ok {
		p.read = func(r *Request) (string, bool) { return r.Context(key) }
	} else if key, ok := of("stageVariables."); ok {
		p.read = func(r *Request) (string, bool) { value, ok := r.Stage[key]; return value, ok }
	} else {
		return part{}, fmt.Errorf("%q is not a variable of requests", name)
	}
	return p, nil
}

// joined is several values of one name as API Gateway gives them.
func joined(values []string) (string, bool) { return strings.Join(values, ","), len(values) > 0 }

// wholeBody gives the body as text. AWS does not say what becomes of bytes that
// are none: they are replaced here, as in the events of functions.
func wholeBody(r *Request) (string, bool) {
	if !utf8.Valid(r.Body) {
		return strings.ToValidUTF8(string(r.Body), "\uFFFD"), true
	}
	return string(r.Body), len(r.Body) > 0
}
