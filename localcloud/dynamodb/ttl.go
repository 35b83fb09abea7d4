package dynamodb

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"

	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

const (
	// sweepEvery is how long after a sweep the next call makes another.
	sweepEvery = 5 * time.Second
	// sweepBatch is how many items one write removes.
	sweepBatch = 500
	// tooOld is how long ago an expiry may lie; an item older than that stays, as on AWS.
	tooOld = 5 * 365 * 24 * time.Hour
)

// Sweep removes the items whose time to live is over by the clock of the
// Config, and says how many. Each call does so in passing when five seconds
// went by, so it need not be called for the answers to be right; a program
// that wants items gone without traffic calls it now and then.
func (s *Service) Sweep(ctx context.Context) (removed int, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.cfg.Now()
	s.swept.Store(now.UnixNano())
	for _, t := range s.tables {
		if t.TTL == "" {
			continue
		}
		for {
			n, err := s.sweepTable(t, now)
			removed += n
			if err != nil {
				return removed, err
			}
			if n < sweepBatch || ctx.Err() != nil {
				break
			}
		}
	}
	return removed, nil
}

func (s *Service) sweepIfDue(ctx context.Context) error {
	last := s.swept.Load()
	now := s.cfg.Now().UnixNano()
	if now-last < int64(sweepEvery) && now >= last || !s.swept.CompareAndSwap(last, now) {
		return nil
	}
	_, err := s.Sweep(ctx)
	return err
}

// sweepTable removes some expired items of one table.
func (s *Service) sweepTable(t *table, now time.Time) (int, error) {
	keys, err := s.expired(t, now)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	writes := make([]*write, len(keys))
	for i, k := range keys {
		writes[i] = &write{table: t, key: k, delete: true, condition: expiredAt{t.TTL, now}}
	}
	removed := 0
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		removed = 0
		due := make([]*write, 0, len(writes))
		for _, w := range writes {
			if err := w.plan(tx); err == nil {
				due = append(due, w)
			} else if _, changed := err.(conditionFailed); !changed { // plan gives it unwrapped
				return err
			}
		}
		for _, w := range due {
			if err := w.apply(tx); err != nil {
				return err
			}
			removed++
		}
		return nil
	})
	return removed, err
}

// expired gives the keys of items whose time is over.
func (s *Service) expired(t *table, now time.Time) (keys [][]byte, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket(ttlBucket(t.Name)...)
		if err != nil {
			return err
		}
		from := binary.BigEndian.AppendUint64(nil, uint64(max(now.Add(-tooOld).Unix(), 0))) // #nosec G115 -- not negative
		until := binary.BigEndian.AppendUint64(nil, uint64(max(now.Unix(), 0)))             // #nosec G115 -- not negative
		c := b.Cursor()
		for k, v := c.Seek(from); k != nil && bytes.Compare(k[:8], until) < 0 && len(keys) < sweepBatch; k, v = c.Next() {
			keys = append(keys, bytes.Clone(v))
		}
		return nil
	})
	return keys, err
}

// expiredAt is the condition that an item's time is still over when it is removed.
type expiredAt struct {
	attribute string
	now       time.Time
}

func (e expiredAt) Matches(it item.Getter) bool {
	entry := expiryEntry(it, e.attribute, nil)
	return entry != nil && binary.BigEndian.Uint64(entry) < uint64(max(e.now.Unix(), 0)) // #nosec G115 -- not negative
}

func (e expiredAt) Paths() []expr.Path { return nil }

// describeTimeToLive is DescribeTimeToLive.
type describeTimeToLive struct{ TableName string }

func (r *describeTimeToLive) prepare() error { return checkTableName(r.TableName) }

func (r *describeTimeToLive) asks(s *Service) []gate.Ask {
	return []gate.Ask{s.ask(r.TableName, access{operation: "DescribeTimeToLive"})}
}

type (
	ttlDescription struct{ TimeToLiveStatus, AttributeName string }
	ttlOutput      struct{ TimeToLiveDescription *ttlDescription }
)

func (r *describeTimeToLive) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.named(r.TableName)
	if err != nil {
		return nil, err
	}
	if t.TTL == "" {
		return ttlOutput{&ttlDescription{TimeToLiveStatus: "DISABLED"}}, nil
	}
	return ttlOutput{&ttlDescription{"ENABLED", t.TTL}}, nil
}

type ttlSpecification struct {
	AttributeName string
	Enabled       *bool `wire:"always"`
}

// updateTimeToLive is UpdateTimeToLive.
type updateTimeToLive struct {
	TableName               string
	TimeToLiveSpecification *ttlSpecification
}

func (r *updateTimeToLive) prepare() error {
	if err := checkTableName(r.TableName); err != nil {
		return err
	}
	var c constraints
	c.require(r.TimeToLiveSpecification != nil, nil, "timeToLiveSpecification", ruleNotNull)
	if spec := r.TimeToLiveSpecification; spec != nil {
		c.require(spec.Enabled != nil, nil, "timeToLiveSpecification.enabled", ruleNotNull)
		c.require(spec.AttributeName != "", present(spec.AttributeName), "timeToLiveSpecification.attributeName", ruleNotNull)
		c.require(len(spec.AttributeName) <= 255, spec.AttributeName, "timeToLiveSpecification.attributeName", ruleMax, 255)
	}
	return c.err()
}

func (r *updateTimeToLive) asks(s *Service) []gate.Ask {
	return []gate.Ask{s.ask(r.TableName, access{operation: "UpdateTimeToLive"})}
}

type updateTTLOutput struct{ TimeToLiveSpecification *ttlSpecification }

func (r *updateTimeToLive) run(_ context.Context, s *Service) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.named(r.TableName)
	if err != nil {
		return nil, err
	}
	spec := r.TimeToLiveSpecification
	d := t.definition
	switch {
	case *spec.Enabled && t.TTL != "":
		return nil, item.Error("TimeToLive is already enabled")
	case !*spec.Enabled && t.TTL == "":
		return nil, item.Error("TimeToLive is already disabled")
	case !*spec.Enabled && t.TTL != spec.AttributeName:
		return nil, invalidf("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.TTL)
	case *spec.Enabled:
		d.TTL = spec.AttributeName
	default:
		d.TTL = ""
	}
	_, err = s.save(d, func(tx *store.Tx) error {
		if err := tx.DeleteBucket(ttlBucket(t.Name)...); err != nil {
			return err
		}
		if d.TTL == "" {
			return nil
		}
		return backfill(tx, t, ttlBucket(t.Name), func(it item.Raw, key []byte) []byte { return expiryEntry(it, d.TTL, key) })
	})
	if err != nil {
		return nil, err
	}
	return updateTTLOutput{spec}, nil
}

// backfill makes the entries of all items of a table in a new index.
func backfill(tx *store.Tx, t *table, bucket []string, entry func(it item.Raw, key []byte) []byte) error {
	items, err := tx.Bucket(itemsBucket(t.Name)...)
	if err != nil {
		return err
	}
	b, err := tx.Bucket(bucket...)
	if err != nil {
		return err
	}
	c := items.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if e := entry(item.Raw(v), k); e != nil {
			if err := b.Put(e, bytes.Clone(k)); err != nil {
				return err
			}
		}
	}
	return nil
}
