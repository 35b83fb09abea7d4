package topology

import (
	"regexp"
	"strings"

	"github.com/writ-dev/writ"
)

// templateVariables are the names that {{...}} may hold, Writ's and tc's.
var templateVariables = []string{
	"namespace", "sandbox", "region", "account", "env",
	"abbr_namespace", "sandbox_trimmed", "acc", "profile", "version", "repo", "root", "git_root", "ASSET_BUCKET", "ASSET_ACCOUNT",
	"API_GATEWAY_URL", "GRAPHQL_ENDPOINT", "GRAPHQL_API_KEY", "HTTP_DOMAIN", "API_KEY", "lazy_id", "payload", "api_destination_arn",
}

var templatePattern = regexp.MustCompile(`\{\{\{?([^{}]*)\}?\}\}`)

func containsTemplate(text string) bool { return templatePattern.MatchString(text) }

// verbatim are the sections in whose text {{...}} is somebody else's.
var verbatim = map[string]bool{
	"policy": true, "datasets": true, "access": true, "tests": true, "test": true,
	"request_template": true, "response_template": true, "config_template": true,
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
		known := false
		for _, v := range templateVariables {
			known = known || v == name
		}
		if !known {
			p.suggest(p.add(at, "unknown template variable {{%s}}", name), name, templateVariables, "the variables are ")
		}
	}
}

// referencePattern is ${functions.hello.name}: a section, a name, an attribute.
var referencePattern = regexp.MustCompile(`\$\{([A-Za-z_]+)\.([^}]*)\}`)

// Reference is one ${...} of an environment value.
type Reference struct {
	// Text is the whole, "${functions.hello.name}".
	Text string
	Kind Kind
	Name string
	// Attribute is name or arn; a queue also has url.
	Attribute string
}

// referenceSections are the sections that a reference may lead to.
var referenceSections = map[string]struct {
	kind       Kind
	attributes []string
}{
	"functions": {KindFunction, []string{"name", "arn"}},
	"stores":    {KindStore, []string{"name", "arn"}},
	"queues":    {KindQueue, []string{"name", "arn", "url"}},
}

// References gives the references in an environment value, in order. Text like
// ${HOME}, without a dot, is none. Those that [Load] would refuse are left out.
func References(value string) []Reference {
	var all []Reference
	for _, match := range referencePattern.FindAllStringSubmatch(value, -1) {
		section, ok := referenceSections[match[1]]
		dot := strings.LastIndexByte(match[2], '.')
		if !ok || dot < 0 {
			continue
		}
		all = append(all, Reference{Text: match[0], Kind: section.kind, Name: match[2][:dot], Attribute: match[2][dot+1:]})
	}
	return all
}
