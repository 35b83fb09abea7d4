// Package store keeps the local cloud's state in one file: ordered buckets of
// keys, durable when a write returns, whole after kill -9.
//
// It is the only importer of bbolt.
package store

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/writ-dev/writ"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// DB is the open file. Many goroutines may read and write at once; writes that
// come together are made durable together.
type DB struct {
	bolt   *bbolt.DB
	writes chan *write
	done   chan struct{}
	closed sync.Once
}

// write is one Update waiting for its turn.
type write struct {
	do     func(*Tx) error
	result chan error
}

// Open opens or makes the file at path. A file that another process holds is
// CodeConflict, a damaged one CodeInvalid; nothing is changed in either case.
func Open(path string) (db *DB, err error) {
	var bolt *bbolt.DB
	// Damaged pages lead outside of the file or make bbolt panic.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, corrupt(path, fmt.Errorf("%v", r))
		}
		if err != nil && bolt != nil {
			_ = bolt.Close() // the error that counts is the one there is
		}
	}()
	// bbolt takes an empty file for a new one; ours is never empty.
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		return nil, corrupt(path, errors.New("it is empty"))
	}
	bolt, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: 200 * time.Millisecond, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, openError(path, err)
	}
	if err := check(path, bolt); err != nil {
		return nil, corrupt(path, err)
	}
	db = &DB{bolt: bolt, writes: make(chan *write, 256), done: make(chan struct{})}
	go db.commit()
	return db, nil
}

// openError tells errors of the system from bbolt's opinion of the file.
func openError(path string, err error) error {
	var system syscall.Errno
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return writ.Errorf(writ.CodeConflict, "%s is in use by another process", path).
			WithHint("another `writ up` runs in this directory; stop it, or give one of them --ephemeral")
	case errors.As(err, &system):
		return writ.Errorf(writ.CodeExternal, "open the state of the local cloud: %w", err)
	}
	return corrupt(path, err)
}

// check reads the file once from end to end, so that what is broken is known
// at the start and not when a call meets it.
func check(path string, bolt *bbolt.DB) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return bolt.View(func(tx *bbolt.Tx) error {
		if info.Size() < tx.Size() {
			return fmt.Errorf("it has %d bytes of %d", info.Size(), tx.Size())
		}
		return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error { return walk(b) })
	})
}

func walk(b *bbolt.Bucket) error {
	return b.ForEach(func(key, value []byte) error {
		if value != nil {
			return nil
		}
		inner := b.Bucket(key)
		if inner == nil {
			return fmt.Errorf("the key %q has neither a value nor a bucket", key)
		}
		return walk(inner)
	})
}

func corrupt(path string, cause error) error {
	return writ.Errorf(writ.CodeInvalid, "%s is damaged: %w", path, cause).
		WithHint("nothing was changed; move the file away to start with an empty cloud, or put a copy back in its place")
}

// Close waits for the writes under way and closes the file.
func (db *DB) Close() error {
	db.closed.Do(func() { close(db.writes) })
	<-db.done
	return db.bolt.Close()
}

// View reads from one consistent state. What a Bucket gives is valid only
// until do returns; copy it to keep it.
func (db *DB) View(do func(*Tx) error) error {
	return db.bolt.View(func(tx *bbolt.Tx) error { return do(&Tx{bolt: tx}) })
}

// Update reads and writes atomically, and returns when the change is on disk.
// When do fails, nothing of it is kept. do may run more than once: it must not
// touch anything but the Tx before it returns, or must set it anew on each run.
func (db *DB) Update(do func(*Tx) error) (err error) {
	defer func() {
		if r := recover(); r != nil { // send on a closed channel
			err = writ.Errorf(writ.CodeCancelled, "the local cloud is stopping")
		}
	}()
	w := &write{do: do, result: make(chan error, 1)}
	db.writes <- w
	return <-w.result
}

// commit takes the waiting writes together into one transaction each round.
func (db *DB) commit() {
	defer close(db.done)
	for first := range db.writes {
		batch := []*write{first}
		for waiting := true; waiting && len(batch) < 256; {
			select {
			case w, ok := <-db.writes:
				if ok {
					batch = append(batch, w)
				}
				waiting = ok
			default:
				waiting = false
			}
		}
		db.commitBatch(batch)
	}
}

var errRetry = errors.New("a write failed after it had changed something")

// commitBatch runs the writes in one transaction. One that fails before it
// changed anything is answered at once and harms nobody; one that fails later
// is taken out and the rest run again.
func (db *DB) commitBatch(batch []*write) {
	for len(batch) > 0 {
		results := make([]error, len(batch))
		failed := -1
		err := db.update(func(bolt *bbolt.Tx) error {
			for i, w := range batch {
				tx := &Tx{bolt: bolt, writable: true}
				results[i] = runWrite(w.do, tx)
				if results[i] != nil && tx.dirty {
					failed = i
					return errRetry
				}
			}
			return nil
		})
		if failed >= 0 {
			batch[failed].result <- results[failed]
			batch = append(batch[:failed:failed], batch[failed+1:]...)
			continue
		}
		for i, w := range batch {
			if err != nil && results[i] == nil {
				results[i] = diskError(err)
			}
			w.result <- results[i]
		}
		return
	}
}

// update is bbolt's Update, whose panics on a file that broke meanwhile are
// errors of the writes at hand.
func (db *DB) update(do func(*bbolt.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the file is damaged: %v", r)
		}
	}()
	return db.bolt.Update(do)
}

func diskError(err error) error {
	e := writ.Errorf(writ.CodeExternal, "the state could not be written: %w", err)
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return e.WithHint("the disk is full; nothing was lost, free some space and try again")
		}
	}
	return e
}

// runWrite turns a panic of do into an error, so that one bad write cannot
// stop the writer.
func runWrite(do func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			tx.dirty = true
			err = fmt.Errorf("store: write panicked: %v", r)
		}
	}()
	return do(tx)
}
