package iam_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// However a document is spelt, it is read as the same; it is written so that
// it is read as the same again; and it decides the same.
func TestSpellingMeansNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := plain(fromRapid(t).situation())
		after := before.each(func(_ iam.PolicyType, doc *iam.Document) *iam.Document {
			src := speller{t}.document(doc)
			read, err := iam.Parse([]byte(src))
			if err != nil {
				t.Fatalf("%v\n%s", err, src)
			}
			same(t, doc, read, src)
			written, err := read.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			again, err := iam.Parse(written)
			if err != nil {
				t.Fatalf("%v\n%s", err, written)
			}
			same(t, doc, again, string(written))
			return again
		})
		if a, b := decide(before.req, before.policies()), decide(after.req, after.policies()); a != b {
			t.Fatalf("%v before, %v after", a, b)
		}
	})
}

// plain leaves of a situation what a speller writes.
func plain(s situation) situation {
	names := func(p *iam.PrincipalElement) *iam.PrincipalElement {
		if p == nil || len(p.AWS)+len(p.Service) == 0 {
			return p
		}
		return &iam.PrincipalElement{AWS: p.AWS, Service: p.Service}
	}
	return s.each(func(_ iam.PolicyType, doc *iam.Document) *iam.Document {
		return &iam.Document{Version: iam.Version2012, Statements: doc.Statements}
	}).rewrite(func(st iam.Statement) iam.Statement {
		st.Principal, st.NotPrincipal = names(st.Principal), names(st.NotPrincipal)
		if len(st.Conditions) > 0 {
			c := st.Conditions[0]
			c.Values = slices.Concat([]string{"x"}, c.Values)
			st.Conditions = []iam.ConditionElement{c}
		}
		return st
	})
}

func same(t *rapid.T, want, got *iam.Document, src string) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(writ.Position{}, []writ.Position{})); diff != "" {
		t.Fatalf("%s\n%s", diff, src)
	}
}

// speller writes documents in any way that the language lets one.
type speller struct{ t *rapid.T }

func (s speller) coin(label string) bool { return rapid.Bool().Draw(s.t, label) }

func (s speller) space() string {
	return rapid.SampledFrom([]string{"", "", " ", "\n\t", "\r\n  "}).Draw(s.t, "space")
}

// text writes a string, some characters of it as escapes.
func (s speller) text(v string) string {
	if s.coin("plain") {
		raw, _ := json.Marshal(v)
		return string(raw)
	}
	var b strings.Builder
	for i, r := range v {
		if (i%3 == 0 || r == '"' || r == '\\' || r < ' ') && r <= 0xFFFF {
			fmt.Fprintf(&b, `\u%04X`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

func (s speller) list(values []string) string {
	if len(values) == 1 && s.coin("single") {
		return s.text(values[0])
	}
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = s.space() + s.text(v)
	}
	return "[" + strings.Join(all, ",") + s.space() + "]"
}

// object writes members, given as pairs of key and JSON, in any order.
func (s speller) object(members ...[2]string) string {
	members = rapid.Permutation(members).Draw(s.t, "order")
	all := make([]string, len(members))
	for i, m := range members {
		all[i] = s.space() + s.text(m[0]) + s.space() + ":" + s.space() + m[1]
	}
	return "{" + strings.Join(all, s.space()+",") + s.space() + "}"
}

func (s speller) document(d *iam.Document) string {
	statements := make([]string, len(d.Statements))
	for i := range d.Statements {
		statements[i] = s.statement(&d.Statements[i])
	}
	body := "[" + strings.Join(statements, ",") + "]"
	if len(statements) == 1 && s.coin("one") {
		body = statements[0]
	}
	return s.space() + s.object([2]string{"Version", s.text(d.Version)}, [2]string{"Statement", body}) + s.space()
}

func (s speller) statement(st *iam.Statement) string {
	members := [][2]string{{"Effect", s.text(string(st.Effect))}}
	for _, m := range []struct {
		key    string
		values []string
	}{{"Action", st.Action}, {"NotAction", st.NotAction}, {"Resource", st.Resource}, {"NotResource", st.NotResource}} {
		if m.values != nil {
			members = append(members, [2]string{m.key, s.list(m.values)})
		}
	}
	if st.Principal != nil {
		members = append(members, [2]string{"Principal", s.principal(st.Principal)})
	}
	if st.NotPrincipal != nil {
		members = append(members, [2]string{"NotPrincipal", s.principal(st.NotPrincipal)})
	}
	for _, c := range st.Conditions { // there is one at most
		members = append(members, [2]string{"Condition", s.object([2]string{c.Operator, s.object([2]string{c.Key, s.list(c.Values)})})})
	}
	return s.object(members...)
}

func (s speller) principal(p *iam.PrincipalElement) string {
	if p.All {
		return s.text("*")
	}
	var members [][2]string
	if p.AWS != nil {
		members = append(members, [2]string{"AWS", s.list(p.AWS)})
	}
	if p.Service != nil {
		members = append(members, [2]string{"Service", s.list(p.Service)})
	}
	if p.Federated != nil {
		members = append(members, [2]string{"Federated", s.list(p.Federated)})
	}
	if p.CanonicalUser != nil {
		members = append(members, [2]string{"CanonicalUser", s.list(p.CanonicalUser)})
	}
	return s.object(members...)
}

// What cannot be written is an error, not a document that cannot be read.
func TestMarshalRefusesAKeyTwice(t *testing.T) {
	t.Parallel()
	c := iam.ConditionElement{Operator: "Bool", Key: "k", Values: []string{"true"}}
	doc := &iam.Document{Statements: []iam.Statement{{Effect: iam.Allow, Action: []string{"*"}, Conditions: []iam.ConditionElement{c, c}}}}
	if _, err := doc.MarshalJSON(); err == nil {
		t.Error("written")
	}
}

// Hostile input is refused at once and in little memory, however deep, long or
// repetitive it is. Not parallel: it counts what is allocated.
func TestHostileInput(t *testing.T) {
	const limit = iam.MaxDocumentSize
	statement := func(inner string) string {
		return `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*",` + inner
	}
	for _, row := range []struct {
		name, src string
		times     uint64 // of the input's size may be allocated
		taken     bool
	}{
		{"100 MB of spaces", strings.Repeat(" ", 100<<20), 0, false},
		{"100 MB of brackets", strings.Repeat("[", 100<<20), 0, false},
		{"10,000 lists deep", `{"Statement":` + strings.Repeat("[", 10000), 1, false},
		{"10,000 statements deep", strings.Repeat(`{"Statement":`, 10000), 1, false},
		{"10,000 objects deep in a condition", statement(`"Condition":{"Bool":{"k":` + strings.Repeat(`{"a":`, 10000)), 1, false},
		{"10,000 lists deep in a principal", statement(`"Principal":{"AWS":` + strings.Repeat("[", 10000)), 1, false},
		{"nothing but brackets", strings.Repeat("[", limit), 1, false},
		{"a string without an end", `{"Id":"` + strings.Repeat("a", limit-20), 1, false},
		{"escapes without an end", `{"Id":"` + strings.Repeat(`\u0061`, limit/6-20), 2, false},
		{"a key of 4 MB", `{"` + strings.Repeat("k", limit-20) + `":1}`, 4, false},
		{"an operator of 4 MB", statement(`"Condition":{"` + strings.Repeat("k", limit-200) + `":1}}}`), 4, false},
		{"an effect of 4 MB", `{"Statement":{"Effect":"` + strings.Repeat("\\\\", limit/2-50) + `"}}`, 4, false},
		{"a million empty actions", `{"Statement":{"Effect":"Allow","Action":[` + strings.Repeat(`"",`, limit/3-40) + `""]}}`, 100, true},
		{"as many keys as there is room for", statement(`"Condition":{"Bool":{` + keys(200000) + `}}}}`), 128, true},
		{"as many statements as there is room for", `{"Statement":[` + strings.Repeat(`{"Effect":"Deny","Action":"*"},`, 100000) + `{"Effect":"Deny","Action":"*"}]}`, 100, true},
	} {
		src := []byte(row.src)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		doc, err := iam.Parse(src)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		allocated := after.TotalAlloc - before.TotalAlloc
		if allocated > row.times*uint64(len(src))+1<<20 {
			t.Errorf("%s: %d bytes allocated for %d", row.name, allocated, len(src))
		}
		if took > 20*time.Second {
			t.Errorf("%s: took %v", row.name, took)
		}
		if row.taken != (err == nil) {
			t.Errorf("%s: %v", row.name, err)
		}
		if err != nil && len(err.Error()) > 4096 {
			t.Errorf("%s: a message of %d bytes", row.name, len(err.Error()))
		}
		t.Logf("%-42s %8d KB allocated, %v", row.name, allocated>>10, took.Round(time.Microsecond))
		runtime.KeepAlive(doc)
	}
}

// keys writes n different keys.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%d":""`, i)
	}
	return b.String()
}
