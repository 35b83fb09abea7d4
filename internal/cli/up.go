package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/fsnotify/fsnotify"
	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

type upFlags struct {
	sandbox  string
	awsPort  int
	httpPort int
	// serverPort is for a topology with a policy.
	serverPort int
	watch      bool
	ephemeral  bool
	bare       bool
	record     string
	scps       []string
	roles      roleFlags
	accept     bool
	format     string
}

func newUp(sh *shell) *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up [DIR]",
		Short: "Run the system on this machine, IAM enforced",
		Long: `Runs the topology in DIR on this machine in one process: an AWS API on
http://127.0.0.1:4566 and the system's own HTTP API on http://127.0.0.1:3000.
Every call, also between functions and tables, is signed, identified and decided
by IAM before the service sees it. State stays in DIR/.writ.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(f.format); err != nil {
				return err
			}
			if err := checkRecord(f.record); err != nil {
				return err
			}
			u := &up{sh: sh, flags: f, dir: dirArg(args), log: sh.stderr, style: style{sh.colorErr}}
			return u.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.sandbox, "sandbox", "s", defaultSandbox, "the sandbox")
	flags.IntVar(&f.awsPort, "aws-port", 4566, "port of the AWS API; 0 for any free one")
	flags.IntVar(&f.httpPort, "http-port", 3000, "port of the system's HTTP API; 0 for any free one")
	flags.IntVar(&f.serverPort, "server-port", serverPort, "port of the server that decides by the topology's policy, if it has one; 0 for any free one")
	flags.BoolVar(&f.watch, "watch", false, "deploy again when the topology, its policy, the code or a role file changes")
	flags.BoolVar(&f.ephemeral, "ephemeral", false, "keep no state: start empty, leave nothing")
	flags.BoolVar(&f.bare, "bare", false, "run the cloud alone, without a topology: for a plain CloudFormation stack or your own SDK calls")
	flags.StringVar(&f.record, "record", "", "note every call of every role, for writ iam suggest, after what was noted before; --record=fresh begins anew")
	flags.Lookup("record").NoOptDefVal = recordOn
	flags.StringArrayVar(&f.scps, "scp", nil, "a service control policy in a `FILE`, for every role but the developer's; repeated, each is one level, the root first (FullAWSAccess stands beside one that allows nothing)")
	f.roles.register(cmd)
	acceptFlag(cmd, &f.accept)
	formatFlag(cmd, &f.format)
	return cmd
}

// up is one run of the local cloud.
type up struct {
	sh    *shell
	flags upFlags
	dir   string
	log   io.Writer
	style style
	// context ends with the run; callbacks of the cloud use it.
	context context.Context

	state string // the state directory
	aws   net.Listener
	http  net.Listener
	cloud *localcloud.Cloud
	// account speaks to cloud, nil before it serves.
	account *awscloud.Account
	names   labels
	shown   string // the banner
	scps    atomic.Pointer[[]scpLevel]
	failed  failure // the watcher's alone
	// running is what was deployed last.
	running atomic.Pointer[[]*system]
	read    readRoles
	// later holds denials whose fix is shown when a Go program has run; nil for
	// a topology in YAML, which is read at once.
	later chan missing
	// recording notes calls, nil without --record.
	recording *recording
	creds     localcloud.Credentials
	// policy is the server beside the cloud, nil when the topology has no policy.
	policy *serving
	// policyKey is what functions ask it with, "" without one.
	policyKey string
}

func (u *up) run(ctx context.Context) (err error) {
	u.context = ctx
	// The topology first: nothing is opened for a file that cannot be read.
	systems, err := u.load(ctx)
	if err != nil {
		return err
	}
	if isProgram(systems) {
		u.later = make(chan missing, waitingFixes)
		go u.showFixes(ctx)
	}
	if err := u.loadSCPs(); err != nil {
		return err
	}
	if err := u.makeState(); err != nil {
		return err
	}
	defer u.removeState()
	if err := u.listen(); err != nil {
		return err
	}
	if err := u.startRecording(); err != nil {
		return err
	}
	defer u.recording.stop()
	if u.policy, err = u.servePolicy(ctx, systems); err != nil {
		return err
	}
	defer u.policy.stopIn(&err)
	if err := u.lendPolicy(); err != nil {
		return err
	}
	if err := u.openCloud(); err != nil {
		return err
	}
	// Of a cloud that was killed; the state's lock says that none runs.
	_ = os.Remove(runningCloudFile(u.dir)) // it is written anew below
	defer func() {
		if closeErr := u.cloud.Close(); err == nil {
			err = closeErr
		}
	}()
	routes := &notYet{next: u.cloud.Front()}
	servers := serve(u.aws, u.cloud.API(), u.http, routes)
	defer servers.close()
	if systems, err = u.openAccount(ctx, systems); err != nil {
		return err
	}
	if err := u.deployAll(ctx, systems); err != nil {
		return withoutTopology(err, u.dir)
	}
	routes.open.Store(true)
	var watcher *fsnotify.Watcher
	if u.flags.watch { // before anybody is told that it is ready: no change is missed
		watcher = u.newWatcher()
	}
	u.banner(systems)
	if err := u.announceFile(); err != nil {
		return err
	}
	defer os.Remove(runningCloudFile(u.dir)) // a stale file is recognised
	if err := u.ready(systems); err != nil {
		return err
	}
	// The code that was built and uploaded is of no more use in memory.
	go debug.FreeOSMemory()
	if u.flags.watch {
		if watcher != nil {
			go u.watch(ctx, watcher)
		}
		go u.watchSCPs(ctx)
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(u.log, u.style.faint("stopping"))
		return nil
	case err := <-servers.failed:
		return writ.Errorf(writ.CodeExternal, "a port stopped serving: %w", err)
	case err := <-u.policy.ended():
		return err
	}
}

// load reads and synthesises the topology as it stands now.
func (u *up) load(ctx context.Context) ([]*system, error) {
	if u.flags.bare {
		return nil, nil
	}
	defer working(u.log, u.style, "reading "+u.dir)()
	return u.sh.loadSystems(ctx, u.order())
}

func (u *up) order() order {
	return order{dir: u.dir, sandbox: u.flags.sandbox, profile: localEnv, where: onLocalCloud, roles: u.flags.roles, account: u.account}
}

func (u *up) makeState() error {
	u.state = stateDir(u.dir)
	if u.flags.ephemeral {
		temporary, err := os.MkdirTemp("", "writ-up-")
		if err != nil {
			return writ.Errorf(writ.CodeExternal, "make a temporary directory: %w", err)
		}
		u.state = temporary
		if err := u.lendNodeModules(); err != nil {
			return err
		}
	}
	// The discovery file lies in DIR/.writ also when the state does not.
	for _, dir := range []string{u.state, stateDir(u.dir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return writ.Errorf(writ.CodeExternal, "make the state directory: %w", err).
				WithHint("writ keeps the local cloud in %s; --ephemeral keeps it in a temporary directory instead", stateDir(u.dir))
		}
	}
	// The state holds keys: git must not take it up.
	ignore := filepath.Join(stateDir(u.dir), ".gitignore")
	if err := os.WriteFile(ignore, []byte("*\n"), 0o644); err != nil {
		return writ.Errorf(writ.CodeExternal, "write %s: %w", ignore, err)
	}
	return nil
}

// lendNodeModules lets Node.js functions find DIR/node_modules above their own
// directory, as they do when the state lies in DIR: there the developer has
// what Lambda's own runtime brings along, the AWS SDK.
func (u *up) lendNodeModules() error {
	modules, err := filepath.Abs(filepath.Join(u.dir, "node_modules"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(modules); err != nil {
		return nil // the system has none
	}
	return os.Symlink(modules, filepath.Join(u.state, "node_modules"))
}

func (u *up) removeState() {
	if u.flags.ephemeral {
		_ = os.RemoveAll(u.state) // a leftover in the temporary directory harms nobody
		if left, err := os.ReadDir(stateDir(u.dir)); err == nil && len(left) == 1 {
			_ = os.Remove(filepath.Join(stateDir(u.dir), ".gitignore"))
		}
		_ = os.Remove(stateDir(u.dir)) // of the discovery file; stays when there is older state in it
	}
}

func (u *up) openCloud() (err error) {
	u.cloud, err = localcloud.Open(localcloud.Config{
		Dir:       u.state,
		Endpoint:  "http://" + u.aws.Addr().String(),
		Sandbox:   u.flags.sandbox,
		Now:       time.Now,
		SCPs:      u.scpLevels(),
		OnVerdict: u.recording.hook(),
		OnLog:     u.functionLine,
		OnRequest: u.requestLine,
		OnDenied:  u.denied,
		Variables: u.lentVariables,
		OnNotice:  func(line string) { fmt.Fprintln(u.log, u.style.yellow(oneLine(line))) },
	})
	if err != nil {
		return err
	}
	u.creds, err = u.cloud.DeveloperCredentials()
	return err
}

// announceFile lets the other commands find this cloud.
func (u *up) announceFile() error {
	return writeRunningCloud(u.dir, runningCloud{
		PID: os.Getpid(), AWS: u.awsURL(), HTTP: u.httpURL(), Region: u.cloud.Region(), Sandbox: u.flags.sandbox,
		AccessKeyID: u.creds.AccessKeyID, SecretKey: u.creds.SecretAccessKey, Token: u.creds.SessionToken, Expires: u.creds.Expiration,
	})
}

func (u *up) awsURL() string  { return "http://" + u.aws.Addr().String() }
func (u *up) httpURL() string { return "http://" + u.http.Addr().String() }

// openAccount lets us ask the cloud, once it serves, and reads the topology
// again where that changes what is to be deployed.
func (u *up) openAccount(ctx context.Context, systems []*system) (_ []*system, err error) {
	u.account, err = awscloud.Open(ctx, awscloud.Config{
		Endpoint: u.awsURL(), Region: u.cloud.Region(),
		Credentials: &aws.Credentials{
			AccessKeyID: u.creds.AccessKeyID, SecretAccessKey: u.creds.SecretAccessKey, SessionToken: u.creds.SessionToken,
		},
	})
	if err != nil {
		return nil, err
	}
	again := false
	o := u.order()
	for _, s := range systems {
		// The first reading could not see how the sandbox was made, nor which roles there are.
		asked, err := u.sh.settle(ctx, o, s.topology, s.root)
		if err != nil {
			return nil, err
		}
		s.roles.notes = asked.notes // among them that the sandbox was made in another way
		again = again || asked.set.Settings != s.roles.set.Settings || asked.set.Settings.Mode == roles.Global
	}
	if again {
		return u.load(ctx)
	}
	return systems, nil
}

func (u *up) deployAll(ctx context.Context, systems []*system) error {
	for _, s := range systems {
		showRoles(u.log, u.style, s)
	}
	if err := u.sh.checkRoles(ctx, u.log, u.order(), systems, u.flags.accept); err != nil {
		return err
	}
	d := &deployer{account: u.account, workDir: filepath.Join(u.state, "build"), progress: u.log, style: u.style, quiet: true}
	if err := checkOwners(ctx, u.account, topologiesOf(systems), u.flags.sandbox); err != nil {
		return err
	}
	u.names.set(systems)
	u.running.Store(&systems)
	for _, s := range systems {
		if _, _, err := d.deploy(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// readyLine is what --format json prints when everything answers.
type readyLine struct {
	Ready   bool     `json:"ready"`
	AWS     string   `json:"aws"`
	HTTP    string   `json:"http"`
	Server  string   `json:"server,omitempty"`
	Account string   `json:"account"`
	Region  string   `json:"region"`
	Sandbox string   `json:"sandbox"`
	Stacks  []string `json:"stacks"`
}

func (u *up) ready(systems []*system) error {
	line := readyLine{
		Ready: true, AWS: u.awsURL(), HTTP: u.httpURL(),
		Account: u.cloud.Account(), Region: u.cloud.Region(), Sandbox: u.flags.sandbox, Stacks: []string{},
	}
	for _, s := range systems {
		line.Stacks = append(line.Stacks, s.stack)
	}
	if u.policy != nil {
		line.Server = u.policy.url()
	}
	if u.flags.format == "json" {
		return json.NewEncoder(u.sh.stdout).Encode(line)
	}
	text := fmt.Sprintf("ready  http %s  aws %s", line.HTTP, line.AWS)
	if line.Server != "" {
		text += "  server " + line.Server + "\n" + u.policyHint(line.Server)
	}
	_, err := fmt.Fprintln(u.sh.stdout, text)
	return err
}

// notRun names the entities that the local cloud does not run yet.
func notRun(t *topology.Topology) []string {
	var lines []string
	for _, n := range topology.NotRun(t) {
		if n.Kind == "section" && (n.Name == "policy" || strings.HasSuffix(n.Name, "/policy")) {
			continue // the server beside the cloud decides by it, or says that it does not
		}
		lines = append(lines, fmt.Sprintf("%s: not run locally yet: %s %s: %s", n.Pos, n.Kind, n.Name, n.Why))
	}
	return lines
}

// leftOut names the edges that lead to what the local cloud does not run.
func leftOut(s *system) []string {
	var lines []string
	for _, skipped := range s.output.Skipped {
		if skipped.Why == synth.NotLocal && (skipped.Kind == "grant" || skipped.Kind == "edge") {
			lines = append(lines, fmt.Sprintf("%s: not run locally yet: %s %s", skipped.Pos, skipped.Kind, skipped.Name))
		}
	}
	return lines
}
