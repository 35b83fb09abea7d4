package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cover"
	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/roles/tcbase"
)

// tcReport is the role that tc would have made for an entity, and both counted.
type tcReport struct {
	Role   string          `json:"role"`
	Policy json.RawMessage `json:"policy"`
	Trust  json.RawMessage `json:"trust"`
	TC     cover.Figures   `json:"tc"`
	Writ   cover.Figures   `json:"writ"`
	// Unsure says what is not known of tc's role.
	Unsure string `json:"unsure,omitempty"`
}

// addTC puts tc's role beside each of ours.
func addTC(r *rolesReport, s *system, account inventory.Account, variables map[string]string) error {
	v := tcbase.Vars{Sandbox: s.sandbox, Account: account.ID, Region: account.Region, AssetBucket: variables["ASSET_BUCKET"]}
	for i := range r.Roles {
		role := &r.Roles[i]
		kind := tcKind(role.Kind)
		policy := tcbase.Policy(kind, v)
		document, err := parsed(string(policy), "tc's policy")
		if err != nil {
			return err
		}
		trust, err := parsed(string(tcbase.Trust()), "tc's trust policy")
		if err != nil {
			return err
		}
		own := &iam.Document{Version: iam.Version2012}
		for _, statement := range role.Statements {
			if statement.Drift == notDeployed {
				continue
			}
			own.Statements = append(own.Statements, statement.Statement)
		}
		role.TC = &tcReport{
			Role: tcbase.RoleName(kind, s.sandbox), Policy: policy, Trust: tcbase.Trust(),
			Unsure: tcbase.Unsure(kind),
			TC:     cover.Count(trust, document), Writ: cover.Count(&iam.Document{Statements: role.trust}, own),
		}
	}
	return nil
}

// tcKind is the kind whose role an entity has with tc: schedules borrow that of
// events; channels have none, and what acts for them is counted as a mutation.
func tcKind(kind string) string {
	switch kind {
	case "schedule":
		return "event"
	case "channel":
		return "mutation"
	}
	return kind
}

// tc writes the two roles as figures.
func (t *rolesText) tc(r *tcReport) {
	if r == nil {
		return
	}
	t.field("tc", fmt.Sprintf("%s: %s", oneLine(r.Role), figures(r.TC)))
	if r.Unsure != "" {
		t.field("", t.st.faint(r.Unsure))
	}
	t.field("writ", figures(r.Writ))
}

func figures(f cover.Figures) string {
	text := fmt.Sprintf("%s, %d on *, %d with wildcards, %s, taken on by %s",
		counted(f.Statements, "statement"), f.Any, f.Patterns, counted(f.Actions, "action"), counted(len(f.Services), "service"))
	if len(f.Unreal) > 0 {
		text += fmt.Sprintf(", %s that AWS does not have (%s)", counted(len(f.Unreal), "action"), oneLine(strings.Join(f.Unreal, ", ")))
	}
	return text
}

// total adds up what --tc counted: tc has one role for a kind, however many
// entities run as it.
func (t *rolesText) total(r *rolesReport) {
	var tc, own cover.Figures
	var seen []string
	for _, role := range r.Roles {
		if role.TC == nil {
			return
		}
		own = sum(own, role.TC.Writ)
		if !slices.Contains(seen, role.TC.Role) {
			seen = append(seen, role.TC.Role)
			tc = sum(tc, role.TC.TC)
		}
	}
	if len(r.Roles) == 0 {
		return
	}
	t.line("")
	t.line("%s", t.st.bold(fmt.Sprintf("tc -> writ: roles %d -> %d, statements %d -> %d, resources that are * %d -> %d, services that roles trust %d -> %d",
		len(seen), len(r.Roles), tc.Statements, own.Statements, tc.Any, own.Any, len(tc.Services), len(own.Services))))
}

func sum(a, b cover.Figures) cover.Figures {
	a.Statements, a.Any, a.Patterns, a.Actions = a.Statements+b.Statements, a.Any+b.Any, a.Patterns+b.Patterns, a.Actions+b.Actions
	a.Services = slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Services, b.Services))))
	return a
}
