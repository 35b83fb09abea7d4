// Package s3 is Amazon S3: buckets and objects, with bucket policies, Block
// Public Access and multipart uploads.
//
// What is known of an object lies in the store; its bytes lie in files of
// their own, which are on disk before the store names them. Changes are told to
// functions, queues, topics and EventBridge. Versioning, ACLs and encryption
// settings are not emulated.
package s3

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// MaxObject is the largest object, in bytes. AWS's bound is 50 TB; this one
// keeps a laptop's memory and disk safe.
const MaxObject = 256 << 20

// Config is what the service is made of.
type Config struct {
	DB *store.DB
	// Dir is the folder of the objects' bytes; it is made when it is not there.
	Dir             string
	Account, Region string
	Now             func() time.Time
	// Rand is where file names and upload ids come from; crypto/rand.Reader outside tests.
	Rand io.Reader
	// Do delivers notifications; nil for none. Bus takes those for EventBridge.
	Do  gate.Doer
	Bus Bus
	Log *slog.Logger
	// Pause is the wait before the first retry of a notification; 0 means a second.
	Pause time.Duration
}

// Service is S3. It implements gate.Service.
type Service struct {
	cfg    Config
	random sync.Mutex // Rand may not be safe for concurrent use
	post   *delivery.Post

	policies sync.Mutex
	compiled map[string]compiledPolicy // by bucket
}

type compiledPolicy struct {
	text   string
	policy *iam.Policy
}

// New makes the folder and removes files that a crash left without a name.
func New(cfg Config) (*Service, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, compiled: map[string]compiledPolicy{}}
	if cfg.Do != nil {
		s.post = delivery.New(delivery.Config{
			DB: cfg.DB, Name: root, Account: cfg.Account, Region: cfg.Region, Do: cfg.Do, Now: cfg.Now, Log: cfg.Log, Pause: cfg.Pause,
		})
	}
	if err := s.checkFolder(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of S3 objects: %w", err)
	}
	if err := s.sweep(); err != nil {
		return nil, err
	}
	return s, nil
}

// Resume takes up the notifications that a stop left; calls can be made from then on.
func (s *Service) Resume() error {
	if s.post == nil {
		return nil
	}
	return s.post.Resume()
}

// Close stops the notifications, which go on at the next start.
func (s *Service) Close() {
	if s.post != nil {
		s.post.Close()
	}
}

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{Name: "s3", Protocol: gate.RESTXML, XMLNamespace: namespace, Route: route}
}

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// handlers are the operations; route names them.
var handlers = map[string]func(*Service, *gate.Call) (*gate.Reply, error){
	"ListBuckets":             (*Service).listBuckets,
	"CreateBucket":            (*Service).createBucket,
	"HeadBucket":              (*Service).headBucket,
	"DeleteBucket":            (*Service).deleteBucket,
	"GetBucketLocation":       (*Service).getBucketLocation,
	"GetBucketVersioning":     (*Service).getBucketVersioning,
	"GetBucketEncryption":     (*Service).getBucketEncryption,
	"GetBucketPolicy":         (*Service).getBucketPolicy,
	"PutBucketPolicy":         (*Service).putBucketPolicy,
	"DeleteBucketPolicy":      (*Service).deleteBucketPolicy,
	"GetPublicAccessBlock":    (*Service).getPublicAccessBlock,
	"PutPublicAccessBlock":    (*Service).putPublicAccessBlock,
	"DeletePublicAccessBlock": (*Service).deletePublicAccessBlock,
	"GetBucketTagging":        (*Service).getBucketTagging,
	"PutBucketTagging":        (*Service).putBucketTagging,

	"GetBucketNotificationConfiguration": (*Service).getNotification,
	"PutBucketNotificationConfiguration": (*Service).putNotification,

	"DeleteBucketTagging":     (*Service).deleteBucketTagging,
	"ListObjects":             (*Service).listObjects,
	"ListObjectsV2":           (*Service).listObjectsV2,
	"ListMultipartUploads":    (*Service).listMultipartUploads,
	"DeleteObjects":           (*Service).deleteObjects,
	"PutObject":               (*Service).putObject,
	"CopyObject":              (*Service).copyObject,
	"GetObject":               (*Service).getObject,
	"HeadObject":              (*Service).headObject,
	"DeleteObject":            (*Service).deleteObject,
	"GetObjectTagging":        (*Service).getObjectTagging,
	"PutObjectTagging":        (*Service).putObjectTagging,
	"DeleteObjectTagging":     (*Service).deleteObjectTagging,
	"CreateMultipartUpload":   (*Service).createMultipartUpload,
	"UploadPart":              (*Service).uploadPart,
	"CompleteMultipartUpload": (*Service).completeMultipartUpload,
	"AbortMultipartUpload":    (*Service).abortMultipartUpload,
	"ListParts":               (*Service).listParts,
}

// Handle does a call.
func (s *Service) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	handle := handlers[c.Operation]
	if handle == nil {
		return nil, notImplemented(c)
	}
	return handle(s, c)
}

func notImplemented(c *gate.Call) error {
	return gate.Errorf("NotImplemented", "A header or query you provided implies functionality that is not implemented: %s does not run locally", c.Operation).
		WithStatus(http.StatusNotImplemented)
}

// xmlReply answers with v as XML. v's type names the root element.
func xmlReply(v any) (*gate.Reply, error) {
	data, err := xml.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return &gate.Reply{Header: http.Header{"Content-Type": {"application/xml"}}, Body: append([]byte(xml.Header), data...)}, nil
}

// maxXMLDepth is how deep a body may nest; S3's own schemas go to six levels.
const maxXMLDepth = 32

// shallow reports whether a body nests no deeper than that, also in elements
// that nobody asks for.
func shallow(body []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(body))
	for depth := 0; depth <= maxXMLDepth; {
		token, err := d.RawToken()
		if err != nil {
			return true // the end, or a fault that decoding finds
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return false
}

// readXML decodes a request's XML body.
func readXML(c *gate.Call, v any) error {
	if !shallow(c.Body) || xml.Unmarshal(c.Body, v) != nil {
		return gate.Errorf("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	return nil
}

func noContent() (*gate.Reply, error) { return &gate.Reply{Status: http.StatusNoContent}, nil }

// timestamp is a time in S3's XML.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// newName makes a random name of 32 hexadecimal digits.
func (s *Service) newName() (string, error) {
	s.random.Lock()
	defer s.random.Unlock()
	var b [16]byte
	if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// blobPath is the file of a blob.
func (s *Service) blobPath(name string) string { return filepath.Join(s.cfg.Dir, name[:2], name) }
