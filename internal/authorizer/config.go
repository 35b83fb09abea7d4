// Package authorizer puts a gateway authorizer together from its configuration file: who may be believed, what
// decides, and the secrets and snapshots that are fetched for it. It is what the binary writ-authorizer consists of.
//
// The environment, the clock and the way to the network are handed in, so that a function and a test run the same code.
package authorizer

import (
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
)

// Config is the configuration file, authorizer.json.
type Config struct {
	Gateway  gateway.Config `json:"gateway"`
	Identity Identity       `json:"identity"`
	Decide   Decide         `json:"decide"`
}

// Identity says which callers are believed; at least one of its parts is needed.
type Identity struct {
	Issuers      []Issuer      `json:"issuers,omitempty"`
	Keys         []Key         `json:"keys,omitempty"`
	Certificates *Certificates `json:"certificates,omitempty"`
	// Several takes requests with more than one proof, of which every one must hold.
	Several bool `json:"several,omitempty"`
}

// Issuer is one whose tokens are believed: a Cognito user pool, or any by its own settings. What they mean
// is said at identity.Issuer.
type Issuer struct {
	Cognito *Cognito `json:"cognito,omitempty"`

	Issuer        string           `json:"issuer,omitempty"`
	JWKS          string           `json:"jwks,omitempty"`
	Audiences     []string         `json:"audiences,omitempty"`
	TokenUse      string           `json:"tokenUse,omitempty"`
	Algorithms    []string         `json:"algorithms,omitempty"`
	Leeway        gateway.Duration `json:"leeway,omitzero"`
	SubjectClaim  string           `json:"subjectClaim,omitempty"`
	SubjectPrefix string           `json:"subjectPrefix,omitempty"`
}

// Cognito is a user pool.
type Cognito struct {
	Region  string   `json:"region"`
	Pool    string   `json:"pool"`
	Use     string   `json:"use"`
	Clients []string `json:"clients"`
}

// Key is an API key. SHA256 is the hash of its secret, in hexadecimal digits; Subject is ID when empty.
type Key struct {
	ID      string         `json:"id"`
	Subject string         `json:"subject,omitempty"`
	SHA256  string         `json:"sha256"`
	Expires time.Time      `json:"expires,omitzero"`
	Claims  map[string]any `json:"claims,omitempty"`
}

// Certificates say which client certificates are believed; see identity.CertificateRules.
type Certificates struct {
	Subject       string   `json:"subject"`
	Issuers       []string `json:"issuers"`
	SubjectPrefix string   `json:"subjectPrefix,omitempty"`
}

// Decide says what decides; just one of its parts is given.
type Decide struct {
	Snapshot *Snapshot `json:"snapshot,omitempty"`
	Server   *Server   `json:"server,omitempty"`
	Permit   *Permit   `json:"permit,omitempty"`
}

// Snapshot is a file that `writ policy export` has made.
type Snapshot struct {
	// File is beside the configuration file.
	File string `json:"file,omitempty"`
	// S3 is s3://BUCKET/KEY. It needs SHA256.
	S3 string `json:"s3,omitempty"`
	// SHA256 is the file's name, in hexadecimal digits. A file that is another one is not used.
	SHA256 string `json:"sha256,omitempty"`
}

// Server is a Writ server.
type Server struct {
	URL string `json:"url"`
	Key Secret `json:"key"`
	// Environment is PROJECT/ENVIRONMENT; empty for that of the key.
	Environment string `json:"environment,omitempty"`
	// Retries is how often a question is sent again; nil is 1.
	Retries *int `json:"retries,omitempty"`
}

// Permit is a PDP that speaks Permit's wire.
type Permit struct {
	URL   string `json:"url"`
	Token Secret `json:"token"`
	// Retries is how often a question is sent again; nil is 1.
	Retries *int `json:"retries,omitempty"`
	// Tenant is meant where a route names none; empty is "default".
	Tenant string `json:"tenant,omitempty"`
}

// Secret says where a secret is. It never stands in the file itself.
type Secret struct {
	// Env is the name of an environment variable.
	Env string `json:"env,omitempty"`
	// Secret is the ARN or the name of a secret of Secrets Manager.
	Secret string `json:"secret,omitempty"`
	// Field is the member that is meant where the secret is a JSON object.
	Field string `json:"field,omitempty"`
}

// The environment variables that take the place of values that are known only when a function is deployed.
const (
	envConfig    = "WRIT_AUTHORIZER_CONFIG"
	envSnapshot  = "WRIT_SNAPSHOT"        // a file, or s3://BUCKET/KEY
	envSHA256    = "WRIT_SNAPSHOT_SHA256" // of that
	envServer    = "WRIT_SERVER_URL"
	envPermit    = "WRIT_PERMIT_URL"
	envIssuer    = "WRIT_ISSUER"
	envJWKS      = "WRIT_JWKS"
	envAudiences = "WRIT_AUDIENCES" // separated by commas
)

// override puts the values of the environment into the configuration. One that has no place there is an error: whoever
// sets it wants it to count.
func (c *Config) override(getenv func(string) string) error {
	for _, one := range []struct {
		name, needs string
		place       bool
		put         func(string)
	}{
		{envSnapshot, "decide.snapshot", c.Decide.Snapshot != nil, func(v string) {
			c.Decide.Snapshot.File, c.Decide.Snapshot.S3, c.Decide.Snapshot.SHA256 = v, "", ""
			if strings.HasPrefix(v, "s3://") {
				c.Decide.Snapshot.File, c.Decide.Snapshot.S3 = "", v
			}
		}},
		{envSHA256, "decide.snapshot", c.Decide.Snapshot != nil, func(v string) { c.Decide.Snapshot.SHA256 = v }},
		{envServer, "decide.server", c.Decide.Server != nil, func(v string) { c.Decide.Server.URL = v }},
		{envPermit, "decide.permit", c.Decide.Permit != nil, func(v string) { c.Decide.Permit.URL = v }},
		{envIssuer, "identity.issuers with one issuer", c.oneIssuer(), func(v string) { c.Identity.Issuers[0].Issuer = v }},
		{envJWKS, "identity.issuers with one issuer", c.oneIssuer(), func(v string) { c.Identity.Issuers[0].JWKS = v }},
		{envAudiences, "identity.issuers with one issuer", c.oneIssuer(), func(v string) { c.Identity.Issuers[0].Audiences = splitList(v) }},
	} {
		v := getenv(one.name)
		switch {
		case v == "":
		case !one.place:
			return writ.Errorf(writ.CodeInvalid, "the environment variable %s is set, and the configuration has no %s that it could stand for", one.name, one.needs)
		default:
			one.put(v)
		}
	}
	return nil
}

// oneIssuer says whether there is an issuer that variables can mean. A user pool says all of it itself.
func (c *Config) oneIssuer() bool {
	return len(c.Identity.Issuers) == 1 && c.Identity.Issuers[0].Cognito == nil
}

func splitList(text string) []string {
	list := strings.Split(text, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}
