// Package urlmap finds what a request of an HTTP API asks by Permit's URL mapping rules (the routes of a
// policy's proxy configs): action, type of resource, and attributes from the address.
package urlmap

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/schema"
)

// Rules are the rules of a policy, as package gateway asks them.
type Rules struct{ Policy *schema.Schema }

// Map says what a request asks; ok is false when no rule is for it, or its address cannot be read.
func (r Rules) Map(method, address string) (action, resourceType string, attributes map[string]any, ok bool) {
	rule, values, err := Match(r.Policy, method, address)
	if err != nil || rule == nil {
		return "", "", nil, false
	}
	return Action(rule, method), rule.Resource, values, true
}

// Action is what a rule asks: its own action, else the method.
func Action(rule *schema.Route, method string) string {
	if rule.Action != "" {
		return rule.Action
	}
	return strings.ToLower(method)
}

// Match finds the rule of a request: of those that fit, that of the highest priority, the first of them; nil when
// there is none. values are what the variables of its address stand for.
func Match(p *schema.Schema, method, address string) (*schema.Route, map[string]any, error) {
	asked, err := url.Parse(address)
	if err != nil {
		return nil, nil, writ.Errorf(writ.CodeInvalid, "the url %q cannot be read", address)
	}
	if strays(address, asked) {
		return nil, nil, nil
	}
	var best *schema.Route
	var values map[string]any
	for i := range p.Routes {
		for j := range p.Routes[i].Routes {
			r := &p.Routes[i].Routes[j]
			if !strings.EqualFold(r.Method, method) || best != nil && priority(r) <= priority(best) {
				continue
			}
			if found, ok := fits(r, asked, address); ok {
				best, values = r, found
			}
		}
	}
	return best, values, nil
}

// strays reports whether who serves an address may take it for another than it is here: `//admin/x`
// is the host admin to us and may be /admin/x to them, and `/public/../admin` is tidied up by many.
func strays(address string, asked *url.URL) bool {
	if strings.HasPrefix(address, "//") || strings.Contains(address, `\`) || strings.Contains(asked.Path, "//") {
		return true
	}
	for _, part := range strings.Split(asked.Path, "/") {
		if part, _, _ = strings.Cut(part, ";"); part == "." || part == ".." {
			return true
		}
	}
	return false
}

func priority(r *schema.Route) int {
	if r.Priority == nil {
		return 0
	}
	return *r.Priority
}

// fits reports whether a route is for an address, and what its variables stand for.
func fits(r *schema.Route, asked *url.URL, address string) (map[string]any, bool) {
	if r.Type == "regex" {
		return fitsRegex(r.URL, address)
	}
	template, err := url.Parse(r.URL)
	if err != nil || template.Host != "" && asked.Host != "" && !strings.EqualFold(template.Host, asked.Host) {
		return nil, false
	}
	values := map[string]any{}
	want, have := segments(template), segments(asked)
	if len(want) != len(have) {
		return nil, false
	}
	for i := range want {
		if !takes(want[i], have[i], values) {
			return nil, false
		}
	}
	query := asked.Query()
	for name, texts := range template.Query() {
		if !query.Has(name) || len(texts) > 0 && !takes(texts[0], query.Get(name), values) {
			return nil, false
		}
	}
	return values, true
}

func segments(u *url.URL) []string { return strings.Split(strings.Trim(u.Path, "/"), "/") }

// takes reports whether a part of a template, {name} or a word, fits a text.
func takes(part, text string, values map[string]any) bool {
	name, ok := strings.CutPrefix(part, "{")
	if name, closed := strings.CutSuffix(name, "}"); ok && closed && name != "" {
		values[name] = text
		return text != ""
	}
	return part == text
}

// fitsRegex matches from the start of the whole address. Go's expressions take linear time, whatever they are.
func fitsRegex(pattern, address string) (map[string]any, bool) {
	expression, err := regexp.Compile(`^(?:` + pattern + `)`)
	if err != nil {
		return nil, false
	}
	found := expression.FindStringSubmatch(address)
	if found == nil {
		return nil, false
	}
	values := map[string]any{}
	for i, name := range expression.SubexpNames() {
		if name != "" && i < len(found) {
			values[name] = found[i]
		}
	}
	return values, true
}
