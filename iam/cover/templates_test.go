package cover_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cover"
	"github.com/writ-dev/writ/iam/inventory"
)

// principals reads the roles of every template that synth's own tests make.
func principals(t *testing.T) map[string][]*inventory.Principal {
	t.Helper()
	files, err := filepath.Glob("../../synth/testdata/*/template.json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]*inventory.Principal{}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		template, err := cfn.Parse(src, file)
		if err != nil {
			t.Fatal(err)
		}
		inv, err := inventory.Read(inventory.Account{ID: "111122223333", Region: "us-east-1"}, inventory.Stack{Name: "app", Template: template})
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(filepath.Dir(file))] = inv.Principals
	}
	return all
}

func needsOf(p *inventory.Principal) []cover.Need {
	var needs []cover.Need
	for _, policy := range p.Identity {
		for _, m := range policy.Statements() {
			needs = append(needs, cover.Need{Statement: *m.Source(), Edges: []string{m.Rule()}, Position: m.Position})
		}
	}
	return needs
}

// held are statements of these templates that another one of the role holds whole.
var held = []string{
	"MachineRuns",        // by MachineWait
	"EventSentc16bc82b",  // by BusOffice
	"ImportChargeViaURL", // by ImportCharge
	"ImportPaid",         // by ImportOffice
}

// TestARoleCoversItself: what a derived role is for, it may do, and no more;
// without one of its statements, that one is found missing.
func TestARoleCoversItself(t *testing.T) {
	t.Parallel()
	roles, statements := 0, 0
	for name, list := range principals(t) {
		for _, p := range list {
			needs := needsOf(p)
			if len(needs) == 0 {
				continue
			}
			roles++
			given := cover.Given{Policies: &iam.Policies{Identity: p.Identity, Boundary: p.Boundary}, Caller: p.Caller().Principal}
			r := cover.Check(needs, given)
			for _, m := range r.Missing {
				t.Errorf("%s: %s: missing %s", name, p.Name, m)
			}
			for _, u := range r.Unknown {
				t.Errorf("%s: %s: unknown %s", name, p.Name, u)
			}
			for _, e := range r.Excess {
				t.Errorf("%s: %s: %s: unneeded %s, wider %v, cannot tell %s, unreal %q", name, p.Name, e.Sid, e.Unneeded, e.Wider, e.CannotTell, e.Unreal)
			}
			for i := range needs {
				statements++
				if sid := needs[i].Statement.Sid; without(t, needs, i, given) != slices.Contains(held, sid) {
					t.Errorf("%s: %s: statement %s is missed: %v", name, p.Name, sid, slices.Contains(held, sid))
				}
			}
		}
	}
	t.Logf("%d roles, %d statements", roles, statements)
	if roles == 0 || statements < roles {
		t.Error("the test looks at nothing")
	}
}

// without reports whether a role that lacks one statement is said to suffice.
func without(t *testing.T, needs []cover.Need, lacking int, given cover.Given) bool {
	t.Helper()
	doc := &iam.Document{Version: iam.Version2012}
	for i, n := range needs {
		if i != lacking {
			doc.Statements = append(doc.Statements, n.Statement)
		}
	}
	given.Policies = &iam.Policies{Identity: []*iam.Policy{iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity, Name: "less"})}}
	r := cover.Check(needs, given)
	return r.OK()
}
