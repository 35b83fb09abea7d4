package iam_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

var update = flag.Bool("update", false, "write what is said now into the golden files")

// The files of testdata/errors hold documents, each with the kind of policy
// that it is put as and the error that a person sees. `go test ./iam -run
// TestErrors -update` writes them anew.
func TestErrors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before := string(txtar.Format(archive))
		for i := 0; i+1 < len(archive.Files); i += 2 {
			kind, name, _ := strings.Cut(archive.Files[i].Name, ": ")
			archive.Files[i+1].Data = []byte(said(t, name, kind, archive.Files[i].Data))
			total++
		}
		after := txtar.Format(archive)
		if *update {
			if err := os.WriteFile(file, after, 0o644); err != nil {
				t.Fatal(err)
			}
		} else if diff := cmp.Diff(before, string(after)); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
	t.Logf("%d documents refused", total)
	if total == 0 {
		t.Error("no documents")
	}
}

// said gives the error for a document as the command line shows it.
func said(t *testing.T, name, kind string, src []byte) string {
	t.Helper()
	if kind == "any" {
		kind = ""
	}
	_, err := iam.Load(bytes.TrimSuffix(src, []byte("\n")), iam.Origin{Type: iam.PolicyType(kind)})
	if err == nil {
		t.Errorf("%s: taken", name)
		return ""
	}
	var b strings.Builder
	writ.WriteError(&b, err)
	return b.String()
}

// What AWS takes is taken, however useless it is. The statements are of the
// kind that CreatePolicy has been seen to accept.
func TestTaken(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		kind  iam.PolicyType
		inner string
	}{
		{iam.TypeIdentity, `"Action":"iam: no such thing ","Resource":"*"`},
		{iam.TypeIdentity, `"Action":"no.such-service:Name","Resource":"*"`},
		{iam.TypeIdentity, `"Action":"*:*","Resource":"*"`},
		{iam.TypeIdentity, `"Action":"*","Resource":["arn:aws:s3:::b","*"]`},
		{iam.TypeIdentity, `"Action":"s3:*","Resource":"arn:aws:nosuchservice"`},
		{iam.TypeIdentity, `"Action":"s3:*","Resource":"arn:aws:ec2:us-east-1::x"`},
		{iam.TypeIdentity, `"Action":"s3:*","Resource":"arn:*:s3:::x"`},
		{iam.TypeIdentity, `"Action":"s3:*","Resource":"arn:aws-cn:s3:::x"`},
		{iam.TypeIdentity, `"Action":"s3:*","Resource":"arn:aws:s3:us-east-1:111122223333:accesspoint/a"`},
		{iam.TypeIdentity, `"Action":"iam:*","Resource":["arn:aws:iam::*:user/${aws:username}","arn:aws:iam::111122223333:*"]`},
		{iam.TypeIdentity, `"NotAction":"s3:*","NotResource":"*"`},
		{iam.TypeIdentity, `"Action":"s3:*","Resource":"*","Condition":{}`},
		{iam.TypeIdentity, `"Action":"s3:*","Resource":"*","Condition":{"DateGreaterThan":{},"NoSuch":{}}`},
		{iam.TypeIdentity, `"Action":"s3:*","Resource":"*","Condition":{"DateGreaterThan":{"a":[]}}`},
		{iam.TypeIdentity, `"Action":"s3:*","Resource":"*","Condition":{"DateLessThan":{"a":["01T","-292275054","1767225600","2016-12-13t2:00:00.593194+23","2016-12-13T21:20:37.593194+00:00"]}}`},
		{iam.TypeIdentity, `"Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":[true,"false"]},"NumericEquals":{"s3:max-keys":[10,"many"]}}`},
		{iam.TypeKey, `"Sid":"Enable IAM User Permissions","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"`},
		{iam.TypeResource, `"Principal":{"AWS":["*","AROAEXAMPLEEXAMPLE123","arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"]},"Action":"s3:*","Resource":"*"`},
		{iam.TypeResource, `"NotPrincipal":{"AWS":"arn:aws:sts::111122223333:assumed-role/app/s"},"Action":"s3:*","Resource":"*"`},
		{iam.TypeTrust, `"Principal":{"Federated":["accounts.google.com","arn:aws:iam::111122223333:oidc-provider/host/path"]},"Action":"STS:AssumeRoleWithWebIdentity"`},
		{iam.TypeSCP, `"NotAction":["s3:*Object"],"NotResource":"arn:aws:s3:::a","Condition":{"Bool":{"aws:SecureTransport":"true"}}`},
	} {
		src := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",%s}}`, row.inner)
		if _, err := iam.Load([]byte(src), iam.Origin{Type: row.kind}); err != nil {
			t.Errorf("%s %s: %v", row.kind, row.inner, err)
		}
	}
}

// API Gateway completes short resources with the API that the policy is
// attached to; so does the engine, for whichever API the request is about.
func TestShortResourcesOfAPIs(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		entry, resource string
		want            bool
	}{
		{"execute-api:/prod/GET/pets", "prod/GET/pets", true},
		{"execute-api:/prod/GET/pets", "other/prod/GET/pets", false},
		{"execute-api:/prod/*", "prod/GET/pets", true},
		{"execute-api:/*", "test/POST/", true},
		{"execute-api:/*/GET/*", "prod/POST/pets", false},
	} {
		src := `{"Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"` + row.entry + `"}}`
		policy, err := iam.Load([]byte(src), iam.Origin{Type: iam.TypeResource})
		if err != nil {
			t.Fatal(err)
		}
		request := &iam.Request{
			Principal: iam.Principal{Kind: iam.PrincipalAnonymous}, Action: "execute-api:Invoke",
			Resource: "arn:aws:execute-api:eu-west-1:111122223333:abcdef1234/" + row.resource, ResourceAccount: "111122223333",
		}
		if got := iam.Decide(request, &iam.Policies{Resource: policy}) == iam.Allowed; got != row.want {
			t.Errorf("%s for %s: %v", row.entry, row.resource, got)
		}
	}
}
