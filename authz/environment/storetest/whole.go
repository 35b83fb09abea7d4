package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

// testEnvironment opens an environment over the store, and after a restart finds what it knew.
func testEnvironment(t *testing.T, open Place) {
	ctx := context.Background()
	e, err := environment.Open(ctx, Config(open(t)))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 5 {
				if _, err := e.Write(ctx, Put(fmt.Sprintf("document:d%d#viewer@user:u%d", i, w), fmt.Sprintf("folder:f%d#viewer@user:u%d", w, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	key := authz.Key{ID: "k1", Hash: []byte("0123"), Role: "read"}
	source := Source(Plain + "\nproject: owner")
	last, err := e.Write(ctx, Change(
		authz.Change{Model: &authz.Step[authz.Source]{After: &source}},
		authz.Change{Key: &authz.Step[authz.Key]{After: &key}},
		authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{
			Entity: authz.Entity{Type: "user", ID: "u1"}, Attributes: map[string]any{"age": 7, "tags": []string{"x"}},
		}}},
	))
	if err != nil {
		t.Fatal(err)
	}
	again, err := environment.Open(ctx, Config(open(t)))
	if err != nil {
		t.Fatal(err)
	}
	s := again.State()
	if d := gocmp.Diff(Facts(last), Facts(s)); d != "" {
		t.Error(d)
	}
	if s.Head != last.Head || !s.Time.Equal(last.Time) {
		t.Errorf("the head is %v at %s, and was %v at %s", s.Head, s.Time, last.Head, last.Time)
	}
	if d := gocmp.Diff([]authz.Key{key}, s.Keys); d != "" {
		t.Error(d)
	}
	past, err := again.AsOf(ctx, time.Unix(1_800_000_001, 0))
	if err != nil || past.Head.Seq != 1 || past.Source != Source(Plain) {
		t.Errorf("the start: %+v, %v", past, err)
	}
}
