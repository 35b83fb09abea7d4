package authorizer

import (
	"context"
	"fmt"
	neturl "net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/authz/gateway/permitpdp"
	"github.com/writ-dev/writ/authz/openfga"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/authz/schema/urlmap"
	"github.com/writ-dev/writ/internal/cleartext"
	"github.com/writ-dev/writ/server/client"
)

// source is what decides.
type source struct {
	check   writ.Checker
	mapping gateway.Mapping
	about   string
}

var (
	hexText         = regexp.MustCompile(`^[0-9a-f]{64}$`)
	environmentText = regexp.MustCompile(`^[^/\s?#]+/[^/\s?#]+$`)
)

func index(path string, n int) string { return path + "[" + strconv.Itoa(n) + "]" }

// check finds what is missing or contradicts itself.
func (c *Decide) check(d *document) error {
	switch {
	case c.Snapshot != nil:
		return c.Snapshot.check(d)
	case c.Server != nil:
		if c.Server.Environment != "" && !environmentText.MatchString(c.Server.Environment) {
			return d.fail(d.at("decide.server.environment"), "%q is not written project/environment", c.Server.Environment)
		}
		return checkAsked(d, "decide.server", c.Server.URL, envServer, "key", c.Server.Key, c.Server.Retries)
	}
	return checkAsked(d, "decide.permit", c.Permit.URL, envPermit, "token", c.Permit.Token, c.Permit.Retries)
}

func (s *Snapshot) check(d *document) error {
	const path = "decide.snapshot"
	switch {
	case s.File == "" && s.S3 == "" && d.later != nil:
		return d.missing(path, "file", envSnapshot)
	case (s.File == "") == (s.S3 == ""):
		return d.fail(d.at(path), "a snapshot is a file or in S3, and just one of the two").WithHint(`give it "file" or "s3", or set %s`, envSnapshot)
	case s.SHA256 != "" && !hexText.MatchString(s.SHA256):
		return d.fail(d.at(path+".sha256"), "this is no SHA-256: 64 hexadecimal digits, in lower case").
			WithHint("`writ policy export` prints it")
	case s.S3 != "" && s.SHA256 == "" && d.later != nil:
		return d.missing(path, "sha256", envSHA256)
	case s.S3 != "" && s.SHA256 == "":
		return d.fail(d.at(path), "a snapshot in S3 needs its sha256: who may write the bucket must not decide").
			WithHint("`writ policy export` prints it; it may also be in %s", envSHA256)
	case s.S3 != "":
		if _, _, err := splitS3(s.S3); err != nil {
			return d.placed(err, path+".s3")
		}
	}
	return nil
}

// checkAsked checks what a server and a PDP have in common.
func checkAsked(d *document, path, url, variable, named string, s Secret, retries *int) error {
	switch {
	case (s.Env == "") == (s.Secret == ""):
		return d.fail(d.at(path+"."+named), `%s.%s says where the secret is: {"env": NAME} or {"secret": ARN}`, path, named)
	case s.Field != "" && s.Secret == "":
		return d.fail(d.at(path+"."+named), "only a secret of Secrets Manager has a field")
	case retries != nil && (*retries < 0 || *retries > 10):
		return d.fail(d.at(path+".retries"), "a question is sent again 0 to 10 times, not %d", *retries)
	case url == "":
		return d.missing(path, "url", variable)
	}
	if u, err := neturl.Parse(url); err == nil && cleartext.Exposed(u) {
		return d.fail(d.at(path+".url"), "the secret would go to %s in the clear", u.Host).WithHint("write the address with https://")
	}
	return nil
}

// open makes the source ready to decide.
func (c *Decide) open(ctx context.Context, d *document, s Surroundings) (source, error) {
	var made source
	var err error
	path := "decide.permit"
	switch {
	case c.Snapshot != nil:
		path = "decide.snapshot"
		made, err = c.Snapshot.open(ctx, filepath.Dir(d.file), s)
	case c.Server != nil:
		path = "decide.server"
		made, err = c.Server.open(ctx, s)
	default:
		made, err = c.Permit.open(ctx, s)
	}
	if err != nil {
		return source{}, d.placed(err, path)
	}
	return made, nil
}

// ParseModel reads the model of a snapshot, of either format.
func ParseModel(s authz.Source) (environment.Document, error) {
	switch s.Format {
	case "policy":
		return schema.Parse([]byte(s.Text))
	case "openfga":
		return openfga.ParseStored(s.Text)
	}
	return nil, writ.Errorf(writ.CodeInvalid, "the model of the snapshot is in the format %q, which this version does not know", s.Format)
}

func (s *Snapshot) open(ctx context.Context, dir string, around Surroundings) (source, error) {
	file, name, err := s.read(ctx, dir, around)
	if err != nil {
		return source{}, err
	}
	sum := frozen.Name(file)
	if s.SHA256 != "" && sum != s.SHA256 {
		return source{}, writ.Errorf(writ.CodeInvalid, "%s has the SHA-256 %s, and wanted is %s", name, sum, s.SHA256).
			WithHint("it is another snapshot, or was changed: it is not used")
	}
	state, err := frozen.Read(file, ParseModel)
	if err != nil {
		return source{}, writ.Errorf(writ.CodeOf(err), "%s: %w", name, err)
	}
	tuples, records := state.Snapshot.Count()
	made := source{
		check: &local{state, around.Now},
		about: fmt.Sprintf("snapshot %s, revision %d, %d tuples, %d records", sum, state.Revision, tuples, records),
	}
	if p, ok := state.Document.(*schema.Schema); ok {
		made.mapping = urlmap.Rules{Policy: p}
	}
	return made, nil
}

// read gives the bytes and how messages name them.
func (s *Snapshot) read(ctx context.Context, dir string, around Surroundings) (file []byte, name string, err error) {
	if s.S3 != "" {
		file, err = fetchSnapshot(ctx, s.S3, s.SHA256, around)
		return file, s.S3, err
	}
	path := s.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, path, writ.Errorf(writ.CodeNotFound, "the snapshot %s is not there", path).WithHint("`writ policy export` makes one")
	case info.Size() > frozen.MaxSize:
		return nil, path, writ.Errorf(writ.CodeTooLarge, "the snapshot %s has %d bytes, more than the %d that are read", path, info.Size(), frozen.MaxSize)
	}
	if file, err = os.ReadFile(path); err != nil {
		return nil, path, writ.Errorf(writ.CodeExternal, "the snapshot cannot be read: %w", err)
	}
	return file, path, nil
}

// local decides in this process.
type local struct {
	frozen.State
	now func() time.Time
}

// Check implements [writ.Checker].
func (l *local) Check(_ context.Context, r writ.Request) (writ.Decision, error) {
	d, err := l.Snapshot.Check(&authz.Query{Request: r, Now: l.now()})
	if err != nil {
		return writ.Decision{}, err
	}
	if l.Revision > 0 {
		d.Revision = strconv.FormatUint(l.Revision, 10)
	}
	return d, nil
}

// Roles implements [gateway.Roles]: the roles that the subject was given in the tenant and that count without a request.
func (l *local) Roles(_ context.Context, subject writ.Subject, tenant string) (names []string, err error) {
	model := l.Snapshot.Model()
	if tenant == "" {
		tenant = model.DefaultTenant
	}
	// By the subject: a tenant may have very many.
	filter := authz.TupleFilter{
		Object:  authz.Entity{Type: authz.TenantType},
		Subject: authz.Holder{Entity: authz.Entity{Type: subject.Type, ID: subject.ID}},
	}
	l.Snapshot.Tuples(filter, func(t authz.Tuple) bool {
		live := t.Expires.IsZero() || l.now().Before(t.Expires)
		if t.Object.ID == tenant && t.Subject.Relation == "" && t.Condition == "" && live {
			names = append(names, t.Relation)
		}
		return true
	})
	return names, nil
}

// CheckAll implements [gateway.Batch].
func (l *local) CheckAll(ctx context.Context, requests []writ.Request) ([]writ.Decision, error) {
	all := make([]writ.Decision, len(requests))
	for i := range requests {
		if err := ctx.Err(); err != nil {
			return nil, writ.Errorf(writ.CodeCancelled, "%d of %d questions are answered: %w", i, len(requests), err)
		}
		var err error
		if all[i], err = l.Check(ctx, requests[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func retries(n *int) int {
	if n == nil {
		return 1
	}
	return *n
}

// mostAsked bounds a question where the gateway does not: it bounds sooner.
const mostAsked = 10 * time.Second

func (c *Server) open(ctx context.Context, s Surroundings) (source, error) {
	key, err := c.Key.read(ctx, s)
	if err != nil {
		return source{}, err
	}
	url := strings.TrimRight(c.URL, "/")
	if c.Environment != "" {
		url += "/environments/" + c.Environment
	}
	n := retries(c.Retries)
	if n == 0 {
		n = -1 // as the client writes none
	}
	asked, err := client.New(client.Config{URL: url, Key: key, HTTP: noRedirects(s.Transport), Timeout: mostAsked, Retries: n})
	if err != nil {
		return source{}, err
	}
	return source{check: &remote{asked}, about: "the Writ server at " + url}, nil
}

// remote asks a Writ server.
type remote struct{ *client.Client }

// CheckAll implements [gateway.Batch].
func (r *remote) CheckAll(ctx context.Context, requests []writ.Request) ([]writ.Decision, error) {
	results, err := r.Client.CheckAll(ctx, requests)
	if err != nil {
		return nil, err
	}
	all := make([]writ.Decision, len(results))
	for i, one := range results {
		if one.Err != nil {
			return nil, one.Err
		}
		all[i] = one.Decision
	}
	return all, nil
}

func (c *Permit) open(ctx context.Context, s Surroundings) (source, error) {
	token, err := c.Token.read(ctx, s)
	if err != nil {
		return source{}, err
	}
	p, err := permitpdp.New(permitpdp.Config{
		URL: c.URL, Token: token, Transport: s.Transport, Timeout: mostAsked, Retries: retries(c.Retries), Tenant: c.Tenant, Now: s.Now,
	})
	if err != nil {
		return source{}, err
	}
	return source{check: p, about: "the PDP at " + c.URL}, nil
}
