package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
)

// defaultSandbox is what `writ up` runs when no sandbox is named.
const defaultSandbox = "dev"

// localEnv is what {{env}} stands for where no AWS profile is named.
const localEnv = "local"

// cloud says whether the flags name an AWS account or the local cloud.
func (t *targetFlags) cloud() cloudKind {
	if t.profile == "" {
		return onLocalCloud
	}
	return onAWS
}

// order asks for the systems of dir as they are to be in the account.
func (t *targetFlags) order(dir string, account *awscloud.Account, roles roleFlags) order {
	return order{dir: dir, sandbox: t.sandbox, profile: t.env(), where: t.cloud(), roles: roles, account: account}
}

func (t *targetFlags) env() string {
	if t.profile == "" {
		return localEnv
	}
	return t.profile
}

// runningCloud is what `writ up` leaves in DIR/.writ/local.json for the other
// commands while it runs.
type runningCloud struct {
	PID         int       `json:"pid"`
	AWS         string    `json:"aws"`
	HTTP        string    `json:"http"`
	Region      string    `json:"region"`
	Sandbox     string    `json:"sandbox"`
	AccessKeyID string    `json:"accessKeyId"`
	SecretKey   string    `json:"secretAccessKey"`
	Token       string    `json:"sessionToken"`
	Expires     time.Time `json:"expires"`
}

var (
	onThisMachine = regexp.MustCompile(`^http://(127\.0\.0\.1|\[::1\]):[0-9]{1,5}$`)
	plainWord     = regexp.MustCompile(`^[A-Za-z0-9/+=-]*$`)
)

// isOurs reports whether a file could come from `writ up`. It may have come with
// a repository: shells, AWS's configuration files and clients take what it says.
func (c *runningCloud) isOurs() bool {
	for _, word := range []string{c.Region, c.AccessKeyID, c.SecretKey, c.Token} {
		if !plainWord.MatchString(word) {
			return false
		}
	}
	return onThisMachine.MatchString(c.AWS) && (c.HTTP == "" || onThisMachine.MatchString(c.HTTP)) &&
		(c.Sandbox == "" || sandboxName.MatchString(c.Sandbox))
}

func stateDir(dir string) string         { return filepath.Join(dir, ".writ") }
func runningCloudFile(dir string) string { return filepath.Join(stateDir(dir), "local.json") }

// targetFlags say which sandbox of which account a command is about.
type targetFlags struct {
	sandbox string
	profile string
	// local is the local cloud that was opened, empty for an AWS account.
	local runningCloud
}

func (t *targetFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&t.sandbox, "sandbox", "s", "", "the sandbox (default \""+defaultSandbox+"\" on the local cloud)")
	cmd.Flags().StringVarP(&t.profile, "profile", "e", "", "an AWS profile; without it the local cloud that writ up runs in DIR")
}

// open opens the account that the flags name, and settles the sandbox.
func (t *targetFlags) open(ctx context.Context, dir string) (*awscloud.Account, error) {
	if t.profile != "" {
		if t.sandbox == "" {
			return nil, writ.Errorf(writ.CodeUsage, "an AWS account needs the name of a sandbox").
				WithHint("add -s SANDBOX")
		}
		if err := checkSandbox(t.sandbox); err != nil {
			return nil, err
		}
		return awscloud.Open(ctx, awscloud.Config{Profile: t.profile})
	}
	if t.sandbox == "" {
		t.sandbox = defaultSandbox
	}
	if err := checkSandbox(t.sandbox); err != nil {
		return nil, err
	}
	local, err := readRunningCloud(dir)
	if err != nil {
		return nil, err
	}
	t.local = local
	return local.open(ctx)
}

// open opens the local cloud as the developer.
func (local runningCloud) open(ctx context.Context) (*awscloud.Account, error) {
	return awscloud.Open(ctx, awscloud.Config{
		Endpoint: local.AWS, Region: local.Region,
		Credentials: &aws.Credentials{AccessKeyID: local.AccessKeyID, SecretAccessKey: local.SecretKey, SessionToken: local.Token},
	})
}

// deployFirst adds the next step to the error of something that is not deployed.
func deployFirst(err error, dir string) error {
	var known *writ.Error
	if errors.As(err, &known) && known.Code == writ.CodeNotFound && known.Hint == "" {
		return known.WithHint("is it deployed? `writ deploy %s` does it, `writ diff %s` shows what is missing", quoted(dir), quoted(dir))
	}
	return err
}

// answers reports whether something listens at a URL: a killed cloud leaves
// its file behind.
func answers(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	connection, err := net.DialTimeout("tcp", u.Host, time.Second)
	if err != nil {
		return false
	}
	_ = connection.Close() // nothing was sent
	return true
}

func notRunning(dir string) error {
	return writ.Errorf(writ.CodeNotFound, "no local cloud is running in %s", dir).
		WithHint("start it with `writ up %s`, or name an AWS profile with -e", quoted(dir))
}

func readRunningCloud(dir string) (runningCloud, error) {
	var local runningCloud
	if _, err := os.Stat(dir); err != nil {
		return local, writ.Errorf(writ.CodeNotFound, "there is no directory %s", dir)
	}
	data, err := os.ReadFile(runningCloudFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return local, notRunning(dir)
	}
	if err != nil {
		return local, writ.Errorf(writ.CodeExternal, "find the local cloud: %w", err)
	}
	if err := json.Unmarshal(data, &local); err != nil {
		return local, writ.Errorf(writ.CodeInvalid, "%s cannot be read: %w", runningCloudFile(dir), err).
			WithHint("stop `writ up`, delete the file and start it again")
	}
	if !local.isOurs() {
		return local, writ.Errorf(writ.CodeInvalid, "%s was not written by `writ up`: it is about no cloud on this machine", runningCloudFile(dir)).
			WithHint("delete the file; if it came with a repository, look at who put it there")
	}
	if !answers(local.AWS) {
		return local, notRunning(dir)
	}
	return local, nil
}

func writeRunningCloud(dir string, local runningCloud) error {
	data, err := json.MarshalIndent(local, "", "  ")
	if err != nil {
		return err
	}
	// Written beside and renamed: another command never reads half of it.
	temporary := runningCloudFile(dir) + ".new"
	if err := os.WriteFile(temporary, append(data, '\n'), 0o600); err != nil {
		return writ.Errorf(writ.CodeExternal, "write %s: %w", runningCloudFile(dir), err)
	}
	if err := os.Rename(temporary, runningCloudFile(dir)); err != nil {
		return writ.Errorf(writ.CodeExternal, "write %s: %w", runningCloudFile(dir), err)
	}
	return nil
}
