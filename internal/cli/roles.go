package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

type rolesFlags struct {
	target targetFlags
	roles  roleFlags
	tc     bool
	// deployed shows what the account has instead of what the topology says.
	deployed bool
	format   string
}

func newRoles(sh *shell) *cobra.Command {
	var f rolesFlags
	cmd := &cobra.Command{
		Use:   "roles [DIR]",
		Short: "Show every role: who takes it on, its statements and the edge that each comes from",
		Long: `Shows the roles that the topology in DIR gets in a sandbox: who may take each on,
what it may do, and for each statement the edge of the topology (file:line) or the
line of the role file that it comes from. Roles that exist already are looked up
where the sandbox is (the local cloud that runs in DIR, or the profile of -e): each
edge is tried against them, and what they lack and what they have beyond need is
listed. --deployed reads all roles back from there and marks what differs from the
topology. --tc puts the role that tc would have made beside ours.

Ends with status 1 where a role that exists already is not there, cannot be taken on,
or does not allow an edge, and with --deployed where something is not as the topology
says. What a role file does not allow is listed and is no failure.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(f.format); err != nil {
				return err
			}
			return f.run(cmd.Context(), sh, dirArg(args))
		},
	}
	f.target.register(cmd)
	f.roles.register(cmd)
	cmd.Flags().BoolVar(&f.deployed, "deployed", false, "show the roles as they are deployed, and mark what is not as the topology says")
	cmd.Flags().BoolVar(&f.tc, "tc", false, "put the role that tc would have made beside each, and count the difference")
	formatFlag(cmd, &f.format)
	return cmd
}

func (f *rolesFlags) run(ctx context.Context, sh *shell, dir string) error {
	account := inventory.Account{ID: localcloud.DefaultAccount, Region: localcloud.DefaultRegion}
	o := order{dir: dir, where: onAWS, profile: f.target.env(), roles: f.roles, hash: noCode}
	// Without a cloud the question is about the topology alone.
	opened, err := f.target.open(ctx, dir)
	if err != nil && (f.target.profile != "" || writ.CodeOf(err) != writ.CodeNotFound) {
		return err
	}
	if opened == nil && f.deployed {
		return err
	}
	if f.deployed && f.target.profile == "" {
		o.where = onLocalCloud // what is not run there is not missing there
	}
	o.sandbox = f.target.sandbox
	if opened != nil {
		identity, err := opened.Identity(ctx)
		if err != nil {
			return err
		}
		o.account, account = opened, cloudAccount(opened, identity)
		if f.deployed { // what this cloud does not run is not missing in it
			o.where = f.target.cloud()
		}
	}
	systems, err := sh.load(ctx, o)
	if err != nil {
		return err
	}
	var reports []*rolesReport
	failed := false
	for _, s := range systems {
		var physical map[string]string
		if f.deployed {
			if physical, err = madeUpIDs(ctx, opened, s); err != nil {
				return err
			}
		}
		r, err := sh.reportRoles(ctx, o, s, account, physical)
		if err == nil {
			err = r.readBack(ctx, opened, f.deployed)
		}
		if err == nil && f.tc { // after the rights of roles that exist were read
			err = addTC(r, s, account, sh.tcVariables())
		}
		if err != nil {
			return err
		}
		failed = failed || r.fails()
		reports = append(reports, r)
	}
	if f.format == "json" {
		err = writeJSON(sh.stdout, reports)
	} else {
		err = writeRoles(sh.stdout, style{sh.colorOut}, reports)
	}
	if err == nil && failed {
		return exitError(1)
	}
	return err
}

// rolesReport is what `writ roles --format json` prints for each namespace.
type rolesReport struct {
	Namespace string       `json:"namespace"`
	Sandbox   string       `json:"sandbox"`
	Mode      string       `json:"mode"`
	Way       string       `json:"way,omitempty"`
	From      string       `json:"from"`
	Roles     []roleReport `json:"roles"`
	// Findings are about roles whose rights do not come from the edges alone.
	Findings []roleFinding `json:"findings"`
}

// roleReport is one role.
type roleReport struct {
	Kind   string `json:"kind"`
	Name   string `json:"name,omitempty"`
	Role   string `json:"role"`
	Source string `json:"source"`
	File   string `json:"file,omitempty"`
	// Service is who takes it on; Trust its trust policy, nil for a role that is
	// not made here and was not looked up.
	Service    string            `json:"service"`
	Trust      json.RawMessage   `json:"trust,omitempty"`
	Statements []statementReport `json:"statements"`
	// Boundary bounds what the statements allow.
	Boundary []statementReport `json:"boundary,omitempty"`
	TC       *tcReport         `json:"tc,omitempty"`
	// Drift is what else is not as the topology says.
	Drift []string `json:"drift,omitempty"`

	trust []iam.Statement
}

// statementReport is one statement and where it comes from.
type statementReport struct {
	Policy    string        `json:"policy"`
	Statement iam.Statement `json:"statement"`
	Edges     []edgeReport  `json:"edges,omitempty"`
	// Drift says how the deployed statement differs from the declared one.
	Drift string `json:"drift,omitempty"`

	imported string // the topology's name for the import that it is of
	// literal: its document has a version in which ${...} is no variable.
	literal bool
}

type edgeReport struct {
	Edge     string        `json:"edge"`
	Position writ.Position `json:"position,omitzero"`
}

// readBack looks at the roles that the account has: all, or those that are not
// made here.
func (r *rolesReport) readBack(ctx context.Context, account *awscloud.Account, all bool) error {
	if account == nil {
		return nil
	}
	for i := range r.Roles {
		if role := &r.Roles[i]; all || role.trust == nil {
			if err := role.readBack(ctx, account); err != nil {
				return err
			}
		}
	}
	return nil
}

// fails reports whether something is not as it has to be.
func (r *rolesReport) fails() bool {
	drifted := func(s statementReport) bool { return s.Drift != "" }
	for _, role := range r.Roles {
		if role.Drift != nil || slices.ContainsFunc(role.Statements, drifted) || slices.ContainsFunc(role.Boundary, drifted) {
			return true
		}
	}
	return slices.ContainsFunc(r.Findings, func(f roleFinding) bool { return f.Fails })
}

// reportRoles looks at the roles of one namespace; physical are the ids that AWS
// made up, where they are known.
func (sh *shell) reportRoles(ctx context.Context, o order, s *system, account inventory.Account, physical map[string]string) (*rolesReport, error) {
	settings := s.roles.set.Settings
	r := &rolesReport{Namespace: s.topology.Name, Sandbox: s.sandbox, Mode: string(settings.Mode), From: s.roles.from, Roles: []roleReport{}, Findings: []roleFinding{}}
	if strings.Contains(settings.String(), "(") {
		r.Way = string(settings.Way)
	}
	w := &world{edges: map[statementPlace][]synth.Provenance{}}
	inv, err := inventory.Read(account, inventory.Stack{Name: s.stack, Template: s.output.Template, Physical: physical, Where: w.provenance(s.output)})
	if err != nil {
		return nil, err
	}
	for _, role := range s.output.Roles {
		r.Roles = append(r.Roles, reportRole(s.output, inv, role))
	}
	slices.SortStableFunc(r.Roles, func(a, b roleReport) int { // functions first: they are what people ask about
		return cmp.Compare(kindRank(a.Kind), kindRank(b.Kind))
	})
	found, err := sh.examine(ctx, o, s, account)
	r.Findings = append(r.Findings, found...)
	return r, err
}

func kindRank(kind string) int {
	if kind == string(topology.KindFunction) {
		return 0
	}
	return 1
}

func reportRole(out *synth.Output, inv *inventory.Inventory, role synth.Role) roleReport {
	r := roleReport{
		Kind: string(role.Kind), Name: role.Name, Role: role.RoleName, Service: role.Service, Source: string(role.Choice.Source),
		Statements: []statementReport{},
	}
	if role.Choice.File != nil {
		r.File = role.Choice.File.Path
	}
	p := inv.Principal(role.RoleName)
	if role.LogicalID == "" || p == nil {
		return r
	}
	if p.Trust != nil {
		r.trust = sources(p.Trust)
		r.Trust, _ = (&iam.Document{Version: iam.Version2012, Statements: r.trust}).MarshalJSON() // statements always encode
	}
	policies := policyIDs(out, role.LogicalID)
	for _, policy := range p.Identity {
		r.Statements = append(r.Statements, reportStatements(out, policies[policy.Origin.Name], policy)...)
	}
	if p.Boundary != nil {
		id := ""
		if resource, ok := out.Template.Resource(role.LogicalID); ok {
			id = resource.Properties.Object("PermissionsBoundary").Text("Ref")
		}
		r.Boundary = reportStatements(out, id, p.Boundary)
	}
	return r
}

// policyIDs gives the logical ids of a role's policies by their names.
func policyIDs(out *synth.Output, roleID string) map[string]string {
	ids := map[string]string{}
	for id := range out.Template.Resources().All() {
		resource, ok := out.Template.Resource(id)
		if !ok || resource.Type != "AWS::IAM::Policy" {
			continue
		}
		for _, r := range resource.Properties.List("Roles") {
			if name, argument, ok := cfn.Intrinsic(r); ok && name == "Ref" && argument == roleID {
				ids[resource.Properties.Text("PolicyName")] = id
			}
		}
	}
	return ids
}

// sources gives the statements of a policy as they were written.
func sources(p *iam.Policy) []iam.Statement {
	var all []iam.Statement
	for _, m := range p.Statements() {
		all = append(all, *m.Source())
	}
	return all
}

func reportStatements(out *synth.Output, policyID string, policy *iam.Policy) []statementReport {
	var all []statementReport
	for i, m := range policy.Statements() {
		s := statementReport{Policy: policy.Origin.Name, Statement: *m.Source(), literal: m.Version() != iam.Version2012}
		for _, p := range out.Statements {
			e := edgeReport{p.Edge, p.Position}
			if p.Policy == policyID && p.Index == i && !slices.Contains(s.Edges, e) {
				s.Edges, s.imported = append(s.Edges, e), p.Import
			}
		}
		all = append(all, s)
	}
	return all
}
