package openfga

import (
	"slices"

	"github.com/writ-dev/writ"
)

// maxNesting bounds parentheses in a definition.
const maxNesting = 50

// parser reads the DSL by recursive descent, one word ahead.
type parser struct {
	lex   lexer
	lines lines
	word  word
}

func newParser(file string, text []byte) (*parser, error) {
	p := &parser{lex: lexer{file: file, text: string(text), line: 1, col: 1, first: true}, lines: linesOf(text)}
	return p, p.advance()
}

func (p *parser) advance() error {
	w, err := p.lex.next()
	if err != nil {
		return p.locate(err, w.at)
	}
	p.word = w
	return nil
}

func (p *parser) locate(err error, at writ.Position) error {
	if e, ok := err.(*writ.Error); ok && e.Position.IsZero() {
		return e.At(at, p.lines.at(at))
	}
	return err
}

func (p *parser) errorf(at writ.Position, format string, args ...any) *writ.Error {
	return writ.Errorf(writ.CodeInvalid, format, args...).At(at, p.lines.at(at))
}

// unexpected says what stands where something else should.
func (p *parser) unexpected(wanted string) *writ.Error {
	found := "the end of the file"
	if p.word.text != "" {
		found = `"` + p.word.text + `"`
	}
	return p.errorf(p.word.at, "%s stands where %s should", found, wanted)
}

// take passes over the word text, and reports whether it was there.
func (p *parser) take(text string) (bool, error) {
	if p.word.text != text {
		return false, nil
	}
	return true, p.advance()
}

// expect passes over the word text, which must be there.
func (p *parser) expect(text, as string) error {
	ok, err := p.take(text)
	if err == nil && !ok {
		return p.unexpected(as)
	}
	return err
}

// name takes a name.
func (p *parser) name(what string) (word, error) {
	if !p.word.isName() {
		return word{}, p.unexpected(what)
	}
	w := p.word
	return w, p.advance()
}

// file reads a whole file: a model, or one module.
func (p *parser) file() (*source, error) {
	s, err := p.header()
	if err != nil {
		return nil, err
	}
	if err := p.definitions(s); err != nil {
		return nil, err
	}
	if p.word.text != "" {
		return nil, p.unexpected("type, extend type, condition or mixin").
			WithHint("relations stand below a line that says relations, under their type")
	}
	return s, nil
}

// modules reads several modules one after the other.
func (p *parser) modules() ([]*source, error) {
	var all []*source
	for p.word.text != "" {
		s, err := p.header()
		if err != nil {
			return nil, err
		}
		if err := p.definitions(s); err != nil {
			return nil, err
		}
		all = append(all, s)
		if p.word.text != "" && p.word.text != "module" {
			return nil, p.unexpected("module")
		}
	}
	return all, nil
}

func (p *parser) header() (*source, error) {
	s := &source{at: p.word.at, lines: p.lines, schema: "1.2"}
	if ok, err := p.take("module"); err != nil || ok {
		if err != nil {
			return nil, err
		}
		w, err := p.name("the name of the module")
		s.module = w.text
		return s, err
	}
	if err := p.expect("model", `"model"`); err != nil {
		return nil, p.hintHeader(err)
	}
	if err := p.expect("schema", `"schema"`); err != nil {
		return nil, p.hintHeader(err)
	}
	at := p.word.at
	w, err := p.name("the version of the schema")
	if err != nil {
		return nil, err
	}
	if w.text != "1.1" && w.text != "1.2" {
		return nil, p.errorf(at, "schema %s is not known", w.text).WithHint("1.1 and 1.2 are")
	}
	s.schema = w.text
	return s, nil
}

func (p *parser) hintHeader(err error) error {
	if e, ok := err.(*writ.Error); ok {
		return e.WithHint("a model begins with\nmodel\n  schema 1.1")
	}
	return err
}

// definitions reads types, extensions, mixins and conditions until something else stands there.
func (p *parser) definitions(s *source) error {
	for {
		var err error
		switch p.word.text {
		case "type":
			err = p.typeDef(s, false)
		case "extend":
			if err = p.advance(); err == nil {
				if s.module == "" {
					return p.errorf(p.word.at, "only a module extends types")
				}
				if p.word.text != "type" {
					return p.unexpected(`"type"`)
				}
				err = p.typeDef(s, true)
			}
		case "mixin":
			err = p.mixin(s)
		case "condition":
			err = p.condition(s)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *parser) typeDef(s *source, extends bool) error {
	if err := p.advance(); err != nil {
		return err
	}
	w, err := p.name("the name of a type")
	if err != nil {
		return err
	}
	t := typeDef{name: w.text, at: w.at, extends: extends}
	if err := p.relations(&t); err != nil {
		return err
	}
	s.types = append(s.types, t)
	return nil
}

func (p *parser) mixin(s *source) error {
	if s.schema != "1.2" {
		return p.errorf(p.word.at, "mixins came with schema 1.2, and this model says %s", s.schema)
	}
	if err := p.advance(); err != nil {
		return err
	}
	w, err := p.name("the name of a mixin")
	if err != nil {
		return err
	}
	t := typeDef{name: w.text, at: w.at}
	if err := p.relations(&t); err != nil {
		return err
	}
	s.mixins = append(s.mixins, t)
	return nil
}

// relations reads `relations` and what follows it, if it is there.
func (p *parser) relations(t *typeDef) error {
	ok, err := p.take("relations")
	if err != nil {
		return err
	}
	if !ok {
		if p.word.text == "define" {
			return p.unexpected(`"relations"`).WithHint("add a line  relations  between the type and its definitions")
		}
		return nil
	}
	for {
		switch p.word.text {
		case "define":
			if err := p.define(t); err != nil {
				return err
			}
		case "include":
			if err := p.advance(); err != nil {
				return err
			}
			w, err := p.name("the name of a mixin")
			if err != nil {
				return err
			}
			t.includes = append(t.includes, w)
		default:
			if writ.Nearest(p.word.text, []string{"define"}) != "" {
				return p.unexpected(`"define"`)
			}
			return nil
		}
	}
}

func (p *parser) define(t *typeDef) error {
	if err := p.advance(); err != nil {
		return err
	}
	w, err := p.name("the name of a relation")
	if err != nil {
		return err
	}
	if err := p.expect(":", "a colon"); err != nil {
		return err
	}
	r := relDef{name: w.text, at: w.at}
	d := definition{parser: p, rel: &r, direct: true}
	if r.rewrite, err = d.expression(0); err != nil {
		return err
	}
	t.relations = append(t.relations, r)
	if p.word.text != "" && !p.word.first && !slices.Contains([]string{"define", "type", "condition", "extend"}, p.word.text) {
		return p.unexpected("the end of the definition").
			WithHint("or, and, but not do not mix without parentheses: a or (b and c)")
	}
	return nil
}
