package cli

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// world is a sandbox as IAM sees it, with the topology that it comes from.
type world struct {
	systems []*system
	inv     *inventory.Inventory
	// edges are the edges that each statement comes from.
	edges map[statementPlace][]synth.Provenance
}

// statementPlace tells statements apart: by the line they come from, and their
// number in their policy.
type statementPlace struct {
	position  writ.Position
	statement int
}

// provenance gives the places of a template's statements in the topology.
func (w *world) provenance(out *synth.Output) func(string, int) writ.Position {
	type key struct {
		policy    string
		statement int
	}
	first := map[key]writ.Position{}
	for _, p := range append(slices.Clone(out.Statements), out.Permissions...) {
		k := key{p.Policy, p.Index}
		if _, there := first[k]; !there {
			first[k] = p.Position
		}
		place := statementPlace{first[k], p.Index}
		w.edges[place] = append(w.edges[place], p)
	}
	return func(policy string, statement int) writ.Position { return first[key{policy, statement}] }
}

// edgesOf gives the edges that a statement comes from, as text. A function's
// policy is put together of permissions, which are each the first of their own.
func (w *world) edgesOf(m iam.Match) []string {
	if w == nil || m.Position.IsZero() {
		return nil
	}
	found := w.edges[statementPlace{m.Position, m.Statement}]
	if len(found) == 0 && m.Origin.Type == iam.TypeResource {
		found = w.edges[statementPlace{m.Position, 0}]
	}
	var texts []string
	for _, p := range found {
		if !slices.Contains(texts, p.Edge) {
			texts = append(texts, p.Edge)
		}
	}
	return texts
}

// functionName gives the topology's name of a function that is deployed.
func (w *world) functionName(f *inventory.Function) string {
	if w == nil || f == nil {
		return ""
	}
	for _, s := range w.systems {
		for _, have := range s.topology.Functions {
			if synth.FunctionName(s.topology, have.Name, s.sandbox) == f.Name {
				return have.Name
			}
		}
	}
	return f.Name
}

// caller finds who is meant: a function of the topology, a role, an ARN, a
// service, "anonymous".
func (w *world) caller(name string) (inventory.Caller, error) {
	var found []*inventory.Function
	var known []string
	for _, s := range w.systems {
		for _, f := range s.topology.Functions {
			if f.Runtime.Provider != "" {
				continue // no role of ours
			}
			known = append(known, f.Name)
			if name == f.Name || name == s.topology.Name+"/"+f.Name {
				found = append(found, w.inv.Function(synth.FunctionName(s.topology, f.Name, s.sandbox)))
			}
		}
	}
	if len(found) > 1 {
		return inventory.Caller{}, writ.Errorf(writ.CodeUsage, "several topologies have a function %s", name).
			WithHint("write NAMESPACE/%s", name)
	}
	if len(found) == 0 {
		for _, f := range w.inv.Functions {
			if f.Name == name || f.ARN == name || f.LogicalID == name {
				found = append(found, f)
			}
			known = append(known, f.LogicalID)
		}
	}
	if len(found) == 1 {
		if c, ok := found[0].Run(); ok {
			return c, nil
		}
	}
	roles, acting := w.acting(name)
	if len(roles) > 1 {
		return inventory.Caller{}, writ.Errorf(writ.CodeUsage, "%s is %d roles", name, len(roles)).
			WithHint("write the role's name: %s or %s", roles[0].Name, roles[1].Name)
	}
	if len(roles) == 1 {
		return roles[0].Caller(), nil
	}
	known = append(known, acting...)
	if p := w.principal(name); p != nil {
		c := p.Caller()
		if parsed := iam.ParsePrincipal(name); parsed.Kind == iam.PrincipalSession {
			c.ARN = name
			c.Function = sessionFunction(p, name)
		}
		return c, nil
	}
	parsed := iam.ParsePrincipal(name)
	elsewhere := parsed.Account != "" && parsed.Account != w.inv.Account.ID
	if parsed.Kind == iam.PrincipalService || parsed.Kind == iam.PrincipalAnonymous || parsed.Kind == iam.PrincipalRoot || elsewhere {
		return inventory.Caller{Principal: parsed}, nil
	}
	for _, p := range w.inv.Principals {
		known = append(known, p.Name)
	}
	return inventory.Caller{}, unknownName("function, role or user", name, known)
}

// principal finds a role or user by its name, its ARN, that of a session of
// it, or its logical id in a template.
func (w *world) principal(name string) *inventory.Principal {
	if p := w.inv.Principal(name); p != nil {
		return p
	}
	for _, p := range w.inv.Principals {
		if p.LogicalID == name && name != "" {
			return p
		}
	}
	return nil
}

// sessionFunction is the function whose session an ARN is.
func sessionFunction(p *inventory.Principal, arn string) *inventory.Function {
	for _, f := range p.Functions {
		if strings.HasSuffix(arn, "/"+f.Name) {
			return f
		}
	}
	return nil
}

func unknownName(kind, name string, known []string) error {
	err := writ.Errorf(writ.CodeNotFound, "there is no %s %q here", kind, name)
	if near := writ.Nearest(name, known); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	slices.Sort(known)
	known = slices.DeleteFunc(slices.Compact(known), func(s string) bool { return s == "" })
	const most = 20
	if more := len(known) - most; more > 0 {
		known = append(known[:most], fmt.Sprintf("and %d more", more))
	}
	return err.WithHint("there are %s", strings.Join(known, ", "))
}

var arnText = regexp.MustCompile(`^arn:[^:]*:[^:]*:[^:]*:[^:]*:.`)

// resource finds what is meant: an ARN, "*", or a function or store of the
// topology, with what follows it in the ARN: "files/photos/1.png", "hits/index/byDay".
func (w *world) resource(name, action string) (string, error) {
	if name == "*" || arnText.MatchString(name) {
		return name, nil
	}
	var known, found []string
	base, rest, inside := strings.Cut(name, "/")
	if inside {
		rest = "/" + rest
	}
	service, _, _ := strings.Cut(strings.ToLower(action), ":")
	for _, s := range w.systems {
		for _, f := range s.topology.Functions {
			if f.Runtime.Provider != "" {
				continue
			}
			known = append(known, f.Name)
			if f.Name == name && (service == "lambda" || !hasStore(s.topology, name)) {
				found = append(found, w.arnOf(synth.FunctionName(s.topology, f.Name, s.sandbox), "AWS::Lambda::Function"))
			}
		}
		for _, store := range s.topology.Stores {
			known = append(known, store.Name)
			if service == "lambda" {
				continue
			}
			for _, candidate := range [][2]string{{name, ""}, {base, rest}} {
				if store.Name == candidate[0] {
					found = append(found, w.storeARN(s, store)+candidate[1])
					break
				}
			}
		}
	}
	found = append(found, w.entityARN(name)...)
	if len(found) == 0 {
		found, known = w.held(name, base, rest, known)
	}
	found = slices.DeleteFunc(found, func(arn string) bool { return !strings.HasPrefix(arn, "arn:") })
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", unknownName("function, store or resource", name, known)
	}
	return "", writ.Errorf(writ.CodeUsage, "%q can be %s", name, strings.Join(found, " or ")).WithHint("write the ARN that you mean")
}

// held finds resources and roles of templates by name or logical id.
func (w *world) held(name, base, rest string, known []string) (found, all []string) {
	add := func(e inventory.Entity) {
		known = append(known, e.LogicalID)
		switch {
		case e.Name == name || e.LogicalID == name:
			found = append(found, e.ARN)
		case e.Name == base || e.LogicalID == base:
			found = append(found, e.ARN+rest)
		}
	}
	for _, r := range w.inv.Resources {
		add(r.Entity)
	}
	for _, p := range w.inv.Principals {
		add(p.Entity)
	}
	return found, known
}

func hasStore(t *topology.Topology, name string) bool {
	return slices.ContainsFunc(t.Stores, func(s *topology.Store) bool { return s.Name == name })
}

// arnOf gives the ARN of a resource by its deployed name.
func (w *world) arnOf(name, resourceType string) string {
	for _, r := range w.inv.Resources {
		if r.Name == name && r.Type == resourceType {
			return r.ARN
		}
	}
	return ""
}

func (w *world) storeARN(s *system, store *topology.Store) string {
	if store.Kind == topology.StoreBucket {
		return w.arnOf(synth.BucketName(s.topology, store.Name, s.sandbox)+"-"+w.inv.Account.ID+"-"+w.inv.Account.Region, "AWS::S3::Bucket")
	}
	return w.arnOf(synth.TableName(s.topology, store.Name, s.sandbox), "AWS::DynamoDB::Table")
}

// fix gives the lines of the topology that would allow a denied call; granted
// says that it allows it already.
func (w *world) fix(c inventory.Caller, action, resource string) (fix *writ.Fix) {
	if w == nil || c.Entity == nil {
		return nil
	}
	for _, s := range w.systems {
		if f, ok := synth.Fix(s.topology, s.sandbox, c.Entity.Name, action, resource); ok {
			return &f
		}
	}
	return nil
}

// accountOf settles the account and region that a sandbox is looked at in: as
// the flags say, else as the caller's or the resource's ARN does, else the
// local cloud's.
func accountOf(account, region, principal, resource string) inventory.Account {
	out := inventory.Account{ID: localcloud.DefaultAccount, Region: localcloud.DefaultRegion}
	for _, arn := range []string{resource, principal} {
		parts := strings.SplitN(arn, ":", 6)
		if len(parts) != 6 || parts[0] != "arn" {
			continue
		}
		if len(parts[4]) == 12 {
			out.ID, out.Partition = parts[4], parts[1]
		}
		if parts[3] != "" {
			out.Region = parts[3]
		}
	}
	if account != "" {
		out.ID = account
	}
	if region != "" {
		out.Region = region
	}
	return out
}

// shortPath gives a path of the user's file as it is shown.
func shortPath(p writ.Position) string {
	if p.File != "" {
		p.File = filepath.Clean(p.File)
	}
	return oneLine(p.String())
}
