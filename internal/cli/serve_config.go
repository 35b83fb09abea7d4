package cli

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/tree"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/permit/wire"
)

// serveConfig is what `writ serve` is told by its file. Paths are relative to the file's folder.
type serveConfig struct {
	listen, opaListen, baseURL string
	cert, key                  string
	store                      string
	environments               []serveEnvironment
	limits                     server.Limits
	maxBehind                  time.Duration // 0: no bound
	evaluations                int
	permit                     wire.Limits
	decisions                  string
	allowsOneIn                int
	show                       []string
	metrics                    string
	file                       string
	// where each stands
	listenAt, opaAt, tlsAt writ.Position
}

// Who may read /metrics: everybody, or who has a key. On loopback it is open unless said otherwise.
const (
	metricsOpen = "open"
	metricsKey  = "key"
)

// serveEnvironment is one environment, and the file of the policy that it must have; "" for the one that it has.
type serveEnvironment struct {
	project, env, policy string
	// policyAt is where the configuration names the file.
	policyAt writ.Position
}

func (e serveEnvironment) String() string { return e.project + "/" + e.env }

// configReader reads a configuration file.
type configReader struct {
	*tree.File
	c *serveConfig
}

// readServeConfig reads a configuration file; "" gives the defaults.
func readServeConfig(file string) (*serveConfig, error) {
	c := &serveConfig{file: file}
	if file == "" {
		return c, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "the configuration cannot be read: %w", err)
	}
	r := configReader{tree.Read(text, writ.Position{File: file, Line: 1, Col: 1}), c}
	if err := r.Err(); err != nil {
		return nil, err
	}
	for _, e := range r.Object(r.Root, "the configuration", "listen", "opa_listen", "base_url", "tls", "store", "environments", "limits", "decisions", "metrics") {
		switch e.Key {
		case "listen":
			c.listen, c.listenAt = r.String(e.Value, "listen"), e.Value.Pos
		case "opa_listen":
			c.opaListen, c.opaAt = r.String(e.Value, "opa_listen"), e.Value.Pos
		case "base_url":
			c.baseURL = r.String(e.Value, "base_url")
		case "tls":
			r.tls(e)
		case "store":
			c.store = r.String(e.Value, "store")
		case "environments":
			r.environments(e.Value)
		case "limits":
			r.limits(e.Value)
		case "decisions":
			r.decisions(e.Value)
		case "metrics":
			c.metrics = r.choice(e.Value, "metrics", metricsOpen, metricsKey)
		}
	}
	return c, r.Err()
}

func (r configReader) tls(e tree.Entry) {
	r.c.tlsAt = e.Pos
	for _, f := range r.Object(e.Value, "tls", "cert", "key") {
		path := r.path(r.String(f.Value, "tls."+f.Key))
		if f.Key == "cert" {
			r.c.cert = path
		} else {
			r.c.key = path
		}
	}
	if r.c.cert == "" || r.c.key == "" {
		r.Problem(e.Pos, "tls needs a cert and a key").Hint = "both are files in PEM form"
	}
}

func (r configReader) environments(n *tree.Node) {
	for _, e := range r.Named(n, "environments") {
		project, env, ok := strings.Cut(e.Key, "/")
		if !ok || !environmentName.MatchString(project) || !environmentName.MatchString(env) {
			r.Problem(e.Pos, "%q is not written project/environment", tree.Short(e.Key)).Hint = "names have lower-case letters, digits, - and _; one is default/default"
			continue
		}
		one := serveEnvironment{project: project, env: env}
		if !e.Value.Empty() {
			for _, f := range r.Object(e.Value, "environment "+tree.Short(e.Key), "policy") {
				one.policy, one.policyAt = r.path(r.String(f.Value, "policy")), f.Value.Pos
			}
		}
		r.c.environments = append(r.c.environments, one)
	}
}

func (r configReader) limits(n *tree.Node) {
	l := &r.c.limits
	numbers := map[string]*int{
		"concurrent": &l.Concurrent, "connections": &l.Connections, "burst": &l.Burst, "evaluations": &r.c.evaluations,
		"checks": &r.c.permit.Checks, "assignments": &r.c.permit.Assignments, "tuples": &r.c.permit.Tuples, "records": &r.c.permit.Records,
	}
	names := append([]string{"body", "bulk_body", "timeout", "wait_revision", "max_behind", "rate"}, slices.Sorted(maps.Keys(numbers))...)
	for _, e := range r.Object(n, "limits", names...) {
		what := "limits." + e.Key
		switch e.Key {
		case "body":
			l.Body = int64(r.number(e.Value, what))
		case "bulk_body":
			l.BulkBody = int64(r.number(e.Value, what))
		case "timeout":
			l.Timeout = r.duration(e.Value, what)
		case "wait_revision":
			l.WaitRevision = r.duration(e.Value, what)
		case "max_behind":
			r.c.maxBehind = r.duration(e.Value, what)
		case "rate":
			l.Rate = float64(r.number(e.Value, what))
		default:
			*numbers[e.Key] = r.number(e.Value, what)
		}
	}
}

func (r configReader) decisions(n *tree.Node) {
	for _, e := range r.Object(n, "decisions", "file", "allows_one_in", "show") {
		switch e.Key {
		case "file":
			if r.c.decisions = r.String(e.Value, "decisions.file"); r.c.decisions != "-" {
				r.c.decisions = r.path(r.c.decisions)
			}
		case "allows_one_in":
			r.c.allowsOneIn = r.number(e.Value, "decisions.allows_one_in")
		case "show":
			for _, name := range r.Strings(e.Value, "decisions.show") {
				r.c.show = append(r.c.show, name.Text)
			}
		}
	}
	if r.c.decisions == "" {
		r.Problem(n.Pos, "decisions.file is missing").Hint = "name a file, or - for standard error"
	}
}

func (r configReader) number(n *tree.Node, what string) int {
	text := r.String(n, what)
	v, err := strconv.Atoi(text)
	if text != "" && (err != nil || v < 1 || v > 1<<40) {
		r.Problem(n.Pos, "%s must be a whole number from 1", what)
		return 0
	}
	return v
}

func (r configReader) duration(n *tree.Node, what string) time.Duration {
	text := r.String(n, what)
	d, err := time.ParseDuration(text)
	if text != "" && (err != nil || d <= 0) {
		r.Problem(n.Pos, "%s must be a time such as 30s", what)
		return 0
	}
	return d
}

func (r configReader) choice(n *tree.Node, what string, choices ...string) string {
	text := r.String(n, what)
	for _, c := range choices {
		if text == c {
			return c
		}
	}
	r.Problem(n.Pos, "%s must be %s", what, alternatives(choices))
	return ""
}

// path is relative to the configuration file.
func (r configReader) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(r.c.file), p)
}
