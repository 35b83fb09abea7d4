package wire

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// maxPage is the longest page that may be asked for.
const maxPage = 100

// shape is how a list is answered. SDKs disagree on it, each with its own generated decoder.
type Shape int

const (
	Array   Shape = iota // a bare array
	Paged                // {"data", "total_count", "page_count"}
	Flagged              // an array, or paged when include_total_count is true
	ByAgent              // paged for Go's SDK, which cannot decode an array; an array for the others
)

// goAgent is what Go's SDK calls itself.
const goAgent = "OpenAPI-Generator/1.0.0/go"

// list collects the rows of one page and counts all.
type List struct {
	page, size, total int
	rows              []any
}

func (c *Call) List() (*List, error) {
	if err := c.checkFilters(); err != nil {
		return nil, err
	}
	page, err := c.number("page", 1, 1<<40)
	if err != nil {
		return nil, err
	}
	size, err := c.number("per_page", 30, maxPage)
	return &List{page: page, size: size, rows: []any{}}, err
}

// The bounds of what each row of a list is compared with.
const (
	maxFilters = 100
	maxFilter  = 2048 // bytes
	maxSearch  = 256
)

func (c *Call) checkFilters() error {
	n := 0
	for name, values := range c.Query() {
		n += len(values)
		for _, value := range values {
			most := maxFilter
			if name == "search" {
				most = maxSearch
			}
			if len(value) > most {
				return writ.Errorf(writ.CodeTooLarge, "%.64q is compared with %d bytes; %d are allowed", name, len(value), most)
			}
		}
	}
	if n > maxFilters {
		return writ.Errorf(writ.CodeTooLarge, "the list has %d filters; %d are allowed", n, maxFilters)
	}
	return nil
}

func (c *Call) number(name string, missing, most int) (int, error) {
	text := c.Query().Get(name)
	if text == "" {
		return missing, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, writ.Errorf(writ.CodeInvalid, "%s is %q; it may be 1 to %d", name, text, most)
	}
	return n, nil
}

// add counts a row, and makes it when it is on the page.
func (l *List) Add(row func() map[string]any) {
	// page is at most 1<<40 and size 100: no overflow.
	if l.total >= (l.page-1)*l.size && l.total < l.page*l.size {
		l.rows = append(l.rows, row())
	}
	l.total++
}

func (c *Call) SendList(l *List, s Shape) error {
	if err := c.R.Context().Err(); err != nil { // rows are missing
		return writ.Errorf(writ.CodeCancelled, "the list took too long: %w", err)
	}
	if c.bare(s) {
		return c.Send(http.StatusOK, l.rows)
	}
	return c.Send(http.StatusOK, map[string]any{
		"data": l.rows, "total_count": l.total, "page_count": (l.total + l.size - 1) / l.size,
	})
}

// Filtered reports whether a list is asked for in part, by anything but its page. names are the filters that it has.
func (c *Call) Filtered(names ...string) bool {
	for name, values := range c.Query() {
		known := name == "search" || strings.HasPrefix(name, "attr_") || slices.Contains(names, name)
		if known && (len(values) > 1 || values[0] != "") {
			return true
		}
	}
	return false
}

// Records answers a list of the stored records of a type: a page of all, or of those that keep lets through.
func (c *Call) Records(l *List, kind string, keep func(*authz.RecordView) bool, row func(authz.Record) map[string]any) {
	if keep == nil {
		before := max(0, (l.page-1)*l.size-l.total)
		page, total := c.State.Snapshot.RecordPage(kind, before, min(l.size, max(0, l.page*l.size-l.total)))
		for _, r := range page {
			l.rows = append(l.rows, row(r))
		}
		l.total += total
		return
	}
	c.State.Snapshot.Look(kind, func(v *authz.RecordView) bool {
		if keep(v) {
			l.Add(func() map[string]any { return row(v.Record()) })
		}
		return true
	})
}

// deepPage is how many tuples a page may have before it without taking turns with other such pages: each needs some
// bytes for all of them.
const deepPage = 1 << 16

// Tuples answers a list of the stored tuples that keep lets through; what keep is given lacks Params and Created. s is
// what SendList will be told.
func (c *Call) Tuples(l *List, s Shape, filter authz.TupleFilter, keep func(authz.Tuple) bool, row func(authz.Tuple) map[string]any) error {
	list := authz.TupleList{
		TupleFilter: filter, Keep: keep, From: (l.page - 1) * l.size, Limit: l.size,
		Count: !c.bare(s), Stop: c.R.Context().Err,
	}
	if list.From > deepPage {
		leave, err := c.ids.deep.take(c.R.Context())
		if err != nil {
			return err
		}
		defer leave()
	}
	page, err := c.State.Snapshot.TuplePage(&list)
	if err != nil {
		return err
	}
	for _, t := range page.Tuples {
		l.rows = append(l.rows, row(t))
	}
	l.total = page.Total
	return nil
}

// turn lets one at a time through. Its zero value is ready.
type turn struct {
	once sync.Once
	held chan struct{}
}

func (t *turn) take(ctx context.Context) (leave func(), err error) {
	t.once.Do(func() { t.held = make(chan struct{}, 1) })
	select {
	case t.held <- struct{}{}:
		return func() { <-t.held }, nil
	case <-ctx.Done():
		return nil, writ.Errorf(writ.CodeCancelled, "the list took too long: %w", ctx.Err())
	}
}

// bare reports whether a list is answered by its rows alone.
func (c *Call) bare(s Shape) bool {
	return s == Array ||
		s == Flagged && c.Query().Get("include_total_count") != "true" ||
		s == ByAgent && c.R.UserAgent() != goAgent
}

// matches is a list's filter: `search` in any of the texts, and every `attr_NAME=VALUE`.
// A search is a part of the text or, with a star, a pattern for all of it.
func (c *Call) Matches(attribute func(string) (any, bool), texts ...string) bool {
	if c.R.Context().Err() != nil { // SendList says so
		return false
	}
	query := c.Query()
	if search := query.Get("search"); search != "" {
		found := false
		for _, text := range texts {
			found = found || searched(search, text)
		}
		if !found {
			return false
		}
	}
	for name, values := range query {
		of, ok := strings.CutPrefix(name, "attr_")
		if !ok {
			continue
		}
		value, has := attribute(of)
		if !has || fmt.Sprint(value) != values[0] {
			return false
		}
	}
	return true
}

func searched(search, text string) bool {
	search, text = strings.ToLower(search), strings.ToLower(text)
	if !strings.Contains(search, "*") {
		return strings.Contains(text, search)
	}
	// path.Match knows more signs than the star, and stops at slashes.
	quoted := strings.NewReplacer(`\`, `\\`, "?", `\?`, "[", `\[`, "/", "\x00").Replace(search)
	ok, err := path.Match(quoted, strings.ReplaceAll(text, "/", "\x00"))
	return ok && err == nil
}

// asked reports whether a repeated query parameter is absent, or one of its values is wanted.
func (c *Call) Asked(name string, is func(string) bool) bool {
	if c.R.Context().Err() != nil { // SendList says so
		return false
	}
	values := c.Query()[name]
	if len(values) == 0 || len(values) == 1 && values[0] == "" {
		return true
	}
	for _, value := range values {
		if is(value) {
			return true
		}
	}
	return false
}

// Of finds values of a map, for [Call.Matches].
func Of(values map[string]any) func(string) (any, bool) {
	return func(name string) (any, bool) {
		value, ok := values[name]
		return value, ok
	}
}
