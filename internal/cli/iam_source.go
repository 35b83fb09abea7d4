package cli

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/synth"
)

// sourceFlags say where principals and resources come from: a topology,
// CloudFormation templates, what AWS tells of an account.
type sourceFlags struct {
	templates, parameters    []string
	details                  string
	sandbox, account, region string
}

func (f *sourceFlags) register(cmd *cobra.Command, sandbox string) {
	flags := cmd.Flags()
	flags.StringVarP(&f.sandbox, "sandbox", "s", sandbox, "the sandbox of the topology in DIR")
	flags.StringArrayVar(&f.templates, "template", nil, "a CloudFormation template instead of a topology, or beside one; may be repeated")
	flags.StringArrayVar(&f.parameters, "parameter", nil, "a parameter of the templates, NAME=VALUE (default: theirs)")
	flags.StringVar(&f.details, "account-details", "", "a file with what 'aws iam get-account-authorization-details' prints: the users and roles of an account with all their policies")
	flags.StringVar(&f.account, "account", "", "the account that all is in (default: as in the ARNs or the details given, else the local cloud's)")
	flags.StringVar(&f.region, "region", "", "the region that all is in (default: as in the ARNs given, else the local cloud's)")
}

// any reports whether something but a topology is given.
func (f *sourceFlags) any() bool { return len(f.templates) > 0 || f.details != "" }

func (f *sourceFlags) check() error {
	if len(f.parameters) > 0 && len(f.templates) == 0 {
		return writ.Errorf(writ.CodeUsage, "--parameter is for --template, which is missing")
	}
	return checkAccount("--account", f.account)
}

// load takes the inventory of all that is given; topology says whether dir is.
func (f *sourceFlags) load(ctx context.Context, sh *shell, dir string, topology bool, account inventory.Account) (*world, error) {
	w := &world{edges: map[statementPlace][]synth.Provenance{}}
	r := &policyReader{stdin: sh.stdin}
	var details *inventory.Inventory
	if f.details != "" {
		text, name, err := r.read(f.details, inventory.MaxDetails)
		if err != nil {
			return nil, err
		}
		given := account
		if f.account == "" {
			given.ID, given.Partition = "", ""
		}
		if details, err = inventory.ReadDetails(text, name, given); err != nil {
			return nil, err
		}
		if details.Account.ID == "" {
			details.Account.ID = account.ID
		}
		account = details.Account
	}
	var stacks []inventory.Stack
	if topology {
		systems, err := sh.sketch(ctx, dir, f.sandbox, localEnv)
		if err != nil {
			return nil, err
		}
		w.systems = systems
		for _, s := range systems {
			stacks = append(stacks, inventory.Stack{Name: s.stack, Template: s.output.Template, Where: w.provenance(s.output)})
		}
	}
	for _, file := range f.templates {
		stack, err := f.template(r, file)
		if err != nil {
			return nil, err
		}
		stacks = append(stacks, stack)
	}
	var err error
	if w.inv, err = inventory.Read(account, stacks...); err == nil && details != nil {
		w.inv = inventory.Joined(w.inv, details)
	}
	return w, err
}

// template reads a template; its stack is called like the file, for the names
// that CloudFormation makes up.
func (f *sourceFlags) template(r *policyReader, file string) (inventory.Stack, error) {
	text, name, err := r.read(file, cfn.MaxSize)
	if err != nil {
		return inventory.Stack{}, err
	}
	t, err := cfn.Parse(text, name)
	if err == nil && t.Resources() == nil {
		err = writ.Errorf(writ.CodeInvalid, "%s is no CloudFormation template: it has no Resources", name)
	}
	if err != nil {
		return inventory.Stack{}, err
	}
	stack := inventory.Stack{Name: strings.SplitN(filepath.Base(name), ".", 2)[0], Template: t, Parameters: map[string]string{}}
	if file == "-" {
		stack.Name = "stack"
	}
	for _, pair := range f.parameters {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return inventory.Stack{}, writ.Errorf(writ.CodeUsage, "--parameter %s is not of the form NAME=VALUE", pair)
		}
		if declared := t.Section("Parameters"); declared != nil && holds(declared, key) {
			stack.Parameters[key] = value
		}
	}
	return stack, nil
}
