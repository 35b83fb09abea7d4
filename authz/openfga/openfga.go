// Package openfga reads OpenFGA's models (the DSL of schemas 1.1 and 1.2 with
// modules and mixins, and JSON) into [authz.Model], and runs its store tests (.fga.yaml).
//
// The language is described at openfga.dev/docs/configuration-language; what is not
// said there was taken from the cases under conformance/openfga.
package openfga

import (
	"bytes"
	"path"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// MaxSize bounds the text of a model, all of its files together.
const MaxSize = 1 << 20

// Document is a model as it was written. It stays valid for as long as its text is.
type Document struct {
	// Text is one file: what an environment stores.
	Text  string
	model *authz.Model
}

// Model is what the text says.
func (d *Document) Model() (*authz.Model, error) { return d.model, nil }

// Parse reads a model in the DSL, or in JSON when it begins with a brace. file
// names it in positions. Errors are *writ.Error with line, column and the line's text.
func Parse(file string, text []byte) (*Document, error) {
	parsed, err := parseFile(file, text)
	if err != nil {
		return nil, err
	}
	if parsed.module != "" {
		return nil, writ.Errorf(writ.CodeInvalid, "%s is a module, which is a part of a model", file).
			At(parsed.at, parsed.lines.at(parsed.at)).
			WithHint("name the fga.mod file that lists it")
	}
	m, err := build([]*source{parsed})
	if err != nil {
		return nil, err
	}
	return &Document{Text: string(text), model: m}, nil
}

// ReadModules reads a modular model: mod is the text of its fga.mod file, named
// file, and read gives the files that it lists by their names beside it.
func ReadModules(file string, mod []byte, read func(name string) ([]byte, error)) (*Document, error) {
	names, err := moduleNames(file, mod)
	if err != nil {
		return nil, err
	}
	var all []*source
	var joined strings.Builder
	for _, name := range names {
		text, err := read(name)
		if err != nil {
			return nil, err
		}
		if joined.Len()+len(text) > MaxSize {
			return nil, tooLarge(file)
		}
		joined.Write(text)
		joined.WriteByte('\n')
		parsed, err := parseFile(path.Join(path.Dir(file), name), text)
		if err != nil {
			return nil, err
		}
		if parsed.module == "" {
			return nil, writ.Errorf(writ.CodeInvalid, "%s says no module", name).At(parsed.at, parsed.lines.at(parsed.at)).
				WithHint("begin it with  module NAME; a file that begins with model stands alone")
		}
		all = append(all, parsed)
	}
	m, err := build(all)
	if err != nil {
		return nil, err
	}
	return &Document{Text: joined.String(), model: m}, nil
}

// ParseStored reads the text of a [Document] again, where several modules may follow each other.
func ParseStored(text string) (*Document, error) {
	const file = "model.fga"
	if !strings.HasPrefix(strings.TrimSpace(text), "module") {
		return Parse(file, []byte(text))
	}
	p, err := newParser(file, []byte(text))
	if err != nil {
		return nil, err
	}
	all, err := p.modules()
	if err != nil {
		return nil, err
	}
	m, err := build(all)
	if err != nil {
		return nil, err
	}
	return &Document{Text: text, model: m}, nil
}

func parseFile(file string, text []byte) (*source, error) {
	if len(text) > MaxSize {
		return nil, tooLarge(file)
	}
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '{' {
		return parseJSON(file, text)
	}
	p, err := newParser(file, text)
	if err != nil {
		return nil, err
	}
	return p.file()
}

func tooLarge(file string) error {
	return writ.Errorf(writ.CodeTooLarge, "the model %s is over %d bytes", file, MaxSize)
}
