package authzen

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server"
)

// place is where a page ends: after an ID, in pages of so many, at a revision.
type place struct {
	after    string
	limit    int
	revision uint64
}

// seal makes tokens of places that hold for one search of one caller. Its key comes from the stored
// hash of the caller's API key, which all nodes have and nobody outside knows.
type seal struct{ key, search [32]byte }

func newSeal(c *server.Caller, kind string, q *writ.Request) *seal {
	// Maps are written in the order of their names, so equal searches have equal texts.
	text, err := json.Marshal([]any{c.Project, c.Env, kind, q})
	if err != nil {
		text = nil // values that came from JSON can be written as JSON
	}
	return &seal{
		key:    sha256.Sum256(append([]byte("page token\x00"), c.Key.Hash...)),
		search: sha256.Sum256(text),
	}
}

const macBytes = 16

func (s *seal) mac(content []byte) []byte {
	m := hmac.New(sha256.New, s.key[:])
	m.Write(s.search[:])
	m.Write(content)
	return m.Sum(nil)[:macBytes]
}

// close makes the token of a place.
func (s *seal) close(p place) string {
	b := binary.AppendUvarint(nil, p.revision)
	b = binary.AppendUvarint(b, uint64(p.limit))
	b = append(b, p.after...)
	return base64.RawURLEncoding.EncodeToString(append(b, s.mac(b)...))
}

// open gives the place of a token. A token that was changed, or is of another search, is a CodeInvalid error.
func (s *seal) open(token string) (place, error) {
	bad := writ.Errorf(writ.CodeInvalid, "page.token is not one that this search has given: it may be changed, or another parameter is")
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < macBytes {
		return place{}, bad
	}
	content, mac := b[:len(b)-macBytes], b[len(b)-macBytes:]
	if !hmac.Equal(mac, s.mac(content)) {
		return place{}, bad
	}
	revision, n := binary.Uvarint(content)
	if n <= 0 {
		return place{}, bad
	}
	limit, m := binary.Uvarint(content[n:])
	if m <= 0 || limit == 0 || limit > pageMost {
		return place{}, bad
	}
	return place{string(content[n+m:]), int(limit), revision}, nil
}
