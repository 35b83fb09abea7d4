package environment

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/ledger"
)

// attempts is how often a group of writes is planned anew because another node
// was faster; each time that node has got on.
const attempts = 100

// Write is one write, recorded as one event.
type Write struct {
	Actor writ.Subject
	// Kind and Subject are the event's: "tuples.write", "user:ann".
	Kind, Subject string
	// Plan says what to change, given the state it will follow; a Change needs only its
	// After, or for a removal its Before. It must have no effects: it runs again when
	// another node was faster. Its error is Write's. It must not keep the state, which is of this moment.
	//
	// A tuple or record without dates gets those of what it replaces, else the clock's.
	Plan func(*State) ([]authz.Change, error)
}

// waiting is a write in the queue.
type waiting struct {
	write Write
	done  chan struct{} // closed when state and err are set
	state *State
	err   error
}

// Write makes one write: durable, then visible, then acknowledged. A plan without changes
// (or whose changes change nothing) writes nothing and gives the state as it is. A change of the model validates
// the facts first.
//
// When ctx is done before the write's turn it does not happen. When its turn has come it
// cannot be called back: the CodeCancelled error says which of the two it was.
func (e *Environment) Write(ctx context.Context, w Write) (*State, error) {
	if err := ctx.Err(); err != nil {
		return nil, writ.Errorf(writ.CodeCancelled, "the write did not happen: %w", err)
	}
	p := &waiting{write: w, done: make(chan struct{})}
	e.mu.Lock()
	e.queue = append(e.queue, p)
	e.mu.Unlock()
	for {
		select {
		case <-p.done:
			return p.state, p.err
		case e.turn <- struct{}{}:
			// What has begun for others too must not end because this caller went away.
			e.lead(context.WithoutCancel(ctx), p)
		case <-ctx.Done():
			return e.leave(ctx, p)
		}
	}
}

// leave ends the waiting of a caller that went away.
func (e *Environment) leave(ctx context.Context, p *waiting) (*State, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.Index(e.queue, p); i >= 0 {
		e.queue = slices.Delete(e.queue, i, i+1)
		return nil, writ.Errorf(writ.CodeCancelled, "the write did not happen: %w", ctx.Err())
	}
	select {
	case <-p.done:
		return p.state, p.err
	default:
	}
	return nil, writ.Errorf(writ.CodeCancelled, "the write may happen or not: the caller went away while it was made: %w", ctx.Err()).
		WithHint("read what it should have changed before you write again")
}

// lead commits the queue as one group, unless p was part of another's. The
// caller has the turn, which ends here.
func (e *Environment) lead(ctx context.Context, p *waiting) {
	defer func() { <-e.turn }()
	select {
	case <-p.done:
		return
	default:
	}
	// Writers of the group before have just been woken: let them queue first, and the
	// group is twice as large. It costs a lone writer nothing.
	runtime.Gosched()
	e.mu.Lock()
	g := &group{writes: e.queue}
	e.queue = nil
	e.mu.Unlock()
	// A store that panics must not leave the others waiting for ever.
	defer func() {
		if r := recover(); r != nil {
			g.fail(writ.Errorf(writ.CodeInternal, "the write may have happened or not: panic: %v", r))
			panic(r)
		}
	}()
	e.commit(ctx, g)
}

// group is writes that become durable together.
type group struct {
	writes  []*waiting
	commits []Commit
	size    int // changes of all commits
}

// answer wakes the writers of the group with what became of their plans.
func (g *group) answer(s *State) {
	for _, p := range g.writes {
		if p.err == nil {
			p.state = s
		}
		close(p.done)
	}
	g.writes = nil
}

func (g *group) fail(err error) {
	for _, p := range g.writes {
		p.err = err
		close(p.done)
	}
	g.writes = nil
}

// commit plans a group of writes, makes it durable, and then visible.
func (e *Environment) commit(ctx context.Context, g *group) {
	for range attempts {
		if err := e.fault(); err != nil {
			g.fail(err)
			return
		}
		before := e.State()
		d := e.draft()
		e.plan(d, g)
		if len(g.commits) == 0 {
			g.answer(before)
			return
		}
		err := e.config.Store.Append(ctx, before.Head, g.commits)
		if err == nil {
			e.publish(d.done())
			e.notBehindNow()
			g.answer(e.State())
			return
		}
		last := g.commits[len(g.commits)-1].Head()
		refused := writ.CodeOf(err) == writ.CodeConflict
		if err = e.afterFailure(ctx, err, last); err != nil {
			g.fail(err)
			return
		}
		// A group that was refused is not there: where it seems to be, another node has written the same
		// at the same moment, and its plans, asked again, may want something else.
		if !refused && e.State().Head == last {
			g.answer(e.State())
			return
		}
	}
	g.fail(writ.Errorf(writ.CodeConflict, "other nodes were faster %d times in a row", attempts).WithHint("write again"))
}

// afterFailure looks what became of a group whose Append failed. Without an
// error the state is newer than it was: it has the group itself, or what another node has written.
func (e *Environment) afterFailure(ctx context.Context, failure error, last ledger.Head) error {
	before := e.State().Head
	err := e.catchUp(ctx)
	switch {
	case e.fault() != nil:
		return e.fault()
	case writ.CodeOf(failure) == writ.CodeConflict && err != nil:
		return err
	case writ.CodeOf(failure) == writ.CodeConflict && e.State().Head == before:
		return e.refuse(writ.Errorf(writ.CodeInternal, "the store is not at entry %d, which it was, and has none after it", before.Seq))
	case writ.CodeOf(failure) == writ.CodeConflict, err == nil && e.State().Head == last:
		return nil
	}
	return writ.Errorf(writ.CodeOf(failure), "the store did not confirm the write: %w", failure).
		WithHint("it may have happened: read what it should have changed before you write again")
}

// plan runs the plans one after another, each on what those before it leave. Writes
// over the bound of a group go back to the queue.
func (e *Environment) plan(d *draft, g *group) {
	g.commits, g.size = nil, 0
	now := time.UnixMicro(e.config.Now().UnixMicro()).UTC()
	if now.Before(d.state.Time) {
		now = d.state.Time // the clock went back; entries never do
	}
	for i, p := range g.writes {
		if g.size >= e.config.MaxBatch {
			e.mu.Lock()
			e.queue = append(slices.Clone(g.writes[i:]), e.queue...)
			e.mu.Unlock()
			g.writes = g.writes[:i:i]
			return
		}
		var c *Commit
		c, p.err = e.planOne(d, &p.write, now)
		if c != nil {
			g.commits = append(g.commits, *c)
			g.size += len(c.Changes)
		}
	}
}

// planOne runs one plan and applies its changes: all of them, or none.
func (e *Environment) planOne(d *draft, w *Write, now time.Time) (*Commit, error) {
	before := d.state
	asked, err := e.ask(d, w)
	if err != nil {
		return nil, err
	}
	var made []authz.Change
	for i := range asked {
		c, err := canonical(asked[i])
		changed := false
		if err == nil {
			changed, err = d.apply(&c, now)
		}
		if err != nil {
			return nil, d.takeBack(made, &before, err)
		}
		if changed {
			made = append(made, c)
		}
	}
	if len(made) == 0 {
		return nil, nil
	}
	data, err := encodeChanges(made)
	if err != nil {
		return nil, d.takeBack(made, &before, err)
	}
	entry, err := ledger.Seal(d.state.Head, writ.Event{Time: now, Actor: w.Actor, Kind: w.Kind, Subject: w.Subject, Data: data})
	if err != nil {
		return nil, d.takeBack(made, &before, err)
	}
	d.follow(&entry)
	return &Commit{Entry: entry, Changes: made}, nil
}

// ask runs the plan, which is another caller's code and may fail in any way.
func (e *Environment) ask(d *draft, w *Write) (changes []authz.Change, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = writ.Errorf(writ.CodeInternal, "the write did not happen: its plan panicked: %v", r)
		}
	}()
	if w.Kind == "" || w.Plan == nil {
		return nil, writ.Errorf(writ.CodeInvalid, "a write needs a kind and a plan")
	}
	if changes, err = w.Plan(d.view()); err != nil {
		return nil, err
	}
	if len(changes) > e.config.MaxBatch {
		return nil, writ.Errorf(writ.CodeTooLarge, "the write has %d changes, over the %d of one write", len(changes), e.config.MaxBatch).
			WithHint("write them in parts")
	}
	return changes, nil
}

// takeBack undoes what a write has changed so far and gives its error.
func (d *draft) takeBack(made []authz.Change, before *State, err error) error {
	if undone := d.undo(made, before); undone != nil {
		panic(fmt.Sprintf("changes that were made cannot be taken back: %v", undone))
	}
	return err
}
