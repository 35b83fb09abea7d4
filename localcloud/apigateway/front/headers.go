package front

import (
	"net/http"
	"net/textproto"
	"strings"
)

// remapped are the headers of a function's answer that a REST API renames to
// x-amzn-Remapped-NAME (API Gateway Developer Guide, "Amazon API Gateway
// important notes").
var remapped = map[string]bool{
	"Authorization": true, "Connection": true, "Content-Length": true, "Content-Md5": true, "Date": true,
	"Expect": true, "Host": true, "Max-Forwards": true, "Proxy-Authenticate": true, "Server": true,
	"Trailer": true, "Upgrade": true, "User-Agent": true, "Www-Authenticate": true,
}

// hopByHop are headers that belong to one connection and are never passed on.
var hopByHop = map[string]bool{
	"Connection": true, "Content-Length": true, "Keep-Alive": true, "Proxy-Connection": true, "Te": true,
	"Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

// setAnswerHeaders copies a function's headers into a response as a REST or an HTTP API does.
func setAnswerHeaders(to http.Header, kind Kind, from map[string][]string) {
	for name, values := range from {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case kind == REST && remapped[canonical]:
			canonical = "X-Amzn-Remapped-" + canonical
		case hopByHop[canonical]:
			continue
		}
		for _, v := range values {
			to.Add(canonical, v)
		}
	}
}

// eventHeaders are the headers of a request as a function sees them: with the
// host, and with what API Gateway adds.
func eventHeaders(r *http.Request, sourceIP, traceID string) http.Header {
	h := r.Header.Clone()
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Transfer-Encoding", "Upgrade"} {
		h.Del(name)
	}
	h.Set("Host", r.Host)
	forwarded := sourceIP
	if before := h.Get("X-Forwarded-For"); before != "" {
		forwarded = before + ", " + sourceIP
	}
	h.Set("X-Forwarded-For", forwarded)
	port, proto := "80", "http"
	if r.TLS != nil {
		port, proto = "443", "https"
	}
	if _, p, ok := strings.Cut(r.Host, ":"); ok && !strings.Contains(p, ":") {
		port = p
	}
	h.Set("X-Forwarded-Port", port)
	h.Set("X-Forwarded-Proto", proto)
	if h.Get("X-Amzn-Trace-Id") == "" {
		h.Set("X-Amzn-Trace-Id", traceID)
	}
	return h
}

// mediaType is the media type of a Content-Type or of the first of an Accept
// header, in lower case, without parameters.
func mediaType(header string) string {
	first, _, _ := strings.Cut(header, ",")
	bare, _, _ := strings.Cut(first, ";")
	return strings.ToLower(strings.TrimSpace(bare))
}

// isBinaryType reports whether a media type is among a REST API's binary types.
func isBinaryType(binaryTypes []string, mediaType string) bool {
	for _, b := range binaryTypes {
		b = strings.ToLower(b)
		if b == "*/*" || (b == mediaType && b != "") {
			return true
		}
		if prefix, ok := strings.CutSuffix(b, "/*"); ok && strings.HasPrefix(mediaType, prefix+"/") {
			return true
		}
	}
	return false
}

// isTextType reports whether an HTTP API hands a body of this type to a
// function as it is, rather than in base64.
func isTextType(mediaType string) bool {
	switch mediaType {
	case "", "application/json", "application/javascript", "application/xml", "application/graphql":
		return true
	}
	return strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "+json") || strings.HasSuffix(mediaType, "+xml")
}
