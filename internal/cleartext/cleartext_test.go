package cleartext_test

import (
	"net/url"
	"testing"

	"github.com/writ-dev/writ/internal/cleartext"
)

func TestExposed(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://policy.example.com": false, "http://127.0.0.1:7766": false, "http://[::1]:1": false, "http://localhost": false,
		"http://10.1.2.3": false, "http://pdp:7766": false, "http://pdp.internal": false,
		"http://policy.example.com": true, "http://8.8.8.8": true, "http://134744072": true, "http://0x08080808": true,
		"http://127.0.0.1.example.com": true, "http://localhost@example.com": true, "http://localhost.": true, "http://169.254.169.254": true,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := cleartext.Exposed(u); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
