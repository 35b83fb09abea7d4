package sqs

import (
	"crypto/md5" // the checksum that SQS has
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ/localcloud/store"
)

const (
	maxMessage    = 1 << 20 // bytes, of one message and of a batch
	maxVisibility = 12 * 60 * 60
	maxFlying     = 120_000
	maxFlyingFIFO = 20_000
)

// message is what is known of a message without its body.
type message struct {
	seq      uint64
	sent     int64 // milliseconds, as all times here
	visible  int64 // when it may be received, again or at all
	receives int
	nonce    string // of the last receive
	group    string
	flying   bool // received, and not yet visible again
}

// stored is a message as it is stored, by its number.
type stored struct {
	ID         string               `json:"id"`
	Body       string               `json:"body"`
	Attributes map[string]attribute `json:"attributes,omitempty"`
	Trace      string               `json:"trace,omitempty"`
	Sender     string               `json:"sender"`
	Sent       int64                `json:"sent"`
	Visible    int64                `json:"visible"`
	First      int64                `json:"first,omitempty"`
	Receives   int                  `json:"receives,omitempty"`
	Nonce      string               `json:"nonce,omitempty"`
	Flying     bool                 `json:"flying,omitempty"`
	Group      string               `json:"group,omitempty"`
	Dedup      string               `json:"dedup,omitempty"`
	Sequence   string               `json:"sequence,omitempty"`
	// Source is the ARN of the queue that a dead letter came from.
	Source string `json:"source,omitempty"`
}

// seen is a message that a FIFO queue knows again.
type seen struct {
	Until    int64  `json:"until"`
	ID       string `json:"id"`
	Sequence string `json:"sequence"`
}

// attribute is a typed value beside the body.
type attribute struct {
	DataType    string  `json:"DataType"`
	StringValue *string `json:"StringValue,omitempty"`
	BinaryValue []byte  `json:"BinaryValue,omitempty"`
}

var (
	attributeRule = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,256}$`)
	typeRule      = regexp.MustCompile(`^(String|Number|Binary)(\..+)?$`)
)

// checkAttributes checks a message's attributes and gives their size.
func checkAttributes(list map[string]attribute) (size int, err error) {
	if len(list) > 10 {
		return 0, invalid("Number of message attributes [%d] exceeds the allowed maximum [10].", len(list))
	}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		a, lower := list[name], strings.ToLower(name)
		switch {
		case !attributeRule.MatchString(name) || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") ||
			strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
			return 0, invalid("Message (user) attribute name '%s' is not valid.", name)
		case !typeRule.MatchString(a.DataType) || len(a.DataType) > 256:
			return 0, invalid("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
		case strings.HasPrefix(a.DataType, "Binary") && len(a.BinaryValue) == 0,
			!strings.HasPrefix(a.DataType, "Binary") && (a.StringValue == nil || *a.StringValue == ""):
			return 0, invalid("The message attribute '%s' must contain a non-empty message attribute value for message attribute type '%s'.", name, a.DataType)
		}
		if a.StringValue != nil {
			if _, err := strconv.ParseFloat(*a.StringValue, 64); err != nil && strings.HasPrefix(a.DataType, "Number") {
				return 0, invalid("Can't cast the value of message (user) attribute '%s' to a number.", name)
			}
			if !validText(*a.StringValue) {
				return 0, invalidContents()
			}
			size += len(*a.StringValue)
		}
		size += len(name) + len(a.DataType) + len(a.BinaryValue)
	}
	return size, nil
}

func invalidContents() error {
	return failure("InvalidMessageContents", "InvalidMessageContents",
		"Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.")
}

func validText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return false
		}
	}
	return true
}

func sum(b []byte) string {
	h := md5.Sum(b)
	return hex.EncodeToString(h[:])
}

// sumAttributes is the checksum of the Developer Guide, "Calculating the MD5
// message digest for message attributes"; "" for none.
func sumAttributes(list map[string]attribute) string {
	if len(list) == 0 {
		return ""
	}
	var b []byte
	add := func(v []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
	}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		a := list[name]
		add([]byte(name))
		add([]byte(a.DataType))
		if strings.HasPrefix(a.DataType, "Binary") {
			b = append(b, 2)
			add(a.BinaryValue)
		} else {
			b = append(b, 1)
			add([]byte(*a.StringValue))
		}
	}
	return sum(b)
}

// handle is the receipt handle of a message's last receive.
func (q *queue) handle(m *message) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d:%s", q.id, m.seq, m.nonce))
}

// readHandle gives the number and the nonce of a receipt handle.
func (q *queue) readHandle(text string) (seq uint64, nonce string, err error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	parts := strings.Split(string(raw), ":")
	if err != nil || len(parts) != 3 || parts[0] != q.id {
		return 0, "", badHandle(text)
	}
	if seq, err = strconv.ParseUint(parts[1], 10, 64); err != nil {
		return 0, "", badHandle(text)
	}
	return seq, parts[2], nil
}

func messageKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// load reads what is to be known of a queue's messages.
func (q *queue) load(tx *store.Tx) error {
	b, err := tx.Bucket("sqs", "messages", q.id)
	if err != nil {
		return err
	}
	c := b.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		var in stored
		if err := json.Unmarshal(v, &in); err != nil || len(k) != 8 {
			return fmt.Errorf("decode message %x of %s: %w", k, q.name, err)
		}
		q.messages = append(q.messages, in.known(binary.BigEndian.Uint64(k)))
	}
	if b, err = tx.Bucket("sqs", "seen", q.id); err != nil {
		return err
	}
	c = b.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		var one seen
		if err := json.Unmarshal(v, &one); err != nil {
			return fmt.Errorf("decode deduplication of %s: %w", q.name, err)
		}
		q.seen[string(k)] = one
	}
	return nil
}

func (m *stored) known(seq uint64) *message {
	return &message{seq: seq, sent: m.Sent, visible: m.Visible, receives: m.Receives, nonce: m.Nonce, group: m.Group, flying: m.Flying}
}

// place finds a message by its number. The caller holds q.mu.
func (q *queue) place(seq uint64) (int, bool) {
	return slices.BinarySearchFunc(q.messages, seq, func(m *message, seq uint64) int {
		switch {
		case m.seq < seq:
			return -1
		case m.seq > seq:
			return 1
		}
		return 0
	})
}

// insert puts a message in its place. The caller holds q.mu.
func (q *queue) insert(m *message) {
	i, _ := q.place(m.seq)
	q.messages = slices.Insert(q.messages, i, m)
}

// take removes a message, and says whether it was there. The caller holds q.mu.
func (q *queue) take(seq uint64) bool {
	i, ok := q.place(seq)
	if ok {
		q.messages = slices.Delete(q.messages, i, i+1)
	}
	return ok
}

// bucketOf is the bucket of a queue's messages, as long as the queue is there.
func bucketOf(tx *store.Tx, q *queue) (*store.Bucket, error) {
	b, err := tx.Bucket("sqs", "queues")
	if err != nil {
		return nil, err
	}
	var r record
	if found, err := b.GetJSON(q.name, &r); err != nil || !found || r.ID != q.id {
		if err == nil {
			err = errNoQueue()
		}
		return nil, err
	}
	return tx.Bucket("sqs", "messages", q.id)
}

// drop removes stored messages.
func (s *Service) drop(q *queue, list []uint64) error {
	if len(list) == 0 {
		return nil
	}
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := bucketOf(tx, q)
		if err != nil {
			return err
		}
		for _, seq := range list {
			if err := b.Delete(messageKey(seq)); err != nil {
				return err
			}
		}
		return nil
	})
}
