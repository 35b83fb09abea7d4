package front

import (
	"fmt"
	"net/url"
	"strings"
)

// maxPath bounds the length of a route's path.
const maxPath = 4096

// Pattern is a compiled resource path. The zero value matches nothing.
type Pattern struct {
	segments []segment
	// rank orders patterns: of two that match a path, the one with the smaller
	// rank is more specific. One character per segment.
	rank string
}

type segment struct {
	kind byte
	text string // the literal, or the variable's name
}

// The kinds of segment, in the order of API Gateway's preference: a full match,
// a variable, a greedy variable, $default.
const (
	literal  = '0'
	variable = '1'
	greedy   = '2'
	anything = '3'
)

// ParsePattern compiles "/pets/{id}", "/files/{proxy+}" or "$default". A greedy
// variable must be the last segment.
func ParsePattern(path string) (Pattern, error) {
	if path == Default {
		return Pattern{segments: []segment{{kind: anything}}, rank: string(rune(anything))}, nil
	}
	if !strings.HasPrefix(path, "/") || len(path) > maxPath {
		return Pattern{}, fmt.Errorf("the path %.100q must start with / and be at most %d bytes long", path, maxPath)
	}
	var p Pattern
	var rank strings.Builder
	seen := map[string]bool{}
	parts := strings.Split(path[1:], "/")
	for i, part := range parts {
		s := segment{kind: literal, text: part}
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name, closed := strings.CutSuffix(name, "}")
			s = segment{kind: variable, text: name}
			if trimmed, ok := strings.CutSuffix(name, "+"); ok {
				s = segment{kind: greedy, text: trimmed}
			}
			switch {
			case !closed || s.text == "" || strings.ContainsAny(s.text, "{}+"):
				return Pattern{}, fmt.Errorf("the path part %q is not a variable: it must be {name} or {name+}", part)
			case s.kind == greedy && i != len(parts)-1:
				return Pattern{}, fmt.Errorf("the greedy variable %q must be the last part of the path", part)
			case seen[s.text]:
				return Pattern{}, fmt.Errorf("the path has two variables named %q", s.text)
			}
			seen[s.text] = true
		} else if strings.ContainsAny(part, "{}") {
			return Pattern{}, fmt.Errorf("the path part %q mixes text and a variable", part)
		}
		p.segments = append(p.segments, s)
		rank.WriteByte(s.kind)
	}
	p.rank = rank.String()
	return p, nil
}

// requestPath is a request's path, split once for all patterns.
type requestPath struct {
	raw, decoded []string
}

// splitPath splits an escaped path that begins with "/".
func splitPath(escaped string) requestPath {
	p := requestPath{raw: strings.Split(strings.TrimPrefix(escaped, "/"), "/")}
	p.decoded = make([]string, len(p.raw))
	for i, part := range p.raw {
		text, err := url.PathUnescape(part)
		if err != nil {
			text = part
		}
		p.decoded[i] = text
	}
	return p
}

// trimSlash is p without the slashes at its end, as REST APIs match.
func (p requestPath) trimSlash() requestPath {
	n := len(p.raw)
	for n > 1 && p.raw[n-1] == "" {
		n--
	}
	return requestPath{raw: p.raw[:n], decoded: p.decoded[:n]}
}

// Match reports whether the escaped path matches, and the values of the
// variables, escaped as they came.
func (p Pattern) Match(escapedPath string) (vars map[string]string, ok bool) {
	path := splitPath(escapedPath)
	if !p.match(path) {
		return nil, false
	}
	return p.vars(path.raw), true
}

func (p Pattern) match(path requestPath) bool {
	for i, s := range p.segments {
		switch {
		case s.kind == anything:
			return true
		case i >= len(path.decoded):
			return false
		case s.kind == greedy:
			return len(path.decoded) > i+1 || path.decoded[i] != ""
		case s.kind == variable && path.decoded[i] == "":
			return false
		case s.kind == literal && s.text != path.decoded[i]:
			return false
		}
	}
	return len(p.segments) > 0 && len(p.segments) == len(path.decoded)
}

// vars reads the variables from parts, which match.
func (p Pattern) vars(parts []string) map[string]string {
	var vars map[string]string
	for i, s := range p.segments {
		if s.kind != variable && s.kind != greedy {
			continue
		}
		if vars == nil {
			vars = map[string]string{}
		}
		vars[s.text] = parts[i]
		if s.kind == greedy {
			vars[s.text] = strings.Join(parts[i:], "/")
		}
	}
	return vars
}
