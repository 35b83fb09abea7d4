package s3

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"regexp"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// publicAccess is a bucket's Block Public Access configuration.
type publicAccess struct {
	XMLName               xml.Name `xml:"PublicAccessBlockConfiguration" json:"-"`
	BlockPublicAcls       bool
	IgnorePublicAcls      bool
	BlockPublicPolicy     bool
	RestrictPublicBuckets bool
}

type owner struct {
	ID          string
	DisplayName string `xml:",omitempty"`
}

type listedBucket struct {
	Name         string
	CreationDate string
	BucketRegion string
}

// eachBucket goes through the buckets in the order of their names.
func eachBucket(tx *store.Tx, do func(bucketRecord) error) error {
	buckets, err := tx.Bucket(root, bucketsKey)
	if err != nil {
		return err
	}
	c := buckets.Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		var b bucketRecord
		if err := json.Unmarshal(value, &b); err != nil {
			return err
		}
		if err := do(b); err != nil {
			return err
		}
	}
	return nil
}

// eachRecord goes through the records of a kind in one S3 bucket.
func eachRecord[R any](tx *store.Tx, kind, bucket string, do func(R)) error {
	records, err := tx.Bucket(root, kind, bucket)
	if err != nil {
		return err
	}
	c := records.Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		var r R
		if err := json.Unmarshal(value, &r); err != nil {
			return err
		}
		do(r)
	}
	return nil
}

func (s *Service) listBuckets(c *gate.Call) (*gate.Reply, error) {
	var out struct {
		XMLName xml.Name       `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
		Owner   owner          `xml:"Owner"`
		Buckets []listedBucket `xml:"Buckets>Bucket"`
		Prefix  string         `xml:",omitempty"`
	}
	out.Owner.ID, out.Prefix = s.cfg.Account, c.Query.Get("prefix")
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		out.Buckets = nil
		return eachBucket(tx, func(b bucketRecord) error {
			if strings.HasPrefix(b.Name, out.Prefix) {
				out.Buckets = append(out.Buckets, listedBucket{b.Name, timestamp(b.Created), b.Region})
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return xmlReply(out)
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	ipAddress  = regexp.MustCompile(`^\d+\.\d+\.\d+\.\d+$`)
)

func checkBucketName(name string) error {
	if !bucketName.MatchString(name) || ipAddress.MatchString(name) || strings.Contains(name, "..") || strings.HasPrefix(name, "xn--") {
		e := gate.Errorf("InvalidBucketName", "The specified bucket is not valid.")
		e.Fields = map[string]any{"BucketName": name}
		return e
	}
	return nil
}

type createBucketConfiguration struct {
	LocationConstraint string
	Tags               []tag `xml:"Tags>Tag"`
}

// locationOf gives the region that CreateBucket asks for.
func locationOf(c *gate.Call) string {
	var input createBucketConfiguration
	if len(c.Body) > 0 && readXML(c, &input) == nil && input.LocationConstraint != "" {
		return input.LocationConstraint
	}
	return "us-east-1"
}

func (s *Service) createBucket(c *gate.Call) (*gate.Reply, error) {
	name := c.Vars["Bucket"]
	if err := checkBucketName(name); err != nil {
		return nil, err
	}
	var input createBucketConfiguration
	if len(c.Body) > 0 {
		if err := readXML(c, &input); err != nil {
			return nil, err
		}
	}
	if input.LocationConstraint != "" && input.LocationConstraint != s.cfg.Region {
		return nil, gate.Errorf("IllegalLocationConstraintException",
			"The %s location constraint is incompatible for the region specific endpoint this request was sent to.", input.LocationConstraint)
	}
	// New buckets block all public access, as on AWS since April 2023.
	made := bucketRecord{Name: name, Created: s.cfg.Now().UTC(), Region: s.cfg.Region, Tags: tagging{TagSet: input.Tags}.asMap(), PublicAccess: &publicAccess{
		BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true,
	}}
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		_, found, err := loadBucket(tx, name)
		switch {
		case err != nil:
			return err
		case found && s.cfg.Region == "us-east-1":
			return nil // only there is a second CreateBucket no error
		case found:
			return conflict("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
		}
		return saveBucket(tx, made)
	})
	if err != nil {
		return nil, err
	}
	return &gate.Reply{Header: http.Header{"Location": {"/" + name}}}, nil
}

func (s *Service) headBucket(c *gate.Call) (*gate.Reply, error) {
	b, err := s.theBucket(c)
	if err != nil {
		return nil, err
	}
	return &gate.Reply{Header: http.Header{"X-Amz-Bucket-Region": {b.Region}, "Content-Type": {"application/xml"}}}, nil
}

func (s *Service) deleteBucket(c *gate.Call) (*gate.Reply, error) {
	name := c.Vars["Bucket"]
	var blobs []string
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		blobs = nil
		if _, err := mustBucket(tx, name); err != nil {
			return err
		}
		objects, err := tx.Bucket(root, objectsKey, name)
		if err != nil {
			return err
		}
		if key, _ := objects.Cursor().First(); key != nil {
			e := gate.Errorf("BucketNotEmpty", "The bucket you tried to delete is not empty").WithStatus(http.StatusConflict)
			e.Fields = map[string]any{"BucketName": name}
			return e
		}
		if err := eachRecord(tx, uploadsKey, name, func(u uploadRecord) { blobs = append(blobs, u.blobs()...) }); err != nil {
			return err
		}
		for _, kind := range []string{objectsKey, uploadsKey} {
			if err := tx.DeleteBucket(root, kind, name); err != nil {
				return err
			}
		}
		buckets, err := tx.Bucket(root, bucketsKey)
		if err != nil {
			return err
		}
		return buckets.Delete([]byte(name))
	})
	if err != nil {
		return nil, err
	}
	s.dropBlobs(blobs...)
	return noContent()
}

func (s *Service) getBucketLocation(c *gate.Call) (*gate.Reply, error) {
	b, err := s.theBucket(c)
	if err != nil {
		return nil, err
	}
	var out struct {
		XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
		Location string   `xml:",chardata"`
	}
	if b.Region != "us-east-1" { // which AWS leaves empty
		out.Location = b.Region
	}
	return xmlReply(out)
}

func (s *Service) getBucketVersioning(c *gate.Call) (*gate.Reply, error) {
	if _, err := s.theBucket(c); err != nil {
		return nil, err
	}
	return xmlReply(struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ VersioningConfiguration"`
	}{})
}

func (s *Service) getBucketEncryption(c *gate.Call) (*gate.Reply, error) {
	if _, err := s.theBucket(c); err != nil {
		return nil, err
	}
	var out struct {
		XMLName   xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ServerSideEncryptionConfiguration"`
		Algorithm string   `xml:"Rule>ApplyServerSideEncryptionByDefault>SSEAlgorithm"`
		BucketKey bool     `xml:"Rule>BucketKeyEnabled"`
	}
	out.Algorithm = "AES256"
	return xmlReply(out)
}

func (s *Service) getBucketPolicy(c *gate.Call) (*gate.Reply, error) {
	b, err := s.theBucket(c)
	if err != nil {
		return nil, err
	}
	if b.Policy == "" {
		e := gate.Errorf("NoSuchBucketPolicy", "The bucket policy does not exist").WithStatus(http.StatusNotFound)
		e.Fields = map[string]any{"BucketName": b.Name}
		return nil, e
	}
	return &gate.Reply{Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(b.Policy)}, nil
}

// maxPolicy is S3's bound on a bucket policy, in bytes.
const maxPolicy = 20 << 10

func (s *Service) putBucketPolicy(c *gate.Call) (*gate.Reply, error) {
	policy := string(c.Body)
	if len(policy) > maxPolicy {
		return nil, gate.Errorf("PolicyTooLarge", "Policy exceeds the maximum allowed document size.")
	}
	if !json.Valid(c.Body) {
		return nil, gate.Errorf("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
	}
	if _, err := iam.Load(c.Body, iam.Origin{Type: iam.TypeResource}); err != nil {
		return nil, gate.Errorf("MalformedPolicy", "%v", err)
	}
	err := s.changeBucket(c, func(b *bucketRecord) error {
		if b.PublicAccess != nil && b.PublicAccess.BlockPublicPolicy && isPublic(policy) {
			return gate.Errorf("AccessDenied", "User: %s is not authorized to perform: s3:PutBucketPolicy on resource: %q because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
				c.Caller.ARN, bucketARN(b.Name)).WithStatus(http.StatusForbidden)
		}
		b.Policy = policy
		return nil
	})
	if err != nil {
		return nil, err
	}
	return noContent()
}

func (s *Service) deleteBucketPolicy(c *gate.Call) (*gate.Reply, error) {
	err := s.changeBucket(c, func(b *bucketRecord) error {
		b.Policy = ""
		return nil
	})
	if err != nil {
		return nil, err
	}
	return noContent()
}

func (s *Service) getPublicAccessBlock(c *gate.Call) (*gate.Reply, error) {
	b, err := s.theBucket(c)
	if err != nil {
		return nil, err
	}
	if b.PublicAccess == nil {
		return nil, notThere("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
	}
	b.PublicAccess.XMLName = xml.Name{Space: namespace, Local: "PublicAccessBlockConfiguration"}
	return xmlReply(b.PublicAccess)
}

func (s *Service) putPublicAccessBlock(c *gate.Call) (*gate.Reply, error) {
	input := &publicAccess{}
	if err := readXML(c, input); err != nil {
		return nil, err
	}
	err := s.changeBucket(c, func(b *bucketRecord) error {
		b.PublicAccess = input
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &gate.Reply{}, nil
}

func (s *Service) deletePublicAccessBlock(c *gate.Call) (*gate.Reply, error) {
	err := s.changeBucket(c, func(b *bucketRecord) error {
		b.PublicAccess = nil
		return nil
	})
	if err != nil {
		return nil, err
	}
	return noContent()
}
