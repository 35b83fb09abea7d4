package s3

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/internal/sigv4"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// actions are the operations whose IAM action has another name (Service
// Authorization Reference, "Amazon S3", and the S3 User Guide, "Required
// permissions for Amazon S3 API operations").
var actions = map[string]string{
	"ListBuckets":             "s3:ListAllMyBuckets",
	"HeadBucket":              "s3:ListBucket",
	"ListObjects":             "s3:ListBucket",
	"ListObjectsV2":           "s3:ListBucket",
	"GetBucketEncryption":     "s3:GetEncryptionConfiguration",
	"GetPublicAccessBlock":    "s3:GetBucketPublicAccessBlock",
	"PutPublicAccessBlock":    "s3:PutBucketPublicAccessBlock",
	"DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
	"DeleteBucketTagging":     "s3:PutBucketTagging",
	"ListMultipartUploads":    "s3:ListBucketMultipartUploads",

	"GetBucketNotificationConfiguration": "s3:GetBucketNotification",
	"PutBucketNotificationConfiguration": "s3:PutBucketNotification",

	"HeadObject":              "s3:GetObject",
	"CopyObject":              "s3:PutObject",
	"CreateMultipartUpload":   "s3:PutObject",
	"UploadPart":              "s3:PutObject",
	"CompleteMultipartUpload": "s3:PutObject",
	"ListParts":               "s3:ListMultipartUploadParts",
}

// writeHeaders are the request headers that are context keys of s3:PutObject.
var writeHeaders = []string{
	"x-amz-acl", "x-amz-copy-source", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write",
	"x-amz-grant-write-acp", "x-amz-metadata-directive", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id",
	"x-amz-server-side-encryption-customer-algorithm", "x-amz-storage-class", "x-amz-website-redirect-location", "if-match", "if-none-match",
}

// Describe says what IAM has to decide for a call.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	if handlers[c.Operation] == nil {
		return nil, notImplemented(c)
	}
	bucket, key := c.Vars["Bucket"], c.Vars["Key"]
	action := actions[c.Operation]
	if action == "" {
		action = "s3:" + c.Operation
	}
	if c.Operation == "ListBuckets" {
		return []gate.Ask{{Action: action, Resource: "*", Context: requestContext(c)}}, nil
	}
	ask := gate.Ask{Action: action, Resource: bucketARN(bucket), Context: requestContext(c)}
	if key != "" {
		ask.Resource = objectARN(bucket, key)
	}
	if err := s.protect(&ask, bucket); err != nil {
		return nil, err
	}
	switch c.Operation {
	case "CreateBucket":
		copyHeaders(ask.Context, c.Header, writeHeaders[:1])
		ask.Context["s3:locationconstraint"] = iam.One(locationOf(c))
	case "ListObjects", "ListObjectsV2":
		for _, name := range []string{"prefix", "delimiter", "max-keys"} {
			if c.Query.Has(name) {
				ask.Context["s3:"+name] = iam.One(c.Query.Get(name))
			}
		}
	case "DeleteObjects":
		return s.describeDeletes(c, ask)
	case "PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload":
		return s.describeWrite(c, ask, requestedTags(c)), nil
	case "CopyObject":
		return s.describeCopy(c, ask)
	case "GetObject", "HeadObject", "GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging":
		return s.describeRead(c, ask)
	}
	return []gate.Ask{ask}, nil
}

func bucketARN(bucket string) string      { return "arn:aws:s3:::" + bucket }
func objectARN(bucket, key string) string { return "arn:aws:s3:::" + bucket + "/" + key }

// requestContext holds the keys that every S3 action knows.
func requestContext(c *gate.Call) iam.Context {
	ctx := iam.Context{"s3:resourceaccount": iam.One(c.Account)}
	hash := c.Header.Get("X-Amz-Content-Sha256")
	switch {
	case c.Caller.Kind == iam.PrincipalAnonymous: // nothing is signed
		return ctx
	case c.Header.Get("Authorization") == "" && c.Query.Has("X-Amz-Signature"):
		ctx["s3:authtype"] = iam.One("REST-QUERY-STRING")
		ctx["s3:signatureage"] = iam.One(signatureAge(c))
		hash = cmp.Or(hash, c.Query.Get("X-Amz-Content-Sha256"), sigv4.UnsignedPayload)
	default:
		ctx["s3:authtype"] = iam.One("REST-HEADER")
	}
	ctx["s3:signatureversion"] = iam.One("AWS4-HMAC-SHA256")
	if hash != "" {
		ctx["s3:x-amz-content-sha256"] = iam.One(hash)
	}
	return ctx
}

// signatureAge is how old a presigned request's signature is, in milliseconds.
// The gate has read the time already, in one of the two forms.
func signatureAge(c *gate.Call) string {
	stamp := c.Query.Get("X-Amz-Date")
	t, err := time.Parse("20060102T150405Z", stamp)
	if err != nil {
		if t, err = http.ParseTime(stamp); err != nil {
			t = time.Time{} // which is too old for every policy
		}
	}
	return strconv.FormatInt(max(c.Time.Sub(t).Milliseconds(), 0), 10)
}

func copyHeaders(ctx iam.Context, header http.Header, names []string) {
	for _, name := range names {
		if v := header.Get(name); v != "" {
			ctx["s3:"+name] = iam.One(v)
		}
	}
}

// protect puts the bucket's policy and its public access block into an ask. A
// bucket that is not there has none; Handle says so once the call is allowed.
func (s *Service) protect(ask *gate.Ask, bucket string) error {
	b, found, err := s.bucket(bucket)
	if err != nil || !found {
		return err
	}
	if ask.ResourcePolicy, err = s.policyOf(&b); err != nil {
		return err
	}
	ask.BlockPublicAccess = b.PublicAccess != nil && b.PublicAccess.RestrictPublicBuckets
	return nil
}

// policyOf compiles a bucket's policy, once for each text.
func (s *Service) policyOf(b *bucketRecord) (*iam.Policy, error) {
	if b.Policy == "" {
		return nil, nil
	}
	s.policies.Lock()
	defer s.policies.Unlock()
	if known := s.compiled[b.Name]; known.text == b.Policy {
		return known.policy, nil
	}
	policy, err := iam.Load([]byte(b.Policy), iam.Origin{Type: iam.TypeResource, Name: "policy of bucket " + b.Name})
	if err != nil {
		return nil, err
	}
	s.compiled[b.Name] = compiledPolicy{b.Policy, policy}
	return policy, nil
}

// requestedTags are the tags that a request's header sets; a header that
// cannot be read fails the call later.
func requestedTags(c *gate.Call) map[string]string {
	tags, err := url.ParseQuery(c.Header.Get("X-Amz-Tagging"))
	if err != nil {
		return nil
	}
	requested := map[string]string{}
	for k := range tags {
		requested[k] = tags.Get(k)
	}
	return requested
}

// describeWrite asks for the object, and for the tags that it gets.
func (s *Service) describeWrite(c *gate.Call, ask gate.Ask, tags map[string]string) []gate.Ask {
	copyHeaders(ask.Context, c.Header, writeHeaders)
	creates := c.Operation != "CreateMultipartUpload" && c.Operation != "UploadPart"
	ask.Context["s3:objectcreationoperation"] = iam.One(strconv.FormatBool(creates))
	asks := []gate.Ask{ask}
	if len(tags) > 0 {
		setRequestTags(asks[0].Context, tags)
		tagging := ask
		tagging.Action, tagging.Context = "s3:PutObjectTagging", maps.Clone(ask.Context)
		for key := range tagging.Context { // what speaks of the write is not of its tags
			if key == "s3:objectcreationoperation" || strings.HasPrefix(key, "s3:x-amz-") && key != "s3:x-amz-content-sha256" {
				delete(tagging.Context, key)
			}
		}
		asks = append(asks, tagging)
	}
	if c.Header.Get("X-Amz-Acl") != "" {
		acl := ask
		acl.Action = "s3:PutObjectAcl"
		asks = append(asks, acl)
	}
	return asks
}

func setRequestTags(ctx iam.Context, tags map[string]string) {
	var keys []string
	for k, v := range tags {
		keys = append(keys, k)
		ctx["s3:requestobjecttag/"+iam.Key(k)] = iam.One(v)
	}
	ctx["s3:requestobjecttagkeys"] = iam.Many(keys...)
}

// describeRead asks for an object with the tags that it has. For a key that is
// not there it also asks for s3:ListBucket: without that permission AWS does
// not say that a key is missing, but denies.
func (s *Service) describeRead(c *gate.Call, ask gate.Ask) ([]gate.Ask, error) {
	bucket, key := c.Vars["Bucket"], c.Vars["Key"]
	var o objectRecord
	var found, hasBucket bool
	err := s.cfg.DB.View(func(tx *store.Tx) (err error) {
		if _, hasBucket, err = loadBucket(tx, bucket); err != nil || !hasBucket {
			return err
		}
		o, found, err = loadObject(tx, bucket, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	for k, v := range o.Tags {
		ask.Context["s3:existingobjecttag/"+iam.Key(k)] = iam.One(v)
	}
	if c.Operation == "PutObjectTagging" {
		var tags tagging
		if err := readXML(c, &tags); err != nil {
			return nil, err
		}
		setRequestTags(ask.Context, tags.asMap())
	}
	asks := []gate.Ask{ask}
	if hasBucket && !found {
		list := gate.Ask{Action: "s3:ListBucket", Resource: bucketARN(bucket), Context: requestContext(c)}
		if err := s.protect(&list, bucket); err != nil {
			return nil, err
		}
		asks = append(asks, list)
	}
	return asks, nil
}

// describeCopy asks to read the source and to write the target, and the same
// for the tags that come along with a copy.
func (s *Service) describeCopy(c *gate.Call, ask gate.Ask) ([]gate.Ask, error) {
	bucket, key, err := copySource(c)
	if err != nil {
		return nil, err
	}
	read := &gate.Call{
		Operation: "GetObject", Vars: map[string]string{"Bucket": bucket, "Key": key}, Header: c.Header, Query: c.Query, Account: c.Account,
		Caller: c.Caller, Time: c.Time,
	}
	source := gate.Ask{Action: "s3:GetObject", Resource: objectARN(bucket, key), Context: requestContext(c)}
	if err := s.protect(&source, bucket); err != nil {
		return nil, err
	}
	asks, err := s.describeRead(read, source)
	if err != nil {
		return nil, err
	}
	tags := requestedTags(c)
	if c.Header.Get("X-Amz-Tagging-Directive") != "REPLACE" {
		tags = nil
		if o, err := s.theObject(bucket, key); err == nil { // one that is not there fails the call later
			tags = o.Tags
		}
		if len(tags) > 0 {
			source.Action = "s3:GetObjectTagging"
			asks = append(asks, source)
		}
	}
	return append(asks, s.describeWrite(c, ask, tags)...), nil
}

// describeDeletes asks for every key. AWS answers denied keys one by one; here
// one denied key denies the call.
func (s *Service) describeDeletes(c *gate.Call, ask gate.Ask) ([]gate.Ask, error) {
	input, err := readDeletes(c)
	if err != nil {
		return nil, err
	}
	var asks []gate.Ask
	for _, o := range input.Objects {
		one := ask
		one.Action, one.Resource = "s3:DeleteObject", objectARN(c.Vars["Bucket"], o.Key)
		asks = append(asks, one)
	}
	return asks, nil
}

// isPublic reports whether a policy document plainly grants something to
// everyone: an Allow to the principal * without a condition.
func isPublic(document string) bool {
	type statement struct {
		Effect    string
		Principal any
		Condition map[string]any
	}
	var doc struct{ Statement json.RawMessage }
	if json.Unmarshal([]byte(document), &doc) != nil {
		return true // what cannot be read is not called private
	}
	var statements []statement
	if json.Unmarshal(doc.Statement, &statements) != nil {
		statements = make([]statement, 1)
		if json.Unmarshal(doc.Statement, &statements[0]) != nil {
			return true
		}
	}
	for _, st := range statements {
		if st.Effect == "Allow" && len(st.Condition) == 0 && namesEveryone(st.Principal) {
			return true
		}
	}
	return false
}

func namesEveryone(principal any) bool {
	switch p := principal.(type) {
	case string:
		return p == "*"
	case map[string]any:
		return namesEveryone(p["AWS"])
	case []any:
		for _, item := range p {
			if namesEveryone(item) {
				return true
			}
		}
	}
	return false
}
