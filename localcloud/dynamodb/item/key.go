package item

import "hash/fnv"

// The bytes of a key part end with 0x00 0x01; a 0x00 within becomes 0x00 0xFF.
// So a part that is the beginning of another sorts before it, and parts can
// follow each other without one running into the next.
const (
	keyEscape = 0xFF
	keyEnd    = 0x01
	// KeyAfter in place of the end sorts after every key that has the part.
	KeyAfter = 0x02
)

// AppendKeyPart appends the text of a scalar and the end of the part.
func AppendKeyPart(b []byte, text string) []byte {
	return append(AppendKeyPrefix(b, text), 0, keyEnd)
}

// AppendKeyAfter appends bytes that sort after all keys whose next part is text.
func AppendKeyAfter(b []byte, text string) []byte {
	return append(AppendKeyPrefix(b, text), 0, KeyAfter)
}

// AppendKeyPrefix appends the text of a scalar without an end: the beginning
// of every key whose part begins with text.
func AppendKeyPrefix(b []byte, text string) []byte {
	for i := range len(text) {
		b = append(b, text[i])
		if text[i] == 0 {
			b = append(b, keyEscape)
		}
	}
	return b
}

// Bound gives the first bytes after all those that begin with prefix, nil when
// there are none such.
func Bound(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xFF {
			out := append([]byte(nil), prefix[:i+1]...)
			out[i]++
			return out
		}
	}
	return nil
}

// HashBits is how many bits of a partition key's hash stand before its key.
const HashBits = 16

// Hash spreads partition keys over a range of HashBits bits. Items lie in the
// order of it, as in DynamoDB, where the order of a scan says nothing and a
// segment of a parallel scan is a range of hashes.
func Hash(partition string) uint16 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(partition)) // never fails
	sum := h.Sum32()
	return uint16(sum>>16) ^ uint16(sum&0xFFFF)
}

// AppendPartition appends the hash and the part of a partition key: what all
// keys of one item collection begin with.
func AppendPartition(b []byte, partition string) []byte {
	h := Hash(partition)
	return AppendKeyPart(append(b, byte(h>>8), byte(h&0xFF)), partition)
}
