// Package cleartext says where a key may go without TLS.
package cleartext

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Exposed reports whether what is sent to an address could be read on its way: it is http to neither a loopback address nor one of
// a private network, nor a name without dots or below .internal, as containers have.
func Exposed(u *url.URL) bool { return u.Scheme == "http" && !near(u.Hostname()) }

// near tells a host that only the same machine or network reaches.
func near(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.IsPrivate()
	}
	if _, err := strconv.ParseUint(host, 0, 64); err == nil {
		return false // some resolvers take 134744072 for 8.8.8.8
	}
	return host != "" && !strings.Contains(host, ".") || strings.HasSuffix(host, ".internal")
}
