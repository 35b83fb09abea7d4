package iam

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/writ-dev/writ"
)

// Reasons gives the decision as data: first AWS's sentence with the fix when
// denied, then the statements that matched, then the nearest misses.
func (d Decision) Reasons(req *Request) []writ.Reason {
	if d.policies == nil {
		return nil
	}
	e := Explain(req, d.policies)
	var list []writ.Reason
	if d.Verdict != Allowed {
		first := writ.Reason{Layer: writ.LayerIAM, Effect: writ.EffectMissing, Message: d.Sentence(req), Fix: e.fix()}
		if d.Verdict == ExplicitlyDenied {
			first.Effect = writ.EffectDeny
		}
		list = append(list, first)
	}
	for _, m := range e.Matched {
		effect := writ.EffectAllow
		if m.Effect == Deny {
			effect = writ.EffectDeny
		}
		message := fmt.Sprintf("%s of %s %s", m.statementName(), m.Origin, verb(m.Effect))
		if m.Effect == Deny {
			for _, h := range m.Held(req) {
				message += "; " + h.String()
			}
		}
		list = append(list, writ.Reason{Layer: writ.LayerIAM, Effect: effect, Rule: m.Rule(), Position: m.Position, Message: message})
	}
	for _, m := range e.Misses {
		list = append(list, writ.Reason{Layer: writ.LayerIAM, Effect: writ.EffectMissing, Rule: m.Rule(), Position: m.Position, Message: m.String()})
	}
	return list
}

func verb(e Effect) string {
	if e == Deny {
		return "denies this"
	}
	return "allows this"
}

// fix is the missing statement as JSON text.
func (e *Explanation) fix() *writ.Fix {
	if e.Missing == nil {
		return nil
	}
	raw, err := json.MarshalIndent(e.Missing, "", "  ")
	if err != nil {
		return nil
	}
	return &writ.Fix{Summary: fmt.Sprintf("add this statement to %s", named(e.Where)), Lines: string(raw) + "\n"}
}

// Rule names the statement in a reason: "PolicyName/Sid", or for the first
// statement without one "PolicyName/0".
func (m Match) Rule() string {
	name := m.Origin.Name
	if name == "" {
		name = string(m.Origin.Type)
	}
	if m.Sid != "" {
		return name + "/" + m.Sid
	}
	return fmt.Sprintf("%s/%d", name, m.Statement)
}

func (m Match) statementName() string {
	if m.Sid != "" {
		return fmt.Sprintf("statement %d (%s)", m.Statement, m.Sid)
	}
	return fmt.Sprintf("statement %d", m.Statement)
}

// String describes the policy: `the identity policy "HelloDefaultPolicy"`.
func (o Origin) String() string {
	text := "the " + string(o.Type) + " policy"
	switch o.Type {
	case TypeBoundary:
		text = "the permissions boundary"
	case TypeSCP, TypeRCP:
		text = "the " + strings.ToUpper(string(o.Type))
	}
	if o.Name == "" {
		return text
	}
	return fmt.Sprintf("%s %q", text, o.Name)
}

// String says why a statement does not match: the elements that failed.
func (m Miss) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s would allow this but for ", m.statementName(), m.Origin)
	for i, f := range m.Failures {
		if i > 0 {
			b.WriteString(", and ")
		}
		b.WriteString(f.String())
	}
	return b.String()
}

// String says what was wanted and what was found.
func (f Failure) String() string {
	name := string(f.Element)
	if f.Not {
		name = "Not" + name
	}
	wanted := few(f.Wanted)
	if len(f.Resolved) > 0 {
		wanted = few(f.Resolved)
	}
	if f.Element != ElementCondition {
		return fmt.Sprintf("%s %s, which is not met by %s", name, wanted, few(f.Found))
	}
	found := few(f.Found)
	if len(f.Found) == 0 {
		found = "not in the request"
	}
	return fmt.Sprintf("the condition %s on %s: wanted %s, found %s", f.Operator, f.Key, wanted, found)
}

// few shows a list, cut short when it is long.
func few(values []string) string {
	const most = 4
	if len(values) == 0 {
		return "nobody"
	}
	shown := strings.Join(values[:min(len(values), most)], ", ")
	if len(values) > most {
		shown += fmt.Sprintf(", … (%d in all)", len(values))
	}
	return shown
}
