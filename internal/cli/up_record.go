package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/observe"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/localcloud/gate"
)

// What --record may be.
const (
	recordOn    = "on"
	recordFresh = "fresh"
)

// saveEvery is how much of a record a kill -9 may cost. A record without news
// is written less often, for the time that it covers; one of many thousand rows
// takes a tenth of the time at most.
const (
	saveEvery = time.Second
	saveIdle  = time.Minute
	saveShare = 10
)

func checkRecord(mode string) error {
	switch mode {
	case "", recordOn, recordFresh:
		return nil
	}
	return writ.Errorf(writ.CodeUsage, "--record=%s is not known", mode).
		WithHint("--record goes on with what was noted before, --record=fresh begins anew")
}

// recordFile is where the calls of DIR are noted. It lies in DIR/.writ also
// when the state does not: a run with --ephemeral is recorded like any other.
func recordFile(dir string) string { return filepath.Join(stateDir(dir), observe.FileName) }

// recording notes what IAM decides in a file. A nil one does nothing.
type recording struct {
	path     string
	recorder *observe.Recorder
	complain func(error)
	end      chan struct{}
	ended    chan struct{}
	counted  time.Time // up to here Record.Watched has the time
	saved    time.Time
}

// startRecording begins to note calls, if that is wanted.
func (u *up) startRecording() error {
	if u.flags.record == "" {
		return nil
	}
	path := recordFile(u.dir)
	var before *observe.Record
	if u.flags.record != recordFresh {
		var err error
		if before, err = readRecord(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return withHint(err, "`writ up %s --record=fresh` begins a new one in its place", quoted(u.dir))
		}
	}
	now := time.Now()
	u.recording = &recording{
		path: path, recorder: observe.NewRecorder(before, observe.DefaultLimits, now), end: make(chan struct{}), ended: make(chan struct{}), counted: now,
		complain: func(err error) {
			showError(u.log, writ.Errorf(writ.CodeExternal, "the calls cannot be noted in %s: %w", path, err))
		},
	}
	if err := u.recording.save(now); err != nil {
		u.recording = nil
		return writ.Errorf(writ.CodeExternal, "write the record of calls: %w", err)
	}
	go u.recording.run()
	return nil
}

// withHint adds a hint to an error of Writ's that has none.
func withHint(err error, format string, args ...any) error {
	var known *writ.Error
	if errors.As(err, &known) && known.Hint == "" {
		return known.WithHint(format, args...)
	}
	return err
}

// readRecord reads what was noted; fs.ErrNotExist when nothing was.
func readRecord(path string) (*observe.Record, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "read the record of calls: %w", err)
	}
	defer f.Close() // only read
	return observe.Read(f, path)
}

// run saves what is new once a second, until stop.
func (r *recording) run() {
	defer close(r.ended)
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	failed := false
	var rest time.Time
	for {
		var now time.Time
		select {
		case <-r.end:
			return
		case now = <-ticker.C:
		}
		if now.Before(rest) {
			continue
		}
		err := r.save(now)
		rest = now.Add(saveShare * time.Since(now))
		if err != nil && !failed { // once, not every second
			r.complain(err)
		}
		failed = err != nil
	}
}

// stop saves the last of it.
func (r *recording) stop() {
	if r == nil {
		return
	}
	close(r.end)
	<-r.ended
	r.saved = time.Time{}
	if err := r.save(time.Now()); err != nil {
		r.complain(err)
	}
}

// save writes the record beside the file and renames it: another command reads
// the old one or the new one.
func (r *recording) save(now time.Time) error {
	if !r.recorder.Changed() && now.Sub(r.saved) < saveIdle {
		return nil
	}
	record := r.recorder.Snapshot(now, now.Sub(r.counted))
	r.counted = now
	// Anew, and never through a link that somebody has put there.
	if err := os.Remove(r.path + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(r.path+".new", os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(observe.Write(f, record), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), r.path)
	}
	if err != nil {
		r.recorder.Keep() // to be tried again
		return errors.Join(err, os.Remove(f.Name()))
	}
	r.saved = now
	return nil
}

// hook is what the local cloud calls for each decision.
func (r *recording) hook() func(gate.Verdict) {
	if r == nil {
		return nil
	}
	return func(v gate.Verdict) {
		if o, ok := observation(v); ok {
			r.recorder.Note(o)
		}
	}
}

// observation is a decision as it is noted. The developer's own calls, and
// those that CloudFormation makes for the developer, are left out.
func observation(v gate.Verdict) (o observe.Observation, ok bool) {
	caller := &v.Call.Caller
	switch {
	case caller.Kind == iam.PrincipalService:
		o.Principal, o.Source = caller.ARN, caller.SourceARN
	case caller.Kind == iam.PrincipalAnonymous:
		o.Principal = "*"
	case caller.RoleName == "" || caller.RoleName == localcloud.DeveloperRole:
		return o, false
	default:
		o.Role = caller.RoleName
		_, function, _ := strings.Cut(caller.FunctionARN, ":function:")
		o.Function, _, _ = strings.Cut(function, ":")
	}
	o.Via, o.Action, o.Resource = v.Call.Via, v.Ask.Action, v.Ask.Resource
	o.Verdict, o.BlockedBy = v.Decision.Verdict, v.Decision.BlockedBy
	o.Count, o.First, o.Last = 1, v.Call.Time, v.Call.Time
	return o, true
}

// noRecord is the error for a directory in which nothing was noted.
func noRecord(dir string) error {
	return writ.Errorf(writ.CodeNotFound, "no calls were recorded in %s", dir).
		WithHint("start the system with `writ up %s --record`, use it, and ask again", quoted(dir))
}
