package delivery

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/store"
)

const (
	atOnce     = 16        // deliveries under way
	maxLetters = 10_000    // that wait, and their bytes
	maxBytes   = 256 << 20 //
	longest    = 5 * time.Minute
	bucket     = "deliveries"
)

// Roles takes on the roles that letters are delivered as.
type Roles interface {
	AssumeForService(ctx context.Context, r session.ServiceRole) (session.Credentials, gate.Caller, error)
}

// Config is what a post is made of. DB, Name, Account, Region and Do are
// required, Roles where a sender has a role.
type Config struct {
	DB *store.DB
	// Name is whose letters these are: the store's bucket, and the word for logs.
	Name            string
	Account, Region string
	Do              gate.Doer
	Roles           Roles
	Now             func() time.Time
	Log             *slog.Logger
	// Code words an error for dead letters; nil takes the error's own code.
	Code func(error) string
	// Pause is the wait before the first retry; each further one waits twice
	// as long, up to five minutes. 0 means a second.
	Pause time.Duration
}

// Post delivers letters. Its methods may be called by several goroutines.
type Post struct {
	cfg  Config
	ctx  context.Context // of what is under way
	stop context.CancelFunc
	wake chan struct{}
	work sync.WaitGroup

	mu      sync.Mutex
	waiting queue
	count   int // of waiting letters and those under way
	bytes   int
	active  int
	closed  bool
}

// New makes a post. Resume starts it, Close stops it.
func New(cfg Config) *Post {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Code == nil {
		cfg.Code = gate.CodeOf
	}
	if cfg.Pause == 0 {
		cfg.Pause = time.Second
	}
	p := &Post{cfg: cfg, wake: make(chan struct{}, 1)}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p
}

// Resume takes up the letters that a stop left, and begins to deliver.
func (p *Post) Resume() error {
	var list []*item
	err := p.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket(p.cfg.Name, bucket)
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			one := &item{key: string(k)}
			if err := json.Unmarshal(v, &one.Letter); err != nil {
				return fmt.Errorf("decode delivery %s of %s: %w", k, p.cfg.Name, err)
			}
			list = append(list, one)
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.add(list)
	p.work.Go(p.run)
	return nil
}

// Close stops the deliveries, also those under way; they go on at the next start.
func (p *Post) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	p.work.Wait()
}

// Send stores letters and begins to deliver them. It refuses them all when too
// many wait, with AWS's ThrottlingException.
func (p *Post) Send(letters ...Letter) error {
	if len(letters) == 0 {
		return nil
	}
	size := 0
	for i := range letters {
		size += len(letters[i].Body)
	}
	p.mu.Lock()
	full := p.count+len(letters) > maxLetters || p.bytes+size > maxBytes
	p.mu.Unlock()
	if full {
		return gate.Errorf("ThrottlingException", "Rate exceeded: too many events of %s wait for their targets", p.cfg.Name).WithStatus(http.StatusTooManyRequests)
	}
	list := make([]*item, len(letters))
	err := p.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket(p.cfg.Name, bucket)
		if err != nil {
			return err
		}
		for i, l := range letters {
			n, err := b.NextSequence()
			if err != nil {
				return err
			}
			list[i] = &item{Letter: l, key: strconv.FormatUint(1e18+n, 10)}
			if err := b.PutJSON(list[i].key, l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.add(list)
	return nil
}

// add puts letters in line, due at once.
func (p *Post) add(list []*item) {
	p.mu.Lock()
	for _, one := range list {
		one.due = time.Now()
		p.count++
		p.bytes += len(one.Body)
		heap.Push(&p.waiting, one)
	}
	p.mu.Unlock()
	p.rouse()
}

func (p *Post) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run begins each delivery when it is due and there is room.
func (p *Post) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(p.begin())
		select {
		case <-p.wake:
		case <-timer.C:
		case <-p.ctx.Done():
			return
		}
	}
}

// begin starts what is due and says how long nothing more will be.
func (p *Post) begin() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.waiting) > 0 && p.active < atOnce && !p.closed {
		if wait := time.Until(p.waiting[0].due); wait > 0 {
			return wait
		}
		one := heap.Pop(&p.waiting).(*item)
		p.active++
		p.work.Go(func() { p.deliver(one) })
	}
	return time.Hour
}

// deliver makes one attempt. A client error, such as a policy that denies or a
// target that is gone, is final, as on AWS; others are tried again.
func (p *Post) deliver(one *item) {
	err := p.attempt(p.ctx, &one.Letter)
	again := false
	if p.ctx.Err() == nil {
		if err != nil {
			again = p.again(one, err)
		}
		if !again {
			if err != nil {
				p.bury(one, err)
			}
			if p.ctx.Err() == nil {
				p.forget(one)
			}
		}
	}
	p.mu.Lock()
	p.active--
	if again {
		heap.Push(&p.waiting, one)
	} else {
		p.count--
		p.bytes -= len(one.Body)
	}
	p.mu.Unlock()
	p.rouse()
}

// again says whether a letter is to be tried once more, and when.
func (p *Post) again(one *item, err error) bool {
	wait := min(p.cfg.Pause<<min(one.Attempts, 20), longest)
	if final(err) || one.Attempts >= one.Retries || !one.Until.IsZero() && p.cfg.Now().Add(wait).After(one.Until) {
		return false
	}
	one.Attempts++
	one.due = time.Now().Add(wait)
	stored := p.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket(p.cfg.Name, bucket)
		if err != nil {
			return err
		}
		return b.PutJSON(one.key, one.Letter)
	})
	if stored != nil { // it is stored with fewer attempts, and may be tried more often
		p.cfg.Log.Warn("an attempt at a delivery could not be noted", "error", stored.Error())
	}
	return true
}

func final(err error) bool {
	var known *gate.Error
	if !errors.As(err, &known) {
		return false
	}
	throttled := known.Status == http.StatusTooManyRequests || strings.HasPrefix(known.Code, "Throttl") || known.Code == "RequestThrottled"
	return known.Status < http.StatusInternalServerError && !throttled
}

// bury says that a letter could not be delivered, and gives it to its
// dead-letter queue.
func (p *Post) bury(one *item, cause error) {
	log := p.cfg.Log.With("source", one.From.Source, "target", one.To, "error", cause.Error())
	if one.Dead == "" {
		log.Warn("an event of " + p.cfg.Name + " could not be delivered and is lost")
		return
	}
	if err := p.toDead(one, cause); err != nil {
		log.Warn("an event of "+p.cfg.Name+" could not be delivered, nor to its dead-letter queue, and is lost", "queue", one.Dead, "because", err.Error())
		return
	}
	log.Warn("an event of " + p.cfg.Name + " could not be delivered and went to its dead-letter queue")
}

func (p *Post) toDead(one *item, cause error) error {
	as, err := p.caller(p.ctx, one.DeadFrom)
	if err != nil {
		return err
	}
	about := maps.Clone(one.About)
	if about == nil {
		about = map[string]string{}
	}
	text := cause.Error()
	var known *gate.Error
	if errors.As(cause, &known) {
		text = known.Message
	}
	about["ERROR_CODE"], about["ERROR_MESSAGE"], about["RETRY_ATTEMPTS"] = p.cfg.Code(cause), text, strconv.Itoa(one.Attempts)
	if !final(cause) {
		about["EXHAUSTED_RETRY_CONDITION"] = "MaximumEventAgeInSeconds"
		if one.Attempts >= one.Retries {
			about["EXHAUSTED_RETRY_CONDITION"] = "MaximumRetryAttempts"
		}
	}
	attributes := make([]Attribute, 0, len(about))
	for name, value := range about {
		attributes = append(attributes, Attribute{Name: name, Type: "String", Value: value})
	}
	return p.toQueue(func(c *gate.Call) error {
		c.Caller, c.Account, c.Region, c.Secure, c.UserAgent = as, p.cfg.Account, p.cfg.Region, true, one.DeadFrom.Service
		_, err := p.cfg.Do.Do(p.ctx, c)
		return err
	}, one.Dead, one.Body, "", attributes)
}

// forget removes a letter that is done with.
func (p *Post) forget(one *item) {
	err := p.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket(p.cfg.Name, bucket)
		if err != nil {
			return err
		}
		return b.Delete([]byte(one.key))
	})
	if err != nil {
		p.cfg.Log.Warn("an event of "+p.cfg.Name+" may be delivered again", "error", err.Error())
	}
}

// item is a letter in line.
type item struct {
	Letter
	key string
	due time.Time
}

// queue is a heap of letters, the one that is due first at its head.
type queue []*item

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].due.Before(q[j].due) || q[i].due.Equal(q[j].due) && q[i].key < q[j].key
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(v any)   { *q = append(*q, v.(*item)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return last
}
