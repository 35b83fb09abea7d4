package gateway

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// source is where a part of a template gets its value.
type source uint8

const (
	fromText source = 1 << iota
	fromPath
	fromQuery
	fromHeader
	fromClaims
	fromStage
	fromMethod
)

var sources = map[string]source{"path": fromPath, "query": fromQuery, "header": fromHeader, "claims": fromClaims, "stage": fromStage}

// part is a piece of a template. text is what stands there, or the name of the value.
type part struct {
	from source
	text string
}

// template is a compiled [Template]. The zero value is an empty one.
type template struct {
	parts []part
	// uses are the sources of all parts.
	uses source
	// names says that it names a tenant or a subject: then a boolean is no value.
	names bool
}

func (t *template) empty() bool { return len(t.parts) == 0 }

// compileTemplate reads a template. A parameter of the path must be one of known; nil: none are.
func compileTemplate(text Template, known *pathPattern) (template, error) {
	var t template
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			t.add(part{fromText, plain.String()})
			plain.Reset()
		}
	}
	for s := string(text); s != ""; {
		switch {
		case strings.HasPrefix(s, "{{"), strings.HasPrefix(s, "}}"):
			plain.WriteByte(s[0])
			s = s[2:]
		case s[0] == '}':
			return t, fmt.Errorf("%q has a brace that closes nothing", text)
		case s[0] == '{':
			name, rest, closed := strings.Cut(s[1:], "}")
			if !closed {
				return t, fmt.Errorf("%q has a brace that is not closed", text)
			}
			p, err := parsePart(name, known)
			if err != nil {
				return t, fmt.Errorf("%q: %w", text, err)
			}
			if n := len(t.parts); plain.Len() == 0 && n > 0 && t.parts[n-1].from != fromText {
				return t, fmt.Errorf("%q has two parts without text between them: what one ends with the other could begin with", text)
			}
			flush()
			t.add(p)
			s = rest
		default:
			plain.WriteByte(s[0])
			s = s[1:]
		}
	}
	flush()
	return t, nil
}

func (t *template) add(p part) {
	t.parts = append(t.parts, p)
	t.uses |= p.from
}

// settle puts the method in where the route has one.
func (t *template) settle(method string) {
	t.uses &^= fromMethod
	for i := range t.parts {
		if t.parts[i].from == fromMethod {
			t.parts[i] = part{fromText, method}
			t.uses |= fromText
		}
	}
}

func parsePart(name string, known *pathPattern) (part, error) {
	if name == "method" {
		return part{fromMethod, ""}, nil
	}
	p := part{fromPath, name}
	if prefix, rest, dotted := strings.Cut(name, "."); dotted {
		from, ok := sources[prefix]
		if !ok {
			return part{}, fmt.Errorf("{%s} is no value: there are path, query, header, claims, stage and method", name)
		}
		p = part{from, rest}
	}
	switch {
	case p.text == "" || strings.ContainsAny(p.text, "{} "):
		return part{}, fmt.Errorf("{%s} names nothing", name)
	case p.from == fromPath && known == nil:
		return part{}, fmt.Errorf("{%s} is a parameter of the path, which cannot be used here", name)
	case p.from == fromPath && !known.has(p.text):
		return part{}, fmt.Errorf("the path has no parameter {%s}", p.text)
	case p.from == fromHeader:
		p.text = strings.ToLower(p.text)
	}
	return p, nil
}

// mostValue is how long the value of a part, and of a whole template, may be, in bytes.
const mostValue = 512

// values are what the parts of templates get their values from. Without a call there are claims alone.
type values struct {
	call       *Call
	parameters map[string]string
	claims     map[string]any
	method     string
}

// text is the template with its values; an error refuses the request.
func (t *template) text(v *values) (string, error) {
	if len(t.parts) == 1 && t.parts[0].from == fromText {
		return t.parts[0].text, nil
	}
	if len(t.parts) == 1 { // most are: nothing is put together
		return v.checked(t.parts[0], t.names)
	}
	var b strings.Builder
	for i, p := range t.parts {
		if p.from == fromText {
			b.WriteString(p.text)
			continue
		}
		value, err := v.checked(p, t.names)
		if err != nil {
			return "", err
		}
		if i+2 < len(t.parts) && strings.Contains(value, t.parts[i+1].text) {
			return "", fmt.Errorf("%s has %q in it, which stands between it and the next part", p.name(), t.parts[i+1].text)
		}
		b.WriteString(value)
	}
	if b.Len() > mostValue {
		return "", fmt.Errorf("has more than %d bytes", mostValue)
	}
	return b.String(), nil
}

// name is the part in reasons; never its value, which may be personal.
func (p part) name() string {
	switch p.from {
	case fromPath:
		return "the parameter " + p.text
	case fromQuery:
		return "the query parameter " + p.text
	case fromHeader:
		return "the header " + p.text
	case fromClaims:
		return "the claim " + p.text
	case fromStage:
		return "the stage variable " + p.text
	}
	return "the method"
}

var (
	errMissing = errors.New("is not there")
	errTwice   = errors.New("is given twice")
	errUnsure  = errors.New("may be given twice: this form of event does not tell")
)

func (v *values) checked(p part, names bool) (string, error) {
	value, err := v.of(p, names)
	if err == nil {
		err = checkValue(value)
	}
	if err != nil {
		return "", fmt.Errorf("%s %w", p.name(), err)
	}
	return value, nil
}

func (v *values) of(p part, names bool) (string, error) {
	switch p.from {
	case fromPath:
		return one(v.parameters[p.text])
	case fromQuery:
		if v.call.unsureQuery {
			return "", errUnsure
		}
		return v.single(v.call.Query[p.text])
	case fromHeader:
		if v.call.unsureHeader {
			return "", errUnsure
		}
		return v.single(v.call.Header[p.text])
	case fromClaims:
		return claim(v.claims, p.text, names)
	case fromStage:
		return one(v.call.Stage[p.text])
	}
	return one(v.method)
}

func one(text string) (string, error) {
	if text == "" {
		return "", errMissing
	}
	return text, nil
}

// single takes one value. HTTP APIs join those that come more than once with commas.
func (v *values) single(list []string) (string, error) {
	switch {
	case len(list) == 0:
		return "", errMissing
	case len(list) > 1:
		return "", errTwice
	}
	return one(list[0])
}

// claim gives a claim as text. Of numbers only whole ones that fit int64 are taken: two others may have become one on the way.
func claim(claims map[string]any, name string, names bool) (string, error) {
	v, err := findClaim(claims, name)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case nil:
		return "", errMissing
	case string:
		return one(v)
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return "", errors.New("is a number that is not whole, or too large to be told from others")
	case bool:
		if !names {
			return strconv.FormatBool(v), nil
		}
	}
	if names {
		return "", errors.New("is no string and no whole number")
	}
	return "", errors.New("is no string, whole number or boolean")
}

// verifiedBy are the claims that must be true for what a user may write without being believed (OpenID Connect Core §5.1).
var verifiedBy = map[string]string{"email": "email_verified", "phone_number": "phone_number_verified"}

// findClaim finds a claim by its whole name ("https://example.com/org"), or by the names that its dots part; nil
// when there is none.
func findClaim(claims map[string]any, name string) (any, error) {
	v, err := claimAt(claims, name)
	if err != nil || v == nil {
		return nil, err
	}
	if by := verifiedBy[name]; by != "" && claims[by] != true && claims[by] != "true" {
		return nil, errors.New("is not verified")
	}
	return v, nil
}

func claimAt(claims map[string]any, name string) (any, error) {
	flat, whole := claims[name]
	first, rest, dotted := strings.Cut(name, ".")
	below, ok := claims[first].(map[string]any)
	if !dotted || !ok {
		return flat, nil
	}
	nested, err := claimAt(below, rest)
	switch {
	case err != nil || !whole:
		return nested, err
	case nested != nil:
		return nil, errors.New("is there in two ways: by its whole name, and within " + first)
	}
	return flat, nil
}

func checkValue(s string) error {
	switch {
	case len(s) > mostValue:
		return fmt.Errorf("has more than %d bytes", mostValue)
	case !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) || strings.ContainsFunc(s, unicode.IsControl):
		return errors.New("has characters that no value has")
	}
	return nil
}
