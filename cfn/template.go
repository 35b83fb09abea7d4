package cfn

import (
	"bytes"
	"strings"

	"github.com/writ-dev/writ"
)

// Template is one CloudFormation template.
type Template struct {
	// Root is the whole document, in its own key order.
	Root *Object
	// File is its name, for messages.
	File string

	source []byte
	places map[string]place
}

// place is where a value's key (or, in a list, the value) stands in the source.
type place struct{ line, col int32 }

// Resource is one member of the Resources section.
type Resource struct {
	ID         string // the logical id
	Type       string
	Properties *Object // nil when there are none
	Condition  string
	DependsOn  []string
	// DeletionPolicy is Delete, Retain, RetainExceptOnCreate, Snapshot or "";
	// UpdateReplacePolicy is one of the same without RetainExceptOnCreate.
	DeletionPolicy      string
	UpdateReplacePolicy string
	// Body is the whole definition.
	Body *Object
}

// Section gives a section of the template ("Outputs"), nil when there is none.
func (t *Template) Section(name string) *Object { return t.Root.Object(name) }

// Resources gives the Resources section, nil when there is none.
func (t *Template) Resources() *Object { return t.Section("Resources") }

// Description gives the template's description.
func (t *Template) Description() string { return t.Root.Text("Description") }

// Resource gives the resource of a logical id.
func (t *Template) Resource(id string) (Resource, bool) {
	body := t.Resources().Object(id)
	if body == nil {
		return Resource{}, false
	}
	r := Resource{
		ID: id, Type: body.Text("Type"), Properties: body.Object("Properties"), Condition: body.Text("Condition"),
		DeletionPolicy: body.Text("DeletionPolicy"), UpdateReplacePolicy: body.Text("UpdateReplacePolicy"), Body: body,
	}
	switch d, _ := body.Get("DependsOn"); d := d.(type) {
	case string:
		r.DependsOn = []string{d}
	case []any:
		for _, v := range d {
			if s, ok := v.(string); ok {
				r.DependsOn = append(r.DependsOn, s)
			}
		}
	}
	return r, true
}

// ResourceList gives all resources in document order.
func (t *Template) ResourceList() []Resource {
	var list []Resource
	for id := range t.Resources().All() {
		if r, ok := t.Resource(id); ok {
			list = append(list, r)
		}
	}
	return list
}

// Position gives the place of the value at a path of keys and list indexes
// ("Resources", "Table", "Properties"), or of its nearest known ancestor. A
// template that was not parsed from text knows only its file.
func (t *Template) Position(path ...string) writ.Position {
	for n := len(path); n > 0; n-- {
		if p, ok := t.places[joinPath(path[:n])]; ok {
			return writ.Position{File: t.File, Line: int(p.line), Col: int(p.col)}
		}
	}
	return writ.Position{File: t.File}
}

// Errorf makes a CodeInvalid error that points at the value at path.
func (t *Template) Errorf(path []string, format string, args ...any) *writ.Error {
	p := t.Position(path...)
	e := writ.Errorf(writ.CodeInvalid, format, args...)
	return e.At(p, sourceLine(t.source, p.Line))
}

func joinPath(path []string) string { return strings.Join(path, "\x00") }

// with gives a new path; append alone could share the array between siblings.
func with(path []string, key ...string) []string {
	return append(path[:len(path):len(path)], key...)
}

// maxSourceLine is how much of a line an error carries: a minified template is one line.
const maxSourceLine = 64 << 10

func sourceLine(src []byte, line int) string {
	for ; line > 1; line-- {
		_, rest, ok := bytes.Cut(src, []byte("\n"))
		if !ok {
			return ""
		}
		src = rest
	}
	if line < 1 {
		return ""
	}
	text, _, _ := bytes.Cut(src, []byte("\n"))
	text = text[:min(len(text), maxSourceLine)]
	return strings.ToValidUTF8(strings.TrimRight(string(text), "\r"), "\uFFFD")
}
