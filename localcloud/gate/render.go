package gate

import (
	"encoding/json"
	"encoding/xml"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"
)

// faultNamespace is that of errors that AWS gives before it knows the service.
const faultNamespace = "http://webservices.amazon.com/AWSFault/2005-15-09"

// answer writes what a service replied.
func (x *exchange) answer(w http.ResponseWriter, reply *Reply) {
	x.write(w, reply.Status, reply.Header, reply.Body)
}

// contentType is what a protocol's answers are, "" when the service must say it.
func contentType(p Protocol) string {
	switch p {
	case JSON10:
		return "application/x-amz-json-1.0"
	case JSON11:
		return "application/x-amz-json-1.1"
	case RESTJSON:
		return "application/json"
	case Query:
		return "text/xml"
	case RESTXML:
		return "application/xml"
	}
	return ""
}

// write sends an answer with the request id and the headers that every one has.
func (x *exchange) write(w http.ResponseWriter, status int, extra http.Header, body []byte) {
	info, header := x.entry.info, w.Header()
	for name, values := range extra {
		header[http.CanonicalHeaderKey(name)] = values
	}
	if info.Protocol == RESTXML {
		header.Set("X-Amz-Request-Id", x.call.RequestID)
		header.Set("X-Amz-Id-2", x.call.RequestID)
	} else {
		header.Set("X-Amzn-Requestid", x.call.RequestID)
	}
	if header.Get("Content-Type") == "" && len(body) > 0 {
		header.Set("Content-Type", contentType(info.Protocol))
	}
	if info.Name == "dynamodb" {
		header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	}
	if status == 0 {
		status = http.StatusOK
	}
	bodiless := status == http.StatusNoContent || status == http.StatusNotModified || x.request.Method == http.MethodHead
	if !bodiless {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if !bodiless {
		_, _ = w.Write(body) // the caller went away: nobody is left to tell
	}
}

// fail writes an error in the shape of the service's protocol.
func (x *exchange) fail(w http.ResponseWriter, e *Error) {
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	header := e.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	var body []byte
	switch x.entry.info.Protocol {
	case Query:
		body = x.queryError(e, status)
	case RESTXML:
		body = x.s3Error(e)
	case JSON10, JSON11, RESTJSON:
		header.Set("X-Amzn-Errortype", e.Code)
		body = x.jsonError(e)
	}
	x.write(w, status, header, body)
}

// coral are the errors of AWS's common frame rather than of one service.
var coral = map[string]bool{
	"AccessDeniedException": true, "UnrecognizedClientException": true, "InvalidSignatureException": true,
	"MissingAuthenticationTokenException": true, "ExpiredTokenException": true, "IncompleteSignatureException": true,
	"SerializationException": true, "UnknownOperationException": true, "InternalFailure": true,
}

func (x *exchange) jsonError(e *Error) []byte {
	info := x.entry.info
	out := make(map[string]any, len(e.Fields)+2)
	for key, value := range e.Fields {
		out[key] = value
	}
	// The frame capitalises the key of a denial; REST services capitalise all.
	key := "message"
	if e.Code == "AccessDeniedException" || (info.Protocol == RESTJSON && info.Name == "lambda") {
		key = "Message"
	}
	out[key] = e.Message
	if info.Protocol != RESTJSON {
		prefix := info.ErrorPrefix
		switch {
		case strings.Contains(e.Code, "#"):
			prefix = ""
		case prefix != "" && coral[e.Code]:
			prefix = "com.amazon.coral.service#"
		}
		out["__type"] = prefix + e.Code
	}
	body, err := json.Marshal(out)
	if err != nil { // a service put something into Fields that is not JSON
		return []byte(`{"__type":"InternalFailure"}`)
	}
	return body
}

func (x *exchange) queryError(e *Error, status int) []byte {
	kind := "Sender"
	if status >= http.StatusInternalServerError {
		kind = "Receiver"
	}
	namespace := x.entry.info.XMLNamespace
	if namespace == "" {
		namespace = faultNamespace
	}
	return []byte(`<ErrorResponse xmlns="` + namespace + `"><Error><Type>` + kind + `</Type><Code>` + escapeXML(e.Code) +
		`</Code><Message>` + escapeXML(e.Message) + `</Message></Error><RequestId>` + x.call.RequestID + "</RequestId></ErrorResponse>\n")
}

func (x *exchange) s3Error(e *Error) []byte {
	var b strings.Builder
	b.WriteString(xml.Header + "<Error><Code>" + escapeXML(e.Code) + "</Code><Message>" + escapeXML(e.Message) + "</Message>")
	for key, value := range e.Fields {
		if text, ok := value.(string); ok {
			b.WriteString("<" + key + ">" + escapeXML(text) + "</" + key + ">")
		}
	}
	b.WriteString("<RequestId>" + x.call.RequestID + "</RequestId><HostId>" + x.call.RequestID + "</HostId></Error>")
	return []byte(b.String())
}

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return b.String()
}

// XMLReply is the answer of a Query operation: <OpResponse><OpResult>...,
// where result is a struct of encoding/xml, or nil for an operation that
// answers nothing.
func XMLReply(info Info, c *Call, result any) (*Reply, error) {
	var b strings.Builder
	b.WriteString("<" + c.Operation + `Response xmlns="` + info.XMLNamespace + `">`)
	if result != nil {
		encoder := xml.NewEncoder(&b)
		if err := encoder.EncodeElement(result, xml.StartElement{Name: xml.Name{Local: c.Operation + "Result"}}); err != nil {
			return nil, err
		}
	}
	b.WriteString("<ResponseMetadata><RequestId>" + c.RequestID + "</RequestId></ResponseMetadata></" + c.Operation + "Response>\n")
	return &Reply{Body: []byte(b.String())}, nil
}
