package localcloud_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/localcloud"
)

// TestALostKeyIsNotReplacedUnasked: a new key would be the end of what the old
// one sealed, so there is none until the user makes one; then the rest runs on,
// and the old key, put back, opens everything again.
func TestALostKeyIsNotReplacedUnasked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	c := openCloud(t, dir, nil)
	makeTable(t, dynamodb.NewFromConfig(c.dev()), "things")
	must[*secretsmanager.CreateSecretOutput](t)(secretsmanager.NewFromConfig(c.dev()).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("token"), SecretString: aws.String("hush"),
	}))
	for _, name := range []string{"/a", "/b", "/c"} {
		must[*ssm.PutParameterOutput](t)(ssm.NewFromConfig(c.dev()).PutParameter(t.Context(), &ssm.PutParameterInput{
			Name: aws.String(name), Value: aws.String("hush"), Type: types.ParameterTypeSecureString,
		}))
	}
	c.close(t)
	key := must[[]byte](t)(os.ReadFile(path))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}

	_, err := localcloud.Open(localcloud.Config{Dir: dir, Endpoint: "http://127.0.0.1:1"})
	var e *writ.Error
	if !errors.As(err, &e) || e.Code != writ.CodeInvalid {
		t.Fatalf("without the key: %v", err)
	}
	if got, want := e.Error()+"\n"+e.Hint, path+" is not there, which alone opens the secret token, the parameter /a, the parameter /b and 1 more\n"+
		"put a copy of it back; or give their values up with a new one:  head -c 32 /dev/urandom >"+path; got != want {
		t.Errorf("it says %q\nwant    %q", got, want)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a new key")
	}

	value := func(c *cloud) (string, error) {
		out, err := secretsmanager.NewFromConfig(c.dev(), func(o *secretsmanager.Options) { o.RetryMaxAttempts = 1 }).
			GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("token")})
		if err != nil {
			return "", err
		}
		return *out.SecretString, nil
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte{1}, len(key)), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var notices []string
	c = openCloud(t, dir, func(cfg *localcloud.Config) {
		cfg.OnNotice = func(line string) { mu.Lock(); defer mu.Unlock(); notices = append(notices, line) }
	})
	mu.Lock()
	told := strings.Join(notices, "\n")
	mu.Unlock()
	if !strings.Contains(told, path+" does not open the secret token, the parameter /a") {
		t.Errorf("with another key it says %q", told)
	}
	if got, err := value(c); err == nil {
		t.Errorf("another key opens %q", got)
	}
	if tables := must[*dynamodb.ListTablesOutput](t)(dynamodb.NewFromConfig(c.dev()).ListTables(t.Context(), nil)).TableNames; len(tables) != 1 {
		t.Errorf("tables: %q", tables)
	}
	c.close(t)

	if err := os.WriteFile(path, key, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := value(openCloud(t, dir, nil)); got != "hush" || err != nil {
		t.Errorf("with the old key: %q %v", got, err)
	}
}
