package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/internal/authorizer"
	"github.com/writ-dev/writ/internal/bundle"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
	"github.com/writ-dev/writ/topology/guard"
)

// snapshotFile is the policy's place in the function's zip.
const snapshotFile = "policy.frozen"

// lentKey is the variable that holds the key which `writ up` lends to authorizers.
const lentKey = "WRIT_API_KEY"

// heard is the policy of a topology as the questions of routes see it.
type heard struct {
	names server.ModelNames
	model *authz.Model
}

func (h heard) ReadsContext(resourceType, action string) bool {
	return h.model.ReadsContext(resourceType, action)
}

func (h heard) Types() []string {
	var all []string
	for _, t := range h.names {
		if len(t.Actions) > 0 || len(t.Relations) > 0 && !t.ActionsOnly {
			all = append(all, t.Name)
		}
	}
	return all
}

// Subjects are all types: whoever has no action may still have a role.
func (h heard) Subjects() []string {
	var all []string
	for _, t := range h.names {
		if t.Name != authz.TenantType { // which no caller is
			all = append(all, t.Name)
		}
	}
	return all
}

func (h heard) Actions(resourceType string) []string {
	i := slices.IndexFunc(h.names, func(t server.TypeNames) bool { return t.Name == resourceType })
	switch {
	case i < 0:
		return nil
	case h.names[i].ActionsOnly:
		return h.names[i].Actions
	}
	return append(slices.Clone(h.names[i].Actions), h.names[i].Relations...)
}

// policyOf is the policy that a topology's authorizers ask: its own, else that of the root, which is the one that is served.
func policyOf(s *system) *topology.Section {
	return cmp.Or(s.topology.Policy, s.root.Policy)
}

// readGuards finds what stands before the routes of a system, and holds what they ask against the policy.
func readGuards(s *system) (*guard.Set, error) {
	var words guard.Words
	if section := policyOf(s); section != nil && len(s.topology.Authorizers) > 0 {
		p, err := readPolicySection(section)
		if err != nil {
			return nil, err
		}
		words = heard{server.NamesOf(p.model), p.model}
	}
	guards, err := guard.Read(s.topology, words)
	if err != nil || policyOf(s) != nil {
		return guards, err
	}
	for _, g := range guards.Guards {
		if asksServer(g.Authorizer) {
			guards.Notes = append(guards.Notes, guard.Note{
				Kind: "authorizer", Name: g.Authorizer.Name, Pos: g.Authorizer.Decide.Pos,
				Why: "the topology has no policy, so that `writ up` serves none: on this machine it lets nobody in",
			})
		}
	}
	return guards, nil
}

// authorizerSources adds the code of the declared authorizers: Writ's own, with the configuration and the policy beside it.
func (sh *shell) authorizerSources(ctx context.Context, o order, s *system) error {
	for _, g := range s.guards.Guards {
		source := bundle.Source{Name: g.Authorizer.Name, Language: topology.LanguageGo, Position: g.Authorizer.Pos}
		beside, err := authorizerFiles(s, g, o.where)
		if err != nil {
			return err
		}
		source.Beside = beside
		if o.hash == nil { // else the code is not looked at
			if source.Dir, err = authorizerCode(ctx, s.root.Dir, releaseHint); err != nil {
				return placed(err, g.Authorizer.Pos)
			}
		}
		s.sources = append(s.sources, source)
	}
	return nil
}

// authorizerFiles are authorizer.json and the policy. They have nothing of this machine in them, so that the asset has one
// name everywhere.
func authorizerFiles(s *system, g *guard.Guard, where cloudKind) ([]bundle.File, error) {
	c := authorizer.Config{Gateway: g.Config}
	for _, i := range g.Authorizer.Identity {
		c.Identity.Issuers = append(c.Identity.Issuers, tokenIssuer(i))
	}
	files := []bundle.File{}
	d := g.Authorizer.Decide
	switch {
	case d.Kind == topology.DecidePermit:
		c.Decide.Permit = &authorizer.Permit{Token: secretOf(s, d.Secret)}
	case d.Kind == topology.DecideSnapshot:
		c.Decide.Snapshot = &authorizer.Snapshot{}
		if d.URL == "" {
			data, err := freeze(s.topology)
			if err != nil {
				return nil, err
			}
			c.Decide.Snapshot.File = snapshotFile
			c.Decide.Snapshot.SHA256 = frozen.Name(data)
			files = append(files, bundle.File{Name: snapshotFile, Data: data})
		}
	case where == onLocalCloud || d.Secret == "":
		c.Decide.Server = &authorizer.Server{Key: authorizer.Secret{Env: lentKey}}
	default:
		c.Decide.Server = &authorizer.Server{Key: secretOf(s, d.Secret)}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(c); err != nil {
		return nil, writ.Errorf(writ.CodeInternal, "write the configuration of authorizer %s: %w", g.Authorizer.Name, err)
	}
	return append(files, bundle.File{Name: "authorizer.json", Data: text.Bytes()}), nil
}

// tokenIssuer is an identity as the function has it; that of a pool is in its environment.
func tokenIssuer(i topology.TokenIssuer) authorizer.Issuer {
	made := authorizer.Issuer{
		Issuer: i.Issuer, JWKS: i.JWKS, Audiences: i.Audiences, TokenUse: i.Use, SubjectPrefix: i.SubjectPrefix,
	}
	switch {
	case i.Cognito != "":
		made.Algorithms = []string{"RS256"}
	case i.JWKS == "":
		made.JWKS = strings.TrimSuffix(i.Issuer, "/") + "/.well-known/jwks.json"
	}
	return made
}

// secretOf is a secret of the topology by its AWS name.
func secretOf(s *system, name string) authorizer.Secret {
	for _, secret := range s.topology.Secrets {
		if secret.Name == name && secret.External != "" {
			return authorizer.Secret{Secret: secret.External}
		}
	}
	return authorizer.Secret{Secret: synth.EntityName(s.topology, topology.KindSecret, name, s.sandbox)}
}

// freeze writes the policy of a topology, with the facts beside it, into one file.
func freeze(t *topology.Topology) ([]byte, error) {
	// Rules know their places, and those are to be the same wherever the directory is.
	at := t.Policy.Pos
	if below, err := filepath.Rel(t.Dir, filepath.FromSlash(at.File)); err == nil {
		at.File = filepath.ToSlash(below)
	}
	read, err := parsePolicyIn(filepath.Dir(filepath.FromSlash(t.Policy.Pos.File)), []byte(t.Policy.YAML), at)
	if err != nil {
		return nil, err
	}
	p, err := startOf(read, at)
	if err != nil {
		return nil, err
	}
	snapshot, err := p.snapshot()
	if err != nil {
		return nil, err
	}
	source := p.source
	if source.Text, err = withoutSecrets(source.Format, source.Text); err != nil {
		return nil, err
	}
	return frozen.Write(frozen.State{Source: source, Snapshot: snapshot})
}

// asksServer reports whether an authorizer asks a Writ server.
func asksServer(a *topology.Authorizer) bool {
	return a.Decide.Kind == "" || a.Decide.Kind == topology.DecideServer
}

var _ guard.Words = heard{}
