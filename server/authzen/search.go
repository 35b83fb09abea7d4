package authzen

import (
	"math"
	"net/http"
	"sort"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/internal/jsonread"
)

// The length of a page, when the request does not say and at most.
const (
	pageDefault = 100
	pageMost    = 1000
)

// search is the body of a search. limit is 0 when it is not given.
type search struct {
	four
	token string
	limit int
}

func decodeSearch(body []byte) (*search, error) {
	s := &search{}
	err := decodeFour(body, &s.four, func(r *jsonread.Reader, name []byte) error {
		if string(name) == "page" && r.Next() != jsonread.Null {
			return s.page(r)
		}
		return r.Skip()
	})
	return s, err
}

func (s *search) page(r *jsonread.Reader) error {
	if kind := r.Next(); kind != jsonread.Object && kind != jsonread.None {
		return writ.Errorf(writ.CodeInvalid, "page must be an object, not %s", kind)
	}
	return r.Fields(func(name []byte) (err error) {
		switch {
		case string(name) == "token" && r.Next() != jsonread.Null:
			s.token, _, err = s.text(r, "page", "token")
		case string(name) == "limit" && r.Next() != jsonread.Null:
			var v any
			v, err = r.Value()
			n, ok := v.(float64)
			if err == nil && (!ok || n < 1 || n != math.Trunc(n) || n > math.MaxInt32) {
				s.wrong(writ.Errorf(writ.CodeInvalid, "page.limit must be a whole number from 1"))
			} else {
				s.limit = min(int(n), pageMost)
			}
		default:
			err = r.Skip()
		}
		return err
	})
}

// found is the wire form of what a search found.
type found struct {
	Results []any     `json:"results"`
	Page    foundPage `json:"page"`
	// Context says of a subject search that everyone of the type may do it, those too that nothing is stored about.
	Context map[string]any `json:"context,omitempty"`
}

type foundPage struct {
	NextToken string `json:"next_token"`
	Count     int    `json:"count"`
}

type foundEntity struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type foundAction struct {
	Name string `json:"name"`
}

// lister looks for one page of results.
type lister func(*authz.Snapshot, *authz.List) (authz.Page, error)

func (h *handler) searchSubject(w http.ResponseWriter, r *http.Request, body []byte) error {
	return h.search(w, r, body, "subject", needAll&^needSubjectID, (*authz.Snapshot).Subjects)
}

func (h *handler) searchResource(w http.ResponseWriter, r *http.Request, body []byte) error {
	return h.search(w, r, body, "resource", needAll&^needResourceID, (*authz.Snapshot).Resources)
}

func (h *handler) searchAction(w http.ResponseWriter, r *http.Request, body []byte) error {
	return h.search(w, r, body, "action", needAll&^needAction, actions)
}

// actions pages through the actions, which the engine gives whole: they are those of one type.
func actions(s *authz.Snapshot, l *authz.List) (authz.Page, error) {
	all, err := s.Actions(&l.Query)
	if err != nil {
		return authz.Page{}, err
	}
	from := 0
	if l.After != "" {
		from = sort.Search(len(all), func(i int) bool { return all[i] > l.After })
	}
	all = all[from:]
	if len(all) > l.Limit {
		return authz.Page{IDs: all[:l.Limit], Next: all[l.Limit-1]}, nil
	}
	return authz.Page{IDs: all}, nil
}

func (h *handler) search(w http.ResponseWriter, r *http.Request, body []byte, kind string, need int, list lister) error {
	s, err := decodeSearch(body)
	if err != nil {
		return err
	}
	if err := s.lacks(need); err != nil {
		return err
	}
	caller := server.CallerOf(r.Context())
	l := authz.List{Limit: s.limit, Stop: r.Context().Err}
	switch kind {
	case "subject":
		s.subject.id, l.Type = "", s.subject.kind
	case "resource":
		s.resource.id, l.Type = "", s.resource.kind
	case "action":
		s.action = entity{}
	}
	l.Request = s.request()
	seal := newSeal(caller, kind, &l.Request)
	var from place
	if s.token != "" {
		if from, err = seal.open(s.token); err != nil {
			return err
		}
		l.After = from.after
		if l.Limit == 0 {
			l.Limit = from.limit
		}
	}
	if l.Limit == 0 {
		l.Limit = pageDefault
	}
	view, err := h.viewFrom(w, r, caller, from.revision)
	if err != nil {
		return err
	}
	l.Now = view.Now
	page, err := list(view.Snapshot, &l)
	if err != nil {
		return unanswered(err)
	}
	answer := found{Results: results(kind, l.Type, page.IDs)}
	answer.Page.Count = len(page.IDs)
	if page.Next != "" {
		answer.Page.NextToken = seal.close(place{page.Next, l.Limit, view.Head.Seq})
	}
	if page.Everyone {
		answer.Context = map[string]any{"everyone": true}
	}
	return write(w, answer)
}

// viewFrom gives the view of a page: never one from before the page that came before it.
func (h *handler) viewFrom(w http.ResponseWriter, r *http.Request, caller *server.Caller, revision uint64) (server.View, error) {
	if revision > 0 && r.Header.Get(server.AsOfHeader) == "" {
		if _, err := caller.At(r.Context(), revision); err != nil {
			return server.View{}, err
		}
	}
	return caller.View(w, r)
}

func results(kind, of string, ids []string) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		if kind == "action" {
			list[i] = foundAction{id}
		} else {
			list[i] = foundEntity{of, id}
		}
	}
	return list
}
