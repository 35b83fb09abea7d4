package cli

import (
	"context"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/internal/bundle"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
	"github.com/writ-dev/writ/topology/guard"
)

// assetBucket is where code goes, in the account and region of the deploy.
const assetBucket = "writ-assets-${AWS::AccountId}-${AWS::Region}"

// system is one namespace, ready to be deployed.
type system struct {
	topology *topology.Topology
	// root is the topology that the tree of this one starts at.
	root     *topology.Topology
	sandbox  string
	stack    string
	sources  []bundle.Source
	assets   map[string]synth.Asset
	output   *synth.Output
	template []byte
	roles    settled
	// guards is what stands before the routes.
	guards *guard.Set
}

// sandboxName keeps sandboxes apart in every deployed name.
var sandboxName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

func checkSandbox(name string) error {
	if sandboxName.MatchString(name) {
		return nil
	}
	return writ.Errorf(writ.CodeUsage, "%q cannot be the name of a sandbox", name).
		WithHint("it takes letters, digits, - and _, such as -s dev")
}

// cloudKind is where a template is to be deployed: the local cloud has not every
// service, and what needs one that it lacks is left out.
type cloudKind int

const (
	onAWS cloudKind = iota
	onLocalCloud
)

// order says which system is wanted, and for what.
type order struct {
	dir, sandbox string
	// profile is what {{env}} stands for.
	profile string
	where   cloudKind
	roles   roleFlags
	// account is where the sandbox is, for how it was made; nil when there is none
	// to ask.
	account *awscloud.Account
	// hash gives the hash of a function's code; nil looks at the code.
	hash hasher
}

// hasher gives the hash of a function's code.
type hasher func(context.Context, bundle.Source) (string, error)

// load is loadSystems for a command that says so when it takes its time.
func (sh *shell) load(ctx context.Context, o order) ([]*system, error) {
	done := working(sh.stderr, style{sh.colorErr}, "reading "+o.dir)
	systems, err := sh.loadSystems(ctx, o)
	done()
	for _, s := range systems {
		showRoles(sh.stderr, style{sh.colorErr}, s)
	}
	return systems, err
}

// sketch is load for questions about permissions: code is neither looked at nor
// built, and the template names none.
func (sh *shell) sketch(ctx context.Context, dir, sandbox, profile string) ([]*system, error) {
	return sh.load(ctx, order{dir: dir, sandbox: sandbox, profile: profile, where: onAWS, hash: noCode})
}

func noCode(context.Context, bundle.Source) (string, error) { return strings.Repeat("0", 64), nil }

// loadSystems reads the topology of a directory and synthesises it and its
// nested topologies, the root first.
func (sh *shell) loadSystems(ctx context.Context, o order) ([]*system, error) {
	if err := checkSandbox(o.sandbox); err != nil {
		return nil, err
	}
	t, err := topology.Load(o.dir)
	if err != nil {
		return nil, err
	}
	var systems []*system
	var empty []synth.Skipped
	existing := map[string]bool{}
	var outputs []*synth.Output
	nodes := flatten(t)
	for _, node := range nodes {
		s := &system{topology: node, root: t, sandbox: o.sandbox, stack: synth.StackName(node, o.sandbox), assets: map[string]synth.Asset{}}
		if s.roles, err = sh.settle(ctx, o, node, t); err != nil {
			return nil, err
		}
		if err := existingRoles(ctx, o.account, s.roles.set, existing); err != nil {
			return nil, err
		}
		if err := sh.synthesise(ctx, o, s, existing, len(nodes) > 1); err != nil {
			return nil, err
		}
		if s.output.Template == nil {
			empty = append(empty, synth.Skipped{Kind: "topology", Name: node.Name, Pos: node.Pos, Why: "it holds nothing to deploy, and has no stack"})
			continue
		}
		systems, outputs = append(systems, s), append(outputs, s.output)
	}
	if len(systems) == 0 {
		return nil, writ.Errorf(writ.CodeInvalid, "%s and the topologies below it hold nothing to deploy", t.Name).
			WithHint("add a function or a store to one of them").At(t.Pos, "")
	}
	first := systems[0].output
	first.Skipped = append(first.Skipped, empty...)
	return systems, synth.Distinct(outputs)
}

func flatten(t *topology.Topology) []*topology.Topology {
	all := []*topology.Topology{t}
	for _, node := range t.Nodes {
		all = append(all, flatten(node)...)
	}
	return all
}

func (sh *shell) synthesise(ctx context.Context, o order, s *system, existing map[string]bool, mayBeEmpty bool) error {
	t := s.topology
	for _, f := range t.Functions {
		if f.Runtime.Provider != "" {
			continue // not Lambda's
		}
		if f.Authorizer != nil {
			continue // its code is Writ's own
		}
		s.sources = append(s.sources, bundle.Source{
			Name: f.Name, Dir: filepath.Join(t.Dir, f.Root), Language: f.Runtime.Language, Position: f.Pos,
			Text: f.Code, File: f.CodeFile(),
		})
	}
	guards, err := readGuards(s)
	if err != nil {
		return err
	}
	s.guards = guards
	if err := sh.authorizerSources(ctx, o, s); err != nil {
		return err
	}
	hash := o.hash
	if hash == nil {
		hash = bundle.Hash
	}
	hashes := make([]string, len(s.sources))
	err = eachSource(s.sources, func(i int, source bundle.Source) (err error) {
		hashes[i], err = hash(ctx, source)
		return err
	})
	if err != nil {
		return err
	}
	for i, source := range s.sources {
		s.assets[source.Name] = synth.Asset{Bucket: assetBucket, Key: t.Name + "/" + source.Name + "/" + hashes[i] + ".zip"}
	}
	s.output, err = synth.Template(t, synth.Options{
		Sandbox: o.sandbox, Env: o.profile, Assets: s.assets, Local: o.where == onLocalCloud,
		Roles: s.roles.set, Existing: existing, Variables: sh.tcVariables(), MayBeEmpty: mayBeEmpty, Guards: s.guards,
	})
	if err != nil || s.output.Template == nil {
		return err
	}
	s.template, err = cfn.Format(s.output.Template.Root)
	return err
}

// tcVariables are the template variables that tc takes from its environment.
func (sh *shell) tcVariables() map[string]string {
	values := map[string]string{}
	for name, variable := range map[string]string{"ASSET_BUCKET": "TC_ASSET_BUCKET", "ASSET_ACCOUNT": "TC_ASSET_ACCOUNT", "repo": "TC_ECR_REPO"} {
		if value := sh.getenv(variable); value != "" {
			values[name] = value
		}
	}
	return values
}

// eachSource calls do for every source, as many at once as there are
// processors, and gives the first error in the order of the sources.
func eachSource(sources []bundle.Source, do func(int, bundle.Source) error) error {
	errs := make([]error, len(sources))
	slots := make(chan struct{}, runtime.NumCPU())
	var wg sync.WaitGroup
	for i, source := range sources {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = do(i, source)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
