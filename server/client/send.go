package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
)

// The longest answer, and the pauses between retries.
const (
	answerMost = 64 << 20
	pauseFirst = 50 * time.Millisecond
	pauseMost  = 5 * time.Second
)

// reply is an answer of the server.
type reply struct {
	status int
	text   []byte
	// after is how long the server wants to be left alone.
	after time.Duration
}

// retry asks until there is an answer, the retries are used up, or the time is.
func (c *Client) retry(ctx context.Context, method, address string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	pause := pauseFirst
	for try := 0; ; try++ {
		r, err := c.send(ctx, method, address, body)
		if err == nil && r.status == http.StatusOK {
			return r.text, nil
		}
		again := err != nil
		if err == nil {
			err = failed(r.status, string(r.text))
			again = passing(r.status)
		}
		if ctx.Err() != nil {
			return nil, ended(ctx, err)
		}
		wait := max(r.after, pause/2+rand.N(pause)) // many clients must not come back at once
		pause = min(2*pause, pauseMost)
		deadline, _ := ctx.Deadline()
		if !again || try >= c.config.Retries || time.Until(deadline) < wait {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ended(ctx, err)
		case <-time.After(wait):
		}
	}
}

// passing reports whether a status may be another one soon.
func passing(status int) bool {
	return slices.Contains([]int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, status)
}

// ended is the error of a request whose context is over.
func ended(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return writ.Errorf(writ.CodeCancelled, "the request was given up: %w", ctx.Err())
	}
	e := writ.Errorf(writ.CodeExternal, "the server did not answer in time: %s", err)
	e.Err = ctx.Err()
	return e
}

// send makes one request. Its errors are those of the way to the server.
func (c *Client) send(ctx context.Context, method, address string, body []byte) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return reply{}, writ.Errorf(writ.CodeInternal, "make a request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.config.Key)
	request.Header.Set("Content-Type", "application/json")
	for name, value := range c.header {
		request.Header.Set(name, value)
	}
	response, err := c.config.HTTP.Do(request)
	if err != nil {
		return reply{}, writ.Errorf(writ.CodeExternal, "the server cannot be asked: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(response.Body, answerMost+1))
	switch {
	case err != nil:
		return reply{}, writ.Errorf(writ.CodeExternal, "the server's answer broke off: %w", err)
	case len(text) > answerMost:
		return reply{}, writ.Errorf(writ.CodeTooLarge, "the server's answer is longer than %d bytes", answerMost)
	}
	r := reply{status: response.StatusCode, text: text}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.after = time.Duration(seconds) * time.Second
	}
	return r, nil
}

// codes are those of the statuses that a server answers with.
var codes = map[int]writ.Code{
	http.StatusBadRequest:            writ.CodeInvalid,
	http.StatusUnauthorized:          writ.CodeAuth,
	http.StatusForbidden:             writ.CodeDenied,
	http.StatusNotFound:              writ.CodeNotFound,
	http.StatusConflict:              writ.CodeConflict,
	http.StatusRequestEntityTooLarge: writ.CodeTooLarge,
	http.StatusTooManyRequests:       writ.CodeTooLarge,
}

// failed makes an error of a status and what the server said: plain text, or JSON with a message.
func failed(status int, text string) error {
	var said struct {
		Error struct{ Message string } `json:"error"`
	}
	if json.Unmarshal([]byte(text), &said) == nil && said.Error.Message != "" {
		text = said.Error.Message
	}
	if text = strings.TrimSpace(text); len(text) > 1000 {
		text = text[:1000] + "…"
	}
	code, known := codes[status]
	if !known {
		code = writ.CodeExternal
	}
	if text == "" {
		text = http.StatusText(status)
	}
	return writ.Errorf(code, "the server answered %d: %s", status, text)
}
