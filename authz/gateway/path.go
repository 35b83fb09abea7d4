package gateway

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// strayParts are what makes a path one that another part may read differently than we do: some decode an
// escaped slash and then cut there, some resolve dots or merge slashes, some drop what follows a semicolon, some decode twice.
// Each is forbidden in the policies that are kept, too: see [strayPatterns].
var strayParts = []string{"//", "/./", "/../", `\`, ";", "%2f", "%2F", "%5c", "%5C", "%2e", "%2E", "%3b", "%3B", "%25", "%00"}

var strayEnds = []string{"/.", "/.."}

// stray says why a path, as it came or decoded, may be taken for another; "" when it may not.
func stray(path string) string {
	for _, part := range strayParts {
		if strings.Contains(path, part) {
			return "the path has " + part + ", which others may read differently"
		}
	}
	for _, end := range strayEnds {
		if strings.HasSuffix(path, end) {
			return "the path ends in " + end + ", which others may read differently"
		}
	}
	if strings.ContainsFunc(path, unicode.IsControl) || !utf8.ValidString(path) {
		return "the path has characters that no path has"
	}
	return ""
}

// strayPatterns are the patterns of ARNs with such paths. They hold for all APIs of a partition, so that they are short.
func strayPatterns(partition string) []string {
	var patterns []string
	for _, part := range strayParts {
		patterns = append(patterns, strayPattern(partition, part))
	}
	for _, end := range strayEnds {
		patterns = append(patterns, "arn:"+partition+":execute-api:*:*:*"+end)
	}
	return patterns
}

func strayPattern(partition, part string) string {
	return "arn:" + partition + ":execute-api:*:*:*" + part + "*"
}

// decoded is a text without its escapes, or the text itself when it has one that is none.
func decoded(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	plain, err := url.PathUnescape(text)
	if err != nil {
		return text
	}
	return plain
}

// escaped reports whether decoding would change the text.
func escaped(text string) bool { return decoded(text) != text }

// samePath compares paths of one request that two members of an event name, escaped in one of them, say. Slashes do not count:
// REST APIs drop those at the end, and any other difference in them makes one of the paths an odd one.
func samePath(a, b string) bool {
	if a != "" && a[0] != '/' {
		return false
	}
	x, y := names(a), names(b)
	return x == y || names(decoded(a)) == y || x == names(decoded(b))
}

// names are what stands between the slashes of a path.
func names(path string) string {
	return strings.Join(strings.FieldsFunc(path, func(r rune) bool { return r == '/' }), "/")
}

// ownPath gives the path of an event without the stage, or the mapping of a custom domain, that stands before it;
// ok is false when it is not the path of the ARN.
func ownPath(path string, a methodARN, domain string) (own string, ok bool) {
	if samePath(path, a.path) {
		return path, true
	}
	if rest, found := strings.CutPrefix(path, "/"+a.stage); found && (rest == "" || rest[0] == '/') && samePath(rest, a.path) {
		return "/" + strings.TrimPrefix(rest, "/"), true
	}
	if domain == "" || strings.Contains(domain, ".execute-api.") {
		return "", false
	}
	for i := 1; i < len(path); i++ {
		if path[i] == '/' && samePath(path[i:], a.path) {
			return path[i:], true
		}
	}
	return "/", a.path == "/"
}

// What a segment of a route's path is, in API Gateway's order of preference.
const (
	segmentText     = '0'
	segmentOne      = '1'
	segmentRest     = '2'
	segmentAnything = '3'
)

type segment struct {
	kind byte
	text string // the text, or the name of the parameter
}

// pathPattern is the path of a route.
type pathPattern struct {
	segments []segment
	// rank orders patterns: of two that match, the smaller is more specific.
	rank string
}

const defaultRoute = "$default"

func parsePath(path string) (p pathPattern, wrong string) {
	if path == defaultRoute {
		return pathPattern{[]segment{{kind: segmentAnything}}, string(rune(segmentAnything))}, ""
	}
	if !strings.HasPrefix(path, "/") || len(path) > mostARN {
		return p, "the path must begin with / or be $default"
	}
	parts := strings.Split(path[1:], "/")
	seen := map[string]bool{}
	for i, part := range parts {
		s := segment{segmentText, part}
		if name, is := strings.CutPrefix(part, "{"); is {
			name, closed := strings.CutSuffix(name, "}")
			s = segment{segmentOne, name}
			if rest, greedy := strings.CutSuffix(name, "+"); greedy {
				s = segment{segmentRest, rest}
			}
			switch {
			case !closed || s.text == "" || strings.ContainsAny(s.text, "{}+"):
				return p, "the part " + part + " of the path is no parameter: it must be {name} or {name+}"
			case s.kind == segmentRest && i != len(parts)-1:
				return p, "the parameter " + part + " must be the last of the path"
			case seen[s.text]:
				return p, "the path has the parameter " + s.text + " twice"
			}
			seen[s.text] = true
		} else if strings.ContainsAny(part, "{}") {
			return p, "the part " + part + " of the path mixes text and a parameter"
		}
		p.segments = append(p.segments, s)
		p.rank += string(rune(s.kind))
	}
	return p, ""
}

// match gives the parameters of a path, as they stand in it.
func (p *pathPattern) match(path string) (parameters map[string]string, ok bool) {
	if p.segments[0].kind == segmentAnything {
		return nil, true
	}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range p.segments {
		switch {
		case i >= len(parts):
			return nil, false
		case s.kind == segmentText:
			if s.text != parts[i] && s.text != decoded(parts[i]) {
				return nil, false
			}
			continue
		case parts[i] == "" && (s.kind == segmentOne || len(parts) == i+1):
			return nil, false
		}
		if parameters == nil {
			parameters = map[string]string{}
		}
		if s.kind == segmentRest {
			parameters[s.text] = strings.Join(parts[i:], "/")
			return parameters, true
		}
		parameters[s.text] = parts[i]
	}
	return parameters, len(parts) == len(p.segments)
}

// open reports whether the pattern has a parameter, or takes every path.
func (p *pathPattern) open() bool { return strings.Trim(p.rank, string(rune(segmentText))) != "" }

func (p *pathPattern) has(parameter string) bool {
	for _, s := range p.segments {
		if s.text == parameter && (s.kind == segmentOne || s.kind == segmentRest) {
			return true
		}
	}
	return false
}

// glob writes METHOD/path as a pattern of IAM, in which a parameter is a star. Like the star it may stand for more than the
// parameter: IAM's star does not stop at slashes.
func (p *pathPattern) glob(method string) string {
	if method == anyMethod {
		method = "*"
	}
	if p.segments[0].kind == segmentAnything {
		return method + "/*"
	}
	g := method
	for _, s := range p.segments {
		g += "/"
		if s.kind == segmentText {
			g += literal(s.text)
		} else {
			g += "*"
		}
	}
	return g
}

// literal escapes what is special in a Resource of a policy of version 2012-10-17.
func literal(text string) string { return literals.Replace(text) }

var literals = strings.NewReplacer("*", "${*}", "?", "${?}", "${", "${$}{")
