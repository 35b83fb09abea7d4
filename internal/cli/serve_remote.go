package cli

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server"
)

// remoteServer is a Writ server that a command speaks to.
type remoteServer struct {
	url, key string
	// policy is the file that a server in DIR has read its policy from, "" when it is not known.
	policy string
	client *http.Client
	header map[string]string
}

// findServer finds the server that a command is about: the one at an address, or the one
// that runs in DIR. nil when there is none.
func findServer(sh *shell, dir, address string, environment *environmentFlag) (*remoteServer, error) {
	e, err := environment.read()
	if err != nil {
		return nil, err
	}
	if address != "" {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, writ.Errorf(writ.CodeUsage, "--server %q is no address", oneLine(address)).WithHint("write it as http://127.0.0.1:7766")
		}
		key := sh.getenv("WRIT_API_KEY")
		if key == "" {
			return nil, writ.Errorf(writ.CodeUsage, "there is no API key for %s", u.Redacted()).
				WithHint("put it into the environment variable WRIT_API_KEY; `writ key create` makes one")
		}
		base := strings.TrimRight(address, "/")
		if environment.given() { // else it is the key's own
			base += server.PathOf(e.project, e.env)
		}
		return &remoteServer{url: base, key: key, client: new(runningServer).client()}, nil
	}
	running, ok, err := readRunningServer(dir)
	if err != nil || !ok {
		return nil, err
	}
	key := running.Keys[e.String()]
	if key == "" {
		return nil, writ.Errorf(writ.CodeNotFound, "the server in %s has no environment %s", dir, e).
			WithHint("its environments are %s: choose one with --environment", strings.Join(slices.Sorted(maps.Keys(running.Keys)), ", "))
	}
	return &remoteServer{url: running.URL, key: key, client: running.client(), policy: running.Policies[e.String()]}, nil
}

// call sends a request of Writ's own API and reads the answer into v.
func (s *remoteServer) call(ctx context.Context, method, path string, body io.Reader, v any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		return writ.Errorf(writ.CodeInvalid, "ask the server: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	r.Header.Set("Content-Type", "application/json")
	for name, value := range s.header {
		r.Header.Set(name, value)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "the server cannot be asked: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "the server's answer broke off: %w", err)
	}
	if answer.StatusCode >= 300 {
		return refused(answer.StatusCode, text)
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(text, v); err != nil {
		return writ.Errorf(writ.CodeExternal, "the server's answer cannot be read: %w", err)
	}
	return nil
}

// refused is what the server said instead of an answer.
func refused(status int, text []byte) error {
	var said struct {
		Error struct {
			Code    writ.Code
			Message string
			Hint    string
		}
	}
	if json.Unmarshal(text, &said) != nil || said.Error.Message == "" {
		return writ.Errorf(writ.CodeExternal, "the server answered with status %d", status)
	}
	code := said.Error.Code
	if code == writ.CodeDenied || code == writ.CodeAuth {
		code = writ.CodeExternal // it is about the key: the exit status of a denial is that of the question
	}
	return writ.Errorf(code, "%s", oneLine(said.Error.Message)).WithHint("%s", eachLine(said.Error.Hint))
}
