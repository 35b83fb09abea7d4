package localcloud

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// againstRebinding refuses what a browser sends here for a page of another
// site: a page whose host's name suddenly leads to 127.0.0.1 may read what it
// gets, as if the system were its own. The host that the browser believes in
// gives it away. Other clients may name any host.
func againstRebinding(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isBrowser(r) && !isLocalHost(r.Host) {
			http.Error(w, "writ: a browser reaches this system by a name of this machine only, such as http://localhost or http://127.0.0.1", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isBrowser(r *http.Request) bool {
	return strings.HasPrefix(r.UserAgent(), "Mozilla/") || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != ""
}

// isLocalHost admits addresses, which need no name server, and names that no
// stranger's name server answers for.
func isLocalHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	for _, name := range []string{"localhost", "host.docker.internal", "amazonaws.com"} {
		if host == name || strings.HasSuffix(host, "."+name) {
			return true
		}
	}
	return false
}
