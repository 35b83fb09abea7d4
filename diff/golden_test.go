package diff_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/diff"
)

var update = flag.Bool("update", false, "write what the package gives now as what the golden tests want")

// TestGolden compares pairs of templates of our own with what is printed.
func TestGolden(t *testing.T) {
	t.Parallel()
	pairs, err := filepath.Glob(filepath.Join("testdata", "*", "before.json"))
	if err != nil || len(pairs) < 8 {
		t.Fatalf("%d pairs of templates (%v)", len(pairs), err)
	}
	for _, before := range pairs {
		dir := filepath.Dir(before)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			c := diff.Compare("shop-dev", parse(t, before), parse(t, filepath.Join(dir, "after.json")))
			golden(t, filepath.Join(dir, "want.json"), indented(t, c))
			golden(t, filepath.Join(dir, "want.txt"), text(t, c, diff.TextOptions{}))
			for name, o := range map[string]diff.TextOptions{
				"want.w60.txt": {Width: 60}, "want.color.txt": {Color: true}, "want.cdk.txt": {CDK: true}, "want.security.txt": {SecurityOnly: true},
			} {
				if path := filepath.Join(dir, name); exists(path) {
					golden(t, path, strings.ReplaceAll(text(t, c, o), "\x1b", "ESC"))
				}
			}
		})
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func indented(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s (-update writes it):\n%s", path, d)
	}
	if strings.HasSuffix(path, ".txt") && strings.ContainsAny(got, "\x1b\x07\u202e\u009b") {
		t.Errorf("%s holds characters that a terminal obeys", path)
	}
}

// TestWidth: no line of a table is wider than the terminal, and colour changes
// nothing but colour.
func TestWidth(t *testing.T) {
	t.Parallel()
	c := diff.Compare("", parse(t, "testdata/grants/before.json"), parse(t, "testdata/grants/after.json"))
	for _, width := range []int{40, 60, 80, 100, 200} {
		for line := range strings.Lines(text(t, c, diff.TextOptions{Width: width, SecurityOnly: true})) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
				t.Errorf("width %d: a line of %d\n%s", width, n, line)
			}
		}
	}
	colors := regexp.MustCompile("\x1b\\[[0-9;]*m")
	plain, colored := text(t, c, diff.TextOptions{Width: 80}), text(t, c, diff.TextOptions{Width: 80, Color: true})
	if d := cmp.Diff(plain, colors.ReplaceAllString(colored, "")); d != "" || plain == colored {
		t.Errorf("without colours: %s", d)
	}
}

// TestJSONIsDocumented keeps the table of docs/diff.md true: it has each field
// that the JSON has, and no other.
func TestJSONIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/diff.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(page), "## The JSON\n")
	if !ok {
		t.Fatal("docs/diff.md has no section on the JSON")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(table, -1) {
		documented = append(documented, m[1])
	}
	have := fields(reflect.TypeFor[diff.Changes](), "")
	slices.Sort(have)
	slices.Sort(documented)
	if d := cmp.Diff(have, documented); d != "" {
		t.Errorf("-JSON +docs/diff.md:\n%s", d)
	}
}

// fields gives the paths of all that a type has in JSON, the leaves alone.
func fields(typ reflect.Type, path string) []string {
	switch typ.Kind() {
	case reflect.Pointer:
		return fields(typ.Elem(), path)
	case reflect.Slice:
		return fields(typ.Elem(), path+"[]")
	case reflect.Struct:
	default:
		return []string{path}
	}
	var paths []string
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if name == "" {
			continue
		}
		if path != "" {
			name = path + "." + name
		}
		paths = append(paths, fields(typ.Field(i).Type, name)...)
	}
	return paths
}
