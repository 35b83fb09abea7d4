package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
	"github.com/writ-dev/writ/server/permit"
)

// space is an environment that is served.
type space struct {
	serveEnvironment
	live   *environment.Environment
	policy *startPolicy
	reader sourceReader
	took   taken
	token  string // of the key that was made
	// unfollow ends the following of other nodes, and waits for it.
	unfollow func()
}

func (sp *space) ready() spaceReady {
	state := sp.live.State()
	line := spaceReady{Environment: sp.String(), Revision: state.Head.Seq, Key: sp.token}
	line.Tuples, line.Records = state.Snapshot.Count()
	if sp.policy != nil {
		line.Policy, line.PolicyTaken = sp.policy.file, sp.took.policy
		line.Facts = &factsReady{Given: sp.policy.given(), Read: sp.took.factsRead, Differ: sp.took.differ}
	}
	return line
}

// makeServer puts the protocols together.
func (s *serving) makeServer(environments []serveEnvironment) error {
	var certificate *tls.Certificate
	if s.config.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.config.cert, s.config.key)
		if err != nil {
			return writ.Errorf(writ.CodeInvalid, "the certificate cannot be used: %w", err).At(s.config.tlsAt, "")
		}
		certificate, s.fingerprint = &pair, sumOf(pair.Certificate[0])
	}
	c := authzen.Config{BaseURL: s.config.baseURL, MaxEvaluations: s.config.evaluations}
	if c.BaseURL == "" && s.loopback() {
		c.BaseURL = s.url()
	}
	for _, e := range environments {
		c.Environments = append(c.Environments, e.String())
	}
	zen, err := authzen.New(c)
	if err != nil {
		return err
	}
	log, err := s.decisionLog()
	if err != nil {
		return err
	}
	s.server, err = server.New(server.Config{
		Protocols: []server.Protocol{server.Native(), zen, permit.New(permit.Config{Limits: s.config.permit})}, Now: s.sh.now, Log: s.logger(), Decisions: log,
		Certificate: certificate,
		Limits:      s.config.limits, Version: version(),
		OpenMetrics: s.config.metrics == metricsOpen || s.config.metrics == "" && s.loopback(), Host: hostOf(c.BaseURL),
	})
	return err
}

// hostOf is the host of an address that was found to be one; "" of none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func (s *serving) decisionLog() (server.DecisionLog, error) {
	log := server.DecisionLog{AllowsOneIn: s.config.allowsOneIn, Show: s.config.show}
	switch s.config.decisions {
	case "":
	case "-":
		log.Logger = slog.New(slog.NewJSONHandler(s.sh.stderr, nil))
	default:
		f, err := os.OpenFile(s.config.decisions, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return log, writ.Errorf(writ.CodeExternal, "the decision log cannot be written: %w", err)
		}
		s.stores = append(s.stores, f.Close)
		log.Logger = slog.New(slog.NewJSONHandler(f, nil))
	}
	return log, nil
}

// open loads one environment, gives it its policy and its first key, and lets it answer.
func (s *serving) open(ctx context.Context, e serveEnvironment) (err error) {
	sp := &space{serveEnvironment: e}
	switch {
	case e.policy != "":
		sp.policy, err = readStart(e.policy)
		err = placed(err, e.policyAt)
	case len(s.config.environments) == 0:
		sp.policy, err = findPolicy(s.dir, s.note)
	}
	if err != nil {
		return err
	}
	if sp.live, err = s.load(ctx, sp); err != nil {
		return err
	}
	if err := sp.firstKey(ctx, s.sh, !s.within); err != nil {
		return err
	}
	s.spaces = append(s.spaces, sp)
	sp.follow(ctx)
	s.server.Open(e.project, e.env, sp.live)
	return nil
}

// makeStateDir makes DIR/.writ, which git must not take up.
func makeStateDir(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return writ.Errorf(writ.CodeNotFound, "there is no directory %s", dir)
	}
	if err := os.MkdirAll(stateDir(dir), 0o700); err != nil {
		return writ.Errorf(writ.CodeExternal, "make the state directory: %w", err).
			WithHint("state is kept in %s; --ephemeral keeps none", stateDir(dir))
	}
	ignore := filepath.Join(stateDir(dir), ".gitignore")
	if err := os.WriteFile(ignore, []byte("*\n"), 0o644); err != nil {
		return writ.Errorf(writ.CodeExternal, "write %s: %w", ignore, err)
	}
	return nil
}

// leaveNothing removes DIR/.writ when there is no state in it.
func leaveNothing(dir string) {
	if left, err := os.ReadDir(stateDir(dir)); err == nil && len(left) == 1 && left[0].Name() == ".gitignore" {
		_ = os.Remove(filepath.Join(stateDir(dir), ".gitignore"))
		_ = os.Remove(stateDir(dir)) // a folder that stays harms nobody
	}
}

// firstKey takes the key of WRIT_API_KEY, or may make one when there is none at all.
func (sp *space) firstKey(ctx context.Context, sh *shell, make bool) error {
	if token := sh.getenv("WRIT_API_KEY"); token != "" {
		key, err := server.KeyOf(token, "WRIT_API_KEY", server.Admin, sh.now(), time.Time{})
		if err != nil {
			return err
		}
		for _, k := range sp.live.State().Keys {
			if k.ID == key.ID {
				return nil
			}
			if k.Name == key.Name {
				fmt.Fprintf(sh.stderr, "the key %s of an earlier WRIT_API_KEY still opens %s: `writ key revoke %s` ends it\n", k.ID, sp, k.ID)
			}
		}
		return server.AddKey(ctx, sp.live, systemActor(), key)
	}
	if !make || len(sp.live.State().Keys) > 0 {
		return nil
	}
	token, key, err := server.NewKey(sp.env, "first", server.Admin, sh.now(), time.Time{})
	if err != nil {
		return err
	}
	sp.token = token
	return server.AddKey(ctx, sp.live, systemActor(), key)
}

// follow applies the writes of other nodes.
func (sp *space) follow(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		_ = sp.live.Follow(ctx) // why it ended stays in the environment, where /ready finds it
	})
	sp.unfollow = func() { cancel(); running.Wait() }
}
