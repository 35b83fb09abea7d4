package cli

import (
	"context"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/internal/bundle"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// assetBucket is where code goes, in the account and region of the deploy.
const assetBucket = "writ-assets-${AWS::AccountId}-${AWS::Region}"

// system is one namespace, ready to be deployed.
type system struct {
	topology *topology.Topology
	sandbox  string
	stack    string
	sources  []bundle.Source
	assets   map[string]synth.Asset
	output   *synth.Output
	template []byte
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

// load is loadSystems for a command that says so when it takes its time.
func (sh *shell) load(ctx context.Context, dir, sandbox, profile string, where cloudKind) ([]*system, error) {
	defer working(sh.stderr, style{sh.colorErr}, "reading "+dir)()
	return loadSystems(ctx, dir, sandbox, profile, where)
}

// sketch is load for questions about permissions: code is neither looked at nor
// built, and the template names none.
func (sh *shell) sketch(ctx context.Context, dir, sandbox, profile string) ([]*system, error) {
	defer working(sh.stderr, style{sh.colorErr}, "reading "+dir)()
	noCode := func(context.Context, bundle.Source) (string, error) { return strings.Repeat("0", 64), nil }
	return loadSystemsWith(ctx, dir, sandbox, profile, onAWS, noCode)
}

// loadSystems reads the topology of dir and synthesises it and its nested
// topologies, the root first. profile is what {{env}} stands for.
func loadSystems(ctx context.Context, dir, sandbox, profile string, where cloudKind) ([]*system, error) {
	return loadSystemsWith(ctx, dir, sandbox, profile, where, bundle.Hash)
}

// hasher gives the hash of a function's code.
type hasher func(context.Context, bundle.Source) (string, error)

func loadSystemsWith(ctx context.Context, dir, sandbox, profile string, where cloudKind, hash hasher) ([]*system, error) {
	if err := checkSandbox(sandbox); err != nil {
		return nil, err
	}
	t, err := topology.Load(dir)
	if err != nil {
		return nil, err
	}
	var systems []*system
	var outputs []*synth.Output
	for _, node := range flatten(t) {
		s, err := synthesise(ctx, node, sandbox, profile, where, hash)
		if err != nil {
			return nil, err
		}
		systems, outputs = append(systems, s), append(outputs, s.output)
	}
	return systems, synth.Distinct(outputs)
}

func flatten(t *topology.Topology) []*topology.Topology {
	all := []*topology.Topology{t}
	for _, node := range t.Nodes {
		all = append(all, flatten(node)...)
	}
	return all
}

func synthesise(ctx context.Context, t *topology.Topology, sandbox, profile string, where cloudKind, hash hasher) (*system, error) {
	s := &system{topology: t, sandbox: sandbox, stack: synth.StackName(t, sandbox), assets: map[string]synth.Asset{}}
	for _, f := range t.Functions {
		s.sources = append(s.sources, bundle.Source{
			Name: f.Name, Dir: filepath.Join(t.Dir, f.Root), Language: f.Runtime.Language, Position: f.Pos,
		})
	}
	hashes := make([]string, len(s.sources))
	err := eachSource(s.sources, func(i int, source bundle.Source) (err error) {
		hashes[i], err = hash(ctx, source)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, source := range s.sources {
		s.assets[source.Name] = synth.Asset{Bucket: assetBucket, Key: t.Name + "/" + source.Name + "/" + hashes[i] + ".zip"}
	}
	if s.output, err = synth.Template(t, synth.Options{Sandbox: sandbox, Env: profile, Assets: s.assets, Local: where == onLocalCloud}); err != nil {
		return nil, err
	}
	s.template, err = cfn.Format(s.output.Template.Root)
	return s, err
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
