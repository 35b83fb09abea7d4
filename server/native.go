package server

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// The paths of Writ's own API.
const (
	PathCheck  = "/v1/check"
	PathKeys   = "/v1/keys"
	PathTuples = "/v1/tuples"
	PathModel  = "/v1/model"
)

// Question is the body of [PathCheck]: a request whose IDs may be left out, to ask about a type.
type Question struct {
	writ.Request
	// Explain asks for the tree of the answer.
	Explain bool `json:"explain,omitempty"`
}

// Answered is what [PathCheck] answers.
type Answered struct {
	writ.Decision
	Tree *authz.Node `json:"tree,omitempty"`
}

// KeyInfo is what may be told of a key. Token is there once, when the key was made.
type KeyInfo struct {
	ID      string    `json:"id"`
	Name    string    `json:"name,omitempty"`
	Role    Role      `json:"role"`
	Created time.Time `json:"created,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
	Token   string    `json:"token,omitempty"`
}

// InfoOf is what may be told of a key.
func InfoOf(k authz.Key) KeyInfo {
	return KeyInfo{ID: k.ID, Name: k.Name, Role: Role(k.Role), Created: k.Created, Expires: k.Expires}
}

// Native is Writ's own API: decisions with their trees, tuples, what the model is, and keys; below
// [PathEnvironments] too.
func Native() Protocol {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				Fail(w, r, err)
			}
		})
	}
	handle("POST "+PathCheck, checkNative)
	handle("GET "+PathTuples, listTuples)
	handle("POST "+PathTuples, writeTuples)
	handle("GET "+PathModel, showModel)
	handle("GET "+PathKeys, listKeys)
	handle("POST "+PathKeys, createKey)
	handle("DELETE "+PathKeys+"/{id}", deleteKey)
	for _, path := range []string{PathCheck, PathTuples, PathModel, PathKeys, PathKeys + "/{id}"} {
		handle(path, func(_ http.ResponseWriter, r *http.Request) error { return methodNotAllowed(r) })
	}
	handle("/", func(_ http.ResponseWriter, r *http.Request) error {
		return writ.Errorf(writ.CodeNotFound, "there is nothing at %s", clip(r.URL.Path))
	})
	return Protocol{
		Name: "writ", Handler: withinEnvironments(mux), Prefixes: []string{PathCheck, PathTuples, PathModel, PathKeys, PathKeys + "/", PathEnvironments},
		Needs: func(r *http.Request) Role {
			switch path := innerPath(r); {
			case strings.HasPrefix(path, PathKeys):
				return Admin
			case path == PathCheck:
				return Ask
			case path == PathTuples && r.Method != http.MethodGet && r.Method != http.MethodHead:
				return Write
			}
			return Read
		},
		Bulk: func(r *http.Request) bool { return innerPath(r) == PathTuples },
	}
}

func checkNative(w http.ResponseWriter, r *http.Request) error {
	var q Question
	if err := Decode(r, &q); err != nil {
		return err
	}
	if q.Subject.Type == "" || q.Action.Name == "" || q.Resource.Type == "" {
		return writ.Errorf(writ.CodeInvalid, "subject.type, action.name and resource.type are needed")
	}
	caller := CallerOf(r.Context())
	if q.Explain && !caller.May(Read) {
		return writ.Errorf(writ.CodeDenied, "the API key %s has the role %s; a tree shows facts and needs %s", caller.Key.ID, caller.Key.Role, Read)
	}
	view, err := caller.View(w, r)
	if err != nil {
		return err
	}
	query := authz.Query{Request: q.Request, Now: view.Now}
	a := Answer{Query: &query, Start: caller.Now()}
	a.Decision, a.Err = view.Snapshot.Check(&query)
	a.Decision.Revision = w.Header().Get(RevisionHeader)
	Observe(r.Context(), &a)
	if a.Err != nil {
		return a.Err
	}
	answer := Answered{Decision: a.Decision}
	if q.Explain {
		if answer.Tree, err = view.Snapshot.Explain(&query); err != nil {
			return err
		}
	}
	WriteJSON(w, http.StatusOK, answer)
	return nil
}

func listKeys(w http.ResponseWriter, r *http.Request) error {
	keys := []KeyInfo{}
	for _, k := range CallerOf(r.Context()).Environment.State().Keys {
		keys = append(keys, InfoOf(k))
	}
	WriteJSON(w, http.StatusOK, map[string]any{"keys": keys})
	return nil
}

func createKey(w http.ResponseWriter, r *http.Request) error {
	var asked struct {
		KeyInfo
		Expires *time.Time `json:"expires"`
	}
	if err := Decode(r, &asked); err != nil {
		return err
	}
	caller := CallerOf(r.Context())
	expires, err := authz.ReadExpiry(asked.Expires)
	if err != nil {
		return err
	}
	token, key, err := NewKey(caller.Env, asked.Name, asked.Role, caller.Now(), expires)
	if err != nil {
		return err
	}
	if err := AddKey(r.Context(), caller.Environment, caller.Actor(), key); err != nil {
		return err
	}
	info := InfoOf(key)
	info.Token = token
	sayRevision(w, caller)
	w.Header().Set("Cache-Control", "no-store")
	WriteJSON(w, http.StatusCreated, info)
	return nil
}

func deleteKey(w http.ResponseWriter, r *http.Request) error {
	caller := CallerOf(r.Context())
	if err := RevokeKey(r.Context(), caller.Environment, caller.Actor(), r.PathValue("id")); err != nil {
		return err
	}
	sayRevision(w, caller)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// sayRevision says after a write which revision has it: another node that is asked at this one has it too.
func sayRevision(w http.ResponseWriter, c *Caller) {
	w.Header().Set(RevisionHeader, strconv.FormatUint(c.Environment.State().Head.Seq, 10))
}
