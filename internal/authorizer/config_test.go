package authorizer_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/authorizer"
)

var update = flag.Bool("update", false, "write what the errors say into testdata")

// Each configuration of testdata/errors.txt is refused, with the words, the place and the hint that stand beside it.
func TestErrors(t *testing.T) {
	t.Parallel()
	const name = "testdata/errors.txt"
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	made := &txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		_, err := authorizer.Parse(f.Name, f.Data, func(string) string { return "" })
		if err == nil {
			_, _, err = authorizer.Validate(f.Name, f.Data)
		}
		var said bytes.Buffer
		if err == nil {
			said.WriteString("nothing is wrong\n")
		} else {
			writ.WriteError(&said, err)
		}
		made.Files = append(made.Files, f, txtar.File{Name: strings.TrimSuffix(f.Name, ".json") + ".txt", Data: said.Bytes()})
	}
	if len(made.Files) < 20 {
		t.Fatalf("only %d configurations: this looks at nothing", len(made.Files)/2)
	}
	if *update {
		if err := os.WriteFile(name, txtar.Format(made), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, want := string(txtar.Format(made)), string(txtar.Format(archive)); got != want {
		t.Errorf("the errors are others than in %s (-update writes them):\n%s", name, got)
	}
}

const right = `{
	"gateway": {"failMode": "error", "timeout": "800ms", "routes": [{"method": "GET", "path": "/documents/{id}", "ask": {"resource": "document:{id}"}}]},
	"identity": {
		"issuers": [{"issuer": "https://a.example.com", "jwks": "https://a.example.com/keys", "audiences": ["shop"], "leeway": "10s"}],
		"keys": [{"id": "cron", "sha256": "` + "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" + `", "expires": "2030-01-01T00:00:00Z", "claims": {"plan": 1}}],
		"certificates": {"subject": "cn", "issuers": ["CN=CA"]}
	},
	"decide": {"server": {"url": "https://pdp.example.com", "key": {"secret": "arn:aws:secretsmanager:eu-west-1:1:secret:k", "field": "key"}, "environment": "shop/dev", "retries": 0}}
}`

func TestRight(t *testing.T) {
	t.Parallel()
	c, later, err := authorizer.Validate("authorizer.json", []byte(right))
	if err != nil || len(later) > 0 || c.Identity.Keys[0].Claims["plan"] != 1.0 || *c.Decide.Server.Retries != 0 || c.Gateway.Timeout != 800e6 {
		t.Errorf("%v %v %+v", err, later, c)
	}
}

// Values of the environment take the place of those of the file, and one that has no place there is an error.
func TestVariables(t *testing.T) {
	t.Parallel()
	const snapshot = `{"identity": {"issuers": [{}]}, "decide": {"snapshot": {}}, "gateway": {"routes": []}}`
	_, later, err := authorizer.Validate("a.json", []byte(snapshot))
	want := []string{"WRIT_ISSUER", "WRIT_JWKS", "WRIT_AUDIENCES", "WRIT_SNAPSHOT"}
	if err != nil || !slices.Equal(later, want) {
		t.Errorf("%v: %v", err, later)
	}
	env := map[string]string{
		"WRIT_ISSUER": "https://i.example.com", "WRIT_JWKS": "https://i.example.com/keys", "WRIT_AUDIENCES": " a, b ,",
		"WRIT_SNAPSHOT": "s3://bucket/key", "WRIT_SNAPSHOT_SHA256": strings.Repeat("a", 64),
	}
	c, err := authorizer.Parse("a.json", []byte(snapshot), func(name string) string { return env[name] })
	if err != nil || c.Decide.Snapshot.S3 != "s3://bucket/key" || c.Decide.Snapshot.File != "" || len(c.Identity.Issuers[0].Audiences) != 2 ||
		c.Identity.Issuers[0].Issuer != "https://i.example.com" {
		t.Errorf("%v %+v", err, c)
	}
	for _, name := range []string{"WRIT_SNAPSHOT", "WRIT_SNAPSHOT_SHA256", "WRIT_PERMIT_URL"} {
		_, err := authorizer.Parse("a.json", []byte(right), func(asked string) string { return map[bool]string{true: "x"}[asked == name] })
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s has no place: %v", name, err)
		}
	}
	c, err = authorizer.Parse("a.json", []byte(right), func(name string) string {
		return map[string]string{"WRIT_SERVER_URL": "http://127.0.0.1:1"}[name]
	})
	if err != nil || c.Decide.Server.URL != "http://127.0.0.1:1" {
		t.Errorf("%v", err)
	}
}

// FuzzConfig: whatever the text, it is read or refused with a place in it.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(right))
	f.Add([]byte(`{"decide": {"snapshot": null}, "identity": {"issuers": [{"cognito": {}}, null]}}`))
	if archive, err := txtar.ParseFile("testdata/errors.txt"); err == nil {
		for _, file := range archive.Files {
			f.Add(file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _, err := authorizer.Validate("a.json", text)
		if err == nil {
			return
		}
		var e *writ.Error
		if !errors.As(err, &e) || e.Code == writ.CodeInternal {
			t.Fatalf("%v", err)
		}
		lines := bytes.Count(text, []byte("\n")) + 1
		if e.Position.Line < 0 || e.Position.Line > lines && e.Position.File == "a.json" {
			t.Fatalf("line %d of %d", e.Position.Line, lines)
		}
	})
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.json")
	if err := os.WriteFile(file, bytes.Repeat([]byte(" "), 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := authorizer.Open(t.Context(), file, authorizer.Surroundings{})
	if writ.CodeOf(err) != writ.CodeTooLarge {
		t.Error(fmt.Errorf("5 MB: %w", err))
	}
}
