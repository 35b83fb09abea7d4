package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// keysOfConfig are all keys that a configuration may have.
var keysOfConfig = []string{
	"listen", "opa_listen", "base_url", "tls", "store", "environments", "limits", "decisions", "metrics",
	"tls.cert", "tls.key", "decisions.file", "decisions.allows_one_in", "decisions.show",
	"limits.body", "limits.bulk_body", "limits.timeout", "limits.wait_revision", "limits.max_behind", "limits.concurrent", "limits.connections",
	"limits.rate", "limits.burst", "limits.evaluations", "limits.checks", "limits.assignments", "limits.tuples", "limits.records",
}

// The page has every key of the configuration, and its example is one.
func TestThePageOfTheConfiguration(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/server.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, ok := strings.Cut(string(page), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	if !ok {
		t.Fatal("the page has no example")
	}
	file := filepath.Join(t.TempDir(), "writ.yml")
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := readServeConfig(file)
	if err != nil {
		t.Fatalf("the example of the page: %v", err)
	}
	if len(c.environments) != 2 || c.limits.Rate != 500 || c.cert != filepath.Join(filepath.Dir(file), "server.crt") {
		t.Errorf("the example is read as %+v", c)
	}
	for _, key := range keysOfConfig {
		_, short, _ := strings.Cut(key, ".")
		if key == "tls" || key == "decisions" {
			continue // their own keys have lines
		}
		if !strings.Contains(string(page), "`"+key+"`") && (!strings.HasPrefix(key, "limits.") || !strings.Contains(string(page), "| `"+short+"` |")) {
			t.Errorf("the page does not tell of %s", key)
		}
	}
}

// An unknown key is answered with all that there are, so the list above is whole.
func TestKeysOfTheConfigurationAreAllKnown(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("serve_config.go")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, key := range keysOfConfig {
		known[key[strings.LastIndex(key, ".")+1:]] = true
	}
	known["policy"] = true // of an environment
	found := 0
	for _, m := range regexp.MustCompile(`r\.Object\([^"\n]*"[^"]+"((?:, "[a-z_]+")+)\)|"([a-z_]+)": +&`).FindAllStringSubmatch(string(source), -1) {
		for _, word := range regexp.MustCompile(`[a-z_]+`).FindAllString(m[1]+" "+m[2], -1) {
			if found++; !known[word] {
				t.Errorf("%s is read, but not in the list of keys", word)
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d keys were found in the source", found)
	}
}

// The host by which a server may be asked for open metrics is that of base_url, without its port.
func TestTheHostOfAnAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://pdp.example.com/authz": "pdp.example.com", "https://pdp.example.com:8443": "pdp.example.com", "http://[::1]:7766": "::1", "": "", "::": "",
	} {
		if got := hostOf(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
