package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
)

// functionCode is where a request says its code is.
type functionCode struct {
	ZipFile         []byte
	S3Bucket, S3Key string
	S3ObjectVersion string
	ImageURI        string `json:"ImageUri"`
}

// storedCode is code that was unpacked.
type storedCode struct {
	name   string
	sha256 string
	size   int64
}

func (s *Service) codeDir(name string) string  { return filepath.Join(s.cfg.Dir, "code", name) }
func (s *Service) codeFile(name string) string { return s.codeDir(name) + ".zip" }

// takeCode fetches, checks and unpacks the code of a request. S3 is asked as
// the caller of the request, whose permissions decide.
func (s *Service) takeCode(ctx context.Context, c *gate.Call, code functionCode) (storedCode, error) {
	archive := code.ZipFile
	switch {
	case code.ImageURI != "":
		return storedCode{}, invalid("Container images do not run in the local cloud; give a .zip archive.")
	case len(archive) > maxZipped:
		return storedCode{}, failure(413, "RequestEntityTooLargeException", "Request must be smaller than 69905067 bytes for the %s operation", c.Operation)
	case code.S3Bucket != "" && code.S3Key != "":
		if len(archive) > 0 {
			return storedCode{}, invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
		}
		var err error
		if archive, err = s.fetch(ctx, c, code); err != nil {
			return storedCode{}, err
		}
	case len(archive) == 0:
		return storedCode{}, invalid("Please provide a source for function code.")
	}
	return s.keepCode(archive)
}

// fetch gets an object from S3 as the caller.
func (s *Service) fetch(ctx context.Context, c *gate.Call, code functionCode) ([]byte, error) {
	get := &gate.Call{
		Service: "s3", Operation: "GetObject", Method: http.MethodGet,
		Path: "/" + url.PathEscape(code.S3Bucket) + "/" + escapeKey(code.S3Key), Query: url.Values{}, Header: http.Header{},
		Vars:   map[string]string{"Bucket": code.S3Bucket, "Key": code.S3Key},
		Caller: c.Caller, Via: "lambda.amazonaws.com", Account: c.Account, Region: c.Region,
	}
	if code.S3ObjectVersion != "" {
		get.Query.Set("versionId", code.S3ObjectVersion)
	}
	answer, err := s.cfg.Do.Do(ctx, get)
	var failed *gate.Error
	switch {
	case errors.As(err, &failed) && strings.HasPrefix(failed.Code, "AccessDenied"):
		return nil, failure(403, "AccessDeniedException", "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for %s/%s. S3 Error Code: %s. S3 Error Message: %s",
			code.S3Bucket, code.S3Key, failed.Code, failed.Message)
	case errors.As(err, &failed):
		return nil, invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", failed.Code, failed.Message)
	case err != nil:
		return nil, fmt.Errorf("fetch code from S3: %w", err)
	}
	return answer.Body, nil
}

// escapeKey escapes an object's key for a path, keeping its slashes.
func escapeKey(key string) string {
	parts := strings.Split(key, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// keepCode unpacks an archive into a directory named after its hash, next to
// which the archive itself stays.
func (s *Service) keepCode(archive []byte) (storedCode, error) {
	sum := sha256.Sum256(archive)
	code := storedCode{name: hex.EncodeToString(sum[:]), sha256: base64.StdEncoding.EncodeToString(sum[:]), size: int64(len(archive))}
	if _, err := os.Stat(s.codeDir(code.name)); err == nil {
		return code, nil
	}
	if err := s.unpack(archive, code.name); err != nil {
		switch {
		case errors.Is(err, errEmptyZip):
			return storedCode{}, invalid("Uploaded file must be a non-empty zip")
		case errors.Is(err, errTooBig):
			return storedCode{}, invalid("Unzipped size must be smaller than %d bytes", maxUnzipped)
		case errors.Is(err, errNotZip), errors.Is(err, errEscapes), errors.Is(err, errBadEntry), errors.Is(err, errManyEntries):
			s.cfg.Log.Info("refused a deployment package", "error", err)
			return storedCode{}, invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
		}
		return storedCode{}, err
	}
	return code, nil
}

// unpack makes the code directory whole or not at all.
func (s *Service) unpack(archive []byte, name string) (err error) {
	parent := filepath.Join(s.cfg.Dir, "code")
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return fmt.Errorf("keep code: %w", err)
	}
	tmp, err := os.MkdirTemp(parent, "new-")
	if err != nil {
		return fmt.Errorf("keep code: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(tmp))
		}
	}()
	if err := s.unpackInto(tmp, archive, name); err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return fmt.Errorf("keep code: %w", err)
	}
	if err := os.Rename(tmp, s.codeDir(name)); err != nil {
		if _, there := os.Stat(s.codeDir(name)); there == nil { // another call was faster
			return os.RemoveAll(tmp)
		}
		return fmt.Errorf("keep code: %w", err)
	}
	return nil
}

// unpackInto unpacks an archive and keeps it, at once: the time goes into
// writing megabytes twice.
func (s *Service) unpackInto(dir string, archive []byte, name string) error {
	_, before := os.Stat(s.codeFile(name))
	kept := make(chan error, 1)
	go func() { kept <- writeWhole(s.codeFile(name), archive) }()
	err := Unzip(archive, dir, maxUnzipped)
	if keepErr := <-kept; err == nil {
		return keepErr
	}
	if before != nil { // it was not there: no function has it
		_ = os.Remove(s.codeFile(name)) // what stays is swept at the next start
	}
	return err
}

// writeWhole writes a file so that it is there whole or not at all.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "new-")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}

func (s *Service) hasCode(name string) bool {
	_, err := os.Stat(s.codeDir(name))
	return err == nil
}

// restoreCode unpacks a kept archive again when its directory is gone.
func (s *Service) restoreCode(name string) error {
	if s.hasCode(name) {
		return nil
	}
	archive, err := os.ReadFile(s.codeFile(name))
	if err != nil {
		return fmt.Errorf("read kept code: %w", err)
	}
	return s.unpack(archive, name)
}

// removeUnusedCode deletes code that no function has, and what a killed cloud left half made.
func (s *Service) removeUnusedCode(used map[string]bool) error {
	entries, err := os.ReadDir(filepath.Join(s.cfg.Dir, "code"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list code: %w", err)
	}
	for _, e := range entries {
		if !used[strings.TrimSuffix(e.Name(), ".zip")] {
			err = errors.Join(err, os.RemoveAll(filepath.Join(s.cfg.Dir, "code", e.Name())))
		}
	}
	return err
}

// uuid makes a random identifier of the shape that AWS uses.
func (s *Service) uuid() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}
