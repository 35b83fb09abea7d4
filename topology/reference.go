package topology

import (
	"regexp"
	"strings"

	"github.com/writ-dev/writ"
)

// referencePattern is ${...}, or $${...}, which stands for the text ${...}. The
// last case is one that is not closed.
var referencePattern = regexp.MustCompile(`\$?\$\{(?:[^}]*\}|.*)`)

// Reference is one ${...} of an environment value.
type Reference struct {
	// Text is the whole, "${functions.hello.name}".
	Text string
	Kind Kind
	Name string
	// Attribute is name or arn; a queue also has url, a key id.
	Attribute string
}

type referenceSection struct {
	kind       Kind
	attributes []string
}

// referenceSections are the sections that a reference may lead to.
var referenceSections = map[string]referenceSection{
	"functions":  {KindFunction, []string{"name", "arn"}},
	"stores":     {KindStore, []string{"name", "arn"}},
	"queues":     {KindQueue, []string{"name", "arn", "url"}},
	"topics":     {KindTopic, []string{"name", "arn"}},
	"streams":    {KindStream, []string{"name", "arn"}},
	"buses":      {KindBus, []string{"name", "arn"}},
	"secrets":    {KindSecret, []string{"arn"}},
	"parameters": {KindParameter, []string{"name", "arn"}},
	"keys":       {KindKey, []string{"id", "arn"}},
	"imports":    {KindImport, []string{"name", "arn", "url"}}, // what it has depends on its kind
}

// References gives the references in an environment value, in order. Text that
// starts with $${ is none; it stands for itself less the first $. Those that
// [Load] would refuse are left out.
func References(value string) []Reference {
	var all []Reference
	for _, text := range unescaped(value) {
		section, name, attribute := splitReference(text)
		s, ok := referenceSections[section]
		if ok && name != "" && strings.HasSuffix(text, "}") {
			all = append(all, Reference{Text: text, Kind: s.kind, Name: name, Attribute: attribute})
		}
	}
	return all
}

// unescaped gives each ${...} of a value that is not written $${...}.
func unescaped(value string) []string {
	var all []string
	for {
		at := referencePattern.FindStringIndex(value)
		if at == nil {
			return all
		}
		text := value[at[0]:at[1]]
		if strings.HasPrefix(text, "$$") {
			value = value[at[0]+len("$${"):] // what is inside is read again
			continue
		}
		if strings.HasPrefix(text, "${{") { // a $ before a template variable
			value = value[at[0]+len("${{"):]
			continue
		}
		all, value = append(all, text), value[at[1]:]
	}
}

// splitReference takes ${section.name.attribute} apart. The name may hold dots;
// it is "" when there are fewer than three parts.
func splitReference(text string) (section, name, attribute string) {
	section, rest, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(text, "${"), "}"), ".")
	dot := strings.LastIndexByte(rest, '.')
	if dot < 0 {
		return section, "", rest
	}
	return section, rest[:dot], rest[dot+1:]
}

// reference checks one ${...}.
func (c *checker) reference(text string, at writ.Position) {
	if !strings.HasSuffix(text, "}") {
		c.add(at, "%s is not closed", quoted(text)).WithHint("a reference ends in }; for the text itself write $%s", text)
		return
	}
	section, name, attribute := splitReference(text)
	s, ok := referenceSections[section]
	switch {
	case !ok:
		c.add(at, "%s refers to no section of the topology", text).Hint = c.referenceHint(text, section)
	case name == "" && attribute == "":
		c.add(at, "%s does not say of what", text).Hint = c.referenceHint(text, section)
	case name == "":
		c.add(at, "%s does not say what of %s", text, quoted(attribute)).
			WithHint("as in  ${%s.%s.%s}", section, attribute, s.attributes[0])
	case c.broken(s.kind, name):
	case !c.known[Target{Kind: s.kind, Name: name}]:
		c.missing(at, s.kind, name, c.names[s.kind], c.whereToAdd(s.kind))
	default:
		what, attributes := "a "+string(s.kind), s.attributes
		if s.kind == KindImport {
			what, attributes = "import "+name, ImportAttributes(c.imports[name].Kind)
		}
		if len(attributes) > 0 && !contains(attributes, attribute) {
			c.add(at, "%s: %s has no %s", text, what, quoted(attribute)).WithHint("%s has %s", what, strings.Join(attributes, ", "))
		}
	}
}

// referenceHint writes out what a reference of another form likely meant:
// ${orders} the store of that name, ${store.orders.name} a section.
func (c *checker) referenceHint(text, section string) string {
	_, name, attribute := splitReference(text)
	if name != "" {
		for _, other := range sortedKeys(referenceSections) {
			if s := referenceSections[other]; c.known[Target{Kind: s.kind, Name: name}] && contains(s.attributes, attribute) {
				return "did you mean ${" + other + "." + name + "." + attribute + "}?"
			}
		}
		if near := near(section, sortedKeys(referenceSections)); near != "" {
			return "did you mean ${" + near + "." + name + "." + attribute + "}?"
		}
	}
	var all []string
	of := map[string]string{}
	for _, section := range []string{"imports", "keys", "parameters", "secrets", "buses", "streams", "topics", "queues", "stores", "functions"} { // where two have a name, the later wins
		for _, name := range c.names[referenceSections[section].kind] {
			of[name] = section
			all = append(all, name)
		}
	}
	if near := near(section, all); near != "" && name == "" {
		if attribute == "" {
			attribute = referenceSections[of[near]].attributes[0]
		}
		return "did you mean ${" + of[near] + "." + near + "." + attribute + "}? For the text itself write $" + text
	}
	return "write ${stores.NAME.name} or ${functions.NAME.name}; for the text itself write $" + text
}
