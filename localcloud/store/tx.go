package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Tx is one transaction.
type Tx struct {
	bolt     *bbolt.Tx
	writable bool
	dirty    bool
}

// Bucket is an ordered map of keys to values.
type Bucket struct {
	tx   *Tx
	bolt *bbolt.Bucket
}

// Bucket finds the bucket at a path of names ("dynamodb", "items", "hits"). A
// writable transaction makes it when it is not there; a reading one gives an
// empty bucket.
func (tx *Tx) Bucket(path ...string) (*Bucket, error) {
	var b *bbolt.Bucket
	for i, name := range path {
		var next *bbolt.Bucket
		if i == 0 {
			next = tx.bolt.Bucket([]byte(name))
		} else {
			next = b.Bucket([]byte(name))
		}
		if next == nil {
			if !tx.writable {
				return &Bucket{tx: tx}, nil
			}
			var err error
			tx.dirty = true
			if i == 0 {
				next, err = tx.bolt.CreateBucket([]byte(name))
			} else {
				next, err = b.CreateBucket([]byte(name))
			}
			if err != nil {
				return nil, fmt.Errorf("make bucket %v: %w", path, err)
			}
		}
		b = next
	}
	return &Bucket{tx: tx, bolt: b}, nil
}

// Each decodes all JSON values of the bucket at path, in the order of their keys.
func Each[T any](tx *Tx, path []string, do func(T) error) error {
	b, err := tx.Bucket(path...)
	if err != nil {
		return err
	}
	c := b.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		var one T
		if err := json.Unmarshal(v, &one); err != nil {
			return fmt.Errorf("decode %s of %v: %w", k, path, err)
		}
		if err := do(one); err != nil {
			return err
		}
	}
	return nil
}

// DeleteBucket removes the bucket at path with all in it. One that is not
// there is no error.
func (tx *Tx) DeleteBucket(path ...string) error {
	tx.dirty = true
	last := []byte(path[len(path)-1])
	var err error
	if len(path) == 1 {
		err = tx.bolt.DeleteBucket(last)
	} else {
		var parent *Bucket
		if parent, err = tx.Bucket(path[:len(path)-1]...); err == nil {
			err = parent.bolt.DeleteBucket(last)
		}
	}
	if errors.Is(err, bolterrors.ErrBucketNotFound) {
		return nil
	}
	return err
}

// Get gives the value of key, nil when it is not there. The bytes are valid
// until the transaction ends.
func (b *Bucket) Get(key []byte) []byte {
	if b.bolt == nil {
		return nil
	}
	return b.bolt.Get(key)
}

// Put sets key to value. A key is at most 32 KiB and not empty.
func (b *Bucket) Put(key, value []byte) error {
	b.tx.dirty = true
	return b.bolt.Put(key, value)
}

// Delete removes key.
func (b *Bucket) Delete(key []byte) error {
	b.tx.dirty = true
	return b.bolt.Delete(key)
}

// GetJSON decodes the value of key into v; found is false when it is not there.
func (b *Bucket) GetJSON(key string, v any) (found bool, err error) {
	data := b.Get([]byte(key))
	if data == nil {
		return false, nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return true, fmt.Errorf("decode stored %q: %w", key, err)
	}
	return true, nil
}

// PutJSON sets key to the JSON of v.
func (b *Bucket) PutJSON(key string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %q: %w", key, err)
	}
	return b.Put([]byte(key), data)
}

// NextSequence gives a number that the bucket has not given before.
func (b *Bucket) NextSequence() (uint64, error) {
	b.tx.dirty = true
	return b.bolt.NextSequence()
}

// Cursor goes through a bucket in the order of its keys.
type Cursor struct{ bolt *bbolt.Cursor }

// Cursor makes a cursor. It must not outlive the transaction.
func (b *Bucket) Cursor() *Cursor {
	if b.bolt == nil {
		return &Cursor{}
	}
	return &Cursor{bolt: b.bolt.Cursor()}
}

// First goes to the first pair; a nil key means that there is none.
func (c *Cursor) First() (key, value []byte) {
	if c.bolt == nil {
		return nil, nil
	}
	return c.bolt.First()
}

// Last goes to the last pair.
func (c *Cursor) Last() (key, value []byte) {
	if c.bolt == nil {
		return nil, nil
	}
	return c.bolt.Last()
}

// Next goes one pair on.
func (c *Cursor) Next() (key, value []byte) {
	if c.bolt == nil {
		return nil, nil
	}
	return c.bolt.Next()
}

// Prev goes one pair back.
func (c *Cursor) Prev() (key, value []byte) {
	if c.bolt == nil {
		return nil, nil
	}
	return c.bolt.Prev()
}

// Seek goes to the first pair whose key is not before key.
func (c *Cursor) Seek(key []byte) (found, value []byte) {
	if c.bolt == nil {
		return nil, nil
	}
	return c.bolt.Seek(key)
}
