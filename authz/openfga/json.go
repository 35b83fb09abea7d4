package openfga

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// The JSON form of a model, as OpenFGA's API writes it.
type (
	jsonModel struct {
		SchemaVersion   string                   `json:"schema_version"`
		TypeDefinitions []jsonType               `json:"type_definitions"`
		Conditions      map[string]jsonCondition `json:"conditions"`
	}
	jsonType struct {
		Type      string              `json:"type"`
		Relations map[string]jsonNode `json:"relations"`
		Metadata  *struct {
			Relations map[string]struct {
				Related []jsonSubject `json:"directly_related_user_types"`
			} `json:"relations"`
		} `json:"metadata"`
	}
	jsonSubject struct {
		Type      string    `json:"type"`
		Relation  string    `json:"relation"`
		Wildcard  *struct{} `json:"wildcard"`
		Condition string    `json:"condition"`
	}
	jsonNode struct {
		This     *struct{}     `json:"this"`
		Computed *jsonComputed `json:"computedUserset"`
		From     *struct {
			Tupleset jsonComputed `json:"tupleset"`
			Computed jsonComputed `json:"computedUserset"`
		} `json:"tupleToUserset"`
		Union        *jsonChildren `json:"union"`
		Intersection *jsonChildren `json:"intersection"`
		Difference   *struct {
			Base     jsonNode `json:"base"`
			Subtract jsonNode `json:"subtract"`
		} `json:"difference"`
	}
	jsonComputed struct {
		Relation string `json:"relation"`
	}
	jsonChildren struct {
		Child []jsonNode `json:"child"`
	}
	jsonCondition struct {
		Name       string               `json:"name"`
		Expression string               `json:"expression"`
		Parameters map[string]jsonParam `json:"parameters"`
	}
	jsonParam struct {
		TypeName string      `json:"type_name"`
		Generic  []jsonParam `json:"generic_types"`
	}
)

// jsonReader turns the JSON form into a source. Places in JSON are those of the
// file's beginning of what was being read: names say the rest.
type jsonReader struct {
	at    writ.Position
	lines lines
}

func parseJSON(file string, text []byte) (*source, error) {
	r := jsonReader{lines: linesOf(text), at: writ.Position{File: file, Line: 1, Col: 1}}
	var m jsonModel
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, r.syntax(err, text)
	}
	s := &source{at: r.at, lines: r.lines, schema: m.SchemaVersion}
	if s.schema != "1.1" && s.schema != "1.2" {
		return nil, r.errorf("schema_version %q is not known", m.SchemaVersion).WithHint("1.1 and 1.2 are")
	}
	for _, t := range m.TypeDefinitions {
		def, err := r.typeDef(t)
		if err != nil {
			return nil, err
		}
		s.types = append(s.types, def)
	}
	for _, name := range keys(m.Conditions) {
		c, err := r.condition(name, m.Conditions[name])
		if err != nil {
			return nil, err
		}
		s.conds = append(s.conds, c)
	}
	return s, nil
}

func (r jsonReader) errorf(format string, args ...any) *writ.Error {
	return writ.Errorf(writ.CodeInvalid, format, args...).At(r.at, r.lines.at(r.at))
}

// syntax points at the place of an error of encoding/json.
func (r jsonReader) syntax(err error, text []byte) error {
	offset := int64(0)
	switch e := err.(type) {
	case *json.SyntaxError:
		offset = e.Offset
	case *json.UnmarshalTypeError:
		offset = e.Offset
	}
	before := string(text[:min(int(offset), len(text))])
	at := writ.Position{File: r.at.File, Line: strings.Count(before, "\n") + 1}
	at.Col = max(1, len([]rune(before[strings.LastIndexByte(before, '\n')+1:])))
	return writ.Errorf(writ.CodeInvalid, "the model cannot be read: %w", err).At(at, r.lines.at(at))
}

// find gives the place of a quoted name in the text, after another: good enough to point at.
func (r jsonReader) find(names ...string) writ.Position {
	line, col := 0, 0
	for _, name := range names {
		quoted := `"` + name + `"`
		for i := line; i < len(r.lines); i++ {
			from := 0
			if i == line {
				from = min(col, len(r.lines[i]))
			}
			if at := strings.Index(r.lines[i][from:], quoted); at >= 0 {
				line, col = i, from+at+1
				break
			}
		}
	}
	return writ.Position{File: r.at.File, Line: line + 1, Col: max(1, col)}
}

func (r jsonReader) typeDef(t jsonType) (typeDef, error) {
	def := typeDef{name: t.Type, at: r.find("type_definitions", t.Type)}
	for _, name := range keys(t.Relations) {
		rel := relDef{name: name, at: r.find("type_definitions", t.Type, name)}
		if t.Metadata != nil {
			for _, s := range t.Metadata.Relations[name].Related {
				rel.subjects = append(rel.subjects, subjectDef{
					kind: s.Type, relation: s.Relation, everyone: s.Wildcard != nil, condition: s.Condition, at: rel.at,
				})
			}
		}
		here := r
		here.at = rel.at
		n, err := here.node(t.Relations[name], 0)
		if err != nil {
			return def, err
		}
		rel.rewrite = n
		if holdsThis(n) != (len(rel.subjects) > 0) {
			return def, here.errorf("relation %s of type %s: `this` and directly_related_user_types must stand together", name, t.Type)
		}
		def.relations = append(def.relations, rel)
	}
	return def, nil
}

func holdsThis(n node) bool {
	return n.op == opThis || slices.ContainsFunc(n.of, holdsThis)
}

func (r jsonReader) node(j jsonNode, depth int) (node, error) {
	if depth > maxNesting {
		return node{}, r.errorf("more than %d operators stand inside each other", maxNesting)
	}
	n := node{at: r.at}
	var err error
	switch {
	case j.This != nil:
		n.op = opThis
	case j.Computed != nil:
		n.op, n.relation = opComputed, j.Computed.Relation
	case j.From != nil:
		n.op, n.relation, n.tupleset = opFrom, j.From.Computed.Relation, j.From.Tupleset.Relation
	case j.Union != nil:
		n.op = opOr
		n.of, err = r.children(j.Union.Child, depth)
	case j.Intersection != nil:
		n.op = opAnd
		n.of, err = r.children(j.Intersection.Child, depth)
	case j.Difference != nil:
		n.op = opButNot
		n.of, err = r.children([]jsonNode{j.Difference.Base, j.Difference.Subtract}, depth)
	default:
		return n, r.errorf("a part of this relation says nothing that is known").
			WithHint("this, computedUserset, tupleToUserset, union, intersection, difference are known")
	}
	return n, err
}

func (r jsonReader) children(of []jsonNode, depth int) ([]node, error) {
	if len(of) == 0 {
		return nil, r.errorf("an operator of this relation has no children")
	}
	var out []node
	for _, j := range of {
		n, err := r.node(j, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

func (r jsonReader) condition(name string, j jsonCondition) (condDef, error) {
	c := condDef{name: name, at: r.find("conditions", name), expression: j.Expression}
	c.bodyAt = c.at
	for _, p := range keys(j.Parameters) {
		t := j.Parameters[p]
		d := paramDef{name: p, kind: jsonKind(t.TypeName), at: c.at}
		if d.kind == "list" || d.kind == "map" {
			if len(t.Generic) != 1 {
				return c, writ.Errorf(writ.CodeInvalid, "parameter %s of condition %s has no generic_types", p, name).At(c.at, r.lines.at(c.at))
			}
			d.item = jsonKind(t.Generic[0].TypeName)
		}
		c.params = append(c.params, d)
	}
	return c, nil
}

func jsonKind(name string) string {
	return strings.ToLower(strings.TrimPrefix(name, "TYPE_NAME_"))
}
