package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

// Tuple says that Subject has Relation on Object. A role in the tenant acme is a relation on `__tenant:acme`.
type Tuple struct {
	// Object is written type:id.
	Object   string `json:"object"`
	Relation string `json:"relation"`
	// Subject is written type:id, type:* or type:id#relation.
	Subject string `json:"subject"`
	// Condition names a condition of the model, with values that are fixed here.
	Condition string         `json:"condition,omitempty"`
	Params    map[string]any `json:"params,omitempty"`
	// Expires is the first moment at which the tuple counts no more; zero: never.
	Expires time.Time `json:"expires,omitzero"`
	// Created is the server's own, to the second.
	Created time.Time `json:"created,omitzero"`
}

// TupleFilter says which tuples are asked for; empty fields match all.
type TupleFilter struct {
	Object, Relation, Subject string
}

// TuplesFound is a part of a list, in the order of the tuples' text. Next is the Token of the next page, empty on the last.
type TuplesFound struct {
	Tuples []Tuple
	Next   string
	// Revision is of which state it is.
	Revision string
}

// TuplesWritten is what a write did. Replaced tuples had another condition or end.
type TuplesWritten struct {
	// Revision is for [Client.At].
	Revision                            string
	Added, Replaced, Unchanged, Removed int
}

// Tuples lists stored tuples, 1,000 a page at most.
func (c *Client) Tuples(ctx context.Context, f TupleFilter, p Page) (TuplesFound, error) {
	query := url.Values{}
	for name, value := range map[string]string{"object": f.Object, "relation": f.Relation, "subject": f.Subject, "after": p.Token} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if p.Limit > 0 {
		query.Set("limit", strconv.Itoa(p.Limit))
	}
	var found TuplesFound
	text, err := c.retry(ctx, http.MethodGet, c.native()+"/v1/tuples?"+query.Encode(), nil)
	if err != nil {
		return found, err
	}
	return found, read(text, &found)
}

// WriteTuples adds and removes tuples: all of them or, when it gives an error, none. Tuples are removed first;
// one that is not stored is a CodeNotFound error. The key needs the role write. It is sent once: after a
// CodeExternal error the write may have happened.
func (c *Client) WriteTuples(ctx context.Context, add, remove []Tuple) (TuplesWritten, error) {
	var done TuplesWritten
	body, err := json.Marshal(map[string][]Tuple{"add": add, "remove": remove})
	if err != nil {
		return done, writ.Errorf(writ.CodeInvalid, "the tuples cannot be written as JSON: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	r, err := c.send(ctx, http.MethodPost, c.native()+"/v1/tuples", body)
	switch {
	case err != nil && ctx.Err() != nil:
		return done, ended(ctx, err)
	case err != nil:
		return done, err
	case r.status != http.StatusOK:
		return done, failed(r.status, string(r.text))
	}
	return done, read(r.text, &done)
}

// native is where Writ's own API stands: at the root, since the key says which environment is meant.
func (c *Client) native() string {
	root, _, _ := strings.Cut(c.base, "/environments/")
	return root
}

func read(text []byte, v any) error {
	if err := json.Unmarshal(text, v); err != nil {
		return writ.Errorf(writ.CodeExternal, "the server's answer cannot be read: %w", err)
	}
	return nil
}
