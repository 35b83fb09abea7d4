// Package localcloud is AWS on this machine, in this process, with IAM
// enforced before every service.
//
// [Open] wires the services behind the gate. [Cloud.API] is the AWS API that
// SDKs and the AWS CLI speak to, [Cloud.Front] the HTTP API of the deployed
// systems.
package localcloud

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/apigateway"
	"github.com/writ-dev/writ/localcloud/cloudformation"
	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/events"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/lambda"
	"github.com/writ-dev/writ/localcloud/s3"
	"github.com/writ-dev/writ/localcloud/scheduler"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/sns"
	"github.com/writ-dev/writ/localcloud/sqs"
	"github.com/writ-dev/writ/localcloud/store"
)

// Credentials are temporary credentials as STS gives them.
type Credentials = session.Credentials

// The account that the local cloud is.
const (
	DefaultAccount = "000000000000"
	DefaultRegion  = "us-east-1"
)

// DeveloperRole is the administrator role that the developer at this machine has.
const DeveloperRole = "writ-developer"

// developerLife is how long the developer's credentials are good; every start
// makes new ones.
const developerLife = 7 * 24 * time.Hour

// Config is what a cloud is made of. Dir and Endpoint must be set.
type Config struct {
	// Dir holds all state; it must exist.
	Dir string
	// Endpoint is the URL of the AWS API, which functions are given.
	Endpoint string
	// Sandbox names the sandbox whose APIs answer on the HTTP port as they are;
	// those of others answer to their name alone: ID.execute-api.localhost.
	// "" lets all answer.
	Sandbox string
	// SCPs are levels of service control policies for every role but the
	// developer's; see [Cloud.SetSCPs].
	SCPs [][]*iam.Policy
	// Parameters are what templates find in the parameter store beside what is
	// stored there, by name: the AWS CDK's templates ask for
	// "/cdk-bootstrap/hnb659fds/version". Reading these needs no permission;
	// the stored ones are read as the deployer.
	Parameters map[string]string
	// Issuers maps issuers of tokens, such as a user pool's
	// ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a1B2c3D4e"), to the
	// URLs that stand in for them when an API's authorizer asks for their keys.
	Issuers map[string]string
	Now     func() time.Time
	// Getenv reads the environment, of which functions get PATH alone.
	Getenv func(string) string

	// The callbacks must be quick and may come from several goroutines. Nil is fine.
	OnLog     func(function, line string)
	OnRequest func(RequestLine)
	OnDenied  func(gate.Verdict)
	// OnVerdict hears every question that IAM decided, the denied ones too,
	// before the service sees the call.
	OnVerdict func(gate.Verdict)
	OnNotice  func(line string)
}

// RequestLine is one request to the HTTP API.
type RequestLine struct {
	Method, Path string
	Status       int
	Duration     time.Duration
}

// Cloud is a running local cloud.
type Cloud struct {
	cfg       Config
	db        *store.DB
	vault     *session.Vault
	gate      *gate.Gate
	directory *directory.Directory
	lambda    *lambda.Service
	apis      *apigateway.Service
	stacks    *cloudformation.Service
	queues    *sqs.Service
	topics    *sns.Service
	buses     *events.Service
	schedules *scheduler.Service
	objects   *s3.Service
	// developers holds the access keys of DeveloperCredentials.
	developers sync.Map
}

// doer stands for the gate while the services that call it are being made.
type doer struct{ gate *gate.Gate }

func (d *doer) Do(ctx context.Context, c *gate.Call) (*gate.Reply, error) { return d.gate.Do(ctx, c) }

// Account gives the id of the account.
func (c *Cloud) Account() string { return DefaultAccount }

// Region gives the region.
func (c *Cloud) Region() string { return DefaultRegion }

// API is the AWS API.
func (c *Cloud) API() http.Handler { return c.gate }

// SetSCPs replaces the service control policies while the cloud runs: each
// question to IAM meets either all of the old ones or all of the new ones.
func (c *Cloud) SetSCPs(levels [][]*iam.Policy) { c.gate.SetSCPs(levels) }

// Front is the HTTP API of the deployed systems.
func (c *Cloud) Front() http.Handler { return c.logged(againstRebinding(c.apis.Front())) }

// DeveloperCredentials makes credentials of the developer's role. Until Close
// they may also impersonate any role; see package impersonate.
func (c *Cloud) DeveloperCredentials() (Credentials, error) {
	caller, ok := c.directory.CallerOf(DeveloperRole, "developer")
	if !ok {
		return Credentials{}, writ.Errorf(writ.CodeInternal, "the role %s is not there", DeveloperRole)
	}
	credentials, err := c.vault.Issue(caller, c.cfg.Now().Add(developerLife))
	if err == nil {
		c.developers.Store(credentials.AccessKeyID, true)
	}
	return credentials, err
}

// isDeveloper knows the keys that this very cloud gave out, not those of other
// sessions of the developer's role.
func (c *Cloud) isDeveloper(accessKeyID string) bool {
	_, ok := c.developers.Load(accessKeyID)
	return ok
}

// Close stops the functions, lets a deploy under way finish, and closes the
// state. It is called once.
func (c *Cloud) Close() error {
	c.queues.Close()
	for _, s := range c.deliverers() {
		s.Close()
	}
	return errors.Join(c.stacks.Close(), c.lambda.Close(), c.db.Close())
}
