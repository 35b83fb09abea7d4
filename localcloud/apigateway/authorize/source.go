package authorize

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Incoming is what identities are read from.
type Incoming struct {
	Header http.Header
	Query  url.Values
	Stage  map[string]string
	// Context gives a variable of $context, "" when there is none.
	Context func(name string) string
}

// Source is one place where an identity stands.
type Source struct {
	from place
	name string
	// joined sources give all values of a name that comes more than once, as
	// HTTP APIs do; the others give the last, as the headers of a REST API's event do.
	joined bool
}

type place int

const (
	inHeader place = iota
	inQuery
	inContext
	inStage
)

// sourceRule allows what AWS's own message for TOKEN authorizers names.
var sourceRule = regexp.MustCompile(`^[a-zA-Z0-9._$-]+$`)

var restPlaces = map[string]place{
	"method.request.header.": inHeader, "method.request.querystring.": inQuery, "context.": inContext, "stageVariables.": inStage,
}

var httpPlaces = map[string]place{
	"$request.header.": inHeader, "$request.querystring.": inQuery, "$context.": inContext, "$stageVariables.": inStage,
}

// ParseREST reads the identity source of a REST API, expressions with commas
// between: "method.request.header.Auth, context.httpMethod". "" is none.
func ParseREST(text string) ([]Source, error) {
	var sources []Source
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	for expression := range strings.SplitSeq(text, ",") {
		s, err := parse(strings.TrimSpace(expression), restPlaces)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}

// ParseHTTP reads the identity sources of an HTTP API: "$request.header.Auth".
func ParseHTTP(expressions []string) ([]Source, error) {
	var sources []Source
	for _, expression := range expressions {
		s, err := parse(expression, httpPlaces)
		if err != nil {
			return nil, err
		}
		s.joined = true
		sources = append(sources, s)
	}
	return sources, nil
}

func parse(expression string, places map[string]place) (Source, error) {
	for prefix, from := range places {
		if name, ok := strings.CutPrefix(expression, prefix); ok && sourceRule.MatchString(name) {
			return Source{from: from, name: name}, nil
		}
	}
	return Source{}, fmt.Errorf("%.100q is no request header, query string, stage variable or context variable", expression)
}

// IsHeader reports whether the source is a header of the request.
func (s Source) IsHeader() bool { return s.from == inHeader }

// IsParameter reports whether the source is a header or a parameter of the query.
func (s Source) IsParameter() bool { return s.from == inHeader || s.from == inQuery }

// Read gives the source's value in a request, "" when it is missing. Names of
// headers ignore case, those of the query do not.
func (s Source) Read(r *Incoming) string {
	var values []string
	switch s.from {
	case inHeader:
		values = r.Header.Values(s.name)
	case inQuery:
		values = r.Query[s.name]
	case inContext:
		return r.Context(s.name)
	case inStage:
		return r.Stage[s.name]
	}
	switch {
	case !slices.ContainsFunc(values, func(v string) bool { return v != "" }):
		return ""
	case s.joined:
		return strings.Join(values, ",")
	}
	return values[len(values)-1]
}
