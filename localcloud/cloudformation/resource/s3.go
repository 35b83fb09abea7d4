package resource

import (
	"context"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// bucket is AWS::S3::Bucket.
type bucket struct{}

func bucketPath(name, query string) string { return "/" + url.PathEscape(name) + query }

func (b bucket) Create(ctx context.Context, w *Work) (Result, error) {
	if _, err := w.Cloud.raw(ctx, "s3", http.MethodPut, bucketPath(w.Physical, ""), nil); err != nil {
		return Result{}, err
	}
	region := w.Cloud.Region
	result := Result{Physical: w.Physical, Attributes: map[string]string{
		"Arn":                 w.Cloud.arn("s3", "", w.Physical),
		"DomainName":          w.Physical + ".s3.amazonaws.com",
		"RegionalDomainName":  w.Physical + ".s3." + region + ".amazonaws.com",
		"DualStackDomainName": w.Physical + ".s3.dualstack." + region + ".amazonaws.com",
		"WebsiteURL":          "http://" + w.Physical + ".s3-website-" + region + ".amazonaws.com",
	}}
	return result, b.apply(ctx, w, false)
}

// apply sets the bucket's versioning, notifications and tags; changes only when update is set.
func (b bucket) apply(ctx context.Context, w *Work, update bool) error {
	status, _ := text(w.Properties.Object("VersioningConfiguration"), "Status")
	before, _ := text(w.Old.Object("VersioningConfiguration"), "Status")
	if status == "" && before == "Enabled" {
		status = "Suspended"
	}
	if status != "" && status != before {
		body := []byte("<VersioningConfiguration><Status>" + status + "</Status></VersioningConfiguration>")
		if _, err := w.Cloud.raw(ctx, "s3", http.MethodPut, bucketPath(w.Physical, "?versioning"), body); err != nil {
			return err
		}
	}
	if err := b.applyEvents(ctx, w); err != nil {
		return err
	}
	all := tags(w.Tags, w.Properties)
	if update && maps.Equal(all, tags(w.OldTags, w.Old)) || len(all) == 0 && !update {
		return nil
	}
	if len(all) == 0 {
		_, err := w.Cloud.raw(ctx, "s3", http.MethodDelete, bucketPath(w.Physical, "?tagging"), nil)
		return gone(err)
	}
	type tag struct{ Key, Value string }
	var body struct {
		XMLName xml.Name `xml:"Tagging"`
		Tags    []tag    `xml:"TagSet>Tag"`
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		body.Tags = append(body.Tags, tag{key, all[key]})
	}
	raw, err := xml.Marshal(body)
	if err != nil {
		return err
	}
	_, err = w.Cloud.raw(ctx, "s3", http.MethodPut, bucketPath(w.Physical, "?tagging"), raw)
	return err
}

func (b bucket) Update(ctx context.Context, w *Work) (Result, error) {
	return Result{Physical: w.Physical, Attributes: w.Attributes}, b.apply(ctx, w, true)
}

func (bucket) Delete(ctx context.Context, w *Work) error {
	_, err := w.Cloud.raw(ctx, "s3", http.MethodDelete, bucketPath(w.Physical, ""), nil)
	return gone(err)
}

// bucketPolicy is AWS::S3::BucketPolicy; its physical id is the bucket's name.
type bucketPolicy struct{}

func (bucketPolicy) Create(ctx context.Context, w *Work) (Result, error) {
	name, ok := text(w.Properties, "Bucket")
	if !ok {
		return Result{}, missing(w, "Bucket")
	}
	policy, err := document(w.Properties, "PolicyDocument")
	if err != nil {
		return Result{}, err
	}
	if _, err := w.Cloud.raw(ctx, "s3", http.MethodPut, bucketPath(name, "?policy"), []byte(policy)); err != nil {
		return Result{}, err
	}
	return Result{Physical: name}, nil
}

func (b bucketPolicy) Update(ctx context.Context, w *Work) (Result, error) { return b.Create(ctx, w) }

func (bucketPolicy) Delete(ctx context.Context, w *Work) error {
	name, _ := text(w.Properties, "Bucket")
	_, err := w.Cloud.raw(ctx, "s3", http.MethodDelete, bucketPath(name, "?policy"), nil)
	return gone(err)
}
