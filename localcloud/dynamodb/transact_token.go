package dynamodb

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// tokenLife is how long a ClientRequestToken is remembered.
const tokenLife = 10 * time.Minute

// forgetBatch is how many tokens past their life one transaction forgets.
const forgetBatch = 8

// claim is the use of a ClientRequestToken. Under the token lie the time when
// it is forgotten and the hash of what it was used for; a second bucket has
// the tokens in the order of that time.
type claim struct {
	token string // "" for none
	hash  [sha256.Size]byte
	now   time.Time
}

func (r *transactWriteItems) token(now time.Time) (claim, error) {
	c := claim{token: r.ClientRequestToken, now: now}
	if c.token == "" {
		return c, nil
	}
	text, err := wire.Marshal(r.TransactItems)
	c.hash = sha256.Sum256(text)
	return c, err
}

func until(data []byte) time.Time {
	return time.Unix(0, int64(binary.BigEndian.Uint64(data))) // #nosec G115 -- written by keep
}

// seen reports whether the token was used for the same before; for something
// else it is an error.
func (c claim) seen(tx *store.Tx) (bool, error) {
	if c.token == "" {
		return false, nil
	}
	b, err := tx.Bucket(bucketTokens...)
	if err != nil {
		return false, err
	}
	data := b.Get([]byte(c.token))
	if len(data) < 8 || !c.now.Before(until(data)) {
		return false, nil
	}
	if !bytes.Equal(data[8:], c.hash[:]) {
		return false, gate.Errorf("IdempotentParameterMismatchException", "Request rejected because the client token was used before with different parameters")
	}
	return true, nil
}

// keep remembers the token and forgets some that are over.
func (c claim) keep(tx *store.Tx) error {
	if c.token == "" {
		return nil
	}
	tokens, err := tx.Bucket(bucketTokens...)
	if err != nil {
		return err
	}
	order, err := tx.Bucket(bucketExpiry...)
	if err != nil {
		return err
	}
	var over [][]byte
	cursor := order.Cursor()
	for k, _ := cursor.First(); len(k) > 8 && !c.now.Before(until(k)) && len(over) < forgetBatch; k, _ = cursor.Next() {
		over = append(over, bytes.Clone(k))
	}
	for _, k := range over {
		if data := tokens.Get(k[8:]); len(data) >= 8 && bytes.Equal(data[:8], k[:8]) {
			if err := tokens.Delete(k[8:]); err != nil {
				return err
			}
		}
		if err := order.Delete(k); err != nil {
			return err
		}
	}
	at := binary.BigEndian.AppendUint64(nil, uint64(c.now.Add(tokenLife).UnixNano())) // #nosec G115 -- after 1970
	if err := tokens.Put([]byte(c.token), append(bytes.Clone(at), c.hash[:]...)); err != nil {
		return err
	}
	return order.Put(append(at, c.token...), []byte{})
}
