package localcloud

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/apigateway"
	"github.com/writ-dev/writ/localcloud/cloudformation"
	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/dynamodb"
	"github.com/writ-dev/writ/localcloud/events"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/impersonate"
	"github.com/writ-dev/writ/localcloud/lambda"
	"github.com/writ-dev/writ/localcloud/logs"
	"github.com/writ-dev/writ/localcloud/s3"
	"github.com/writ-dev/writ/localcloud/scheduler"
	"github.com/writ-dev/writ/localcloud/secretsmanager"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/sns"
	"github.com/writ-dev/writ/localcloud/sqs"
	"github.com/writ-dev/writ/localcloud/ssm"
	"github.com/writ-dev/writ/localcloud/store"
	"github.com/writ-dev/writ/localcloud/sts"
)

// Open reads the state in cfg.Dir and makes the cloud. Damaged state is an
// error, and is left as it is.
func Open(cfg Config) (*Cloud, error) {
	cfg.setDefaults()
	db, err := store.Open(filepath.Join(cfg.Dir, "cloud.db"))
	if err != nil {
		return nil, err
	}
	c := &Cloud{cfg: cfg, db: db}
	if err := c.wire(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return c, nil
}

func (cfg *Config) setDefaults() {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Getenv == nil {
		cfg.Getenv = os.Getenv
	}
	if cfg.OnLog == nil {
		cfg.OnLog = func(string, string) {}
	}
	if cfg.OnRequest == nil {
		cfg.OnRequest = func(RequestLine) {}
	}
	if cfg.OnDenied == nil {
		cfg.OnDenied = func(gate.Verdict) {}
	}
	if cfg.OnVerdict == nil {
		cfg.OnVerdict = func(gate.Verdict) {}
	}
	if cfg.OnNotice == nil {
		cfg.OnNotice = func(string) {}
	}
}

// wire makes the services and the gate before them. Services that call others
// hold the gate too: there is no other way in.
func (c *Cloud) wire() error {
	cfg, through := c.cfg, &doer{}
	log := slog.New(&noticeHandler{notice: cfg.OnNotice})
	key, err := readKey(filepath.Join(cfg.Dir, "key"))
	if err != nil {
		return err
	}
	c.vault = session.NewVault(key.bytes)
	if c.directory, err = directory.New(directory.Config{
		DB: c.db, Account: DefaultAccount, Now: cfg.Now, SCPs: func() [][]*iam.Policy { return c.gate.SCPs() }, Unbound: DeveloperRole,
	}); err != nil {
		return err
	}
	tokens := sts.New(sts.Config{Account: DefaultAccount, Roles: c.directory, Issuer: c.vault, Now: cfg.Now})
	tables, err := dynamodb.New(dynamodb.Config{DB: c.db, Account: DefaultAccount, Region: DefaultRegion, Now: cfg.Now, Log: log})
	if err != nil {
		return err
	}
	if c.buses, err = events.New(events.Config{
		DB: c.db, Account: DefaultAccount, Region: DefaultRegion, Now: cfg.Now, Log: log, Do: through, Roles: tokens,
	}); err != nil {
		return err
	}
	if c.schedules, err = scheduler.New(scheduler.Config{
		DB: c.db, Account: DefaultAccount, Region: DefaultRegion, Now: cfg.Now, Log: log, Do: through, Roles: tokens,
	}); err != nil {
		return err
	}
	if c.objects, err = s3.New(s3.Config{
		DB: c.db, Dir: filepath.Join(cfg.Dir, "objects"), Account: DefaultAccount, Region: DefaultRegion, Now: cfg.Now, Rand: rand.Reader,
		Do: through, Bus: c.buses, Log: log,
	}); err != nil {
		return err
	}
	if c.apis, err = apigateway.New(apigateway.Config{
		DB: c.db, Account: DefaultAccount, Region: DefaultRegion, Now: cfg.Now, Rand: rand.Reader, Log: log, Do: through, Roles: tokens,
		Unnamed: cfg.unnamed, Issuers: cfg.Issuers,
	}); err != nil {
		return err
	}
	if c.queues, err = sqs.New(sqs.Config{
		DB: c.db, Account: DefaultAccount, Region: DefaultRegion, Now: cfg.Now, Log: log, Endpoint: func() string { return cfg.Endpoint },
	}); err != nil {
		return err
	}
	secrets, err := secretsmanager.New(secretsmanager.Config{DB: c.db, Account: DefaultAccount, Region: DefaultRegion, Key: key.bytes, Now: cfg.Now})
	if err != nil {
		return err
	}
	parameters, err := ssm.New(ssm.Config{DB: c.db, Account: DefaultAccount, Region: DefaultRegion, Key: key.bytes, Now: cfg.Now})
	if err != nil {
		return err
	}
	if c.topics, err = sns.New(sns.Config{DB: c.db, Account: DefaultAccount, Region: DefaultRegion, Now: cfg.Now, Log: log, Do: through}); err != nil {
		return err
	}
	c.stacks = cloudformation.New(cloudformation.Config{
		DB: c.db, Account: DefaultAccount, Region: DefaultRegion, Now: cfg.Now, Rand: rand.Reader, Log: log, Do: through,
		SSM: parameterReader{cfg.Parameters, through}.read,
	})
	if err := key.settle(append(secrets.Unreadable(), parameters.Unreadable()...), cfg.OnNotice); err != nil {
		return err
	}
	if err := c.ensureDeveloper(); err != nil { // once all state that there is could be read
		return err
	}
	c.lambda, err = lambda.New(lambda.Config{
		DB: c.db, Account: DefaultAccount, Region: DefaultRegion, Now: cfg.Now, Rand: rand.Reader, Log: log, Do: through,
		Roles: tokens, Endpoint: func() string { return cfg.Endpoint }, Dir: filepath.Join(cfg.Dir, "code"),
		OnLog: cfg.OnLog, Getenv: cfg.Getenv,
	})
	if err != nil {
		return err
	}
	c.gate = gate.New(gate.Config{
		Account: DefaultAccount, Region: DefaultRegion, Now: cfg.Now, SCPs: cfg.SCPs,
		Directory: c.directory, Credentials: c.vault, OnVerdict: c.verdict, DeveloperRole: DeveloperRole, Log: log,
		Services: []gate.Service{
			tokens, c.directory, tables, c.objects, c.apis, c.lambda, c.stacks,
			c.queues, c.topics, c.buses, c.schedules, secrets, parameters, logs.New(logs.Config{DB: c.db, Account: DefaultAccount, Region: DefaultRegion, Now: cfg.Now}),
			impersonate.New(impersonate.Config{Roles: c.directory, Issuer: c.vault, IsDeveloper: c.isDeveloper, Now: cfg.Now, Log: log}),
		},
	})
	through.gate = c.gate
	if err := c.lambda.Resume(); err != nil {
		return errors.Join(err, c.lambda.Close())
	}
	c.stacks.Resume()
	for i, s := range c.deliverers() {
		if err := s.Resume(); err != nil {
			for _, begun := range c.deliverers()[:i] {
				begun.Close()
			}
			return err
		}
	}
	return nil
}

// deliverer is a service that calls others by itself: from Resume on, until Close.
type deliverer interface {
	Resume() error
	Close()
}

func (c *Cloud) deliverers() []deliverer {
	return []deliverer{c.topics, c.buses, c.schedules, c.objects}
}

// unnamed says whether an API answers requests that name none: those of the
// sandbox, and those that belong to no sandbox, as of a plain stack.
func (cfg *Config) unnamed(tags map[string]string) bool {
	sandbox, tagged := tags["sandbox"]
	return cfg.Sandbox == "" || !tagged || sandbox == cfg.Sandbox
}

// verdict passes decisions on, and denials once more.
func (c *Cloud) verdict(v gate.Verdict) {
	c.cfg.OnVerdict(v)
	if v.Message != "" {
		c.cfg.OnDenied(v)
	}
}

// ensureDeveloper makes the administrator role of the person at this machine.
func (c *Cloud) ensureDeveloper() error {
	_, err := c.directory.EnsureRole(directory.RoleSpec{
		Name:     DeveloperRole,
		Trust:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + DefaultAccount + `:root"},"Action":"sts:AssumeRole"}]}`,
		Attached: []string{"arn:aws:iam::aws:policy/AdministratorAccess"},
	})
	return err
}
