package localcloud

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/localcloud/session"
)

// cloudKey seals session tokens, the values of secrets and SecureStrings.
type cloudKey struct {
	path  string
	bytes []byte
	fresh bool // made now, and not yet on disk
}

// readKey reads the key, or makes one at the first start. A key of the wrong
// length is an error: a new one would lock out every running function.
func readKey(path string) (cloudKey, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, session.KeySize)
		if _, err := rand.Read(key); err != nil {
			return cloudKey{}, writ.Errorf(writ.CodeExternal, "make a key: %w", err)
		}
		return cloudKey{path, key, true}, nil
	}
	if err != nil {
		return cloudKey{}, writ.Errorf(writ.CodeExternal, "read the key of the local cloud: %w", err)
	}
	if len(key) != session.KeySize {
		return cloudKey{}, writ.Errorf(writ.CodeInvalid, "%s is damaged: it has %d bytes, not %d", path, len(key), session.KeySize).
			WithHint("put a copy of it back; or delete it to get a new one: credentials given out before are void then, and sealed values cannot be read")
	}
	return cloudKey{path, key, false}, nil
}

// settle keeps a new key, but not when there are values that only the lost one
// opens: these could be saved yet. With a key that was there before they are
// named, and the rest runs on.
func (k cloudKey) settle(unreadable []string, notice func(string)) error {
	if len(unreadable) == 0 {
		return k.keep()
	}
	names := strings.Join(unreadable[:min(3, len(unreadable))], ", ")
	if more := len(unreadable) - 3; more > 0 {
		names = fmt.Sprintf("%s and %d more", names, more)
	}
	if k.fresh {
		return writ.Errorf(writ.CodeInvalid, "%s is not there, which alone opens %s", k.path, names).
			WithHint("put a copy of it back; or give their values up with a new one:  head -c %d /dev/urandom >%s", session.KeySize, k.path)
	}
	notice(fmt.Sprintf("%s does not open %s: damaged, or sealed with another key; all else is as it was", k.path, names))
	return nil
}

// keep writes a new key, whole or not at all. The file can only be read by the
// user, as CreateTemp makes it.
func (k cloudKey) keep() error {
	if !k.fresh {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(k.path), "key-")
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "write the key of the local cloud: %w", err)
	}
	_, err = f.Write(k.bytes)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), k.path)
	}
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "write the key of the local cloud: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
