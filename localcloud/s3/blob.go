package s3

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/localcloud/store"
)

// writeBlob writes a new blob and gives its name once the bytes are on disk
// under it. The store must name it only afterwards.
func (s *Service) writeBlob(write func(io.Writer) error) (name string, err error) {
	if name, err = s.newName(); err != nil {
		return "", err
	}
	path := s.blobPath(name)
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the folder of an object: %w", err)
	}
	f, err := os.CreateTemp(folder, "incoming-*")
	if err != nil {
		return "", writeError(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return "", writeError(err)
	}
	if err := f.Sync(); err != nil {
		return "", writeError(err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return "", writeError(err)
	}
	if err := f.Close(); err != nil {
		return name, nil // the bytes are on disk already
	}
	return name, syncFolder(folder)
}

// writeError says what the disk had against an object.
func writeError(err error) error {
	e := writ.Errorf(writ.CodeExternal, "the object could not be written: %w", err)
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return e.WithHint("the disk is full; nothing was lost, free some space and try again")
		}
	}
	return e
}

func writeBytes(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// syncFolder makes a rename durable.
func syncFolder(path string) error {
	d, err := os.Open(path) // a folder under the service's own
	if err != nil {
		return fmt.Errorf("sync the folder of an object: %w", err)
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

// readBlob reads n bytes of a blob from an offset.
func (s *Service) readBlob(name string, offset, n int64) (data []byte, err error) {
	f, err := os.Open(s.blobPath(name))
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "read an object: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data = make([]byte, n)
	if _, err := f.ReadAt(data, offset); err != nil && (!errors.Is(err, io.EOF) || n > 0) {
		return nil, writ.Errorf(writ.CodeExternal, "read an object: %w", err)
	}
	return data, nil
}

// copyBlob writes a blob's bytes to w.
func (s *Service) copyBlob(w io.Writer, name string) (err error) {
	f, err := os.Open(s.blobPath(name))
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "read an object: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(w, f)
	return err
}

// dropBlobs removes blobs that the store no longer names. What cannot be
// removed now goes with the sweep at the next start.
func (s *Service) dropBlobs(names ...string) {
	for _, name := range names {
		if name != "" {
			_ = os.Remove(s.blobPath(name))
		}
	}
}

// ownFile are the names that this package gives to files.
var ownFile = regexp.MustCompile(`^([0-9a-f]{32}|incoming-\d+)$`)

// checkFolder refuses to go on without the folder when the store names blobs
// in it: a new one would hide that they are lost.
func (s *Service) checkFolder() error {
	if _, err := os.Stat(s.cfg.Dir); !errors.Is(err, fs.ErrNotExist) {
		return nil // what else is wrong shows when it is used
	}
	named, err := s.namedBlobs()
	if err != nil || len(named) == 0 {
		return err
	}
	return writ.Errorf(writ.CodeInvalid, "%s is not there, which holds the bytes of %d S3 objects", s.cfg.Dir, len(named)).
		WithHint("put the directory back; or make an empty one, and the objects in it can no longer be read")
}

// namedBlobs gives the blobs that the store names.
func (s *Service) namedBlobs() (map[string]bool, error) {
	named := map[string]bool{}
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		return eachBucket(tx, func(b bucketRecord) error {
			err := eachRecord(tx, objectsKey, b.Name, func(o objectRecord) { named[o.Blob] = true })
			if err != nil {
				return err
			}
			return eachRecord(tx, uploadsKey, b.Name, func(u uploadRecord) {
				for _, p := range u.Parts {
					named[p.Blob] = true
				}
			})
		})
	})
	return named, err
}

// sweep removes the files that the store does not name: those of writes that
// a crash cut short.
func (s *Service) sweep() error {
	named, err := s.namedBlobs()
	if err != nil {
		return err
	}
	return filepath.WalkDir(s.cfg.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || named[entry.Name()] || !ownFile.MatchString(entry.Name()) {
			return err
		}
		return os.Remove(path)
	})
}
