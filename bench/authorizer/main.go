// Command authorizer measures writ-authorizer as Lambda runs it, beside a bare handler that verifies tokens and decides nothing:
// cold, from the start of the process to its first answer, and warm. docs/bench/authorizer.md has the method and the figures.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/internal/authorizer"
	"github.com/writ-dev/writ/internal/authorizer/runtimetest"
)

func main() {
	cold := flag.Int("cold", 20, "cold starts of each")
	warm := flag.Int("warm", 3000, "warm answers of each")
	flag.Parse()
	if err := run(*cold, *warm); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// subject is one that is measured.
type subject struct {
	name   string
	binary string
	env    []string
	cold   []time.Duration
	cpu    []time.Duration
	fresh  []time.Duration // each with a token of its own
	again  []time.Duration // all with the same token
}

func run(cold, warm int) error {
	dir, err := os.MkdirTemp("", "writ-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	signer, err := newSigner(warm)
	if err != nil {
		return err
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(signer.jwks) }))
	defer keys.Close()
	peer := &subject{name: "golang-jwt alone", binary: filepath.Join(dir, "peer"), env: []string{"PEER_KEY=" + signer.pem}}
	subjects := []*subject{peer}
	for _, facts := range []int{1000, 100_000} {
		file, size, err := snapshot(dir, facts)
		if err != nil {
			return err
		}
		config := filepath.Join(dir, fmt.Sprintf("%d.json", facts))
		if err := os.WriteFile(config, []byte(fmt.Sprintf(configuration, keys.URL, file)), 0o600); err != nil {
			return err
		}
		subjects = append(subjects, &subject{
			name:   fmt.Sprintf("writ-authorizer, %d facts (%d KB)", facts, size/1000),
			binary: filepath.Join(dir, "authorizer"), env: []string{"WRIT_AUTHORIZER_CONFIG=" + config},
		})
	}
	for name, pkg := range map[string]string{"peer": "./authorizer/peer", "authorizer": "github.com/writ-dev/writ/cmd/writ-authorizer"} {
		build := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, name), pkg)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return err
		}
	}
	for range cold { // in turn, so that what else the machine does meets all
		for _, s := range subjects {
			if err := s.start(signer.tokens[0]); err != nil {
				return err
			}
		}
	}
	for _, s := range subjects {
		if err := s.warm(signer.tokens, warm); err != nil {
			return err
		}
	}
	print(subjects, peer)
	return nil
}

func (s *subject) start(token string) error {
	began := time.Now()
	f, err := runtimetest.Start(s.binary, s.env...)
	if err != nil {
		return err
	}
	err = ask(f, token)
	s.cold = append(s.cold, time.Since(began))
	f.Stop()
	s.cpu = append(s.cpu, f.CPU())
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", s.name, err, f.Log())
	}
	return nil
}

func (s *subject) warm(tokens []string, n int) error {
	f, err := runtimetest.Start(s.binary, s.env...)
	if err != nil {
		return err
	}
	defer f.Stop()
	for range 200 { // the first ones warm up connections
		if err := ask(f, tokens[0]); err != nil {
			return fmt.Errorf("%s: %w\n%s", s.name, err, f.Log())
		}
	}
	for i := range n {
		began := time.Now()
		err := ask(f, tokens[1+i%(len(tokens)-1)])
		s.fresh = append(s.fresh, time.Since(began))
		began = time.Now()
		if err == nil {
			err = ask(f, tokens[0])
		}
		s.again = append(s.again, time.Since(began))
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", s.name, err, f.Log())
		}
	}
	return nil
}

var errDenied = errors.New("it does not allow what is allowed")

func ask(f *runtimetest.Function, token string) error {
	a, err := f.Invoke(context.Background(), event(token))
	if err != nil {
		return err
	}
	var got struct{ IsAuthorized bool }
	if err := json.Unmarshal(a.Body, &got); err != nil || !got.IsAuthorized {
		return fmt.Errorf("%w: %s %s", errDenied, a.Body, a.ErrorMessage)
	}
	return nil
}

func print(subjects []*subject, peer *subject) {
	fmt.Println("| | cold p50 | p99 | its CPU p50 | warm, new token p50 | p99 | warm, same token p50 | p99 |")
	fmt.Println("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, s := range subjects {
		cells := []string{
			quantile(s.cold, 50), quantile(s.cold, 99), quantile(s.cpu, 50),
			quantile(s.fresh, 50), quantile(s.fresh, 99), quantile(s.again, 50), quantile(s.again, 99),
		}
		fmt.Printf("| %s | %s |\n", s.name, strings.Join(cells, " | "))
	}
	for _, s := range subjects[1:] {
		fmt.Printf("\n%s beside %s: cold %.2f, its CPU %.2f, warm with new tokens %.2f, with the same %.2f.\n", s.name, peer.name,
			ratio(s.cold, peer.cold), ratio(s.cpu, peer.cpu), ratio(s.fresh, peer.fresh), ratio(s.again, peer.again))
	}
}

func at(d []time.Duration, percent int) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[min(len(d)*percent/100, len(d)-1)]
}

func quantile(d []time.Duration, percent int) string {
	v := at(d, percent)
	if v < 10*time.Millisecond {
		return fmt.Sprintf("%.2f ms", float64(v)/1e6)
	}
	return fmt.Sprintf("%.0f ms", float64(v)/1e6)
}

func ratio(a, b []time.Duration) float64 { return float64(at(a, 50)) / float64(at(b, 50)) }

// snapshot writes facts: half are roles of users on folders, a quarter folders of documents, a quarter attributes of users.
func snapshot(dir string, n int) (file string, size int, err error) {
	source := authz.Source{Format: "policy", Text: policy}
	document, err := authorizer.ParseModel(source)
	if err != nil {
		return "", 0, err
	}
	m, err := document.Model()
	if err != nil {
		return "", 0, err
	}
	empty, err := authz.New(m)
	if err != nil {
		return "", 0, err
	}
	edit := empty.Edit()
	for i := range n {
		user := authz.Entity{Type: "user", ID: fmt.Sprintf("u%06d", i/4)}
		folder := authz.Entity{Type: "folder", ID: fmt.Sprintf("f%05d", i/40)}
		t := authz.Tuple{Object: folder, Relation: "reader", Subject: authz.Holder{Entity: user}}
		c := authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}}
		switch i % 4 {
		case 1:
			t.Object, t.Relation, t.Subject.Entity = authz.Entity{Type: "document", ID: fmt.Sprintf("d%06d", i/4)}, "parent", folder
		case 2:
			t.Object = authz.Entity{Type: "folder", ID: fmt.Sprintf("f%05d", i/80)}
		case 3:
			c = authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{Entity: user, Attributes: map[string]any{"level": float64(i % 10)}}}}
		}
		if err := edit.Put(c); err != nil {
			return "", 0, err
		}
	}
	data, err := frozen.Write(frozen.State{Source: source, Snapshot: edit.Done()})
	if err != nil {
		return "", 0, err
	}
	file = fmt.Sprintf("%d.frozen", n)
	return file, len(data), os.WriteFile(filepath.Join(dir, file), data, 0o600)
}

const policy = `{
	"user_attributes": [{"key": "level", "type": "number"}],
	"resources": [
		{"key": "folder", "actions": [{"key": "read"}], "roles": [{"key": "reader", "permissions": ["read"]}]},
		{"key": "document", "actions": [{"key": "read"}], "relations": [{"key": "parent", "subject_resource": "folder"}],
			"roles": [{"key": "reader", "permissions": ["read"], "granted_to": [{"role": "reader", "on_resource": "folder", "linked_by_relation": "parent"}]}]}
	]
}`

const configuration = `{
	"gateway": {"simple": true, "routes": [{"method": "GET", "path": "/documents/{id}", "ask": {"resource": "document:{id}"}}]},
	"identity": {"issuers": [{"issuer": "https://issuer.example.com", "jwks": %q, "audiences": ["shop"]}]},
	"decide": {"snapshot": {"file": %q}}
}`

// event asks for a document that user u000001 reads through its folder.
func event(token string) []byte {
	const path = "/documents/d000001"
	text, err := json.Marshal(map[string]any{
		"version": "2.0", "type": "REQUEST", "routeArn": "arn:aws:execute-api:eu-west-1:123456789012:api/$default/GET" + path,
		"identitySource": []string{"Bearer " + token}, "routeKey": "GET /documents/{id}", "rawPath": path, "rawQueryString": "",
		"headers": map[string]string{"authorization": "Bearer " + token}, "pathParameters": map[string]string{"id": "d000001"},
		"requestContext": map[string]any{
			"accountId": "123456789012", "apiId": "api", "requestId": "r", "routeKey": "GET /documents/{id}", "stage": "$default",
			"http": map[string]any{"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "bench"},
			"time": "22/Nov/2026:12:00:00 +0000", "timeEpoch": 1795348800000,
		},
	})
	if err != nil {
		panic(err)
	}
	return text
}
