package openfga_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/openfga"
)

// TestModels reads the models of testdata/models. Every file of an archive, or
// the modules that its fga.mod lists, must mean what stands in `want`.
func TestModels(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/models/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts := map[string]string{}
			for _, f := range archive.Files {
				texts[f.Name] = string(f.Data)
			}
			for name, text := range texts {
				if name == "want" || path.Ext(name) == ".fga" && texts["fga.mod"] != "" {
					continue
				}
				got := shown(read(t, name, text, texts))
				if *update {
					texts["want"] = got
					rewrite(t, file, archive, got)
				}
				if diff := cmp.Diff(texts["want"], got); diff != "" {
					t.Errorf("%s (-want +got)\n%s", name, diff)
				}
			}
		})
	}
}

func rewrite(t *testing.T, file string, a *txtar.Archive, want string) {
	for i := range a.Files {
		if a.Files[i].Name == "want" {
			a.Files[i].Data = []byte(want)
		}
	}
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name, text string, beside map[string]string) *authz.Model {
	t.Helper()
	var d *openfga.Document
	var err error
	if name == "fga.mod" {
		d, err = openfga.ReadModules(name, []byte(text), func(n string) ([]byte, error) { return []byte(beside[n]), nil })
	} else {
		d, err = openfga.Parse(name, []byte(text))
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := openfga.ParseStored(d.Text)
	if err != nil {
		t.Fatalf("as it is stored: %v", err)
	}
	m, err := d.Model()
	if err != nil {
		t.Fatal(err)
	}
	m2, err := again.Model()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shown(m), shown(m2)); diff != "" {
		t.Errorf("%s: what is stored means something else\n%s", name, diff)
	}
	return m
}

// shown writes a model with all parentheses.
func shown(m *authz.Model) string {
	var b strings.Builder
	for _, t := range m.Types {
		fmt.Fprintln(&b, t.Name)
		for _, r := range t.Relations {
			fmt.Fprintf(&b, "  %s: %s\n", r.Name, shownRewrite(r.Rewrite, r))
		}
	}
	for _, c := range m.Conditions {
		var params []string
		for _, p := range c.Params {
			params = append(params, fmt.Sprint(p.Name, " ", p.Type.Kind))
		}
		fmt.Fprintf(&b, "%s(%s): %s\n", c.Name, strings.Join(params, ", "), strings.TrimSpace(c.Program.String()))
	}
	return b.String()
}

func shownRewrite(w authz.Rewrite, r authz.Relation) string {
	all := func(of []authz.Rewrite, sep string) string {
		var parts []string
		for _, w := range of {
			parts = append(parts, shownRewrite(w, r))
		}
		return "(" + strings.Join(parts, sep) + ")"
	}
	switch w := w.(type) {
	case authz.Direct:
		var parts []string
		for _, s := range r.Subjects {
			part := s.Type
			if s.Everyone {
				part += ":*"
			}
			if s.Relation != "" {
				part += "#" + s.Relation
			}
			if s.Condition != "" {
				part += " with " + s.Condition
			}
			parts = append(parts, part)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case authz.Computed:
		return w.Relation
	case authz.From:
		return w.Relation + " from " + w.Tupleset
	case authz.Union:
		return all(w.Of, " or ")
	case authz.Intersection:
		return all(w.Of, " and ")
	case authz.Exclusion:
		return all([]authz.Rewrite{w.Base, w.Minus}, " but not ")
	}
	return fmt.Sprintf("%T", w)
}

// A question that names what the model does not have fails, though its answer is the expected one.
func TestQuestionsAboutNothing(t *testing.T) {
	t.Parallel()
	store, err := openfga.ReadStore("store.fga.yaml", []byte(`
model: |
  model
    schema 1.1
  type user
  type document
    relations
      define viewer: [user]
tests:
  - check:
      - {user: "user:ann", object: "document:a", assertions: {veiwer: false, viewer: false}}
      - {user: "usr:ann", object: "document:a", assertions: {viewer: false}}
`), func(string) ([]byte, error) { return nil, fs.ErrNotExist })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range store.Run() {
		got = append(got, fmt.Sprintf("%s %s %v %v", r.Question.User, r.Question.Relation, r.Passed, r.Err != nil))
	}
	slices.Sort(got)
	want := []string{"user:ann veiwer false true", "user:ann viewer true false", "usr:ann viewer false true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
