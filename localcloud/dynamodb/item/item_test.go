package item_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/dynamodb/number"
	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
	"pgregory.net/rapid"
)

func decode(text string) (item.Item, error) {
	var it item.Item
	err := it.UnmarshalWire(wire.NewDecoder([]byte(text)))
	return it, err
}

func Example() {
	it, _ := decode(`{"pk":{"S":"a"},"n":{"N":"1.50"},"set":{"SS":["b","a"]}}`)
	stored := it.Raw()
	n, _ := stored.Get("n") // decodes one attribute only
	fmt.Println(n.Number(), stored.Size(), string(stored.AppendWire(nil)))
	// Output: 1.5 12 {"n":{"N":"1.5"},"pk":{"S":"a"},"set":{"SS":["a","b"]}}
}

// values makes any attribute value.
func values(depth int) *rapid.Generator[item.Value] {
	return rapid.Custom(func(t *rapid.T) item.Value {
		kinds := 6
		if depth > 0 {
			kinds = 8
		}
		text := rapid.StringN(0, 20, -1)
		switch rapid.IntRange(1, kinds).Draw(t, "kind") {
		case 1:
			return item.String(text.Draw(t, "s"))
		case 2:
			n, err := number.Parse(rapid.StringMatching(`-?[0-9]{1,30}(\.[0-9]{1,8})?`).Draw(t, "n"))
			if err != nil {
				t.Fatal(err)
			}
			return item.Number(n)
		case 3:
			return item.Binary(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "b"))
		case 4:
			return item.Value{Type: item.Bool, Bool: rapid.Bool().Draw(t, "bool")}
		case 5:
			return item.Value{Type: item.Null}
		case 6:
			set := rapid.SliceOfNDistinct(text, 1, 4, rapid.ID[string]).Draw(t, "set")
			v, err := decode(`{"s":` + string(item.Value{Type: item.SS, Set: set}.AppendWire(nil)) + `}`)
			if err != nil {
				t.Fatal(err)
			}
			return v["s"]
		case 7:
			return item.Value{Type: item.L, List: rapid.SliceOfN(values(depth-1), 0, 4).Draw(t, "l")}
		default:
			return item.Value{Type: item.M, Map: items(depth-1).Draw(t, "m")}
		}
	})
}

func items(depth int) *rapid.Generator[item.Item] {
	return rapid.Custom(func(t *rapid.T) item.Item {
		return item.Item(rapid.MapOfN(rapid.StringN(1, 8, -1), values(depth), 0, 5).Draw(t, "item"))
	})
}

func TestStoredBytesAreTheItem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		it := items(3).Draw(t, "item")
		raw := it.Raw()
		back, err := raw.Item()
		if err != nil || !back.Equal(it) {
			t.Fatalf("%v came back as %v, %v", it, back, err)
		}
		if raw.Size() != it.Size() {
			t.Fatalf("size %d, want %d", raw.Size(), it.Size())
		}
		if diff := cmp.Diff(string(it.AppendWire(nil)), string(raw.AppendWire(nil))); diff != "" {
			t.Fatal(diff)
		}
		again, err := decode(string(raw.AppendWire(nil)))
		if err != nil || !again.Equal(it) {
			t.Fatalf("%v as JSON came back as %v, %v", it, again, err)
		}
		names := it.Names()
		for name, v := range it {
			if got, ok := raw.Get(name); !ok || !got.Equal(v) {
				t.Fatalf("%q is %v, want %v", name, got, v)
			}
		}
		half := names[:len(names)/2]
		only, err := raw.Only(half).Item()
		if err != nil || len(only) != len(half) || raw.Only(half).Size() != only.Size() {
			t.Fatalf("only %q gives %v, %v", half, only, err)
		}
	})
}

func TestKeysSortAsTheirParts(t *testing.T) {
	t.Parallel()
	part := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 0xFE, 0xFF, 'a'}), 0, 4), func(b []byte) string { return string(b) })
	rapid.Check(t, func(t *rapid.T) {
		a, b, c, d := part.Draw(t, "a"), part.Draw(t, "b"), part.Draw(t, "c"), part.Draw(t, "d")
		x := item.AppendKeyPart(item.AppendKeyPart(nil, a), b)
		y := item.AppendKeyPart(item.AppendKeyPart(nil, c), d)
		want := strings.Compare(a, c)
		if want == 0 {
			want = strings.Compare(b, d)
		}
		if got := bytes.Compare(x, y); got != want {
			t.Fatalf("(%q, %q) and (%q, %q) compare as %d, want %d", a, b, c, d, got, want)
		}
		prefix := item.AppendKeyPrefix(nil, a)
		inside := bytes.Compare(item.AppendKeyPart(nil, c), prefix) >= 0 && (item.Bound(prefix) == nil || bytes.Compare(item.AppendKeyPart(nil, c), item.Bound(prefix)) < 0)
		if want := strings.HasPrefix(c, a); a != "" && inside != want {
			t.Fatalf("%q within those that begin with %q: %t, want %t", c, a, inside, want)
		}
	})
}

func FuzzItem(f *testing.F) {
	for _, s := range []string{`{"a":{"S":"x"}}`, `{"a":{"L":[{"M":{"b":{"NS":["1","2"]}}}]}}`, `{"a":{"BS":["AA==","AQ=="]},"b":{"NULL":true}}`, `{"a":{"N":"1","S":"2"}}`, `{"a":{}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_ = item.Raw(body).AppendWire(nil) // damaged bytes must not panic
		_, _ = item.Raw(body).Item()
		_, _ = item.Raw(body).Get("a")
		it, err := decode(string(body))
		if err != nil || it.Check() != nil {
			return
		}
		raw := it.Raw()
		again, err := decode(string(raw.AppendWire(nil)))
		if err != nil || !again.Equal(it) {
			t.Fatalf("%s became %s: %v", body, raw.AppendWire(nil), err)
		}
	})
}
