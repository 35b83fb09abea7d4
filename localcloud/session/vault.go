package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// KeySize is the length of a vault's key in bytes.
const KeySize = 32

// MaxToken is the longest token that is made or read, in bytes.
const MaxToken = 32 << 10

// keyPrefix marks the access keys of temporary credentials.
const keyPrefix = "ASIA"

// keyLength is that of an access key id: the prefix and 80 random bits.
const keyLength = len(keyPrefix) + 16

// tokenVersion is the first byte of a token; another way of sealing takes another number.
const tokenVersion = 1

// Vault makes and reads credentials. It implements gate.Credentials.
type Vault struct {
	sealer cipher.AEAD
	secret []byte
	fault  error

	mu sync.RWMutex
	// decoded holds payloads by their sealed text, which many calls carry.
	decoded map[string]*payload
}

// maxDecoded bounds the payloads that are kept; a full map is emptied.
const maxDecoded = 1024

// NewVault makes a vault of a 32-byte key. With a key of another length the
// vault issues nothing and knows nobody.
func NewVault(key []byte) *Vault {
	v := &Vault{}
	if len(key) != KeySize {
		v.fault = writ.Errorf(writ.CodeInvalid, "the session key has %d bytes; it must have %d", len(key), KeySize)
		return v
	}
	v.secret = derive(key, "writ session secret")
	block, err := aes.NewCipher(derive(key, "writ session token"))
	if err == nil {
		v.sealer, err = cipher.NewGCM(block)
	}
	v.fault = err
	return v
}

func derive(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// payload is what a token holds: the caller, in short names because the token
// travels with every call.
type payload struct {
	Kind            iam.PrincipalKind `json:"k"`
	ARN             string            `json:"a"`
	Account         string            `json:"c"`
	UserID          string            `json:"u,omitempty"`
	RoleName        string            `json:"r,omitempty"`
	SessionName     string            `json:"s,omitempty"`
	SessionPolicies []string          `json:"p,omitempty"`
	SessionTags     map[string]string `json:"t,omitempty"`
	TransitiveTags  []string          `json:"tt,omitempty"`
	FunctionARN     string            `json:"f,omitempty"`
	SourceIdentity  string            `json:"si,omitempty"`
	Issued          int64             `json:"i"` // Unix seconds
	Expiry          int64             `json:"e"`

	// The access key that this was first read for, and its secret: deriving
	// it costs as much as reading the token.
	id, secret string
}

// Issue makes credentials for a caller, good until expiry. A caller whose
// session policies and tags do not fit into a token is refused with AWS's
// PackedPolicyTooLarge.
func (v *Vault) Issue(caller gate.Caller, expiry time.Time) (Credentials, error) {
	if v.fault != nil {
		return Credentials{}, v.fault
	}
	var random [10 + 12]byte
	if _, err := rand.Read(random[:]); err != nil {
		return Credentials{}, writ.Errorf(writ.CodeInternal, "make a session: %w", err)
	}
	id := keyPrefix + base32.StdEncoding.EncodeToString(random[:10])
	plain, err := json.Marshal(payload{
		Kind: caller.Kind, ARN: caller.ARN, Account: caller.Account, UserID: caller.UserID,
		RoleName: caller.RoleName, SessionName: caller.SessionName,
		SessionPolicies: caller.SessionPolicies, SessionTags: caller.SessionTags, TransitiveTags: caller.TransitiveTags,
		FunctionARN: caller.FunctionARN, SourceIdentity: caller.SourceIdentity, Issued: caller.Issued.Unix(), Expiry: expiry.Unix(),
	})
	if err != nil {
		return Credentials{}, writ.Errorf(writ.CodeInternal, "make a session: %w", err)
	}
	nonce := random[10:]
	sealed := append([]byte{tokenVersion}, nonce...)
	sealed = v.sealer.Seal(sealed, nonce, plain, []byte(id))
	token := base64.StdEncoding.EncodeToString(sealed)
	if len(token) > MaxToken {
		return Credentials{}, gate.Errorf("PackedPolicyTooLarge",
			"Packed policy consumes %d%% of allotted space, please use smaller policy.", len(token)*100/MaxToken)
	}
	return Credentials{
		AccessKeyID:     id,
		SecretAccessKey: v.secretOf(id),
		SessionToken:    token,
		Expiration:      time.Unix(expiry.Unix(), 0).UTC(),
	}, nil
}

// secretOf derives the secret key of an access key id: 40 characters, as AWS's have.
func (v *Vault) secretOf(id string) string {
	return base64.StdEncoding.EncodeToString(derive(v.secret, id))[:40]
}

func invalidToken() error {
	return gate.Errorf("InvalidClientTokenId", "The security token included in the request is invalid.")
}

// Lookup gives the secret key and the caller of an access key and its token.
// The caller's maps and lists are shared with other calls: they are to be read only.
// Errors are InvalidClientTokenId, also for a token that belongs to another
// key, and ExpiredToken.
func (v *Vault) Lookup(accessKeyID, token string, now time.Time) (string, gate.Caller, error) {
	if v.fault != nil || len(accessKeyID) != keyLength || !strings.HasPrefix(accessKeyID, keyPrefix) || len(token) > MaxToken {
		return "", gate.Caller{}, invalidToken()
	}
	p, err := v.open(accessKeyID, token)
	if err != nil {
		return "", gate.Caller{}, invalidToken()
	}
	if now.Unix() >= p.Expiry {
		return "", gate.Caller{}, gate.Errorf("ExpiredToken", "The security token included in the request is expired")
	}
	secret := p.secret
	if p.id != accessKeyID { // made in the same second for the same caller
		secret = v.secretOf(accessKeyID)
	}
	return secret, gate.Caller{
		Kind: p.Kind, ARN: p.ARN, Account: p.Account, UserID: p.UserID,
		RoleName: p.RoleName, SessionName: p.SessionName,
		SessionPolicies: p.SessionPolicies, SessionTags: p.SessionTags, TransitiveTags: p.TransitiveTags,
		FunctionARN: p.FunctionARN, SourceIdentity: p.SourceIdentity, Issued: time.Unix(p.Issued, 0).UTC(), AccessKeyID: accessKeyID,
	}, nil
}

// open unseals a token; the access key id is part of what was sealed.
func (v *Vault) open(accessKeyID, token string) (*payload, error) {
	sealed, err := base64.StdEncoding.Strict().DecodeString(token)
	if err != nil {
		return nil, err
	}
	nonce := v.sealer.NonceSize()
	if len(sealed) < 1+nonce || sealed[0] != tokenVersion {
		return nil, errors.New("not a token of this version")
	}
	plain, err := v.sealer.Open(nil, sealed[1:1+nonce], sealed[1+nonce:], []byte(accessKeyID))
	if err != nil {
		return nil, err
	}
	v.mu.RLock()
	p := v.decoded[string(plain)]
	v.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	p = &payload{id: accessKeyID, secret: v.secretOf(accessKeyID)}
	if err := json.Unmarshal(plain, p); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.decoded == nil || len(v.decoded) >= maxDecoded {
		v.decoded = map[string]*payload{}
	}
	v.decoded[string(plain)] = p
	return p, nil
}
