// Package seal keeps secret values unreadable on disk: each is encrypted with
// a key made of the cloud's own, and bound to what it belongs to.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"github.com/writ-dev/writ"
)

// Sealer seals and opens the values of one service. It may be used by several goroutines.
type Sealer struct{ aead cipher.AEAD }

// New makes a sealer of the cloud's key. Sealers of different purposes cannot
// open each other's values.
func New(key []byte, purpose string) (*Sealer, error) {
	if len(key) < 16 {
		return nil, writ.Errorf(writ.CodeInvalid, "the sealing key has %d bytes; it must have 16 or more", len(key))
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte("writ seal " + purpose))
	block, err := aes.NewCipher(h.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return &Sealer{aead}, nil
}

// Seal encrypts a value that belongs to a thing, such as an ARN and a version.
func (s *Sealer) Seal(value []byte, of string) []byte {
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails, by its documentation
	return s.aead.Seal(nonce, nonce, value, []byte(of))
}

// Open gives a value back. One that was changed, or that belongs to another
// thing, is CodeInvalid.
func (s *Sealer) Open(sealed []byte, of string) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, writ.Errorf(writ.CodeInvalid, "the sealed value of %s is damaged", of)
	}
	value, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(of))
	if err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the sealed value of %s cannot be opened: it is damaged, or the cloud's key is another", of)
	}
	return value, nil
}
