package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
)

// `writ authorizer build` finds the checkout that `writ up` and `writ deploy` find, wherever it runs.
func TestTheCodeOfAnAuthorizerIsFound(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(filepath.Dir(filepath.Dir(here)), "cmd", "writ-authorizer")
	// In no module at all, so that it is the checkout that this test was built from.
	if got, err := authorizerCode(t.Context(), t.TempDir(), releaseHint); err != nil || got != want {
		t.Errorf("in no module: %s, %v", got, err)
	}
	if got, err := (&authorizerFlags{}).code(t.Context()); err != nil || got != want {
		t.Errorf("authorizer build: %s, %v", got, err)
	}
	if got, err := (&authorizerFlags{source: filepath.Join("..", "..")}).code(t.Context()); err != nil || filepath.Clean(got) != filepath.Join("..", "..", "cmd", "writ-authorizer") {
		t.Errorf("--source: %s, %v", got, err)
	}
}

// Only the command that has --source is told of it.
func TestTheHintOfCodeThatIsNotFound(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "(devel)", "v0.0.0-20260101000000-000000000000+dirty"} {
		for _, hint := range []string{releaseHint, "name a checkout of Writ with  --source DIR"} {
			_, err := downloadedCode(t.Context(), version, hint)
			var e *writ.Error
			if !errors.As(err, &e) || e.Code != writ.CodeNotFound || e.Hint != hint {
				t.Errorf("%q: %v", version, err)
			}
		}
	}
	if strings.Contains(releaseHint, "--source") {
		t.Error("up and deploy have no --source")
	}
}
