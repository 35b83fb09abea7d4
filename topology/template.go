package topology

import (
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// documentedVariables are the names that {{...}} may hold and that Writ gives a value.
var documentedVariables = []string{"namespace", "sandbox", "region", "account", "env"}

// tcVariables are tc's further names, taken as they are.
var tcVariables = []string{
	"abbr_namespace", "sandbox_trimmed", "acc", "profile", "version", "repo", "root", "git_root", "ASSET_BUCKET", "ASSET_ACCOUNT",
	"API_GATEWAY_URL", "GRAPHQL_ENDPOINT", "GRAPHQL_API_KEY", "HTTP_DOMAIN", "API_KEY", "lazy_id", "payload", "api_destination_arn",
}

var templatePattern = regexp.MustCompile(`\{\{\{?([^{}]*)\}?\}\}`)

func containsTemplate(text string) bool { return templatePattern.MatchString(text) }

// verbatim are the sections in whose text {{...}} is somebody else's.
var verbatim = map[string]bool{
	"policy": true, "datasets": true, "access": true, "tests": true, "test": true,
	"request_template": true, "response_template": true, "config_template": true, "code": true,
}

// checkTemplates looks at every value of the file; tc would render a name it
// does not know as nothing.
func (p *problems) checkTemplates(n *node) {
	if n.kind == scalarNode {
		p.templateVariables(n.text, n.pos)
	}
	for _, e := range n.entries {
		if !verbatim[e.key] {
			p.templateVariables(e.key, e.pos)
			p.checkTemplates(e.value)
		}
	}
	for _, item := range n.items {
		p.checkTemplates(item)
	}
}

func (p *problems) templateVariables(text string, at writ.Position) {
	if !strings.Contains(text, "{{") {
		return
	}
	for _, match := range templatePattern.FindAllStringSubmatch(text, -1) {
		name := strings.TrimSpace(match[1])
		if slices.Contains(documentedVariables, name) || slices.Contains(tcVariables, name) {
			continue
		}
		e := p.add(at, "unknown template variable {{%s}}", name)
		e.Hint = "the variables are " + strings.Join(documentedVariables, ", ")
		if near := near(name, documentedVariables); near != "" {
			e.Hint = "did you mean " + near + "?"
		}
	}
}
