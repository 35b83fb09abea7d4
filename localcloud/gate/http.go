package gate

import (
	"crypto/subtle"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/internal/sigv4"
)

// The largest bodies that are read, in bytes. Lambda's is AWS's bound on a
// direct upload of code; S3's is the local cloud's own.
const (
	defaultBody = 16 << 20
	lambdaBody  = 70167211
	s3Body      = 256 << 20
	// wholeBody is how much memory a caller gets by its word alone.
	wholeBody = 1 << 20
)

// ServeHTTP is the AWS API: it verifies the signature, finds the service and
// the operation, and answers in the service's protocol.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{gate: g, request: r, call: &Call{
		RequestID: g.cfg.NewRequestID(),
		Method:    r.Method,
		Path:      r.URL.EscapedPath(),
		Host:      r.Host,
		Header:    r.Header,
		UserAgent: r.UserAgent(),
	}}
	g.fill(x.call)
	x.call.SourceIP, x.call.Secure = origin(r)
	var reply *Reply
	err := x.receive()
	if err == nil {
		reply, err = g.do(r.Context(), x.entry, x.call)
	}
	if err != nil {
		x.fail(w, g.awsError(x.entry.info, x.call, err))
		return
	}
	x.answer(w, reply)
}

// origin gives the caller's address and whether nobody can listen in: by TLS,
// or because the call never leaves this machine. AWS's own end points speak
// TLS by default, so that policies that insist on it hold locally as well.
func origin(r *http.Request) (ip string, secure bool) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "", r.TLS != nil
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host, r.TLS != nil
	}
	// An IPv4 address in IPv6's clothes is the IPv4 address: policies name it so.
	address = address.Unmap().WithZone("")
	return address.String(), r.TLS != nil || address.IsLoopback()
}

// exchange is one HTTP request on its way to becoming a call.
type exchange struct {
	gate    *Gate
	request *http.Request
	entry   entry
	call    *Call
}

// receive identifies the caller and decodes the call.
func (x *exchange) receive() error {
	signature, err := sigv4.Parse(x.request)
	if err != nil && signature == nil {
		return x.unsigned(err)
	}
	if unknown := x.chooseService(signature); unknown != nil {
		return unknown
	}
	info := x.entry.info
	if err != nil {
		return signatureError(info, signature, err)
	}
	if err := x.gate.checkRegion(info, signature.Scope.Region); err != nil {
		return err
	}
	if x.gate.cfg.Credentials == nil {
		return authError(info, authInvalidToken, "")
	}
	secret, caller, err := x.gate.cfg.Credentials.Lookup(signature.AccessKeyID, signature.Token, x.call.Time)
	if err != nil {
		return credentialError(info, err, signature.Token != "")
	}
	if err := signature.CheckTime(x.call.Time); err != nil { // before the body is read
		return signatureError(info, signature, err)
	}
	if err := x.readBody(); err != nil {
		return err
	}
	if err := x.verify(signature, secret); err != nil {
		return err
	}
	caller.AccessKeyID = signature.AccessKeyID
	x.call.Caller = caller
	return x.decode()
}

// unsigned takes a request without a readable signature: S3 knows anonymous
// callers, for all others it is an error.
func (x *exchange) unsigned(err error) error {
	x.entry = x.gate.guess(x.request)
	if f, ok := err.(*sigv4.Fault); !ok || f.Kind != sigv4.Missing || x.entry.Service == nil || x.entry.info.Protocol != RESTXML {
		return signatureError(x.entry.info, nil, err)
	}
	// An older way of signing must not pass for no signature at all.
	if x.request.Header.Get("Authorization") != "" || x.request.URL.Query().Has("AWSAccessKeyId") {
		return Errorf("InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
	}
	x.call.Caller = Caller{Kind: iam.PrincipalAnonymous, Account: "anonymous"}
	if err := x.readBody(); err != nil {
		return err
	}
	mode := x.request.Header.Get("X-Amz-Content-Sha256")
	if mode == sigv4.StreamingUnsignedTrailer {
		if err := x.decodeChunks(mode, &sigv4.Signature{}, ""); err != nil {
			return err
		}
	}
	return x.decode()
}

// guess finds the service that a request without scope is meant for, to word
// the error as it would. An entry without Service is a guess at the protocol.
func (g *Gate) guess(r *http.Request) entry {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		prefix, _, _ := strings.Cut(target, ".")
		if e, ok := g.targets[prefix]; ok {
			return e
		}
		return entry{info: Info{Protocol: JSON11}}
	}
	if isForm(r) || r.URL.Query().Has("Action") {
		return entry{info: Info{Protocol: Query}}
	}
	var s3 entry
	for _, list := range g.services {
		for _, e := range list {
			switch {
			case e.info.Protocol == RESTXML:
				s3 = e
			case e.info.Protocol == RESTJSON && e.info.Route != nil:
				probe := &Call{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: r.Header}
				if _, ok := e.info.Route(probe); ok {
					return e
				}
			}
		}
	}
	if s3.Service == nil {
		s3.info.Protocol = RESTJSON
	}
	return s3
}

// isForm reports whether the body is that of the Query protocol.
func isForm(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// chooseService finds the service that the scope names. A target prefix that
// belongs to another service tells of a signature made for the wrong one.
func (x *exchange) chooseService(signature *sigv4.Signature) error {
	name := signature.Scope.Service
	x.call.Service = name
	candidates := x.gate.services[name]
	if target := x.request.Header.Get("X-Amz-Target"); target != "" {
		prefix, _, _ := strings.Cut(target, ".")
		if e, ok := x.gate.targets[prefix]; ok {
			x.entry = e
			if e.info.Name != name {
				return authError(e.info, authSignature, "Credential should be scoped to correct service: '"+e.info.Name+"'. ")
			}
			return nil
		}
		x.entry.info = Info{Name: name, Protocol: JSON11}
		if len(candidates) > 0 && candidates[0].info.Protocol <= JSON11 {
			x.entry.info = candidates[0].info
			return UnknownOperation(x.entry.info, &Call{Operation: target})
		}
	}
	if len(candidates) == 0 {
		if x.entry.info.Name == "" {
			x.entry.info = x.gate.guess(x.request).info
		}
		return Errorf("UnknownOperationException", "The local cloud does not run the service %q", name)
	}
	x.entry = candidates[0]
	if x.entry.info.Protocol <= JSON11 && isForm(x.request) {
		x.entry = entry{info: Info{Protocol: Query}}
		return authError(x.entry.info, authSignature, "Credential should be scoped to correct service. ")
	}
	if len(candidates) > 1 {
		x.call.Query = x.request.URL.Query()
		for _, e := range candidates {
			if e.info.Route != nil {
				if _, ok := e.info.Route(x.call); ok {
					x.entry = e
					break
				}
			}
		}
	}
	return nil
}

// checkRegion refuses a scope of another region. The global services are
// signed for us-east-1 wherever the cloud pretends to be.
func (g *Gate) checkRegion(info Info, region string) error {
	if region == g.cfg.Region || (region == "us-east-1" && (info.Name == "iam" || info.Name == "sts")) {
		return nil
	}
	return wrongRegion(info, region, g.cfg.Region)
}

// readBody reads the whole body within the service's bound.
func (x *exchange) readBody() error {
	limit := int64(defaultBody)
	switch {
	case x.call.Caller.Kind == iam.PrincipalAnonymous: // nobody is to fill the memory
	case x.entry.info.Name == "s3":
		limit = s3Body
	case x.entry.info.Name == "lambda":
		limit = lambdaBody
	}
	length := x.request.ContentLength
	if length > limit {
		return x.tooLarge(limit)
	}
	if length >= 0 && length <= wholeBody {
		body := make([]byte, length)
		if _, err := io.ReadFull(x.request.Body, body); err != nil {
			return Errorf("IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header")
		}
		x.call.Body = body
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(x.request.Body, limit+1))
	if err != nil || (length >= 0 && int64(len(body)) != length) {
		return Errorf("IncompleteBody", "The request body could not be read")
	}
	if int64(len(body)) > limit {
		return x.tooLarge(limit)
	}
	x.call.Body = body
	return nil
}

func (x *exchange) tooLarge(limit int64) error {
	if x.entry.info.Protocol == RESTXML {
		return Errorf("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size of %d bytes", limit)
	}
	return Errorf("RequestEntityTooLargeException", "Request must be smaller than %d bytes", limit).WithStatus(http.StatusRequestEntityTooLarge)
}

// verify checks the signature over the body, and takes a chunked body apart.
func (x *exchange) verify(signature *sigv4.Signature, secret string) error {
	info, now := x.entry.info, x.call.Time
	if info.Protocol != RESTXML {
		if err := x.gate.verifier.Verify(x.request, signature, sigv4.HashBody(x.call.Body), secret, now); err != nil {
			return signatureError(info, signature, err)
		}
		return nil
	}
	mode := x.request.Header.Get("X-Amz-Content-Sha256")
	if signature.Presigned && mode == "" {
		if mode = x.request.URL.Query().Get("X-Amz-Content-Sha256"); mode == "" {
			mode = sigv4.UnsignedPayload
		}
	}
	if mode == "" {
		return Errorf("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
	}
	if err := x.gate.verifier.Verify(x.request, signature, mode, secret, now); err != nil {
		return signatureError(info, signature, err)
	}
	switch mode {
	case sigv4.UnsignedPayload:
		return nil
	case sigv4.StreamingPayload, sigv4.StreamingPayloadTrailer, sigv4.StreamingUnsignedTrailer:
		return x.decodeChunks(mode, signature, secret)
	}
	if len(mode) != 64 || sigv4.Streaming(mode) {
		return Errorf("InvalidArgument", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.")
	}
	if subtle.ConstantTimeCompare([]byte(mode), []byte(sigv4.HashBody(x.call.Body))) != 1 {
		return Errorf("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return nil
}

// decodeChunks replaces an aws-chunked body by what it holds. Its trailers
// become headers of the call.
func (x *exchange) decodeChunks(mode string, signature *sigv4.Signature, secret string) error {
	body, trailer, err := x.gate.verifier.DecodeChunked(x.call.Body, mode, signature, secret)
	if err != nil {
		return signatureError(x.entry.info, signature, err)
	}
	header := x.request.Header.Clone()
	if text := header.Get("X-Amz-Decoded-Content-Length"); text != "" {
		if n, err := strconv.Atoi(text); err != nil || n != len(body) {
			return Errorf("IncompleteBody", "You did not provide the number of bytes specified by the x-amz-decoded-content-length header")
		}
	}
	for name, values := range trailer {
		header[http.CanonicalHeaderKey(name)] = values
	}
	var encodings []string
	for encoding := range strings.SplitSeq(strings.Join(header.Values("Content-Encoding"), ","), ",") {
		if encoding = strings.TrimSpace(encoding); encoding != "" && encoding != "aws-chunked" {
			encodings = append(encodings, encoding)
		}
	}
	header.Del("Content-Encoding")
	if encodings != nil {
		header.Set("Content-Encoding", strings.Join(encodings, ","))
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	x.call.Body, x.call.Header = body, header
	return nil
}

// decode finds the operation as the service's protocol names it.
func (x *exchange) decode() error {
	info, c := x.entry.info, x.call
	c.Service = info.Name
	switch info.Protocol {
	case JSON10, JSON11:
		_, operation, ok := strings.Cut(x.request.Header.Get("X-Amz-Target"), ".")
		if !ok || operation == "" {
			return UnknownOperation(info, c)
		}
		c.Operation = operation
	case Query:
		return x.decodeForm()
	case RESTJSON, RESTXML:
		c.Query = x.request.URL.Query()
		operation, ok := info.Route(c)
		if !ok {
			return UnknownOperation(info, c)
		}
		c.Operation = operation
	}
	return nil
}

// decodeForm reads the parameters of the Query protocol, from the body and,
// for presigned requests, from the query.
func (x *exchange) decodeForm() error {
	info, c := x.entry.info, x.call
	form, err := url.ParseQuery(string(c.Body))
	if err != nil {
		return Errorf("MalformedQueryString", "The query string contains a syntax error.").WithStatus(http.StatusNotFound)
	}
	for name, values := range x.request.URL.Query() {
		if !strings.HasPrefix(name, "X-Amz-") {
			form[name] = append(form[name], values...)
		}
	}
	c.Form, c.Operation = form, form.Get("Action")
	if c.Operation == "" {
		return Errorf("MissingAction", "Could not find an Action parameter in the request.")
	}
	if form.Get("Version") != info.Version {
		return UnknownOperation(info, c)
	}
	return nil
}
