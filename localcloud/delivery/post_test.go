package delivery_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// world answers the calls of a post.
type world struct {
	mu     sync.Mutex
	calls  []string
	answer func(n int, c *gate.Call) error
	log    strings.Builder
}

func (w *world) Do(ctx context.Context, c *gate.Call) (*gate.Reply, error) {
	w.mu.Lock()
	w.calls = append(w.calls, c.Operation+" "+string(c.Body)+c.Form.Get("Message"))
	n := len(w.calls)
	w.mu.Unlock()
	if w.answer == nil {
		return &gate.Reply{}, nil
	}
	return &gate.Reply{}, w.answer(n, c)
}

func (w *world) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(b)
}

func (w *world) seen() (calls []string, log string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(calls, w.calls...), w.log.String()
}

func open(t *testing.T, dir string, w *world) (*delivery.Post, func()) {
	t.Helper()
	db, err := store.Open(filepath.Join(dir, "cloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	p := delivery.New(delivery.Config{
		DB: db, Name: "events", Account: "000000000000", Region: "us-east-1", Do: w, Pause: time.Millisecond, Log: slog.New(slog.NewTextHandler(w, nil)),
	})
	return p, func() {
		p.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: it did not come to be", what)
		}
	}
}

func letter(to, body string) delivery.Letter {
	return delivery.Letter{From: delivery.Sender{Service: "events.amazonaws.com", Source: "arn:aws:events:us-east-1:000000000000:rule/r"}, To: to, Body: body}
}

const (
	function = "arn:aws:lambda:us-east-1:000000000000:function:f"
	deadARN  = "arn:aws:sqs:us-east-1:000000000000:dead"
)

// TestErrors: which failures are tried again, and what the dead letter says.
func TestErrors(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err      error
		attempts int
		says     string // code, attempts, condition
	}{
		"denied":     {gate.Errorf("AccessDeniedException", "no").WithStatus(403), 1, "AccessDeniedException 0 "},
		"bad":        {gate.Errorf("InvalidParameterValue", "no"), 1, "InvalidParameterValue 0 "},
		"throttled":  {gate.Errorf("TooManyRequestsException", "no").WithStatus(429), 4, "TooManyRequestsException 3 MaximumRetryAttempts"},
		"throttling": {gate.Errorf("ThrottlingException", "no"), 4, "ThrottlingException 3 MaximumRetryAttempts"},
		"broken":     {gate.Errorf("ServiceException", "no").WithStatus(500), 4, "ServiceException 3 MaximumRetryAttempts"},
		"unknown":    {errors.New("no"), 4, " 3 MaximumRetryAttempts"},
	} {
		w := &world{answer: func(_ int, c *gate.Call) error {
			if c.Operation == "Invoke" {
				return row.err
			}
			return nil
		}}
		p, end := open(t, t.TempDir(), w)
		if err := p.Resume(); err != nil {
			t.Fatal(err)
		}
		l := letter(function, "{}")
		l.Retries, l.Dead, l.DeadFrom = 3, deadARN, l.From
		if err := p.Send(l); err != nil {
			t.Fatal(err)
		}
		eventually(t, name, func() bool {
			calls, _ := w.seen()
			return len(calls) > 0 && strings.HasPrefix(calls[len(calls)-1], "SendMessage")
		})
		calls, _ := w.seen()
		if len(calls) != row.attempts+1 {
			t.Errorf("%s: %d attempts, want %d", name, len(calls)-1, row.attempts)
		}
		var message struct {
			MessageAttributes map[string]struct{ StringValue string }
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(calls[len(calls)-1], "SendMessage ")), &message); err != nil {
			t.Fatal(err)
		}
		a := message.MessageAttributes
		if got := a["ERROR_CODE"].StringValue + " " + a["RETRY_ATTEMPTS"].StringValue + " " + a["EXHAUSTED_RETRY_CONDITION"].StringValue; got != row.says {
			t.Errorf("%s: %q, want %q", name, got, row.says)
		}
		end()
	}
}

// TestAge: a letter is not tried when its time is over.
func TestAge(t *testing.T) {
	t.Parallel()
	w := &world{answer: func(int, *gate.Call) error { return errors.New("no") }}
	p, end := open(t, t.TempDir(), w)
	defer end()
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	l := letter(function, "{}")
	l.Retries, l.Until = 1000, time.Now().Add(50*time.Millisecond)
	if err := p.Send(l); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is given up", func() bool { _, log := w.seen(); return strings.Contains(log, "is lost") })
}

// TestStop: what is under way and what waits for its retry arrives after the
// next start, and once only when it had arrived.
func TestStop(t *testing.T) {
	t.Parallel()
	dir, w := t.TempDir(), &world{answer: func(_ int, c *gate.Call) error {
		if strings.Contains(string(c.Body), "again") {
			return errors.New("no")
		}
		return nil
	}}
	p, end := open(t, dir, w)
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	again := letter(function, `"again"`)
	again.Retries = 1 << 20
	if err := p.Send(letter(function, `"once"`), again); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both were tried", func() bool { calls, _ := w.seen(); return len(calls) > 4 })
	end()
	if err := p.Send(letter(function, "{}")); err == nil {
		t.Error("a closed store takes a letter")
	}
	later := &world{}
	p, end = open(t, dir, later)
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the one that failed comes", func() bool { calls, _ := later.seen(); return len(calls) == 1 })
	end()
	if calls, _ := later.seen(); len(calls) != 1 || !strings.Contains(calls[0], "again") {
		t.Errorf("came after the start: %q", calls)
	}
	third := &world{}
	p, end = open(t, dir, third)
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	end()
	if calls, _ := third.seen(); len(calls) != 0 {
		t.Errorf("came once more: %q", calls)
	}
}

// TestBounds: at most so many at once, and so many in all.
func TestBounds(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var mu sync.Mutex
	now, most := 0, 0
	w := &world{answer: func(int, *gate.Call) error {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		<-release
		mu.Lock()
		now--
		mu.Unlock()
		return nil
	}}
	p, end := open(t, t.TempDir(), w)
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	many := make([]delivery.Letter, 10_000)
	for i := range many {
		many[i] = letter(function, fmt.Sprint(i))
	}
	if err := p.Send(many...); err != nil {
		t.Fatal(err)
	}
	if err := p.Send(letter(function, "{}")); gate.CodeOf(err) != "ThrottlingException" {
		t.Errorf("one too many: %v", err)
	}
	eventually(t, "as many as may run do", func() bool { mu.Lock(); defer mu.Unlock(); return now == 16 })
	close(release)
	end()
	if most != 16 {
		t.Errorf("%d at once", most)
	}
}

// TestNothingStaysBehind: a post that is closed leaves no goroutine.
func TestNothingStaysBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	w := &world{answer: func(int, *gate.Call) error { return errors.New("no") }}
	p, end := open(t, t.TempDir(), w)
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	l := letter(function, "{}")
	l.Retries = 1 << 20
	if err := p.Send(l, l, l); err != nil {
		t.Fatal(err)
	}
	end()
	eventually(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestReaches(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]bool{
		function: true, function + ":live": true, deadARN: true, "arn:aws:sns:us-east-1:000000000000:t": true,
		"arn:aws:events:us-east-1:000000000000:event-bus/b": true, "arn:aws:logs:us-east-1:000000000000:log-group:/g:*": true,
		"arn:aws:events:us-east-1:000000000000:api-destination/a": false, "arn:aws:states:us-east-1:000000000000:stateMachine:m": false,
		"arn:aws:scheduler:::aws-sdk:sqs:sendMessage": false, "hello": false, "": false,
	} {
		if got := delivery.Reaches(arn); got != want {
			t.Errorf("%s: %v", arn, got)
		}
	}
}
