package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/lambda/process"
)

// Bounds of what waits to be written per stream, and of one PutLogEvents.
const (
	maxBufferedLines = 20_000
	maxBufferedBytes = 16 << 20
	maxBatchLines    = 10_000
	maxBatchBytes    = 1 << 20
	lineOverhead     = 26 // what CloudWatch Logs adds to every event
	shipEvery        = 100 * time.Millisecond
)

// shipper writes the functions' log lines to CloudWatch Logs, as the functions
// themselves: whose role may not write logs has none stored, as in AWS.
type shipper struct {
	cfg  Config
	wake chan struct{}
	stop chan struct{}
	done chan struct{}

	mu      sync.Mutex
	streams map[*process.Stream]*streamBuffer
	dirty   []*streamBuffer
	told    map[string]bool // functions whose failure was reported
}

type streamBuffer struct {
	stream  *process.Stream
	lines   []logLine
	bytes   int
	dropped int
	ended   bool
	queued  bool
	made    bool // the stream exists; only the shipping goroutine looks
}

type logLine struct {
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

func newShipper(cfg Config) *shipper {
	s := &shipper{
		cfg: cfg, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
		streams: map[*process.Stream]*streamBuffer{}, told: map[string]bool{},
	}
	go s.loop()
	return s
}

// Line keeps a line for the next batch and shows it.
func (s *shipper) Line(stream *process.Stream, at time.Time, text string) {
	s.mu.Lock()
	b := s.streams[stream]
	if b == nil {
		b = &streamBuffer{stream: stream}
		s.streams[stream] = b
	}
	if len(b.lines) >= maxBufferedLines || b.bytes+len(text) > maxBufferedBytes {
		b.dropped++
	} else {
		b.lines = append(b.lines, logLine{at.UnixMilli(), text})
		b.bytes += len(text) + lineOverhead
	}
	s.queue(b)
	s.mu.Unlock()
	s.cfg.OnLog(stream.Function, text)
}

// End lets the stream go once it is written.
func (s *shipper) End(stream *process.Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.streams[stream]; b != nil {
		b.ended = true
		s.queue(b)
	}
}

// queue marks a buffer as having something to write. The caller holds s.mu.
func (s *shipper) queue(b *streamBuffer) {
	if b.queued {
		return
	}
	b.queued = true
	s.dirty = append(s.dirty, b)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// loop writes what waits, a moment after the first line came so that the
// lines of an invocation go together.
func (s *shipper) loop() {
	defer close(s.done)
	for {
		select {
		case <-s.stop:
			s.shipAll()
			return
		case <-s.wake:
		}
		timer := time.NewTimer(shipEvery)
		select {
		case <-s.stop:
		case <-timer.C:
		}
		timer.Stop()
		s.shipAll()
	}
}

func (s *shipper) shipAll() {
	s.mu.Lock()
	dirty := s.dirty
	s.dirty = nil
	s.mu.Unlock()
	for _, b := range dirty {
		s.mu.Lock()
		lines, dropped, ended := b.lines, b.dropped, b.ended
		b.lines, b.bytes, b.dropped, b.queued = nil, 0, 0, false
		if ended {
			delete(s.streams, b.stream)
		}
		s.mu.Unlock()
		if dropped > 0 {
			lines = append(lines, logLine{s.cfg.Now().UnixMilli(), fmt.Sprintf("writ: %d log lines were lost: the function prints faster than they can be written", dropped)})
		}
		s.ship(b, lines)
	}
}

// ship writes lines in batches of the size that PutLogEvents takes.
func (s *shipper) ship(b *streamBuffer, lines []logLine) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for len(lines) > 0 {
		n, size := 0, 0
		for n < len(lines) && n < maxBatchLines && (n == 0 || size+len(lines[n].Message)+lineOverhead <= maxBatchBytes) {
			size += len(lines[n].Message) + lineOverhead
			n++
		}
		if err := s.put(ctx, b, lines[:n]); err != nil {
			s.tell(b.stream, err)
			return
		}
		lines = lines[n:]
	}
}

// put writes one batch, making the group and the stream when they are missing.
func (s *shipper) put(ctx context.Context, b *streamBuffer, lines []logLine) error {
	if !b.made {
		if err := s.makeStream(ctx, b); err != nil {
			return err
		}
		b.made = true
	}
	err := s.call(ctx, b.stream, "PutLogEvents", map[string]any{"logGroupName": b.stream.Group, "logStreamName": b.stream.Name, "logEvents": lines})
	if gate.CodeOf(err) == "ResourceNotFoundException" { // somebody deleted it
		if err = s.makeStream(ctx, b); err == nil {
			err = s.call(ctx, b.stream, "PutLogEvents", map[string]any{"logGroupName": b.stream.Group, "logStreamName": b.stream.Name, "logEvents": lines})
		}
	}
	return err
}

func (s *shipper) makeStream(ctx context.Context, b *streamBuffer) error {
	create := func() error {
		return s.call(ctx, b.stream, "CreateLogStream", map[string]any{"logGroupName": b.stream.Group, "logStreamName": b.stream.Name})
	}
	err := create()
	if gate.CodeOf(err) == "ResourceNotFoundException" {
		err = s.call(ctx, b.stream, "CreateLogGroup", map[string]any{"logGroupName": b.stream.Group})
		if err == nil || gate.CodeOf(err) == "ResourceAlreadyExistsException" {
			err = create()
		}
	}
	if gate.CodeOf(err) == "ResourceAlreadyExistsException" {
		return nil
	}
	return err
}

// call makes a call of CloudWatch Logs with the function's role session.
func (s *shipper) call(ctx context.Context, stream *process.Stream, operation string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode %s: %w", operation, err)
	}
	_, err = s.cfg.Do.Do(ctx, &gate.Call{
		Service: "logs", Operation: operation, Method: http.MethodPost, Path: "/", Header: http.Header{}, Body: text,
		Caller: stream.Caller, Account: s.cfg.Account, Region: s.cfg.Region,
	})
	return err
}

// tell says once per function and kind of failure that its log is not stored.
func (s *shipper) tell(stream *process.Stream, err error) {
	var failed *gate.Error
	denied := errors.As(err, &failed) && strings.HasPrefix(failed.Code, "AccessDenied")
	key := fmt.Sprint(stream.Function, stream.Caller.RoleName, denied)
	s.mu.Lock()
	known := s.told[key]
	s.told[key] = true
	s.mu.Unlock()
	switch {
	case known:
	case denied:
		s.cfg.OnLog(stream.Function, "writ: the log of "+stream.Function+" is shown here but not stored, because its role may not write it: "+failed.Message)
	default:
		s.cfg.Log.Warn("a function's log could not be stored", "function", stream.Function, "error", err)
	}
}

// close writes what waits and stops.
func (s *shipper) close() {
	close(s.stop)
	<-s.done
}
