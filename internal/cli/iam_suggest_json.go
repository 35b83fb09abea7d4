package cli

import (
	"io"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/observe"
	"github.com/writ-dev/writ/synth"
)

// suggestionJSON is what `writ iam suggest --format json` prints.
type suggestionJSON struct {
	Function   string          `json:"function,omitempty"`
	Sandbox    string          `json:"sandbox,omitempty"`
	Role       string          `json:"role"`
	Observed   observedJSON    `json:"observed"`
	Grants     []grantJSON     `json:"grants"`
	Add        *writ.Fix       `json:"add,omitempty"`
	Statements []iam.Statement `json:"statements"`
	General    []generalJSON   `json:"general,omitempty"`
	Inexact    []inexactJSON   `json:"inexact,omitempty"`
	Unused     []unusedJSON    `json:"unused"`
	Denied     []deniedJSON    `json:"denied"`
}

type observedJSON struct {
	Since   time.Time `json:"since"`
	Seconds int64     `json:"seconds"`
	Calls   int64     `json:"calls"`
	Denied  int64     `json:"denied"`
	// Distinct is the number of different calls.
	Distinct int       `json:"distinct"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	// Little says why too little was seen to take anything away.
	Little  string `json:"little,omitempty"`
	Dropped int64  `json:"dropped,omitempty"`
}

type edgeJSON struct {
	Kind     string        `json:"kind"`
	Name     string        `json:"name"`
	Access   string        `json:"access"`
	Position writ.Position `json:"position,omitzero"`
}

type usedJSON struct {
	Action string `json:"action"`
	Count  int64  `json:"count"`
}

type grantJSON struct {
	edgeJSON
	Granted bool       `json:"granted"`
	Instead *edgeJSON  `json:"instead,omitempty"`
	Used    []usedJSON `json:"used"`
}

type generalJSON struct {
	Action    string `json:"action"`
	Pattern   string `json:"pattern"`
	Resources int    `json:"resources"`
	// Applied says that the pattern stands in the statements.
	Applied bool `json:"applied"`
}

type inexactJSON struct {
	Action   string `json:"action"`
	Resource string `json:"resource,omitempty"`
	Count    int64  `json:"count"`
}

type unusedJSON struct {
	edgeJSON
	Used   []usedJSON `json:"used"`
	Unused []string   `json:"unused"`
	// Enough are the verbs that would do in its place.
	Enough []string `json:"enough,omitempty"`
	Spare  bool     `json:"spare"`
}

type deniedJSON struct {
	Action         string           `json:"action"`
	Resource       string           `json:"resource,omitempty"`
	Count          int64            `json:"count"`
	Verdict        iam.Verdict      `json:"verdict"`
	BlockedBy      []iam.PolicyType `json:"blockedBy"`
	NewlyAllowedBy *edgeJSON        `json:"newlyAllowedBy,omitempty"`
	Granted        bool             `json:"granted,omitempty"`
	Needs          *edgeJSON        `json:"needs,omitempty"`
}

func toEdgeJSON(e *observe.Edge) *edgeJSON {
	if e == nil {
		return nil
	}
	return &edgeJSON{e.Kind, e.Name, e.Access, e.Position}
}

func toUsedJSON(used []observe.Used) []usedJSON {
	list := []usedJSON{}
	for _, u := range used {
		list = append(list, usedJSON(u))
	}
	return list
}

// writeJSON prints the suggestion for a program.
func (a *advice) writeJSON(w io.Writer) error {
	out := suggestionJSON{
		Role: a.role, Grants: []grantJSON{}, Statements: []iam.Statement{}, Unused: []unusedJSON{}, Denied: []deniedJSON{},
		Observed: observedJSON{
			Since: a.record.Since, Seconds: int64(a.record.Watched / time.Second), Calls: a.Allowed + a.Denied, Denied: a.Denied,
			Distinct: a.Distinct, First: a.First, Last: a.Last, Little: a.little(), Dropped: a.record.Dropped,
		},
	}
	if a.topology != nil {
		out.Function, out.Sandbox = a.function, a.sandbox
	}
	for _, use := range a.Edges {
		out.Grants = append(out.Grants, grantJSON{*toEdgeJSON(&use.Edge), use.Granted, toEdgeJSON(use.Instead), toUsedJSON(use.Used)})
	}
	if added := a.added(); len(added) > 0 {
		fix := synth.GrantLines(a.topology, a.function, added)
		out.Add = &fix
	}
	out.Statements = append(out.Statements, a.statements...)
	for _, g := range a.general {
		out.General = append(out.General, generalJSON{g.Action, g.Pattern, g.Resources, a.generalise})
	}
	for _, o := range a.Inexact {
		out.Inexact = append(out.Inexact, inexactJSON{o.Action, o.Resource, o.Count})
	}
	for _, u := range a.Unused {
		row := unusedJSON{*toEdgeJSON(&u.Edge), toUsedJSON(u.Used), append([]string{}, u.Actions...), nil, u.Spare}
		for _, e := range u.Weaker {
			row.Enough = append(row.Enough, e.Access)
		}
		out.Unused = append(out.Unused, row)
	}
	for _, r := range a.Refused {
		out.Denied = append(out.Denied, deniedJSON{r.Action, r.Resource, r.Count, r.Verdict, r.BlockedBy, toEdgeJSON(r.NewlyAllowedBy), r.Granted, toEdgeJSON(r.Needs)})
	}
	return writeJSON(w, out)
}
