package topology

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// problems gathers what is wrong, so that one run tells the user all of it.
type problems struct {
	errs    []*writ.Error
	sources map[string]*source
	// spots are places inside an entity, for a caret under the very word:
	// the entity's position and the word.
	spots map[spot]writ.Position
	// failed are entities that are written but wrong in themselves: that they
	// cannot be led to is no news. A name "" stands for all of the kind.
	failed map[Target]bool
	// paths says where on disk a file lies whose name was changed for the user.
	paths map[string]string
}

type spot struct {
	entity writ.Position
	word   string
}

func newProblems() *problems {
	return &problems{sources: map[string]*source{}, spots: map[spot]writ.Position{}, failed: map[Target]bool{}, paths: map[string]string{}}
}

// add notes a problem; the source line is filled in at the end.
func (p *problems) add(at writ.Position, format string, args ...any) *writ.Error {
	e := writ.Errorf(writ.CodeInvalid, format, args...)
	e.Position = at
	p.errs = append(p.errs, e)
	return e
}

// mark remembers where inside the entity a word stands.
func (p *problems) mark(entity writ.Position, word string, at writ.Position) {
	p.spots[spot{entity, word}] = at
}

// spot gives the place of a word inside an entity, or the entity's own.
func (p *problems) spot(entity writ.Position, word string) writ.Position {
	if at, ok := p.spots[spot{entity, word}]; ok {
		return at
	}
	return entity
}

// fail remembers an entity that is written but wrong in itself.
func (p *problems) fail(kind Kind, name string) { p.failed[Target{Kind: kind, Name: name}] = true }

// broken reports whether an entity of that name is written but wrong.
func (p *problems) broken(kind Kind, name string) bool {
	return p.failed[Target{Kind: kind, Name: name}] || p.failed[Target{Kind: kind}]
}

// lineAt gives the text of the line at a position, reading the file if it has to:
// positions of Go constructs lie in files that were never parsed here.
func (p *problems) lineAt(at writ.Position) string {
	src, known := p.sources[at.File]
	if !known && strings.HasSuffix(at.File, ".go") {
		disk := at.File
		if real, ok := p.paths[disk]; ok {
			disk = real
		}
		if text, err := os.ReadFile(disk); err == nil && len(text) <= maxFileBytes {
			src = newSource(at.File, text)
		}
		p.sources[at.File] = src
	}
	return src.line(at.Line)
}

// err gives all problems in the order of the file, or nil.
func (p *problems) err() error {
	if len(p.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(p.errs, func(a, b *writ.Error) int {
		return cmp.Or(strings.Compare(a.Position.File, b.Position.File),
			a.Position.Line-b.Position.Line, a.Position.Col-b.Position.Col)
	})
	seen := map[string]bool{}
	var all []error
	for _, e := range p.errs {
		if seen[e.Error()] {
			continue
		}
		seen[e.Error()] = true
		if len(all) == maxProblems {
			all = append(all, writ.Errorf(writ.CodeInvalid, "more than %d problems; the rest are left out", maxProblems))
			break
		}
		if e.Source == "" {
			e.Source = shorten(p.lineAt(e.Position), e.Position.Col)
		}
		all = append(all, e)
	}
	return errors.Join(all...)
}

// shorten cuts a line that no screen can show; "" when the caret would be cut off.
func shorten(line string, col int) string {
	const most = 200
	line = strings.ToValidUTF8(line, "\uFFFD")
	runes := []rune(line)
	switch {
	case len(runes) <= most:
		return line
	case col >= most:
		return ""
	}
	return string(runes[:most])
}

// near gives the candidate that was likely meant, "" when none was or the
// search would cost too much.
func near(word string, candidates []string) string {
	const longest, most = 100, 2000
	if len(word) > longest || len(candidates) > most {
		return ""
	}
	return writ.Nearest(word, candidates)
}

// suggest hints at the candidate that was likely meant, else lists what there is.
func (p *problems) suggest(e *writ.Error, word string, candidates []string, others string) {
	if len(p.errs) > 10*maxProblems {
		return // nobody will see it
	}
	if near := near(word, candidates); near != "" {
		e.Hint = "did you mean " + near + "?"
		return
	}
	if len(candidates) == 0 {
		e.Hint = others
		return
	}
	const most = 60
	if len(candidates) > most {
		return
	}
	e.Hint = others + strings.Join(slices.Sorted(slices.Values(candidates)), ", ")
}
