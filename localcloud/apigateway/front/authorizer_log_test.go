package front_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// The log calls an authorizer by its name, and tells an answer that was kept from one that was just given.
func TestLogNamesTheAuthorizer(t *testing.T) {
	t.Parallel()
	a := *authorizers(t)["rest-request"]
	a.Name, a.TTL = "door", time.Minute
	l := &lambda{answer: strings.Replace(allowAll, `"Allow"`, `"Deny"`, 1)}
	h := guardedBy(t, &a, l, "GET /a")
	var log bytes.Buffer
	h.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	for _, kept := range []bool{false, true} {
		log.Reset()
		if w := get(t, h, "/prod/a", "Authorization: t"); w.Code != 403 {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		line := log.String()
		if !strings.Contains(line, "authorizer=door") || strings.Contains(line, "a2") {
			t.Errorf("the log does not name the authorizer: %s", line)
		}
		if got := strings.Contains(line, `answer="kept from an earlier request"`); got != kept {
			t.Errorf("the log says kept: %t, want %t: %s", got, kept, line)
		}
	}
	if len(l.events) != 1 {
		t.Errorf("the function was asked %d times", len(l.events))
	}
}
