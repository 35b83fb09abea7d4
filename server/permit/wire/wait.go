package wire

import (
	"math"
	"net/http"
	"strconv"

	"github.com/writ-dev/writ"
)

// CheckWait reads the headers by which a caller asks that a write be visible before it is
// answered. Every write here is, so a right header is satisfied already; a wrong one is told.
func CheckWait(h http.Header) error {
	if text := h.Get("X-Wait-Timeout"); text != "" {
		if seconds, err := strconv.ParseFloat(text, 64); err != nil || math.IsNaN(seconds) {
			return writ.Errorf(writ.CodeUsage, "the header X-Wait-Timeout is %q, which is no number of seconds", text)
		}
	}
	switch policy := h.Get("X-Timeout-Policy"); policy {
	case "", "ignore", "fail":
		return nil
	default:
		return writ.Errorf(writ.CodeUsage, "the header X-Timeout-Policy is %q; it may be ignore or fail", policy)
	}
}
