package catalog

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The reader agrees with encoding/json on the embedded data, to the last key.
func TestReader(t *testing.T) {
	t.Parallel()
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Services map[string]struct {
			Name      string
			Actions   map[string][]any
			Resources map[string][]any
			Keys      map[string]string
		}
	}
	if err := json.NewDecoder(r).Decode(&want); err != nil {
		t.Fatal(err)
	}
	c, err := load(packed)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.prefixes) != len(want.Services) || len(c.prefixes) == 0 {
		t.Fatalf("%d services, want %d", len(c.prefixes), len(want.Services))
	}
	for prefix, w := range want.Services {
		s, _ := c.Service(prefix)
		if s == nil || s.Name != w.Name || len(s.Actions) != len(w.Actions) || len(s.Resources) != len(w.Resources) || len(s.Keys) != len(w.Keys) {
			t.Fatalf("%s is read wrongly", prefix)
		}
		for _, a := range s.Actions {
			row := w.Actions[a.Name]
			var uses []any
			for _, u := range a.Resources {
				uses = append(uses, u.Type, u.Required, len(u.Dependent))
			}
			var wanted []any
			for _, u := range row[1].([]any) {
				use := u.([]any)
				wanted = append(wanted, use[0], use[1] == 1.0, len(use[3].([]any)))
			}
			if !strings.HasPrefix(row[0].(string), string(a.Access)) || fmt.Sprint(uses) != fmt.Sprint(wanted) ||
				fmt.Sprint(a.Keys) != fmt.Sprint(row[2]) || fmt.Sprint(a.Dependent) != fmt.Sprint(row[3]) {
				t.Errorf("%s is %+v, want %v", a, a, row)
			}
		}
		for _, k := range s.Keys {
			if string(k.Type) != w.Keys[k.Name] {
				t.Errorf("%s has type %s, want %s", k.Name, k.Type, w.Keys[k.Name])
			}
		}
		for _, res := range s.Resources {
			if row := w.Resources[res.Name]; row[0] != res.ARN || fmt.Sprint(row[1]) != fmt.Sprint(res.Keys) {
				t.Errorf("%s is %+v, want %v", res.Name, res, row)
			}
		}
	}
}

// A text that both a type's pattern and an entry match means that they
// intersect; and Expand gives what matches, nothing else.
func FuzzCovers(f *testing.F) {
	f.Add("s3:Get*", "arn:aws:s3:::box/*", "box", "key")
	f.Add("sqs:?end*", "arn:*:s3:::*", "b", "a/b")
	f.Add("*", "arn:aws:s3:::b?x/${aws:username}", "bix", "é")
	f.Fuzz(func(t *testing.T, pattern, entry, bucket, key string) {
		for _, a := range AWS().Expand(pattern) {
			if pattern != "*" && !matchGlob(strings.ToLower(pattern), strings.ToLower(a.String())) {
				t.Fatalf("%q expands to %s", pattern, a)
			}
		}
		covers("arn:${Partition}:s3:::${BucketName}/${ObjectName}", entry) // must end, and not panic
		if bucket == "" || key == "" || strings.ContainsAny(bucket+key, "*?$/:") {
			return
		}
		arn := "arn:aws:s3:::" + bucket + "/" + key
		if !covers("arn:${Partition}:s3:::${BucketName}/${ObjectName}", arn) {
			t.Fatalf("%q is no object", arn)
		}
		if covers("arn:${Partition}:s3:::${BucketName}", arn) {
			t.Fatalf("%q is a bucket", arn)
		}
		if parts := strings.SplitN(entry, ":", 6); len(parts) == 6 && !strings.Contains(entry, "$") && !strings.Contains(entry, "?") {
			matches := true
			for i, part := range strings.SplitN(arn, ":", 6) {
				matches = matches && matchGlob(parts[i], part)
			}
			if matches && !covers("arn:${Partition}:s3:::${BucketName}/${ObjectName}", entry) {
				t.Fatalf("%q matches %q but does not cover it", entry, arn)
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := load(packed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadAndS3(b *testing.B) {
	for b.Loop() {
		c, _ := load(packed)
		c.Service("s3")
	}
}

func BenchmarkLoadAll(b *testing.B) {
	for b.Loop() {
		c, _ := load(packed)
		c.Expand("*")
	}
}
