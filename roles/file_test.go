package roles

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

func values(name string) (string, string) {
	if value, ok := map[string]string{"sandbox": "my-dev", "account": "000000000000", "region": "us-east-1"}[name]; ok {
		return value, ""
	}
	return "", "{{" + name + "}} is not known here"
}

// The whole grammar survives: what the file says is what AWS is told.
func TestDocumentKeepsEverything(t *testing.T) {
	t.Parallel()
	const text = `{"Version": "2012-10-17", "Id": "x", "Statement": [
  {"Sid": "A", "Effect": "Deny", "NotAction": ["s3:*", "iam:*"], "NotResource": "arn:aws:s3:::{{account}}-b/${aws:username}/*",
   "Condition": {"ForAllValues:StringNotLikeIfExists": {"aws:TagKeys": ["{{sandbox}}", "*"]}, "Bool": {"aws:SecureTransport": false}}}]}`
	f := &File{Path: "roles/function.json", text: []byte(text)}
	d, err := f.Document(values)
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.NewReplacer("{{account}}", "000000000000", "{{sandbox}}", "my-dev").Replace(text)
	want, err := iam.Parse([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(d)
	wanted, _ := json.Marshal(want)
	if !bytes.Equal(got, wanted) {
		t.Errorf("got  %s\nwant %s", got, wanted)
	}
}

// A mistake is shown where the user wrote it, also after a variable.
func TestDocumentPointsIntoTheFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"an element that IAM does not have", "{\"Statement\": [\n  {\"Sid\": \"{{sandbox}}\", \"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\", \"Conditon\": {}}]}", "f.json:2:80"},
		{"a Sid that a variable spoils", "{\"Statement\": [\n  {\"Sid\": \"Tc{{sandbox}}\", \"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}]}", "f.json:2:11"},
		{"an unknown variable", "{\"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"{{sandbax}}\"}]}", "f.json:2:54"},
		{"a variable that is not closed", "{\"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"{{sandbox}}{{sandbox\"}]}", "f.json:2:65"},
		{"broken JSON after a variable", "{\"Statement\": [\n  {\"Effect\": \"Allow\", \"Resource\": \"é{{sandbox}}\", \"Action\" \"s3:*\"}]}", "f.json:2:60"},
		{"a principal in a role's policy", `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}}`, "f.json:1:48"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := (&File{Path: "f.json", text: []byte(c.text)}).Document(values)
			known, ok := err.(*writ.Error)
			if !ok || known.Position.String() != c.want || known.Source == "" {
				t.Errorf("%v, want it at %s with its line", err, c.want)
			}
		})
	}
}

// A variable without a value says where its value comes from.
func TestVariableHints(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ASSET_BUCKET": "it is the value of the environment variable TC_ASSET_BUCKET, which is not set",
		"repo":         "it is the value of the environment variable TC_ECR_REPO, which is not set",
		"env":          "name the profile with -e",
		"regoin":       "did you mean {{region}}?",
		"SANDBOX":      "did you mean {{sandbox}}?",
		"zzzzzzzzzzzz": "the variables are account, region, namespace, sandbox, sandbox_trimmed, abbr_namespace, env, ASSET_BUCKET, ASSET_ACCOUNT, repo",
	} {
		_, err := (&File{Path: "f.json", text: []byte(`{"Statement": "{{` + name + `}}"}`)}).Document(func(string) (string, string) { return "", "no" })
		known, ok := err.(*writ.Error)
		if !ok || known.Hint != want {
			t.Errorf("%s: %v\nwant %s", name, err, want)
		}
	}
}

// FuzzRoleFile: whatever a file holds, it is rendered or refused at a place within it.
func FuzzRoleFile(f *testing.F) {
	f.Add(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "{{sandbox}}"}]}`)
	f.Add(`{"Statement": {"Sid": "{{{account}}}é`)
	f.Add("{{}}\n{{sandbox}}\r\n\x00{{")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := (&File{Path: "f.json", text: []byte(text)}).Document(values)
		if err == nil {
			if _, err := d.MarshalJSON(); err != nil {
				t.Fatal(err)
			}
			return
		}
		known, ok := err.(*writ.Error)
		if !ok {
			t.Fatalf("%T %v", err, err)
		}
		lines := strings.Count(text, "\n") + 1
		if known.Position.File != "f.json" || known.Position.Line > lines {
			t.Fatalf("%v in a file of %d lines", known.Position, lines)
		}
	})
}
