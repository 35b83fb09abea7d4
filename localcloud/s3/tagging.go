package s3

import (
	"encoding/xml"
	"maps"
	"net/url"
	"slices"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

type tag struct {
	Key   string
	Value string
}

type tagging struct {
	XMLName xml.Name `xml:"Tagging"`
	TagSet  []tag    `xml:"TagSet>Tag"`
}

func (t tagging) asMap() map[string]string {
	m := map[string]string{}
	for _, item := range t.TagSet {
		m[item.Key] = item.Value
	}
	return m
}

func taggingReply(tags map[string]string) (*gate.Reply, error) {
	out := tagging{XMLName: xml.Name{Space: namespace, Local: "Tagging"}}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out.TagSet = append(out.TagSet, tag{key, tags[key]})
	}
	return xmlReply(out)
}

// readTags reads tags from a body and checks them.
func readTags(c *gate.Call, limit int) (map[string]string, error) {
	var input tagging
	if err := readXML(c, &input); err != nil {
		return nil, err
	}
	tags := input.asMap()
	if len(tags) != len(input.TagSet) {
		return nil, gate.Errorf("InvalidTag", "Cannot provide multiple Tags with the same key")
	}
	return tags, checkTags(tags, limit)
}

// headerTags reads tags from x-amz-tagging.
func headerTags(c *gate.Call) (map[string]string, error) {
	values, err := url.ParseQuery(c.Header.Get("X-Amz-Tagging"))
	if err != nil {
		return nil, invalid("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
	}
	if len(values) == 0 {
		return nil, nil
	}
	tags := map[string]string{}
	for key := range values {
		tags[key] = values.Get(key)
	}
	return tags, checkTags(tags, maxObjectTags)
}

// The bounds of S3 User Guide, "Categorizing your objects using tags" and "Using bucket tags".
const (
	maxObjectTags = 10
	maxBucketTags = 50
)

func checkTags(tags map[string]string, limit int) error {
	if len(tags) > limit {
		return gate.Errorf("BadRequest", "Object tags cannot be greater than %d", limit)
	}
	for key, value := range tags {
		if key == "" || len(key) > 128*4 {
			return gate.Errorf("InvalidTag", "The TagKey you have provided is invalid")
		}
		if len(value) > 256*4 {
			return gate.Errorf("InvalidTag", "The TagValue you have provided is invalid")
		}
	}
	return nil
}

func (s *Service) getBucketTagging(c *gate.Call) (*gate.Reply, error) {
	b, err := s.theBucket(c)
	if err != nil {
		return nil, err
	}
	if len(b.Tags) == 0 {
		return nil, notThere("NoSuchTagSet", "The TagSet does not exist")
	}
	return taggingReply(b.Tags)
}

func (s *Service) putBucketTagging(c *gate.Call) (*gate.Reply, error) {
	tags, err := readTags(c, maxBucketTags)
	if err != nil {
		return nil, err
	}
	return s.setBucketTags(c, tags)
}

func (s *Service) deleteBucketTagging(c *gate.Call) (*gate.Reply, error) {
	return s.setBucketTags(c, nil)
}

func (s *Service) setBucketTags(c *gate.Call, tags map[string]string) (*gate.Reply, error) {
	err := s.changeBucket(c, func(b *bucketRecord) error {
		b.Tags = tags
		return nil
	})
	if err != nil {
		return nil, err
	}
	return noContent()
}

func (s *Service) getObjectTagging(c *gate.Call) (*gate.Reply, error) {
	o, err := s.theObject(c.Vars["Bucket"], c.Vars["Key"])
	if err != nil {
		return nil, err
	}
	return taggingReply(o.Tags)
}

func (s *Service) putObjectTagging(c *gate.Call) (*gate.Reply, error) {
	tags, err := readTags(c, maxObjectTags)
	if err != nil {
		return nil, err
	}
	if err := s.setObjectTags(c, tags); err != nil {
		return nil, err
	}
	return &gate.Reply{}, nil
}

func (s *Service) deleteObjectTagging(c *gate.Call) (*gate.Reply, error) {
	if err := s.setObjectTags(c, nil); err != nil {
		return nil, err
	}
	return noContent()
}

func (s *Service) setObjectTags(c *gate.Call, tags map[string]string) error {
	bucket, key := c.Vars["Bucket"], c.Vars["Key"]
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		if _, err := mustBucket(tx, bucket); err != nil {
			return err
		}
		o, found, err := loadObject(tx, bucket, key)
		if err != nil {
			return err
		}
		if !found {
			return noSuchKey(key)
		}
		o.Tags = tags
		return saveObject(tx, bucket, o)
	})
	if err == nil {
		s.notify(c, tagged(key, tags))
	}
	return err
}
