package front

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// isPreflight reports whether a request asks, for a browser, what it may send.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// answerPreflight answers a preflight request by itself, as an HTTP API with a
// CORS configuration does: 204, with the headers only for an allowed origin.
func (c *CORS) answerPreflight(w http.ResponseWriter, r *http.Request) {
	c.setHeaders(w.Header(), r)
	if w.Header().Get("Access-Control-Allow-Origin") != "" {
		if len(c.AllowMethods) > 0 {
			w.Header().Set("Access-Control-Allow-Methods", strings.Join(c.AllowMethods, ","))
		}
		if len(c.AllowHeaders) > 0 {
			w.Header().Set("Access-Control-Allow-Headers", strings.Join(c.AllowHeaders, ","))
		}
		if c.MaxAge > 0 {
			w.Header().Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// setHeaders puts the configured headers in place of those of the function.
func (c *CORS) setHeaders(h http.Header, r *http.Request) {
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			h.Del(name)
		}
	}
	origin := r.Header.Get("Origin")
	if origin == "" || !c.allowsOrigin(origin) {
		return
	}
	if slices.Contains(c.AllowOrigins, "*") && !c.AllowCredentials {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
	}
	if c.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if len(c.ExposeHeaders) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ","))
	}
}

// allowsOrigin knows "*", exact origins, and "https://*" for every origin of a scheme.
func (c *CORS) allowsOrigin(origin string) bool {
	for _, allowed := range c.AllowOrigins {
		prefix, wild := strings.CutSuffix(allowed, "*")
		if strings.EqualFold(allowed, origin) || (wild && strings.HasPrefix(strings.ToLower(origin), strings.ToLower(prefix))) {
			return true
		}
	}
	return false
}
