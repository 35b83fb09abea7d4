package server_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/server"
)

// tupleStand is a server with a folder and an editor, and a key that may write.
func tupleStand(t *testing.T) (s *stand, token string) {
	t.Helper()
	s = newStand(t, server.Config{}).open()
	token, _ = s.key(server.Write, 0)
	return s, token
}

func (s *stand) tuples(token, query string) (page server.TuplePage) {
	s.t.Helper()
	_, text := s.ask("GET", server.PathTuples+"?"+query, token, "", 200)
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		s.t.Fatal(err)
	}
	return page
}

// TestTuplesWhole writes several tuples, and of a write with one that is wrong nothing.
func TestTuplesWhole(t *testing.T) {
	t.Parallel()
	s, token := tupleStand(t)
	bob := `{"object":"__tenant:default","relation":"viewer","subject":"user:bob"}`
	answer, text := s.ask("POST", server.PathTuples, token, `{"add":[`+bob+`,{"object":"__tenant:default","relation":"viewer","subject":"user:o'neil x"}]}`, 200)
	var done server.TuplesWritten
	if err := json.Unmarshal([]byte(text), &done); err != nil || done.Added != 2 || done.Revision != answer.Header.Get(server.RevisionHeader) {
		t.Fatalf("%v: %s, revision %s", err, text, answer.Header.Get(server.RevisionHeader))
	}
	_, text = s.ask("POST", server.PathCheck, token, question("bob", "read"), 200)
	if !strings.Contains(text, `"allowed":true`) {
		t.Errorf("the tuple does not count: %s", text)
	}
	s.ask("POST", server.PathTuples, token, `{"add":[`+bob+`]}`, 200)
	if page := s.tuples(token, ""); len(page.Tuples) != 3 || page.Revision != done.Revision {
		t.Errorf("what changes nothing is an entry of the history: %+v, was %s", page, done.Revision)
	}
	end := strings.TrimSuffix(bob, "}") + `,"expires":"2026-05-04T13:00:00Z"}`
	if _, text = s.ask("POST", server.PathTuples, token, `{"add":[`+end+`]}`, 200); !strings.Contains(text, `"replaced":1`) {
		t.Errorf("another end: %s", text)
	}
	before := s.tuples(token, "")
	for _, one := range []struct {
		body  string
		want  int
		shows string
	}{
		{`{"add":[{"object":"__tenant:default","relation":"viewer","subject":"user:eve"},{"object":"__tenant:default","relation":"viwer","subject":"user:eve"}]}`, 400, `no role`},
		{`{"add":[{"object":"user:eve","relation":"viewer","subject":"__tenant:default"}]}`, 400, `"hint":"it is the wrong way round: write __tenant:default#viewer@user:eve"`},
		{`{"remove":[` + bob + `,{"object":"__tenant:default","relation":"viewer","subject":"user:nobody"}]}`, 404, "__tenant:default#viewer@user:nobody is not stored: nothing was written"},
		{`{"remove":[` + bob + `,` + bob + `]}`, 404, "not stored"},
		{`{"add":[{"object":"nothing","relation":"viewer","subject":"user:eve"}]}`, 400, "add[0]"},
		{`{"add":[{"object":"__tenant:default","relation":"viewer","user":"user:eve"}]}`, 400, `a field \"user\"`},
		{`{"ad":[]}`, 400, "not known"},
		{`{}`, 400, "nothing to write"},
		{`{"add":[` + strings.Repeat(bob+",", server.MostTuples) + bob + `]}`, 413, "too many"},
	} {
		if _, text := s.ask("POST", server.PathTuples, token, one.body, one.want); !strings.Contains(text, one.shows) {
			t.Errorf("%.200s: %s", one.body, text)
		}
	}
	if after := s.tuples(token, ""); after.Revision != before.Revision || len(after.Tuples) != len(before.Tuples) {
		t.Errorf("a refused write left something: %+v, was %+v", after, before)
	}
	s.ask("POST", server.PathTuples, token, `{"remove":[`+bob+`]}`, 200)
	if page := s.tuples(token, "subject=user:bob"); len(page.Tuples) != 0 {
		t.Errorf("still there: %+v", page)
	}
	read, _ := s.key(server.Read, 0)
	s.ask("POST", server.PathTuples, read, `{"add":[`+bob+`]}`, 403)
	s.ask("GET", server.PathTuples, read, "", 200)
	s.ask("GET", server.PathTuples, "", "", 401)
	s.ask("DELETE", server.PathTuples, token, "", 405)
}

// TestTuplePages goes through a list in pages of every length and finds each tuple once.
func TestTuplePages(t *testing.T) {
	t.Parallel()
	s, token := tupleStand(t)
	var list []string
	for i := range 23 {
		list = append(list, fmt.Sprintf(`{"object":"__tenant:t%d","relation":"viewer","subject":"user:u %d"}`, i%7, i))
	}
	s.ask("POST", server.PathTuples, token, `{"add":[`+strings.Join(list, ",")+`]}`, 200)
	for _, filter := range []string{"", "relation=viewer", "object=__tenant:t3", "subject=" + url.QueryEscape("user:u 5")} {
		whole := s.tuples(token, filter)
		if len(whole.Tuples) == 0 || whole.Next != "" {
			t.Fatalf("%s: %d tuples, next %q", filter, len(whole.Tuples), whole.Next)
		}
		for limit := 1; limit <= len(whole.Tuples)+1; limit++ {
			var found []server.Tuple
			for after := ""; ; {
				page := s.tuples(token, fmt.Sprintf("%s&limit=%d&after=%s", filter, limit, url.QueryEscape(after)))
				if found = append(found, page.Tuples...); page.Next == "" {
					break
				}
				after = page.Next
			}
			if fmt.Sprint(found) != fmt.Sprint(whole.Tuples) {
				t.Errorf("%s in pages of %d: %v, want %v", filter, limit, found, whole.Tuples)
			}
		}
	}
	for _, query := range []string{"objekt=x", "object=x", "object=documnet:x", "relation=viewer&relation=editor", "limit=0", "limit=1001", "subject=usr:x", "object=__tenant:x&relation=viwer"} {
		s.ask("GET", server.PathTuples+"?"+query, token, "", 400)
	}
}

// TestModelIsTold: of the model its hash and its words.
func TestModelIsTold(t *testing.T) {
	t.Parallel()
	s, token := tupleStand(t)
	_, text := s.ask("GET", server.PathModel, token, "", 200)
	var info server.ModelInfo
	if err := json.Unmarshal([]byte(text), &info); err != nil || info.SHA256 != server.SourceHash(s.env.State().Source) || info.Environment != "default/default" {
		t.Fatalf("%v: %s", err, text)
	}
	if i := slices.IndexFunc(info.Types, func(n server.TypeNames) bool { return n.Name == "document" }); i < 0 || !slices.Equal(info.Types[i].Actions, []string{"read", "write"}) {
		t.Errorf("the words are %+v", info.Types)
	}
	s.ask("GET", server.PathModel, "", "", 401)
	s.ask("POST", server.PathModel, token, "", 405)
}
