package manage

import (
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
)

// maxPage is the longest page that may be asked for.
const maxPage = 100

// shape is how a list is answered. SDKs disagree on it, each with its own generated decoder.
type shape int

const (
	array   shape = iota // a bare array
	paged                // {"data", "total_count", "page_count"}
	flagged              // an array, or paged when include_total_count is true
	byAgent              // paged for Go's SDK, which cannot decode an array; an array for the others
)

// goAgent is what Go's SDK calls itself.
const goAgent = "OpenAPI-Generator/1.0.0/go"

// list collects the rows of one page and counts all.
type list struct {
	page, size, total int
	rows              []any
}

func (c *call) list() (*list, error) {
	page, err := c.number("page", 1, 1<<40)
	if err != nil {
		return nil, err
	}
	size, err := c.number("per_page", 30, maxPage)
	return &list{page: page, size: size, rows: []any{}}, err
}

func (c *call) number(name string, missing, most int) (int, error) {
	text := c.r.URL.Query().Get(name)
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
func (l *list) add(row func() map[string]any) {
	// page is at most 1<<40 and size 100: no overflow.
	if l.total >= (l.page-1)*l.size && l.total < l.page*l.size {
		l.rows = append(l.rows, row())
	}
	l.total++
}

func (c *call) sendList(l *list, s shape) error {
	switch {
	case s == array,
		s == flagged && c.r.URL.Query().Get("include_total_count") != "true",
		s == byAgent && c.r.UserAgent() != goAgent:
		return c.send(http.StatusOK, l.rows)
	}
	return c.send(http.StatusOK, map[string]any{
		"data": l.rows, "total_count": l.total, "page_count": (l.total + l.size - 1) / l.size,
	})
}

// matches is a list's filter: `search` in any of the texts, and every `attr_NAME=VALUE`.
// A search is a part of the text or, with a star, a pattern for all of it.
func (c *call) matches(attributes map[string]any, texts ...string) bool {
	query := c.r.URL.Query()
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
		attribute, ok := strings.CutPrefix(name, "attr_")
		if !ok {
			continue
		}
		value, has := attributes[attribute]
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
func (c *call) asked(name string, is func(string) bool) bool {
	values := c.r.URL.Query()[name]
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
