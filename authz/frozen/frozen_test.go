package frozen_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/authz/openfga"
	"github.com/writ-dev/writ/authz/schema"
)

func parse(s authz.Source) (environment.Document, error) {
	if s.Format == "openfga" {
		return openfga.ParseStored(s.Text)
	}
	return schema.Parse([]byte(s.Text))
}

// The models that the tests freeze: one of each format.
var sources = []authz.Source{
	{Format: "policy", Text: `{
		"roles": [{"key": "admin", "permissions": ["document:read", "document:update"]}],
		"user_attributes": [{"key": "level", "type": "number"}, {"key": "tags", "type": "array"}, {"key": "more", "type": "json"}],
		"resources": [
			{"key": "folder", "actions": [{"key": "read"}], "roles": [{"key": "reader", "permissions": ["read"]}]},
			{"key": "document", "actions": [{"key": "read"}, {"key": "update"}], "relations": [{"key": "parent", "subject_resource": "folder"}],
				"roles": [{"key": "reader", "permissions": ["read"], "granted_to": [{"role": "reader", "on_resource": "folder", "linked_by_relation": "parent"}]}]}
		]
	}`},
	{Format: "openfga", Text: `model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member, user:*]
type document
  relations
    define owner: [user]
    define viewer: [user, user with late, group#member] or owner
condition late(hour: int, least: int) {
  hour >= least
}
`},
}

// world draws facts of a model, and the questions that can be asked of them.
func world(t *rapid.T, format string) (facts []authz.Change, questions []authz.Query) {
	id := rapid.OneOf(rapid.StringMatching(`[a-e]`), rapid.StringMatching(`[a-z@.:éß-]{1,40}`))
	entity := func(kind string) authz.Entity { return authz.Entity{Type: kind, ID: id.Draw(t, kind)} }
	moment := func(label string) time.Time {
		return time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(t, label)).UTC()
	}
	tuple := func(object authz.Entity, relation string, subject authz.Holder) {
		one := authz.Tuple{Object: object, Relation: relation, Subject: subject}
		if rapid.Bool().Draw(t, "dated") {
			one.Created = moment("created").Truncate(time.Second)
		}
		if rapid.IntRange(0, 3).Draw(t, "ends") == 0 {
			one.Expires = moment("expires")
		}
		if format == "openfga" && relation == "viewer" && subject.Type == "user" && rapid.Bool().Draw(t, "conditional") {
			one.Condition, one.Params = "late", map[string]any{"least": float64(rapid.IntRange(0, 24).Draw(t, "least"))}
		}
		facts = append(facts, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &one}})
	}
	plain := func(e authz.Entity) authz.Holder { return authz.Holder{Entity: e} }
	for range rapid.IntRange(0, 30).Draw(t, "facts") {
		user := entity("user")
		switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); {
		case format == "policy" && kind == 0:
			tuple(authz.Entity{Type: authz.TenantType, ID: "default"}, "admin", plain(user))
		case format == "policy" && kind == 1:
			tuple(entity("document"), "parent", plain(entity("folder")))
		case format == "policy" && kind == 2:
			tuple(entity("folder"), "reader", plain(user))
		case format == "policy":
			facts = append(facts, authz.Change{Record: &authz.Step[authz.Record]{After: record(t, entity("user"), moment)}})
		case kind == 0:
			tuple(entity("document"), "viewer", authz.Holder{Entity: entity("group"), Relation: "member"})
		case kind == 1:
			tuple(entity("group"), "member", authz.Holder{Entity: authz.Entity{Type: "user", ID: authz.Everyone}})
		case kind == 2:
			tuple(entity("group"), "member", plain(user))
		default:
			tuple(entity("document"), []string{"viewer", "owner"}[kind%2], plain(user))
		}
	}
	for range 20 {
		user, on := entity("user"), entity("document")
		q := authz.Query{Now: moment("now")}
		q.Subject = writ.Subject{Type: user.Type, ID: user.ID}
		q.Resource = writ.Resource{Type: on.Type, ID: on.ID}
		q.Action.Name = rapid.SampledFrom([]string{"read", "update", "viewer", "owner"}).Draw(t, "action")
		q.Context = map[string]any{"hour": float64(rapid.IntRange(0, 24).Draw(t, "hour"))}
		questions = append(questions, q)
	}
	return facts, questions
}

func record(t *rapid.T, e authz.Entity, moment func(string) time.Time) *authz.Record {
	r := &authz.Record{Entity: e}
	if rapid.Bool().Draw(t, "of a tenant") {
		r.Tenant = "default"
	}
	if rapid.Bool().Draw(t, "dated") {
		r.Created, r.Updated = moment("created"), moment("updated")
	}
	if rapid.Bool().Draw(t, "has a profile") {
		r.Profile = map[string]string{"email": rapid.String().Draw(t, "email"), "name": ""}
	}
	if rapid.Bool().Draw(t, "has attributes") {
		r.Attributes = map[string]any{
			"level": rapid.Float64().Filter(func(f float64) bool { return f-f == 0 }).Draw(t, "level"),
			"tags":  []any{rapid.String().Draw(t, "tag"), float64(rapid.Int32().Draw(t, "number")), nil, true},
			"more":  map[string]any{"": map[string]any{}, "list": []any{[]any{}, false}, rapid.String().Draw(t, "name"): "x"},
		}
	}
	return r
}

func build(t rapid.TB, source authz.Source, facts []authz.Change) *authz.Snapshot {
	document, err := parse(source)
	if err != nil {
		t.Fatal(err)
	}
	m, err := document.Model()
	if err != nil {
		t.Fatal(err)
	}
	s, err := authz.New(m)
	if err != nil {
		t.Fatal(err)
	}
	edit := s.Edit()
	for i := range facts {
		if err := edit.Apply(&facts[i]); err != nil {
			t.Fatal(err)
		}
	}
	return edit.Done()
}

// stored gives all facts of a snapshot, in order.
func stored(s *authz.Snapshot) (tuples []authz.Tuple, records []authz.Record) {
	s.Tuples(authz.TupleFilter{}, func(t authz.Tuple) bool {
		tuples = append(tuples, t)
		return true
	})
	for _, kind := range s.Model().Types {
		s.Records(kind.Name, "", func(r authz.Record) bool {
			records = append(records, r)
			return true
		})
	}
	return tuples, records
}

// What is read back is what was written, answers as it does, and was written as the same bytes whatever
// the order in which the facts came.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	for _, source := range sources {
		t.Run(source.Format, func(t *testing.T) {
			t.Parallel()
			allowed, asked, facts := 0, 0, 0
			rapid.Check(t, func(t *rapid.T) {
				changes, questions := world(t, source.Format)
				// The same fact twice: the later one counts, so the order must stay among those.
				before := frozen.State{Source: source, Snapshot: build(t, source, changes), Revision: rapid.Uint64().Draw(t, "revision"), Time: time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(t, "time")).UTC()}
				file, err := frozen.Write(before)
				if err != nil {
					t.Fatal(err)
				}
				after, err := frozen.Read(file, parse)
				if err != nil {
					t.Fatal(err)
				}
				if after.Revision != before.Revision || !after.Time.Equal(before.Time) || after.Source != before.Source {
					t.Fatalf("head %d %s became %d %s", before.Revision, before.Time, after.Revision, after.Time)
				}
				tuples, records := stored(before.Snapshot)
				tuplesAfter, recordsAfter := stored(after.Snapshot)
				if diff := cmp.Diff(tuples, tuplesAfter) + cmp.Diff(records, recordsAfter); diff != "" {
					t.Fatal(diff)
				}
				facts += len(tuples) + len(records)
				var other []authz.Change
				for i := range tuples {
					other = append(other, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuples[i]}})
				}
				for i := range records {
					other = append(other, authz.Change{Record: &authz.Step[authz.Record]{After: &records[i]}})
				}
				rand.New(rand.NewPCG(1, 2)).Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
				shuffled := before
				shuffled.Snapshot = build(t, source, other)
				again, err := frozen.Write(shuffled)
				if err != nil || !bytes.Equal(again, file) {
					t.Fatalf("another order of facts gives other bytes (%v)", err)
				}
				for i := range questions {
					want, err := before.Snapshot.Check(&questions[i])
					got, err2 := after.Snapshot.Check(&questions[i])
					// Of several ways that lead to an answer the order of facts may choose the one that is told.
					if (err == nil) != (err2 == nil) || want.Allowed != got.Allowed {
						t.Fatalf("%v: %v %v, and then %v %v", questions[i].Request, want, err, got, err2)
					}
					asked++
					if want.Allowed {
						allowed++
					}
				}
			})
			if allowed == 0 || allowed == asked || facts == 0 {
				t.Errorf("%d of %d questions were allowed over %d facts: this compares too little", allowed, asked, facts)
			}
		})
	}
}

// Keys are not in a file: its type has no room for them.
func TestOf(t *testing.T) {
	t.Parallel()
	s := environment.State{Source: sources[0], Snapshot: build(t, sources[0], nil), Keys: []authz.Key{{ID: "secret-id", Hash: []byte("secret-hash")}}}
	file, err := frozen.Write(frozen.Of(&s))
	if err != nil || bytes.Contains(file, []byte("secret")) || len(frozen.Name(file)) != 64 {
		t.Errorf("%v: %q", err, file)
	}
}

// Each cut, and each byte changed, is read as another right file or refused; never is there a panic.
func TestDamaged(t *testing.T) {
	t.Parallel()
	good := example(t)
	if _, err := frozen.Read(good, parse); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		if _, err := frozen.Read(good[:i], parse); err == nil {
			t.Errorf("the first %d of %d bytes are read as a whole file", i, len(good))
		} else if !known(err) {
			t.Errorf("%d bytes: %v", i, err)
		}
		for _, bit := range []byte{1, 128} {
			bad := bytes.Clone(good)
			bad[i] ^= bit
			if _, err := frozen.Read(bad, parse); err != nil && !known(err) {
				t.Errorf("byte %d: %v", i, err)
			}
		}
	}
	if _, err := frozen.Read(append(bytes.Clone(good), 0), parse); err == nil {
		t.Error("a byte after the end is not seen")
	}
}

func known(err error) bool {
	var e *writ.Error
	return errors.As(err, &e) && (e.Code == writ.CodeInvalid || e.Code == writ.CodeTooLarge)
}

// example is a small file with something of everything.
func example(t testing.TB) []byte {
	t.Helper()
	var facts []authz.Change
	for i, text := range []string{
		"document:a#viewer@user:ann", "document:a#owner@user:bob", "group:eng#member@user:*",
		"document:b#viewer@group:eng#member", "group:eng#member@group:all#member",
	} {
		one, err := authz.ParseTuple(text)
		if err != nil {
			t.Fatal(err)
		}
		one.Created = time.Unix(int64(1700000000-i), 0).UTC()
		if i == 0 {
			one.Condition, one.Params = "late", map[string]any{"least": 8.0}
			one.Expires = time.Unix(1800000000, 0)
		}
		facts = append(facts, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &one}})
	}
	facts = append(facts, authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{
		Entity: authz.Entity{Type: "user", ID: "ann"}, Attributes: map[string]any{"n": 1.5, "l": []any{true, nil, map[string]any{"k": "v"}}},
		Profile: map[string]string{"email": "ann@example.com"}, Created: time.Unix(1700000000, 0),
	}}})
	file, err := frozen.Write(frozen.State{Source: sources[1], Snapshot: build(t, sources[1], facts), Revision: 7, Time: time.Unix(1700000001, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRefused(t *testing.T) {
	t.Parallel()
	// A tuple that the model does not allow, under a model that lacks its relation.
	file := example(t)
	narrow := bytes.Replace(file, []byte("define owner: [user]\n"), []byte("define ownee: [user]\n"), 1)
	narrow = bytes.Replace(narrow, []byte(" or owner\n"), []byte(" or ownee\n"), 1)
	for what, c := range map[string]struct {
		file []byte
		want string
	}{
		"no snapshot":     {[]byte("PK\x03\x04"), "this is no snapshot"},
		"another version": {bytes.Replace(file, []byte("frozen 1"), []byte("frozen 2"), 1), "another version"},
		"a strange fact":  {narrow, `type document has no relation "owner"`},
		"a long number":   {append([]byte("writ frozen 1\n"), 0x81, 0x00), "a number is broken"},
	} {
		_, err := frozen.Read(c.file, parse)
		if err == nil || !strings.Contains(err.Error(), c.want) || !known(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(example(f))
	f.Add([]byte("writ frozen 1\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := frozen.Read(file, parse)
		if err != nil {
			return
		}
		once, err := frozen.Write(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := frozen.Read(once, parse)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		twice, err := frozen.Write(again)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("written twice, it differs (%v)", err)
		}
	})
}

// BenchmarkRead is loading as a function does it: roles in folders for people with attributes.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			file := large(b, n)
			b.SetBytes(int64(len(file)))
			b.ReportMetric(float64(len(file))/float64(n), "bytes/fact")
			b.ResetTimer()
			for b.Loop() {
				if _, err := frozen.Read(file, parse); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func large(b *testing.B, n int) []byte {
	b.Helper()
	facts := make([]authz.Change, 0, n)
	for i := range n {
		user := authz.Entity{Type: "user", ID: fmt.Sprintf("u%07d", i/4)}
		folder := authz.Entity{Type: "folder", ID: fmt.Sprintf("f%06d", i/40)}
		one := authz.Tuple{Object: folder, Relation: "reader", Subject: authz.Holder{Entity: user}, Created: time.Unix(1700000000+int64(i), 0)}
		switch i % 4 {
		case 1:
			one.Object, one.Relation, one.Subject.Entity = authz.Entity{Type: "document", ID: fmt.Sprintf("d%07d", i)}, "parent", folder
		case 2:
			one.Object, one.Relation = authz.Entity{Type: authz.TenantType, ID: "default"}, "admin"
		case 3:
			facts = append(facts, authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{
				Entity: user, Attributes: map[string]any{"level": float64(i % 10), "tags": []any{"a", fmt.Sprint("d", i%50)}},
			}}})
			continue
		}
		facts = append(facts, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &one}})
	}
	file, err := frozen.Write(frozen.State{Source: sources[0], Snapshot: build(b, sources[0], facts)})
	if err != nil {
		b.Fatal(err)
	}
	return file
}
