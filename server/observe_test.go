package server_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/writ-dev/writ/server"
)

func (s *stand) decisions() []map[string]any {
	s.t.Helper()
	var all []map[string]any
	for line := range strings.Lines(s.log.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			s.t.Fatal(err)
		}
		if m["msg"] == "decision" {
			all = append(all, m)
		}
	}
	return all
}

func TestDecisionLogRedacts(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{Decisions: server.DecisionLog{Show: []string{"department"}}}).open()
	token, key := s.key(server.Read, 0)
	s.ask("POST", server.PathCheck, token, question("ann", "read"), 200)
	s.ask("POST", server.PathCheck, token, question(strings.Repeat("é", 5000), "read"), 200)
	all := s.decisions()
	page, err := os.ReadFile("../docs/server.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		for field := range d {
			if !strings.Contains(string(page), "`"+field+"`") {
				t.Errorf("docs/server.md does not tell of the field %s", field)
			}
		}
	}
	if len(all) != 2 {
		t.Fatalf("%d lines: %s", len(all), s.log)
	}
	one := all[0]
	for name, want := range map[string]any{
		"decision": "allow", "subject": "user:ann", "action": "read", "resource": "document:budget", "environment": "default/default", "key": key.ID, "protocol": "writ",
	} {
		if one[name] != want {
			t.Errorf("%s is %v, want %v", name, one[name], want)
		}
	}
	for _, name := range []string{"time", "request_id", "revision", "rule", "duration_ns"} {
		if one[name] == nil || one[name] == "" {
			t.Errorf("%s is missing: %v", name, one)
		}
	}
	properties, _ := one["subject_properties"].(map[string]any)
	context, _ := one["context"].(map[string]any)
	if properties["department"] != "sales" || properties["salary"] != "***" || context["ip"] != "***" {
		t.Errorf("properties %v, context %v", properties, context)
	}
	if len(all[1]["subject"].(string)) > 300 {
		t.Error("a subject of 10,000 bytes is logged whole")
	}
	if strings.Contains(s.log.String(), token) {
		t.Error("the key is in the log")
	}
}

func TestDecisionLogSamplesAllows(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{Decisions: server.DecisionLog{AllowsOneIn: 5}}).open()
	token, _ := s.key(server.Read, 0)
	for range 10 {
		s.ask("POST", server.PathCheck, token, question("ann", "read"), 200)
		s.ask("POST", server.PathCheck, token, question("ann", "write"), 200)
	}
	count := map[any]int{}
	for _, d := range s.decisions() {
		count[d["decision"]]++
	}
	if count["allow"] != 2 || count["deny"] != 10 {
		t.Errorf("logged %v, want 2 allows of 10 and all 10 denials", count)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := newStand(t, server.Config{Version: `v"1`}).open()
	token, _ := s.key(server.Read, 0)
	s.ask("POST", server.PathCheck, token, question("ann", "read"), 200)
	s.ask("POST", server.PathCheck, token, question("ann", "write"), 200)
	s.ask("POST", server.PathCheck, token, question("someone", "write"), 200)
	s.ask("POST", server.PathCheck, "", "", 401)
	s.ask("GET", "/metrics", "", "", 401)
	answer, text := s.ask("GET", "/metrics", token, "", 200)
	if got := answer.Header.Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("the type is %s", got)
	}
	for _, line := range []string{
		`writ_check_duration_seconds_count{protocol="writ",project="default",environment="default",decision="allow"} 1`,
		`writ_check_duration_seconds_count{protocol="writ",project="default",environment="default",decision="deny"} 2`,
		`writ_http_request_duration_seconds_count{protocol="writ",status="200"} 3`,
		`writ_http_request_duration_seconds_count{protocol="writ",status="401"} 1`,
		`writ_environment_revision{project="default",environment="default"} 3`,
		`writ_environment_tuples{project="default",environment="default"} 1`,
		`writ_environment_ready{project="default",environment="default"} 1`,
		`writ_build_info{version="v\"1"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is missing in\n%s", line, text)
		}
	}
	if strings.Contains(text, "ann") || strings.Contains(text, "someone") {
		t.Error("a user stands in the metrics")
	}
	page, err := os.ReadFile("../docs/server.md")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]bool{}
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			types[strings.Fields(name)[0]] = true
			if !strings.Contains(string(page), "`"+strings.Fields(name)[0]+"`") {
				t.Errorf("docs/server.md does not tell of %s", name)
			}
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		name := line[:strings.IndexAny(line, "{ ")]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := strings.TrimSuffix(name, suffix); types[base] {
				name = base
			}
		}
		if !types[name] {
			t.Errorf("%s has no type before it", name)
		}
	}
}
