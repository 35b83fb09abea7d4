package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server"
)

// environmentName is what projects and environments may be called: they are parts of
// paths, of files and of tokens.
var environmentName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// serverPort is where `writ serve` answers when it is not told another port.
const serverPort = 7766

type serveFlags struct {
	config    string
	policy    string
	port      int
	opaPort   int
	keepModel bool
	ephemeral bool
	format    string
}

func newServe(sh *shell) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Serve decisions over HTTP: AuthZEN, and what Permit's SDKs call",
		Long: `Serves decisions on http://127.0.0.1:7766: the OpenID AuthZEN Authorization API,
and the endpoints that Permit's SDKs call. /healthy, /ready, /version and /metrics
are there for probes.

The policy is that of DIR: the ` + "`policy:`" + ` section of its topology, its policy.yml,
fga.mod or model.fga, the first that is there; without one, what was stored before, or
nothing yet, to be written through the management API. Facts that stand beside the policy
are what a new environment begins with; later ones are written with ` + "`writ tuple`" + `, or by
the API. State is kept in DIR/.writ/policy (SQLite), in what the configuration or WRIT_STORE
names (sqlite:FOLDER, postgres://...), or with --ephemeral nowhere.

The first start makes an API key of the role admin and prints it once; with
WRIT_API_KEY in the environment that key is taken. ` + "`writ key`" + ` makes others.

  writ serve                                      the policy of this directory
  writ serve DIR --server-port 0                  that of another, on any free port
  writ serve --policy shop.yml --ephemeral        to try a policy out
  writ serve --config writ.yml                    for production

--config FILE is strict YAML:

  listen: 0.0.0.0:7766
  opa_listen: 127.0.0.1:8181               # for Permit's SDKs with useOpa
  base_url: https://pdp.example.com        # what AuthZEN's metadata says
  tls: {cert: server.crt, key: server.key}
  store: postgres://writ@db/writ
  environments:
    default/production: {policy: policy.yml}
  limits: {timeout: 30s, rate: 500, max_behind: 1m}
  decisions: {file: decisions.jsonl, allows_one_in: 10, show: [department]}
  metrics: key                             # or open, as it is on loopback

docs/server.md tells of every key, of limits, probes, metrics and backups.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(f.format); err != nil {
				return err
			}
			c, err := readServeConfig(f.config)
			if err != nil {
				return err
			}
			s := &serving{sh: sh, flags: f, dir: dirArg(args), config: c, portSet: cmd.Flags().Changed("server-port")}
			return s.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "a configuration `FILE`")
	flags.StringVar(&f.policy, "policy", "", "the policy in a `FILE` instead of DIR's: .yml, .fga, .json")
	flags.IntVar(&f.port, "server-port", serverPort, "port of the server; 0 for any free one")
	flags.IntVar(&f.opaPort, "opa-port", 0, "a second `PORT` for Permit's SDKs with useOpa, which ask on 8181; none if not given")
	flags.BoolVar(&f.keepModel, "keep-model", false, "keep a policy that was changed through the API, whatever the file says")
	flags.BoolVar(&f.ephemeral, "ephemeral", false, "keep no state: start from the policy, leave nothing")
	formatFlag(cmd, &f.format)
	return cmd
}

// serving is one run of the server.
type serving struct {
	sh      *shell
	flags   serveFlags
	dir     string
	config  *serveConfig
	portSet bool
	// within is set when it runs inside of `writ up`, which prints for it.
	within bool

	// opa is a second port, nil for none: see listenOPA.
	listener, opa net.Listener
	server        *server.Server
	// fingerprint is of the certificate, "" without TLS.
	fingerprint string
	stores      []func() error
	spaces      []*space
	// done gets one error when the server has stopped, fault one when nobody stopped it.
	done, fault chan error
	// cancel ends everything that start has started.
	cancel context.CancelFunc
}

// run serves until ctx is done.
func (s *serving) run(ctx context.Context) (err error) {
	if err := s.start(ctx); err != nil {
		return errors.Join(err, s.stop())
	}
	if err := s.ready(); err != nil {
		return errors.Join(err, s.stop())
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(s.sh.stderr, style{s.sh.colorErr}.faint("stopping"))
	case err = <-s.fault:
	}
	return errors.Join(err, s.stop())
}

// grace is how long requests that are being answered may take when the server stops.
const grace = 10 * time.Second

// start opens the port, then the environments: probes see that it is loading.
func (s *serving) start(ctx context.Context) error {
	ctx, s.cancel = context.WithCancel(ctx)
	environments, err := s.environments()
	if err != nil {
		return err
	}
	if err := s.listen(); err != nil {
		return err
	}
	if err := s.listenOPA(); err != nil {
		return err
	}
	if err := s.makeServer(environments); err != nil {
		return err
	}
	for _, e := range environments {
		s.server.Expect(e.project, e.env)
	}
	s.done, s.fault = make(chan error, 1), make(chan error, 1)
	go s.serve(ctx)
	for _, e := range environments {
		if err := s.open(ctx, e); err != nil {
			return err
		}
	}
	return s.announce()
}

// environments are those that are to be served, with the files of their policies.
func (s *serving) environments() ([]serveEnvironment, error) {
	if s.flags.ephemeral {
		s.config.store = "memory"
	} else if store := s.sh.getenv("WRIT_STORE"); store != "" {
		s.config.store = store
	}
	list := s.config.environments
	if len(list) == 0 {
		list = []serveEnvironment{{project: server.DefaultProject, env: server.DefaultEnv}}
	}
	if len(list) > 1 && s.sh.getenv("WRIT_API_KEY") != "" {
		// A key names the environment that is asked: one that opened two would always ask the first.
		return nil, writ.Errorf(writ.CodeUsage, "WRIT_API_KEY says nothing of which of the %d environments it opens", len(list)).
			WithHint("make a key for each with `writ key create --environment PROJECT/ENV`")
	}
	if s.flags.policy == "" {
		return list, nil
	}
	if len(list) > 1 {
		return nil, writ.Errorf(writ.CodeUsage, "--policy says nothing of which of the %d environments it is for", len(list)).
			WithHint("write the policy of each into the configuration")
	}
	list[0].policy, list[0].policyAt = s.flags.policy, writ.Position{}
	return list, nil
}

// stop ends the server, then closes what it stands on.
func (s *serving) stop() error {
	s.cancel()
	var all []error
	if s.done != nil {
		all = append(all, <-s.done)
	} else {
		for _, l := range []net.Listener{s.listener, s.opa} {
			if l != nil {
				_ = l.Close() // nothing was served
			}
		}
	}
	for _, sp := range s.spaces {
		sp.unfollow()
	}
	for i := len(s.stores) - 1; i >= 0; i-- {
		all = append(all, s.stores[i]())
	}
	if s.server != nil {
		_ = os.Remove(runningServerFile(s.dir)) // one that stays is recognised
	}
	if s.flags.ephemeral {
		leaveNothing(s.dir)
	}
	return errors.Join(all...)
}

// serveReady is the line that says that the server answers.
type serveReady struct {
	Ready        bool         `json:"ready"`
	Server       string       `json:"server"`
	OPA          string       `json:"opa,omitempty"`
	Environments []spaceReady `json:"environments"`
}

type spaceReady struct {
	Environment string `json:"environment"`
	Revision    uint64 `json:"revision"`
	Tuples      int    `json:"tuples"`
	Records     int    `json:"records"`
	Policy      string `json:"policy,omitempty"`
	// PolicyTaken is what became of the file: stored, unchanged or replaced.
	PolicyTaken string      `json:"policyTaken,omitempty"`
	Facts       *factsReady `json:"facts,omitempty"`
	// Key is the admin key, on the start that made it.
	Key string `json:"key,omitempty"`
}

// ready says on standard output that the server answers.
func (s *serving) ready() error {
	line := serveReady{Ready: true, Server: s.url()}
	if s.opa != nil {
		line.OPA = s.urlOf(s.opa)
	}
	for _, sp := range s.spaces {
		line.Environments = append(line.Environments, sp.ready())
	}
	if s.flags.format == "json" {
		return json.NewEncoder(s.sh.stdout).Encode(line)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "ready  server %s\n", line.Server)
	if line.OPA != "" {
		fmt.Fprintf(&b, "  as OPA is asked: %s\n", line.OPA)
	}
	for _, e := range line.Environments {
		fmt.Fprintf(&b, "  environment %s: revision %d, %s, %s", e.Environment, e.Revision, counted(e.Tuples, "tuple"), counted(e.Records, "record"))
		if e.Policy != "" {
			fmt.Fprintf(&b, ", policy of %s", oneLine(e.Policy))
		}
		b.WriteByte('\n')
		for _, told := range e.told() {
			fmt.Fprintf(&b, "    %s\n", told)
		}
		if e.Key != "" {
			fmt.Fprintf(&b, "  API key %s  role admin, shown only now\n", style{s.sh.colorOut}.bold(e.Key))
		}
	}
	if !s.loopback() && s.config.cert == "" {
		fmt.Fprintln(s.sh.stderr, style{s.sh.colorErr}.yellow("keys travel in plain text: other machines reach this server without TLS"))
	}
	_, err := fmt.Fprint(s.sh.stdout, b.String())
	return err
}

// logger writes the server's faults as JSON lines.
func (s *serving) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(s.sh.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
