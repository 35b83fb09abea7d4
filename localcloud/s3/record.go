package s3

import (
	"net/http"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// bucketRecord is what is stored of a bucket.
type bucketRecord struct {
	Name         string
	Created      time.Time
	Region       string
	Policy       string            `json:",omitempty"`
	PublicAccess *publicAccess     `json:",omitempty"`
	Tags         map[string]string `json:",omitempty"`
	Notification *notification     `json:",omitempty"`
}

// objectRecord is what is stored of an object.
type objectRecord struct {
	Key      string
	Blob     string // the file of its bytes
	Size     int64
	ETag     string // without quotes
	Modified time.Time
	// Header holds what the writer said of the content: Content-Type,
	// Cache-Control, X-Amz-Meta-*, ...
	Header   map[string]string `json:",omitempty"`
	Tags     map[string]string `json:",omitempty"`
	Checksum checksum          `json:",omitzero"`
	// PartSizes are those of a multipart upload, for reading by part number.
	PartSizes []int64 `json:",omitempty"`
}

// uploadRecord is a multipart upload that is under way.
type uploadRecord struct {
	ID        string
	Key       string
	Initiated time.Time
	Header    map[string]string `json:",omitempty"`
	Tags      map[string]string `json:",omitempty"`
	// Algorithm and Type are the checksum that was announced, "" for none.
	Algorithm string                `json:",omitempty"`
	Type      string                `json:",omitempty"`
	Parts     map[string]partRecord `json:",omitempty"` // by number, five digits
}

type partRecord struct {
	Number   int
	Blob     string
	Size     int64
	ETag     string
	Modified time.Time
	Checksum checksum `json:",omitzero"`
}

// The store's buckets. Objects and uploads lie in one bucket for each S3 bucket.
const (
	root        = "s3"
	bucketsKey  = "buckets"
	objectsKey  = "objects"
	uploadsKey  = "uploads"
	maxKeyBytes = 1024
)

func loadBucket(tx *store.Tx, name string) (b bucketRecord, found bool, err error) {
	buckets, err := tx.Bucket(root, bucketsKey)
	if err != nil {
		return b, false, err
	}
	found, err = buckets.GetJSON(name, &b)
	return b, found, err
}

func saveBucket(tx *store.Tx, b bucketRecord) error {
	buckets, err := tx.Bucket(root, bucketsKey)
	if err != nil {
		return err
	}
	return buckets.PutJSON(b.Name, b)
}

// mustBucket is loadBucket with AWS's error for one that is not there.
func mustBucket(tx *store.Tx, name string) (bucketRecord, error) {
	b, found, err := loadBucket(tx, name)
	if err == nil && !found {
		err = noSuchBucket(name)
	}
	return b, err
}

func loadObject(tx *store.Tx, bucket, key string) (o objectRecord, found bool, err error) {
	if len(key) > maxKeyBytes || key == "" {
		return o, false, nil
	}
	objects, err := tx.Bucket(root, objectsKey, bucket)
	if err != nil {
		return o, false, err
	}
	found, err = objects.GetJSON(key, &o)
	return o, found, err
}

func saveObject(tx *store.Tx, bucket string, o objectRecord) error {
	objects, err := tx.Bucket(root, objectsKey, bucket)
	if err != nil {
		return err
	}
	return objects.PutJSON(o.Key, o)
}

// bucket reads a bucket.
func (s *Service) bucket(name string) (b bucketRecord, found bool, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) (err error) {
		b, found, err = loadBucket(tx, name)
		return err
	})
	return b, found, err
}

// changeBucket changes the bucket that a call names. do may run more than once.
func (s *Service) changeBucket(c *gate.Call, do func(*bucketRecord) error) error {
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := mustBucket(tx, c.Vars["Bucket"])
		if err != nil {
			return err
		}
		if err := do(&b); err != nil {
			return err
		}
		return saveBucket(tx, b)
	})
}

// theBucket reads the bucket that a call names.
func (s *Service) theBucket(c *gate.Call) (b bucketRecord, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) (err error) {
		b, err = mustBucket(tx, c.Vars["Bucket"])
		return err
	})
	return b, err
}

// theObject reads the object that a call names.
func (s *Service) theObject(bucket, key string) (o objectRecord, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		if _, err := mustBucket(tx, bucket); err != nil {
			return err
		}
		found := false
		if o, found, err = loadObject(tx, bucket, key); err == nil && !found {
			err = noSuchKey(key)
		}
		return err
	})
	return o, err
}

func noSuchBucket(name string) error {
	e := gate.Errorf("NoSuchBucket", "The specified bucket does not exist").WithStatus(http.StatusNotFound)
	e.Fields = map[string]any{"BucketName": name}
	return e
}

func noSuchKey(key string) error {
	e := gate.Errorf("NoSuchKey", "The specified key does not exist.").WithStatus(http.StatusNotFound)
	e.Fields = map[string]any{"Key": key}
	return e
}

func notThere(code, message string) error {
	return gate.Errorf(code, "%s", message).WithStatus(http.StatusNotFound)
}

func conflict(code, message string) error {
	return gate.Errorf(code, "%s", message).WithStatus(http.StatusConflict)
}

func invalid(format string, args ...any) error {
	return gate.Errorf("InvalidArgument", format, args...)
}
