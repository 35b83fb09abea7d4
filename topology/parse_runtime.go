package topology

import (
	"regexp"
	"strings"

	"github.com/writ-dev/writ"
)

// Languages of tc that Writ understands but neither builds nor runs yet.
const (
	languageRuby Language = "ruby"
	languageRust Language = "rust"
	languageJava Language = "java"
)

var runtimeKeys = []string{
	"lang", "handler", "memory", "memory_size", "timeout", "environment", "role", "role_file",
	"role_name", "role_kind", "role_spec", "vars_file", "package_type", "provider", "platform", "uri", "image_uri", "cpu", "arch", "port",
	"provisioned_concurrency", "reserved_concurrency", "mount_fs", "network", "fs", "snapstart", "infra_spec", "layers", "extensions",
	"microvm", "code",
}

// runtimes are the names users write for a runtime: Lambda's own, tc's and the
// plain language. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
var runtimes = map[string]Runtime{
	"go":     {Language: LanguageGo, Identifier: "provided.al2023"},
	"golang": {Language: LanguageGo, Identifier: "provided.al2023"},
	"go1.x":  {Language: LanguageGo, Identifier: "provided.al2023"},

	"custom":          {Language: LanguageCustom, Identifier: "provided.al2023"},
	"provided":        {Language: LanguageCustom, Identifier: "provided.al2023"},
	"provided.al2":    {Language: LanguageCustom, Identifier: "provided.al2"},
	"provided.al2023": {Language: LanguageCustom, Identifier: "provided.al2023"},

	"node":       {Language: LanguageNode, Identifier: "nodejs22.x"},
	"nodejs":     {Language: LanguageNode, Identifier: "nodejs22.x"},
	"javascript": {Language: LanguageNode, Identifier: "nodejs22.x"},
	"node18":     {Language: LanguageNode, Identifier: "nodejs18.x"},
	"node20":     {Language: LanguageNode, Identifier: "nodejs20.x"},
	"node22":     {Language: LanguageNode, Identifier: "nodejs22.x"},
	"node24":     {Language: LanguageNode, Identifier: "nodejs24.x"},
	"nodejs18.x": {Language: LanguageNode, Identifier: "nodejs18.x"},
	"nodejs20.x": {Language: LanguageNode, Identifier: "nodejs20.x"},
	"nodejs22.x": {Language: LanguageNode, Identifier: "nodejs22.x"},
	"nodejs24.x": {Language: LanguageNode, Identifier: "nodejs24.x"},

	"python":     {Language: LanguagePython, Identifier: "python3.13"},
	"python3":    {Language: LanguagePython, Identifier: "python3.13"},
	"python3.9":  {Language: LanguagePython, Identifier: "python3.9"},
	"python3.10": {Language: LanguagePython, Identifier: "python3.10"},
	"python3.11": {Language: LanguagePython, Identifier: "python3.11"},
	"python3.12": {Language: LanguagePython, Identifier: "python3.12"},
	"python3.13": {Language: LanguagePython, Identifier: "python3.13"},
	"python3.14": {Language: LanguagePython, Identifier: "python3.14"},

	"ruby":    {Language: languageRuby, Identifier: "ruby3.4"},
	"ruby32":  {Language: languageRuby, Identifier: "ruby3.2"},
	"ruby3.2": {Language: languageRuby, Identifier: "ruby3.2"},
	"ruby3.3": {Language: languageRuby, Identifier: "ruby3.3"},
	"ruby3.4": {Language: languageRuby, Identifier: "ruby3.4"},
	"rust":    {Language: languageRust, Identifier: "provided.al2023"},
	"java":    {Language: languageJava, Identifier: "java21"},
	"java17":  {Language: languageJava, Identifier: "java17"},
	"java21":  {Language: languageJava, Identifier: "java21"},
	"clojure": {Language: languageJava, Identifier: "java21"},
}

// findRuntime gives the runtime of a name; tc also accepts Python311 for python3.11.
func findRuntime(name string) (Runtime, bool) {
	name = strings.ToLower(name)
	if r, ok := runtimes[name]; ok {
		return r, true
	}
	for _, language := range []string{"python", "ruby"} {
		if digits, ok := strings.CutPrefix(name, language); ok && len(digits) >= 2 {
			r, ok := runtimes[language+digits[:1]+"."+digits[1:]]
			return r, ok
		}
	}
	return Runtime{}, false
}

// runtime reads the runtime: block, or just a name of a runtime.
func (p *reader) runtime(fn *Function, n *node) {
	fn.Runtime.Pos = n.pos
	if n.kind == scalarNode {
		p.language(fn, n)
		return
	}
	f, ok := p.object(n, "runtime of function "+fn.Name, runtimeKeys)
	if !ok {
		return
	}
	if lang := f.value("lang"); lang != nil {
		p.language(fn, lang)
	}
	r := &fn.Runtime
	if h := f.value("handler"); h != nil {
		r.Handler = p.text(h, "handler")
		p.mark(fn.Pos, "handler", h.pos)
	}
	if m := f.value("memory", "memory_size"); m != nil {
		r.MemoryMB = p.number(m, "memory")
		p.mark(fn.Pos, "memory", m.pos)
		p.explicitZero(m, "memory")
	}
	if s := f.value("timeout"); s != nil {
		r.TimeoutSec = p.number(s, "timeout")
		p.mark(fn.Pos, "timeout", s.pos)
		p.explicitZero(s, "timeout")
	}
	for _, own := range []struct {
		key  string
		text *string
		at   *writ.Position
	}{{"role", &r.Role, &r.RolePos}, {"role_file", &r.RoleFile, &r.RoleFilePos}, {"role_name", &r.RoleName, &r.RoleNamePos}} {
		if n := f.value(own.key); n != nil {
			*own.text, *own.at = p.text(n, own.key), n.pos
		}
	}
	p.inlineCode(fn, f)
	if n := f.value("provider", "platform"); n != nil && !strings.EqualFold(n.text, "lambda") {
		r.Provider = p.text(n, "provider")
	}
	fn.Environment = p.environment(f.value("environment"), fn.Environment)
	if kind := strings.ToLower(p.text(f.value("package_type"), "package_type")); kind == "image" || kind == "oci" {
		p.noCode[fn] = true
	}
	fn.Others = append(fn.Others, f.others("runtime.", "lang", "handler", "memory", "memory_size", "timeout", "role", "role_file", "role_name", "environment", "provider", "platform", "code")...)
}

// explicitZero refuses a written 0, which would else mean AWS's default.
func (p *reader) explicitZero(n *node, what string) {
	if n.text == "0" {
		p.add(n.pos, "%s is 0", what).WithHint("leave the line out for the default")
	}
}

func (p *reader) language(fn *Function, n *node) {
	name := p.text(n, "lang")
	r, ok := findRuntime(name)
	if !ok {
		p.add(n.pos, "unknown runtime %s of function %s", quoted(name), fn.Name).Hint = runtimeHint(name)
		fn.Runtime.Identifier = "unknown" // so that it is not looked for in the code as well
		return
	}
	fn.Runtime.Language, fn.Runtime.Identifier = r.Language, r.Identifier
}

var (
	languageName = regexp.MustCompile(`^[a-z]+`)
	notInRuntime = regexp.MustCompile(`[^a-z0-9]+`)
)

// runtimeHint names the runtime that was likely meant: the same but for its
// punctuation, else the newest of the language, else the nearest.
func runtimeHint(name string) string {
	bare := func(s string) string {
		return strings.TrimSuffix(notInRuntime.ReplaceAllString(strings.ToLower(s), ""), "x")
	}
	for _, known := range sortedKeys(runtimes) {
		if bare(known) == bare(name) {
			return "did you mean " + known + "?"
		}
	}
	language := languageName.FindString(strings.ToLower(name))
	if r, ok := runtimes[language]; ok {
		if !strings.HasPrefix(r.Identifier, language) { // Go runs on a runtime of another name
			return "did you mean " + language + "?"
		}
		return "did you mean " + r.Identifier + "?"
	}
	if near := near(name, sortedKeys(runtimes)); near != "" {
		return "did you mean " + near + "?"
	}
	return "the runtimes are " + strings.Join(sortedKeys(runtimes), ", ")
}
