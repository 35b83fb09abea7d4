package authorize

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCacheBounds(t *testing.T) {
	t.Parallel()
	c, now := &Cache{}, time.Unix(0, 0)
	scope := Scope{API: "a", Stage: "s", Authorizer: "x", Version: "1"}
	key := func(i int) Key { return NewKey(scope, []string{fmt.Sprint(i)}) }
	has := func(i int) bool {
		kept, _ := c.Get(key(i), now)
		return kept != nil
	}
	for i := range maxKept {
		c.Put(key(i), &Answer{size: 1}, now.Add(time.Second), 0)
	}
	if !has(0) { // which makes it the latest that was used
		t.Error("the first is gone before the cache is full")
	}
	c.Put(key(maxKept), &Answer{size: 1}, now.Add(time.Second), 0)
	if len(c.kept) != maxKept || !has(0) || has(1) || !has(maxKept) {
		t.Errorf("%d are kept; the first %t, the second %t, the last %t", len(c.kept), has(0), has(1), has(maxKept))
	}
	c.Put(key(-1), &Answer{size: maxBytes}, now.Add(time.Second), 0)
	if len(c.kept) != 1 || c.size != maxBytes || !has(-1) {
		t.Errorf("a large one beside %d others, %d bytes", len(c.kept)-1, c.size)
	}
	c.Put(key(-2), &Answer{size: maxBytes + 1}, now.Add(time.Second), 0)
	if has(-2) || !has(-1) {
		t.Error("an answer larger than the cache is kept, or moves another")
	}
	now = now.Add(time.Second)
	if has(-1) || len(c.kept) != 0 || c.size != 0 {
		t.Errorf("after its time %d are kept, %d bytes", len(c.kept), c.size)
	}
}

func TestFlush(t *testing.T) {
	t.Parallel()
	scopes := []Scope{{"a", "s", "x", "1"}, {"a", "s", "y", "1"}, {"a", "t", "x", "1"}, {"b", "s", "x", "1"}}
	for flush, left := range map[Scope]string{
		{}:                           "",
		{API: "a"}:                   "3",
		{API: "a", Stage: "s"}:       "23",
		{API: "a", Authorizer: "x"}:  "13",
		{API: "c"}:                   "0123",
		{API: "a", Version: "other"}: "3",
	} {
		c, now := &Cache{}, time.Unix(0, 0)
		for _, s := range scopes {
			c.Put(NewKey(s, nil), &Answer{size: 1}, now.Add(time.Second), 0)
		}
		_, before := c.Get(NewKey(scopes[0], []string{"other"}), now)
		c.Flush(flush)
		var got strings.Builder
		for i, s := range scopes {
			if kept, _ := c.Get(NewKey(s, nil), now); kept != nil {
				fmt.Fprint(&got, i)
			}
		}
		if got.String() != left || c.size != len(left) {
			t.Errorf("after a flush of %+v: %q are left with %d bytes, want %q", flush, got.String(), c.size, left)
		}
		// What was asked for before the flush comes too late.
		c.Put(NewKey(scopes[0], []string{"late"}), &Answer{size: 1}, now.Add(time.Second), before)
		if kept, _ := c.Get(NewKey(scopes[0], []string{"late"}), now); kept != nil {
			t.Errorf("an answer from before the flush of %+v is kept", flush)
		}
	}
}

func TestANilCacheKeepsNothing(t *testing.T) {
	t.Parallel()
	var c *Cache
	c.Put(Key{}, &Answer{}, time.Unix(9, 0), 0)
	c.Flush(Scope{})
	if kept, _ := c.Get(Key{}, time.Unix(0, 0)); kept != nil {
		t.Error("it does")
	}
}

// TestKeysAreApart: a setting of the authorizer and the parts of an identity are told apart.
func TestKeysAreApart(t *testing.T) {
	t.Parallel()
	seen := map[Key]string{}
	for _, s := range []Scope{{"a", "s", "x", "1"}, {"a", "s", "x", "2"}, {"as", "", "x", "1"}} {
		for _, values := range [][]string{nil, {""}, {"", ""}, {"a", "b"}, {"ab"}, {"a,b"}, {"b", "a"}} {
			what := fmt.Sprintf("%v %q", s, values)
			if other, ok := seen[NewKey(s, values)]; ok {
				t.Errorf("%s and %s have one key", what, other)
			}
			seen[NewKey(s, values)] = what
		}
	}
}
