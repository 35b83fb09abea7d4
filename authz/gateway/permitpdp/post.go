package permitpdp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/writ-dev/writ"
)

// A PDP that failed so often in a row is left alone for a while: callers hear of it at once, and it may recover.
const (
	failuresInRow = 5
	leftAlone     = time.Second
	firstPause    = 25 * time.Millisecond
)

// reply is what came of one try.
type reply struct {
	status int
	body   []byte
	// after is how long the PDP wants to be left alone.
	after time.Duration
}

// post sends a question until there is an answer, the tries are used up, or the time is.
func (p *PDP) post(ctx context.Context, path string, body any) ([]byte, error) {
	text, err := encode(body)
	if err != nil {
		return nil, err
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.c.Timeout)
	defer cancel()
	r, err := p.retry(ctx, p.c.URL+path, text)
	p.note(ctx, r.status, err)
	return r.body, err
}

func (p *PDP) retry(ctx context.Context, address string, text []byte) (reply, error) {
	pause := firstPause
	for try := 0; ; try++ {
		r, again, err := p.send(ctx, address, text)
		if err == nil || !again || try >= p.c.Retries || ctx.Err() != nil {
			return r, err
		}
		wait := max(r.after, pause/2+rand.N(pause)) // many callers must not come back at once
		pause *= 2
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
			return reply{}, err // the answer would come too late
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return reply{}, err
		case <-timer.C:
		}
	}
}

// send tries once. again says that another try may do better.
func (p *PDP) send(ctx context.Context, address string, text []byte) (r reply, again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return r, false, writ.Errorf(writ.CodeInternal, "make a question to the PDP: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+p.c.Token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	answer, err := p.client.Do(request)
	if err != nil {
		return r, true, p.unanswered(ctx, err)
	}
	defer answer.Body.Close()
	r.status, r.after = answer.StatusCode, retryAfter(answer.Header.Get("Retry-After"), p.c.Now())
	if r.body, err = io.ReadAll(io.LimitReader(answer.Body, answerMost+1)); err != nil {
		return reply{}, true, p.unanswered(ctx, err)
	}
	switch {
	case len(r.body) > answerMost:
		return reply{}, false, p.strange(fmt.Errorf("it has more than %d bytes", answerMost))
	case r.status == http.StatusOK:
		return r, false, nil
	}
	return reply{status: r.status, after: r.after}, passing(r.status), p.refused(r.status)
}

// passing tells a status that may be another one soon.
func passing(status int) bool {
	return slices.Contains([]int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, status)
}

func (p *PDP) unanswered(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return writ.Errorf(writ.CodeCancelled, "the question to the PDP was given up: %w", ctx.Err())
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return writ.Errorf(writ.CodeExternal, "the PDP at %s did not answer in time: %w", p.c.URL, ctx.Err())
	}
	return writ.Errorf(writ.CodeExternal, "the PDP at %s cannot be asked: %w", p.c.URL, err)
}

// refused is the error of a status. What the PDP says beside it is not passed on: it may hold what was asked.
func (p *PDP) refused(status int) error {
	e := writ.Errorf(writ.CodeExternal, "the PDP at %s answered with status %d", p.c.URL, status)
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return e.WithHint("its token is not that of an environment of this PDP")
	case status >= 300 && status < 400:
		return e.WithHint("redirects are not followed: write the address that it leads to")
	case status == http.StatusTooManyRequests:
		return e.WithHint("it takes no more questions just now")
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return e.WithHint("nothing of Permit's answers at %s/allowed", p.c.URL)
	}
	return e
}

// retryAfter reads seconds or a date (RFC 9110 §10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// open says whether the PDP is to be asked.
func (p *PDP) open() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.c.Now(); now.Before(p.until) && p.until.Sub(now) <= leftAlone {
		return writ.Errorf(writ.CodeExternal, "the PDP at %s failed %d times in a row and is asked again in %s",
			p.c.URL, p.failed, p.until.Sub(now).Round(time.Millisecond))
	}
	return nil
}

// note counts failures. A caller who went away says nothing about the PDP, nor does a question that it finds fault with: whoever
// can ask such ones must not keep it from all others.
func (p *PDP) note(ctx context.Context, status int, err error) {
	faulty := status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
	if faulty || errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.failed = 0
		return
	}
	if p.failed++; p.failed >= failuresInRow {
		p.until = p.c.Now().Add(leftAlone)
	}
}
