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
	"strconv"
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
or its model.fga; without one, what was stored before, or nothing yet, to be
written through the management API. Facts that stand beside the policy are what a
new environment begins with. State is kept in DIR/.writ/policy (SQLite), in what
the configuration or WRIT_STORE names (sqlite:FOLDER, postgres://...), or with
--ephemeral nowhere.

The first start makes an API key of the role admin and prints it once; with
WRIT_API_KEY in the environment that key is taken. ` + "`writ key`" + ` makes others.

--config FILE is strict YAML:

  listen: 0.0.0.0:7766
  base_url: https://pdp.example.com        # what AuthZEN's metadata says
  tls: {cert: server.crt, key: server.key}
  store: postgres://writ@db/writ
  environments:
    default/production: {policy: policy.yml}
  limits: {body: 1048576, bulk_body: 16777216, timeout: 30s, wait_revision: 5s,
    concurrent: 1024, rate: 500, burst: 1000, evaluations: 1000}
  decisions: {file: decisions.jsonl, allows_one_in: 10, show: [department]}
  metrics: key                             # or open, as it is on loopback`,
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

	listener net.Listener
	server   *server.Server
	stores   []func() error
	spaces   []*space
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
	list[0].policy = s.flags.policy
	return list, nil
}

// listen opens the port: on loopback unless the configuration says otherwise.
func (s *serving) listen() (err error) {
	if s.config.listen == "" || s.portSet {
		host := "127.0.0.1"
		if h, _, err := net.SplitHostPort(s.config.listen); err == nil {
			host = h
		}
		s.listener, err = listenOn(host, "--server-port", s.flags.port)
		return err
	}
	host, text, err := net.SplitHostPort(s.config.listen)
	port, numErr := strconv.Atoi(text)
	if err != nil || numErr != nil || port < 0 || port > 65535 {
		return writ.Errorf(writ.CodeInvalid, "listen: %q is not an address and a port", s.config.listen).
			WithHint("write it as 127.0.0.1:7766, or 0.0.0.0:7766 for every network").At(s.config.listenAt, "")
	}
	s.listener, err = listenOn(host, "--server-port", port)
	return err
}

// listenOn opens a port of an address; the error names the flag that chooses another.
func listenOn(host, flag string, port int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, writ.Errorf(writ.CodeConflict, "port %d cannot be opened: %w", port, err).
			WithHint("choose another with %s PORT; %s 0 takes any free one", flag, flag)
	}
	return l, nil
}

// loopback reports whether only this machine can reach the server.
func (s *serving) loopback() bool {
	a, ok := s.listener.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// url is where the server answers.
func (s *serving) url() string {
	scheme := "http"
	if s.config.cert != "" {
		scheme = "https"
	}
	a := s.listener.Addr().(*net.TCPAddr)
	host := a.IP.String()
	if a.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(a.Port))
}

// stop ends the server, then closes what it stands on.
func (s *serving) stop() error {
	s.cancel()
	var all []error
	if s.done != nil {
		all = append(all, <-s.done)
	} else if s.listener != nil {
		_ = s.listener.Close() // nothing was served
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
	Environments []spaceReady `json:"environments"`
}

type spaceReady struct {
	Environment string `json:"environment"`
	Revision    uint64 `json:"revision"`
	Tuples      int    `json:"tuples"`
	Records     int    `json:"records"`
	Policy      string `json:"policy,omitempty"`
	// Key is the admin key, on the start that made it.
	Key string `json:"key,omitempty"`
}

// ready says on standard output that the server answers.
func (s *serving) ready() error {
	line := serveReady{Ready: true, Server: s.url()}
	for _, sp := range s.spaces {
		line.Environments = append(line.Environments, sp.ready())
	}
	if s.flags.format == "json" {
		return json.NewEncoder(s.sh.stdout).Encode(line)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "ready  server %s\n", line.Server)
	for _, e := range line.Environments {
		fmt.Fprintf(&b, "  environment %s: revision %d, %s, %s", e.Environment, e.Revision, counted(e.Tuples, "tuple"), counted(e.Records, "record"))
		if e.Policy != "" {
			fmt.Fprintf(&b, ", policy of %s", oneLine(e.Policy))
		}
		b.WriteByte('\n')
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
