package topology

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/tree"
)

func (c *checker) routes() {
	first := map[string]writ.Position{}
	for _, r := range c.t.Routes {
		if r.API != APIHTTP && r.API != APIREST {
			c.suggest(c.add(c.spot(r.Pos, "api"), "unknown api %s of route %s", quoted(string(r.API)), r.Path),
				string(r.API), []string{string(APIHTTP), string(APIREST)}, "a route's api is one of ")
			continue
		}
		if !slices.Contains(methods, r.Method) {
			c.suggest(c.add(c.spot(r.Pos, "method "+r.Method), "unknown method %s of route %s", quoted(r.Method), r.Path),
				r.Method, methods, "the methods are ")
			continue
		}
		if r.Target.Name != "" {
			c.target(r.Target)
		}
		c.authorizer(r.Authorizer, c.spot(r.Pos, "authorizer"))
		at := c.spot(r.Pos, "path")
		if why, hint := pathFault(r.Path, r.API); why != "" {
			e := c.add(at, "route %s: %s", quoted(r.Path), why)
			e.Hint = hint
			continue
		}
		key := fmt.Sprint(r.API, gateway(r), r.Method, anyParameter.ReplaceAllString(r.Path, "{}$1"))
		if pos, twice := first[key]; twice {
			c.add(r.Pos, "route %s %s is already taken", r.Method, r.Path).WithHint("the other one is at %s; path parameters match whatever their names", tree.Place(pos))
			continue
		}
		first[key] = r.Pos
	}
}

// gateway tells apart the routes that tc puts on different gateways.
func gateway(r *Route) string {
	var b strings.Builder
	for _, s := range r.Others {
		if s.Key == "gateway" || s.Key == "vertical" || s.Key == "stage" {
			b.WriteString(s.Key + "=" + s.YAML)
		}
	}
	return b.String()
}

var (
	anyParameter = regexp.MustCompile(`\{[^{}+]*(\+?)\}`)
	parameter    = regexp.MustCompile(`^\{([A-Za-z0-9._:-]+)(\+?)\}$`)
	literal      = regexp.MustCompile(`^[A-Za-z0-9._~:@!$&'()*,;=%-]+$`)
	restLiteral  = regexp.MustCompile(`^[A-Za-z0-9._:$-]+$`)
)

// pathFault says what API Gateway would refuse in a path, "" when nothing.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
func pathFault(path string, api APIKind) (why, hint string) {
	if path == "$default" && api == APIHTTP {
		return "", ""
	}
	if !strings.HasPrefix(path, "/") {
		return "a path starts with /", "write it as /" + strings.TrimLeft(path, "/")
	}
	path = templatePattern.ReplaceAllString(path, "x")
	if path == "/" {
		return "", ""
	}
	segments := strings.Split(path[1:], "/")
	if api == APIHTTP && segments[len(segments)-1] == "" {
		segments = segments[:len(segments)-1] // an HTTP API tells /pets/ from /pets
	}
	seen := map[string]bool{}
	for i, s := range segments {
		if s == "" {
			return "an empty part between two slashes", "take one / out"
		}
		if m := parameter.FindStringSubmatch(s); m != nil {
			if seen[m[1]] {
				return "the parameter " + m[1] + " is there twice", "give the two different names"
			}
			seen[m[1]] = true
			if m[2] == "+" && i < len(segments)-1 {
				return s + " matches all the rest, so it can only be last", "use {" + m[1] + "} to match one part"
			}
			continue
		}
		if strings.ContainsAny(s, "{}") {
			return "a parameter takes the whole part between two slashes", "as in /pets/{id} or /{proxy+}"
		}
		allowed := literal
		if api == APIREST {
			allowed = restLiteral
		}
		if !allowed.MatchString(s) {
			return quoted(s) + " holds a character that a path cannot have", "letters, digits and . _ - : can be used"
		}
	}
	return "", ""
}
