package cli

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/writ-dev/writ"
)

// listen opens both ports, or says what is wrong with each of them.
func (u *up) listen() error {
	if running, err := readRunningCloud(u.dir); err == nil {
		return writ.Errorf(writ.CodeConflict, "writ up is running in %s already, as process %d", u.dir, running.PID).
			WithHint("its HTTP API is %s; stop it with Ctrl-C there, or `kill %d`", running.HTTP, running.PID)
	}
	var errAWS, errHTTP error
	u.aws, errAWS = listen("--aws-port", u.flags.awsPort)
	u.http, errHTTP = listen("--http-port", u.flags.httpPort)
	if errAWS == nil && errHTTP == nil {
		return nil
	}
	for _, l := range []net.Listener{u.aws, u.http} {
		if l != nil {
			_ = l.Close() // nothing was served
		}
	}
	if errAWS != nil && errHTTP != nil {
		return errors.Join(errAWS, errHTTP)
	}
	if errAWS != nil {
		return errAWS
	}
	return errHTTP
}

// listen opens a loopback port; nothing of Writ listens anywhere else.
func listen(flag string, port int) (net.Listener, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, writ.Errorf(writ.CodeConflict, "port %d cannot be opened: %w", port, err).
			WithHint("choose another with %s PORT; %s 0 takes any free one", flag, flag)
	}
	return l, nil
}

// notYet answers 503 until the system is deployed: before that every path
// would be unknown.
type notYet struct {
	open atomic.Bool
	next http.Handler
}

// ServeHTTP passes the request on once the system is there.
func (n *notYet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n.open.Load() {
		n.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(`{"message": "writ up is starting"}` + "\n")) // the client may be gone
}
