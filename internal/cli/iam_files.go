package cli

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
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
	flags.StringArrayVar(&f.identity, "policy", nil, "a file with an identity policy; may be repeated")
	flags.StringVar(&f.session, "session", "", "a file with a session policy")
	flags.StringVar(&f.resource, "resource-policy", "", "a file with the resource's own policy (trust or key policy, where the action says so)")
	flags.StringVar(&f.boundary, "boundary", "", "a file with the permissions boundary")
	f.registerGuards(cmd)
}

// registerGuards registers the policies that can only limit.
func (f *policyFlags) registerGuards(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.scps, "scp", nil, "a file with a service control policy, each a level of its own; FullAWSAccess stands beside one that allows nothing")
	flags.StringArrayVar(&f.rcps, "rcp", nil, "a file with a resource control policy, each a level of its own; RCPFullAWSAccess stands beside it")
	flags.StringVar(&f.endpoint, "endpoint-policy", "", "a file with the policy of the VPC endpoint that the call goes through")
	flags.BoolVar(&f.blockPublicAccess, "block-public-access", false, "S3's Block Public Access (RestrictPublicBuckets) is on for the bucket")
}

// maxPolicyFile bounds what is read of a file; the largest policy of AWS has 20 KB.
const maxPolicyFile = iam.MaxDocumentSize

// policyReader reads policies of files, one of which may be standard input.
type policyReader struct {
	stdin io.Reader
	used  bool
}

// read gives a file's text and its name for messages; "-" is standard input.
func (r *policyReader) read(file string, most int64) (text []byte, name string, err error) {
	in := r.stdin
	if name = file; file == "-" {
		if name = "standard input"; r.used {
			return nil, name, writ.Errorf(writ.CodeUsage, "standard input can be read only once")
		}
		r.used = true
	} else {
		f, err := os.Open(file)
		if err != nil {
			return nil, name, writ.Errorf(writ.CodeNotFound, "read the policy: %w", err)
		}
		defer f.Close() // only read
		in = f
	}
	text, err = io.ReadAll(io.LimitReader(in, most+1))
	switch {
	case err != nil:
		return nil, name, writ.Errorf(writ.CodeNotFound, "read the policy: %w", err)
	case int64(len(text)) > most:
		return nil, name, writ.Errorf(writ.CodeTooLarge, "%s has more than %d bytes: it is no policy", name, most)
	}
	return text, name, nil
}

// load reads, validates and compiles a file: a document, or what the AWS CLI
// prints around one.
func (r *policyReader) load(file string, t iam.PolicyType) (*iam.Policy, *iam.Document, error) {
	text, name, err := r.read(file, maxPolicyFile)
	if err != nil {
		return nil, nil, err
	}
	doc, err := iam.Unwrap(text).Parse()
	if err == nil {
		err = doc.Validate(t)
	}
	if err != nil {
		return nil, nil, inPolicyFile(err, name, text)
	}
	for i := range doc.Statements {
		doc.Statements[i].Position.File = name
	}
	return iam.Compile(doc, iam.Origin{Type: t, Name: name}), doc, nil
}

// inPolicyFile gives an error in a policy's text the file and the line.
func inPolicyFile(err error, file string, text []byte) error {
	var known *writ.Error
	if !errors.As(err, &known) {
		return err
	}
	known.Position.File = file
	if known.Source == "" && known.Position.Line > 0 {
		lines := strings.SplitN(string(text), "\n", known.Position.Line+1)
		if line := known.Position.Line - 1; line < len(lines) && len(lines[line]) <= 400 {
			known.Source = lines[line]
		}
	}
	return known
}

// filePolicies are the policies of the flags, read once.
type filePolicies struct {
	identity                              []*iam.Policy
	scps, rcps                            [][]*iam.Policy
	boundary, session, resource, endpoint *iam.Policy
	blockPublicAccess                     bool
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
		policy, doc, err := r.load(file, iam.TypeSCP)
		if err != nil {
			return nil, err
		}
		level := []*iam.Policy{policy}
		if !slices.ContainsFunc(doc.Statements, func(s iam.Statement) bool { return s.Effect == iam.Allow }) {
			level = append(level, iam.FullAWSAccess(iam.TypeSCP))
		}
		out.scps = append(out.scps, level)
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
		{f.resource, resourcePolicyType(action, resource), &out.resource},
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
