package authorize

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// The bounds of a [Cache]: how many answers it keeps, and their bytes together.
const (
	maxKept  = 10_000
	maxBytes = 32 << 20
)

// Scope is what answers are kept for: an authorizer in a stage. Version is that
// of [Authorizer]; Flush does not look at it.
type Scope struct{ API, Stage, Authorizer, Version string }

// Key names a kept answer. It holds no token.
type Key struct {
	scope  Scope
	values [sha256.Size]byte
}

// NewKey makes the key of an identity: the values of all sources, and nothing
// else, so that an answer serves all routes whose sources give the same values.
func NewKey(scope Scope, values []string) Key {
	h := sha256.New()
	for _, v := range values {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(v)))
		h.Write(n[:])
		h.Write([]byte(v))
	}
	k := Key{scope: scope}
	h.Sum(k.values[:0])
	return k
}

// Cache keeps answers in memory. The one that was not used for the longest
// time goes first. The zero Cache is ready, and a nil one keeps nothing.
type Cache struct {
	mu    sync.Mutex
	kept  map[Key]*list.Element
	order list.List // of *kept, the latest in front
	size  int
	epoch uint64
}

type kept struct {
	key    Key
	answer *Answer
	until  time.Time
}

// Get gives the answer kept under a key at a time. The ticket is for [Cache.Put].
func (c *Cache) Get(key Key, now time.Time) (answer *Answer, ticket uint64) {
	if c == nil {
		return nil, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.kept[key]
	if e == nil {
		return nil, c.epoch
	}
	k := e.Value.(*kept)
	if !now.Before(k.until) {
		c.drop(e)
		return nil, c.epoch
	}
	c.order.MoveToFront(e)
	return k.answer, c.epoch
}

// Put keeps an answer until a time. One that was asked for before a flush is
// older than what was flushed, and is not kept: that is what the ticket says.
func (c *Cache) Put(key Key, answer *Answer, until time.Time, ticket uint64) {
	if c == nil || answer.size > maxBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ticket != c.epoch {
		return
	}
	if e := c.kept[key]; e != nil {
		c.drop(e)
	}
	if c.kept == nil {
		c.kept = map[Key]*list.Element{}
	}
	c.kept[key] = c.order.PushFront(&kept{key, answer, until})
	c.size += answer.size
	for c.order.Len() > maxKept || c.size > maxBytes {
		c.drop(c.order.Back())
	}
}

func (c *Cache) drop(e *list.Element) {
	k := c.order.Remove(e).(*kept)
	delete(c.kept, k.key)
	c.size -= k.answer.size
}

// Flush forgets the answers of a scope. An empty part of it stands for all.
func (c *Cache) Flush(scope Scope) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	for e := c.order.Front(); e != nil; {
		next := e.Next()
		if k := e.Value.(*kept).key.scope; covers(scope.API, k.API) && covers(scope.Stage, k.Stage) && covers(scope.Authorizer, k.Authorizer) {
			c.drop(e)
		}
		e = next
	}
}

func covers(want, have string) bool { return want == "" || want == have }
