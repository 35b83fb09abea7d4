package cli

import (
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ/iam"
)

// policyFlags are the policies that come from files.
type policyFlags struct {
	identity, scps, rcps                  []string
	boundary, session, resource, endpoint string
	blockPublicAccess                     bool
}

func (f *policyFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.identity, "policy", nil, "an identity policy in a `FILE`; may be repeated")
	flags.StringVar(&f.session, "session", "", "a session policy in a `FILE`")
	flags.StringVar(&f.resource, "resource-policy", "", "the resource's own policy in a `FILE` (trust or key policy, where the action says so)")
	flags.StringVar(&f.boundary, "boundary", "", "the permissions boundary in a `FILE`")
	f.registerGuards(cmd)
}

// registerGuards registers the policies that can only limit.
func (f *policyFlags) registerGuards(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.scps, "scp", nil, "a service control policy in a `FILE`; repeated, each is one level, the root first (FullAWSAccess stands beside one that allows nothing)")
	flags.StringArrayVar(&f.rcps, "rcp", nil, "a resource control policy in a `FILE`; repeated, each is one level (RCPFullAWSAccess stands beside it)")
	flags.StringVar(&f.endpoint, "endpoint-policy", "", "the policy in a `FILE` of the VPC endpoint that the call goes through")
	flags.BoolVar(&f.blockPublicAccess, "block-public-access", false, "S3's Block Public Access (RestrictPublicBuckets) is on for the bucket")
}

// filePolicies are the policies of the flags, read once.
type filePolicies struct {
	identity                              []*iam.Policy
	scps, rcps                            [][]*iam.Policy
	boundary, session, resource, endpoint *iam.Policy
	blockPublicAccess                     bool
	// doubts are names in the service control policies that AWS does not have.
	doubts []string
}

func (f *policyFlags) read(stdin io.Reader, action, resource string) (*filePolicies, error) {
	r := &policyReader{stdin: stdin}
	out := &filePolicies{blockPublicAccess: f.blockPublicAccess}
	for _, file := range f.identity {
		policy, _, err := r.load(file, iam.TypeIdentity)
		if err != nil {
			return nil, err
		}
		out.identity = append(out.identity, policy)
	}
	for _, file := range f.scps {
		level, err := r.scp(file)
		if err != nil {
			return nil, err
		}
		out.scps = append(out.scps, level.policies)
		for i := range level.doubts {
			out.doubts = append(out.doubts, doubtText(&level.doubts[i]))
		}
	}
	for _, file := range f.rcps {
		policy, _, err := r.load(file, iam.TypeRCP)
		if err != nil {
			return nil, err
		}
		out.rcps = append(out.rcps, []*iam.Policy{policy, iam.FullAWSAccess(iam.TypeRCP)})
	}
	for _, one := range []struct {
		file string
		kind iam.PolicyType
		to   **iam.Policy
	}{
		{f.boundary, iam.TypeBoundary, &out.boundary},
		{f.session, iam.TypeSession, &out.session},
		{f.resource, iam.ResourcePolicyType(action, resource), &out.resource},
		{f.endpoint, iam.TypeEndpoint, &out.endpoint},
	} {
		if one.file == "" {
			continue
		}
		policy, _, err := r.load(one.file, one.kind)
		if err != nil {
			return nil, err
		}
		*one.to = policy
	}
	return out, nil
}

// into adds the policies to those of a question.
func (f *filePolicies) into(p *iam.Policies) {
	p.Identity = append(slices.Clip(p.Identity), f.identity...)
	if f.boundary != nil {
		p.Boundary = f.boundary
	}
	if f.session != nil {
		p.Session = []*iam.Policy{f.session}
	}
	f.guard(p)
	if f.resource != nil {
		p.Resource = f.resource
	}
}

// guard adds what limits every caller.
func (f *filePolicies) guard(p *iam.Policies) {
	p.SCPs = append(slices.Clip(p.SCPs), f.scps...)
	p.RCPs = append(slices.Clip(p.RCPs), f.rcps...)
	if f.endpoint != nil {
		p.Endpoint = f.endpoint
	}
	p.BlockPublicAccess = p.BlockPublicAccess || f.blockPublicAccess
}
