package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/writ-dev/writ"
)

const (
	// Keys are fetched again after an hour, or sooner where the issuer says so, but not all the time.
	mostFresh  = time.Hour
	leastFresh = 5 * time.Minute
	// apart is the least time between two fetches, so that forged key IDs cannot make us fetch.
	apart = 30 * time.Second
	// apartEmpty is that while no keys are there, and nobody can be let in without them.
	apartEmpty = 2 * time.Second
	// mostFetch is how long a fetch may take.
	mostFetch = 5 * time.Second
	// leastWait and mostWait are how long it may take while keys are there that will do: the first, and twice as long after
	// each failure up to the second, so that keys of an issuer that is merely slow get newer, too.
	leastWait = 250 * time.Millisecond
	mostWait  = time.Second
	mostBody  = 1 << 20
)

// source holds the keys of one issuer. The goroutine that needs newer keys fetches them, one at
// a time; the others wait for it, or go on with the keys that are there when these will do.
type source struct {
	url   string
	fetch Fetch
	now   func() time.Time
	keep  time.Duration // how long keys are used after they were fetched, when the issuer is down

	mu      sync.Mutex
	set     *keySet // nil before the first fetch
	body    []byte  // what set was made of
	fetched time.Time
	due     time.Time     // when keys ought to be fetched again
	tried   time.Time     // when the last fetch began
	failed  error         // of the last fetch
	wait    time.Duration // how long the next fetch may take while keys are there; zero is leastWait
	flight  chan struct{} // closed when the fetch that runs has ended
}

// keys gives the keys of now. With missed, the caller looked for a key in that set in vain, and
// wants another; it may get the same again, when no fetch is allowed yet or none helped. failed is why
// the last fetch gave nothing, if so.
func (s *source) keys(ctx context.Context, missed *keySet) (set *keySet, failed error, err error) {
	for tries := 0; ; tries++ {
		s.mu.Lock()
		now := s.now()
		usable := s.set != nil && now.Before(s.fetched.Add(s.keep))
		old := !now.Before(s.due) || now.Before(s.fetched)
		vain := missed != nil && s.set == missed
		flight := s.flight
		lead := flight == nil && tries == 0 && (!usable || old || vain) && s.allowed(now, usable)
		if lead {
			flight = make(chan struct{})
			s.flight, s.tried = flight, now
		}
		most := mostFetch
		if usable {
			most = max(s.wait, leastWait)
		}
		set, failed = s.set, s.failed
		s.mu.Unlock()
		switch {
		case lead:
			s.refresh(ctx, flight, most, usable)
		case flight != nil && (!usable || vain): // while one fetches because of age alone, nobody waits
			select {
			case <-flight:
			case <-ctx.Done():
				return nil, nil, writ.Errorf(writ.CodeCancelled, "the caller went away while the keys of %s were fetched", s.url)
			}
		case usable:
			return set, failed, nil
		default:
			return nil, failed, s.none(failed)
		}
	}
}

// allowed says whether a fetch may begin.
func (s *source) allowed(now time.Time, usable bool) bool {
	pause := apart
	if !usable {
		pause = apartEmpty
	}
	since := now.Sub(s.tried)
	return s.tried.IsZero() || since < 0 || since >= pause
}

func (s *source) none(last error) error {
	if last == nil {
		last = errors.New("none were fetched yet")
	}
	return writ.Errorf(writ.CodeExternal, "there are no keys of %s to verify tokens with: %w", s.url, last)
}

// refresh fetches. That goes on when the one who does it is cancelled, since others wait for it, and
// since callers who go away could otherwise have it begun again and again. With usable keys it takes at most half of the
// time that the caller has, so that the keys can still be used: nobody is kept out because keys are merely old.
func (s *source) refresh(ctx context.Context, flight chan struct{}, most time.Duration, usable bool) {
	deadline, bounded := ctx.Deadline()
	limit := most
	if bounded && usable {
		limit = min(most, time.Until(deadline)/2)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	failed := errors.New("the fetch did not end")
	var set *keySet
	var doc Document
	defer func() { // even when fetch panics
		s.mu.Lock()
		defer s.mu.Unlock()
		s.flight = nil
		close(flight)
		s.failed = failed
		if failed != nil {
			if usable {
				s.wait = min(2*most, mostWait)
			}
			return
		}
		s.wait = 0
		s.fetched = s.now()
		s.due = s.fetched.Add(freshFor(doc.MaxAge))
		// Equal keys stay the same set: what was verified with it need not be verified again.
		if s.set == nil || !bytes.Equal(s.body, doc.Body) {
			s.set, s.body = set, doc.Body
		}
	}()
	doc, failed = s.fetch(ctx, s.url)
	if failed == nil && len(doc.Body) > mostBody {
		failed = fmt.Errorf("the answer has more than %d bytes", mostBody)
	}
	if failed == nil {
		set, failed = parseKeys(doc.Body)
	}
}

func freshFor(maxAge time.Duration) time.Duration {
	if maxAge <= 0 {
		return mostFresh
	}
	return min(max(maxAge, leastFresh), mostFresh)
}
