package process

import (
	"context"
	"slices"
	"time"
)

// Pool is the processes of one generation of a function.
type Pool struct {
	fleet *Fleet
	spec  Spec

	// The rest is guarded by fleet.mu.
	idle    []*instance // the one used last is last
	all     map[*instance]struct{}
	waiting []chan *instance
	retired bool
}

// Spec is what the pool runs.
func (p *Pool) Spec() Spec { return p.spec }

// Retire stops idle processes at once and the others when they are through
// with their invocation. Invoke gives ErrRetired from then on.
func (p *Pool) Retire() {
	f := p.fleet
	f.mu.Lock()
	p.retired = true
	victims := p.idle
	p.idle = nil
	p.wakeAll()
	if len(p.all) == 0 {
		delete(f.pools, p)
	}
	f.mu.Unlock()
	for _, in := range victims {
		in.killWhenQuiet()
	}
}

// Invoke runs one event. A function's own failure is a Result with Error set;
// an error is returned only when the function could not be run at all: the
// errors of this package and those of ctx. When ctx ends, the function goes on.
func (p *Pool) Invoke(ctx context.Context, e Event) (Result, error) {
	inv := newInvocation(e)
	for {
		in, err := p.acquire(ctx)
		if err != nil {
			return Result{}, err
		}
		res, delivered, err := in.run(ctx, inv)
		if delivered || err != nil {
			return res, err
		}
	}
}

// acquire finds an idle process, or starts one, or waits for one.
func (p *Pool) acquire(ctx context.Context) (*instance, error) {
	var timeout <-chan time.Time
	for {
		in, wait, err := p.tryAcquire()
		if err != nil {
			return nil, err
		}
		if in != nil {
			if in.state() == stateNew {
				if err := in.start(ctx); err != nil {
					p.fleet.gone(in)
					return nil, err
				}
			}
			return in, nil
		}
		if timeout == nil {
			timer := time.NewTimer(p.fleet.cfg.WaitForProcess)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case in := <-wait:
			if in != nil {
				return in, nil
			}
		case <-timeout:
			return p.giveUp(wait, ErrBusy)
		case <-ctx.Done():
			return p.giveUp(wait, ctx.Err())
		}
	}
}

// tryAcquire gives an idle or a new process, or the channel to wait on.
func (p *Pool) tryAcquire() (*instance, chan *instance, error) {
	f := p.fleet
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil, nil, ErrClosed
	}
	if p.retired {
		f.mu.Unlock()
		return nil, nil, ErrRetired
	}
	if n := len(p.idle); n > 0 {
		in := p.idle[n-1]
		p.idle = p.idle[:n-1]
		f.mu.Unlock()
		return in, nil, nil
	}
	var evicted *instance
	if len(p.all) < f.cfg.MaxPerFunction {
		if f.total >= f.cfg.MaxProcesses {
			evicted = f.evictIdle()
		}
		if evicted != nil || f.total < f.cfg.MaxProcesses {
			in := newInstance(p)
			p.all[in] = struct{}{}
			f.total++
			f.dying.Add(1)
			f.mu.Unlock()
			if evicted != nil {
				evicted.kill(killedIdle)
			}
			return in, nil, nil
		}
	}
	wait := make(chan *instance, 1)
	p.waiting = append(p.waiting, wait)
	f.mu.Unlock()
	return nil, wait, nil
}

// giveUp stops waiting. A process that was handed over meanwhile is passed on.
func (p *Pool) giveUp(wait chan *instance, err error) (*instance, error) {
	f := p.fleet
	f.mu.Lock()
	if i := slices.Index(p.waiting, wait); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	f.mu.Unlock()
	select {
	case in := <-wait:
		if in != nil {
			p.release(in)
		}
	default:
	}
	return nil, err
}

// release hands a process that can take work to who waits, else it is idle.
// Called with a process of a retired pool, or one whose credentials are about
// to expire, it stops the process once it is quiet.
func (p *Pool) release(in *instance) {
	f := p.fleet
	now := f.cfg.Now()
	f.mu.Lock()
	if p.retired || f.closed || now.After(in.useUntil) {
		f.mu.Unlock()
		in.killWhenQuiet()
		return
	}
	if len(p.waiting) > 0 {
		next := p.waiting[0]
		p.waiting = p.waiting[1:]
		f.mu.Unlock()
		next <- in
		return
	}
	in.idleSince = now
	p.idle = append(p.idle, in)
	f.mu.Unlock()
}

// wakeAll lets everyone who waits try again. The caller holds fleet.mu.
func (p *Pool) wakeAll() {
	for _, w := range p.waiting {
		w <- nil
	}
	p.waiting = nil
}

// dropIdle takes a process off the idle list. The caller holds fleet.mu.
func (p *Pool) dropIdle(in *instance) {
	if i := slices.Index(p.idle, in); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
}

// takeIdleBefore takes the processes that are idle since before t, and those
// that may not be used any more. The caller holds fleet.mu.
func (p *Pool) takeIdleBefore(t time.Time) []*instance {
	var taken []*instance
	now := p.fleet.cfg.Now()
	p.idle = slices.DeleteFunc(p.idle, func(in *instance) bool {
		old := in.idleSince.Before(t) || now.After(in.useUntil)
		if old {
			taken = append(taken, in)
		}
		return old
	})
	return taken
}
