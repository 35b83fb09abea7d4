package cli

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server"
)

// runningServer is what a server leaves in DIR/.writ/server.json for the other commands while it runs.
type runningServer struct {
	PID int    `json:"pid"`
	URL string `json:"url"`
	// Certificate is the SHA-256 of the certificate of an https URL, the only one that commands then trust.
	Certificate string `json:"certificate,omitempty"`
	// Keys are lent keys, of this run alone, by environment.
	Keys map[string]string `json:"keys"`
	// Policies are the files that the server has read, by environment, as absolute paths.
	Policies map[string]string `json:"policies,omitempty"`
}

func runningServerFile(dir string) string { return filepath.Join(stateDir(dir), "server.json") }

// announce lends keys to the commands of this user, who finds them in a file that only he can read.
func (s *serving) announce() error {
	if !s.loopback() {
		return nil
	}
	if err := makeStateDir(s.dir); err != nil {
		return err
	}
	running := runningServer{PID: os.Getpid(), URL: s.url(), Certificate: s.fingerprint, Keys: map[string]string{}, Policies: map[string]string{}}
	for _, sp := range s.spaces {
		token, key, err := server.NewKey(sp.env, "this machine", server.Admin, s.sh.now(), time.Time{})
		if err != nil {
			return err
		}
		s.server.Lend(sp.project, sp.env, key)
		running.Keys[sp.String()] = token
		if sp.policy != nil {
			if running.Policies[sp.String()], err = filepath.Abs(sp.policy.file); err != nil {
				return writ.Errorf(writ.CodeExternal, "the path of %s: %w", sp.policy.file, err)
			}
		}
	}
	data, err := json.MarshalIndent(running, "", "  ")
	if err != nil {
		return err
	}
	temporary, err := writePrivate(runningServerFile(s.dir)+".new", append(data, '\n'))
	if err == nil {
		err = os.Rename(temporary, runningServerFile(s.dir))
	}
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "write %s: %w", runningServerFile(s.dir), err)
	}
	return nil
}

// writePrivate makes a file that only this user can read. One that is there already, which may have come with a
// repository, is not written into: it may be open to others, or a link to elsewhere.
func writePrivate(path string, data []byte) (string, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return path, err
	}
	_, err = f.Write(data)
	return path, errors.Join(err, f.Close())
}

// readRunningServer finds the server that runs in DIR; ok is false when none does.
func readRunningServer(dir string) (running runningServer, ok bool, err error) {
	data, err := os.ReadFile(runningServerFile(dir))
	if err != nil {
		return running, false, nil // none was started, or it has ended
	}
	if err := json.Unmarshal(data, &running); err != nil {
		return running, false, writ.Errorf(writ.CodeInvalid, "%s cannot be read: %w", runningServerFile(dir), err).
			WithHint("stop `writ serve`, delete the file and start it again")
	}
	// The file may have come with a repository: keys and questions go to this machine only.
	if !onThisMachine.MatchString("http" + strings.TrimPrefix(strings.TrimPrefix(running.URL, "https"), "http")) {
		return running, false, writ.Errorf(writ.CodeInvalid, "%s was not written by `writ serve`: it is about no server on this machine", runningServerFile(dir)).
			WithHint("delete the file; if it came with a repository, look at who put it there")
	}
	return running, answers(running.URL), nil
}

// client speaks to the server that wrote the file: over TLS only with the certificate that it named, which need
// not be one that this machine trusts.
func (r *runningServer) client() *http.Client {
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if r.Certificate == "" {
		return c
	}
	c.Transport = &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does more: it wants this one certificate
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 || sumOf(state.PeerCertificates[0].Raw) != r.Certificate {
				return writ.Errorf(writ.CodeExternal, "another server than `writ serve` answers at %s", r.URL)
			}
			return nil
		},
	}}
	return c
}

// sumOf is the SHA-256 of a certificate.
func sumOf(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
