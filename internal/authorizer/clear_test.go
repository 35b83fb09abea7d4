package authorizer_test

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/authorizer"
)

type noRequest struct{ t *testing.T }

func (n noRequest) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("%s was asked, with %q", r.URL, r.Header.Get("Authorization"))
	return nil, os.ErrClosed
}

// A key is not sent over plain http to a stranger, whether the file or the environment names the server.
func TestNoKeyInTheClear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ decide, variable string }{
		{`{"server":{"url":"http://policy.example.com","key":{"env":"K"}}}`, ""},
		{`{"server":{"url":"https://policy.example.com","key":{"env":"K"}}}`, "WRIT_SERVER_URL"},
		{`{"permit":{"url":"https://pdp.example.com","token":{"env":"K"}}}`, "WRIT_PERMIT_URL"},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "authorizer.json")
		text := `{"gateway":{"routes":[]},"identity":{"issuers":[{"issuer":"https://i","jwks":"https://i/j","audiences":["a"]}]},"decide":` + c.decide + `}`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		env := map[string]string{"K": "writ_key_SECRET", c.variable: "http://policy.example.com"}
		_, err := authorizer.Open(t.Context(), file, authorizer.Surroundings{
			Getenv: func(name string) string { return env[name] }, Now: time.Now, Log: slog.New(slog.DiscardHandler), Transport: noRequest{t}, TempDir: dir,
		})
		if writ.CodeOf(err) != writ.CodeInvalid || !strings.Contains(err.Error(), "in the clear") {
			t.Errorf("%s: %v", c.decide, err)
		}
	}
}

// A secret that somebody put into the file by mistake is in no message.
func TestNoSecretInMessages(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{\n \"decide\": {\"server\": {\"url\": \"https://x\", \"key\": {\"value\": \"S3CR3T\"}}}}",
		"{\n \"decide\": {\"permit\": {\"url\": \"https://x\", \"token\": {\"env\": \"permit_key_S3CR3T\", \"secret\": \"permit_key_S3CR3T\"}}}}",
		`{"identity":{"keys":[{"id":"a","sha256":"x","secret":"S3CR3T"}]}}`,
		`{"decide": {"server": {"url": "https://x", "token": "S3CR3T"}}}`,
		`{"gateway": {"rotes": []}, "decide": {"server": {"url": "https://x", "token": "S3CR3T"}}}`,
		`{"gateway": {"rotes": []}, "Decide": {"server": {"url": "https://x", "token": "S3CR3T"}}}`,
		`{"decid": {"server": {"url": "https://x", "token": "S3CR3T"}}}`,
		`{"decide": {"server": {"url": "https://x", "key": {"env": "K"}}}, "decide": {"token": "S3CR3T"}}`,
		`{"identity": {"keys": []}, "decide": {}, "gateway": {"rotes": "S3CR3T"}}`,
		"{\"gateway\": {\"routes\": [],\n\"decide\": {\"key\": \"S3CR3T\"}}}",
		`{"gateway": routes, "decide": {"key": "S3CR3T"}}`,
		`{"gateway": {"rotes": []}, "` + strings.Repeat("x", 300) + `": "S3CR3T"}`,
	} {
		_, _, err := authorizer.Validate("authorizer.json", []byte(text))
		var said strings.Builder
		writ.WriteError(&said, err)
		if err == nil || strings.Contains(said.String(), "S3CR3T") {
			t.Errorf("%s:\n%s", text, said.String())
		}
	}
}
