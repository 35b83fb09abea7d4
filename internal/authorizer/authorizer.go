package authorizer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/authz/schema/urlmap"
	"github.com/writ-dev/writ/identity"
)

// Surroundings are what an authorizer finds outside of its configuration. All are needed.
type Surroundings struct {
	Getenv func(string) string
	Now    func() time.Time
	Log    *slog.Logger
	// Transport goes to AWS, to the issuers, and to who decides.
	Transport http.RoundTripper
	// TempDir keeps snapshots that were fetched, by their hash.
	TempDir string
}

// Authorizer is a configuration that has been put to work.
type Authorizer struct {
	// Gateway answers the events of API Gateway.
	Gateway *gateway.Authorizer
	// Check decides without a gateway.
	Check writ.Checker
	// About says in a few words what decides, for the log.
	About string
}

// File is where the configuration is: WRIT_AUTHORIZER_CONFIG, else authorizer.json beside the binary.
func File(getenv func(string) string) (string, error) {
	if file := getenv(envConfig); file != "" {
		return file, nil
	}
	binary, err := os.Executable()
	if err != nil {
		return "", writ.Errorf(writ.CodeExternal, "the directory of the binary is not known: %w", err).
			WithHint("name the configuration in %s", envConfig)
	}
	return filepath.Join(filepath.Dir(binary), "authorizer.json"), nil
}

// maxConfig is the longest configuration, in bytes.
const maxConfig = 4 << 20

// Open reads a configuration file and fetches what it needs. Whatever is wrong is an error: an authorizer that is
// half configured must not start.
func Open(ctx context.Context, file string, s Surroundings) (*Authorizer, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "the configuration %s is not there", file).
			WithHint("it belongs beside the binary as authorizer.json, or where %s says", envConfig)
	}
	if info.Size() > maxConfig {
		return nil, writ.Errorf(writ.CodeTooLarge, "the configuration %s has %d bytes, more than the %d that are read", file, info.Size(), maxConfig)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, writ.Errorf(writ.CodeExternal, "the configuration cannot be read: %w", err)
	}
	c, d, err := parse(file, text, s.Getenv)
	if err != nil {
		return nil, err
	}
	return c.open(ctx, d, s)
}

// Validate reads a configuration that is to be shipped, and finds what can be found without the network. later are the environment
// variables that must be set where it runs, since the file does not say what they stand for.
func Validate(file string, text []byte) (c *Config, later []string, err error) {
	c = new(Config)
	d, err := readStrict(file, text, c)
	if err != nil {
		return nil, nil, err
	}
	d.later = &later
	if err := c.check(d); err != nil {
		return nil, nil, err
	}
	nobody := Surroundings{Now: time.Now, Getenv: func(string) string { return "" }}
	if !slices.ContainsFunc(later, func(v string) bool { return v == envIssuer || v == envJWKS || v == envAudiences }) {
		if _, err := c.Identity.open(d, nobody); err != nil {
			return nil, nil, err
		}
	}
	parts := gateway.Dependencies{Identify: &gateway.Identity{}, Check: &local{}, Now: time.Now, NewID: newID}
	if c.Decide.Snapshot != nil { // has the rules in it; others are asked over wires that do not tell them
		parts.Mapping = urlmap.Rules{}
	}
	if _, err = gateway.New(c.Gateway, parts); err != nil {
		return nil, nil, d.placed(err, "gateway")
	}
	return c, later, nil
}

// Parse reads a configuration as it counts where it runs: with the variables that are set there.
func Parse(file string, text []byte, getenv func(string) string) (*Config, error) {
	c, _, err := parse(file, text, getenv)
	return c, err
}

func parse(file string, text []byte, getenv func(string) string) (*Config, *document, error) {
	var c Config
	d, err := readStrict(file, text, &c)
	if err != nil {
		return nil, nil, err
	}
	if err := c.override(getenv); err != nil {
		return nil, nil, err
	}
	return &c, d, c.check(d)
}

// check finds what contradicts itself, or is missing.
func (c *Config) check(d *document) error {
	for i := range c.Gateway.Routes {
		if r := &c.Gateway.Routes[i]; r.Position.IsZero() { // then errors point into this file
			r.Position = d.fail(d.at(index("gateway.routes", i)), "").Position
		}
	}
	given := 0
	for _, is := range []bool{c.Decide.Snapshot != nil, c.Decide.Server != nil, c.Decide.Permit != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		return d.fail(d.at("decide"), "decide names %d sources of decisions, and one is needed", given).
			WithHint(`one of "snapshot", "server" and "permit"`)
	}
	if len(c.Identity.Issuers)+len(c.Identity.Keys) == 0 && c.Identity.Certificates == nil {
		return d.fail(d.at("identity"), "nobody would be believed").WithHint(`identity has "issuers", "keys" or "certificates"`)
	}
	if c.oneIssuer() {
		for _, one := range []struct{ name, variable, value string }{
			{"issuer", envIssuer, c.Identity.Issuers[0].Issuer},
			{"jwks", envJWKS, c.Identity.Issuers[0].JWKS},
			{"audiences", envAudiences, strings.Join(c.Identity.Issuers[0].Audiences, "")},
		} {
			if one.value == "" {
				if err := d.missing("identity.issuers[0]", one.name, one.variable); err != nil {
					return err
				}
			}
		}
	}
	return c.Decide.check(d)
}

// missing is the error of a value that is not there, unless a variable may still bring it.
func (d *document) missing(path, name, variable string) error {
	if d.later != nil {
		*d.later = append(*d.later, variable)
		return nil
	}
	return d.fail(d.at(path), "%s has no %q", path, name).WithHint("it may also be in the environment variable %s", variable)
}

func (c *Config) open(ctx context.Context, d *document, s Surroundings) (*Authorizer, error) {
	identify, err := c.Identity.open(d, s)
	if err != nil {
		return nil, err
	}
	source, err := c.Decide.open(ctx, d, s)
	if err != nil {
		return nil, err
	}
	if here, ok := source.check.(*local); ok {
		if err := d.checkKept(c.Gateway.Routes, here.Snapshot.Model()); err != nil {
			return nil, err
		}
	}
	g, err := gateway.New(c.Gateway, gateway.Dependencies{
		Identify: identify, Check: source.check, Mapping: source.mapping, Log: s.Log, Now: s.Now, NewID: newID,
	})
	if err != nil {
		return nil, d.placed(err, "gateway")
	}
	return &Authorizer{Gateway: g, Check: source.check, About: source.about}, nil
}

// newID makes an ID of 128 random bits.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// remembered is how many tokens a function remembers, which sees the same few again and again.
const remembered = 4096

func (i *Identity) open(d *document, s Surroundings) (*gateway.Identity, error) {
	var made gateway.Identity
	made.Several = i.Several
	if len(i.Issuers) > 0 {
		settings := identity.Settings{Now: s.Now, Fetch: identity.OverHTTP(s.Transport), Remember: remembered}
		for n := range i.Issuers {
			issuer, err := i.Issuers[n].issuer()
			if err != nil {
				return nil, d.placed(err, index("identity.issuers", n))
			}
			settings.Issuers = append(settings.Issuers, issuer)
		}
		var err error
		if made.Tokens, err = identity.NewVerifier(settings); err != nil {
			return nil, d.placed(err, "identity.issuers")
		}
	}
	if len(i.Keys) > 0 {
		keys := make([]identity.Key, len(i.Keys))
		for n, k := range i.Keys {
			hash, err := hex.DecodeString(k.SHA256)
			if err != nil || len(hash) != 32 {
				e := d.fail(d.at(index("identity.keys", n)+".sha256"), "this is no SHA-256: 64 hexadecimal digits").
					WithHint("printf %%s SECRET | sha256sum")
				return nil, e.At(e.Position, "") // it may be the secret itself
			}
			keys[n] = identity.Key{Name: k.ID, Subject: k.Subject, Hash: hash, Expires: k.Expires, Claims: k.Claims}
			if k.Subject == "" {
				keys[n].Subject = k.ID
			}
		}
		var err error
		if made.Keys, err = identity.NewKeys(s.Now, keys...); err != nil {
			return nil, d.placed(err, "identity.keys")
		}
	}
	if c := i.Certificates; c != nil {
		var err error
		made.Certificates, err = identity.NewCertificates(identity.CertificateRules{
			Subject: identity.Part(c.Subject), Issuers: c.Issuers, SubjectPrefix: c.SubjectPrefix, Now: s.Now,
		})
		if err != nil {
			return nil, d.placed(err, "identity.certificates")
		}
	}
	return &made, nil
}

func (i *Issuer) issuer() (identity.Issuer, error) {
	made := identity.Issuer{
		Issuer: i.Issuer, JWKS: i.JWKS, Audiences: i.Audiences, TokenUse: i.TokenUse, Algorithms: i.Algorithms,
		Leeway: time.Duration(i.Leeway), SubjectClaim: i.SubjectClaim, SubjectPrefix: i.SubjectPrefix,
	}
	if i.Cognito == nil {
		return made, nil
	}
	if i.Issuer+i.JWKS+i.TokenUse != "" || len(i.Audiences)+len(i.Algorithms) > 0 {
		return made, writ.Errorf(writ.CodeInvalid, "a user pool says itself who its issuer is, where its keys are, and whom and what for its tokens are made").
			WithHint(`beside "cognito" there may be leeway, subjectClaim and subjectPrefix`)
	}
	pool, err := identity.Cognito(i.Cognito.Region, i.Cognito.Pool, i.Cognito.Use, i.Cognito.Clients...)
	if err != nil {
		return made, err
	}
	pool.Leeway, pool.SubjectClaim, pool.SubjectPrefix = made.Leeway, made.SubjectClaim, made.SubjectPrefix
	return pool, nil
}
