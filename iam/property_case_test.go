package iam_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/internal/oracle"
)

// policies compiles the documents.
func (s situation) policies() *iam.Policies { return compiler{}.policies(s) }

// compiler remembers what it has compiled, for situations that share documents.
type compiler map[*iam.Document]*iam.Policy

func (c compiler) policies(s situation) *iam.Policies {
	w := s.world
	p := &iam.Policies{
		Identity: c.all(iam.TypeIdentity, w.Identity), Resource: c.one(w.ResourceKind, w.Resource, ""),
		Boundary: c.one(iam.TypeBoundary, w.Boundary, ""), Session: c.all(iam.TypeSession, w.Session),
		Endpoint: c.one(iam.TypeEndpoint, w.Endpoint, ""), BlockPublicAccess: w.BlockPublicAccess,
	}
	for _, level := range w.SCPs {
		p.SCPs = append(p.SCPs, c.all(iam.TypeSCP, level))
	}
	for _, level := range w.RCPs {
		p.RCPs = append(p.RCPs, append(c.all(iam.TypeRCP, level), iam.FullAWSAccess(iam.TypeRCP)))
	}
	return p
}

func (c compiler) all(kind iam.PolicyType, docs []*iam.Document) []*iam.Policy {
	var list []*iam.Policy
	for i, doc := range docs {
		list = append(list, c.one(kind, doc, fmt.Sprint(i)))
	}
	return list
}

func (c compiler) one(kind iam.PolicyType, doc *iam.Document, number string) *iam.Policy {
	if doc == nil {
		return nil
	}
	if c[doc] == nil {
		c[doc] = iam.Compile(doc, iam.Origin{Type: kind, Name: string(kind) + number})
	}
	return c[doc]
}

// each gives every document with its kind, and puts back what edit makes of it;
// nil takes the document away.
func (s situation) each(edit func(kind iam.PolicyType, doc *iam.Document) *iam.Document) situation {
	list := func(kind iam.PolicyType, docs []*iam.Document) []*iam.Document {
		var out []*iam.Document
		for _, doc := range docs {
			if doc = edit(kind, doc); doc != nil {
				out = append(out, doc)
			}
		}
		return out
	}
	one := func(kind iam.PolicyType, doc *iam.Document) *iam.Document {
		if doc == nil {
			return nil
		}
		return edit(kind, doc)
	}
	w := &s.world
	w.Identity, w.Session = list(iam.TypeIdentity, w.Identity), list(iam.TypeSession, w.Session)
	w.Resource, w.Boundary, w.Endpoint = one(w.ResourceKind, w.Resource), one(iam.TypeBoundary, w.Boundary), one(iam.TypeEndpoint, w.Endpoint)
	w.SCPs, w.RCPs = slices.Clone(w.SCPs), slices.Clone(w.RCPs)
	for i := range w.SCPs {
		w.SCPs[i] = list(iam.TypeSCP, w.SCPs[i])
	}
	for i := range w.RCPs {
		w.RCPs[i] = list(iam.TypeRCP, w.RCPs[i])
	}
	return s
}

// count is the number of documents.
func (s situation) count() int {
	n := 0
	s.each(func(_ iam.PolicyType, doc *iam.Document) *iam.Document { n++; return doc })
	return n
}

// change edits document number i.
func (s situation) change(i int, edit func(kind iam.PolicyType, doc *iam.Document) *iam.Document) situation {
	n := -1
	return s.each(func(kind iam.PolicyType, doc *iam.Document) *iam.Document {
		if n++; n != i {
			return doc
		}
		return edit(kind, doc)
	})
}

// String is the situation in the format of the corpora. A known role, a second
// session policy and an odd kind of resource policy have no place there and stand beside it.
func (s situation) String() string {
	w := s.world
	principal := s.req.Principal.ARN
	if s.req.Principal.Kind == iam.PrincipalAnonymous {
		principal = "anonymous"
	}
	keys := map[string]any{}
	for key, v := range s.req.Context {
		switch {
		case v.Multi:
			keys[key] = slices.Concat([]string{}, v.Values)
		case len(v.Values) == 1:
			keys[key] = v.Values[0]
		}
	}
	type level struct {
		Target   string          `json:"target"`
		Policies []*iam.Document `json:"policies"`
	}
	levels := func(list [][]*iam.Document) []level {
		out := []level{}
		for i, docs := range list {
			out = append(out, level{fmt.Sprint("level-", i), slices.Concat([]*iam.Document{}, docs)})
		}
		return out
	}
	c := map[string]any{
		"id": "random", "identityPolicies": slices.Concat([]*iam.Document{}, w.Identity), "resourcePolicy": w.Resource, "boundary": w.Boundary,
		"scps": levels(w.SCPs), "rcps": levels(w.RCPs),
		"settings": map[string]any{"s3": map[string]any{"blockPublicAccess": w.BlockPublicAccess}},
		"request": map[string]any{
			"principal": principal, "action": s.req.Action, "resource": s.req.Resource, "resourceAccount": s.req.ResourceAccount,
			"wildcardOnlyAction": s.req.WildcardOnly, "contextKeys": keys,
		},
	}
	if w.Endpoint != nil {
		c["endpointPolicies"] = []*iam.Document{w.Endpoint}
	}
	switch len(w.Session) {
	case 0:
	case 1:
		c["sessionPolicy"] = w.Session[0]
	default:
		c["sessionPolicies"] = w.Session
	}
	if w.ResourceKind != resourceKind(&s.req) {
		c["resourceKind"] = w.ResourceKind
	}
	if role := s.req.Principal.RoleARN; role != "" {
		c["roleARN"] = role
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// answers gives the oracle's decision and the engine's, blockers in order.
func (s situation) answers() (want, got answer) { return s.answersOf(s.policies()) }

func (s situation) answersOf(compiled *iam.Policies) (want, got answer) {
	verdict, blockers := oracle.Decide(&s.req, &s.world)
	d := iam.Evaluate(&s.req, compiled)
	return newAnswer(verdict, blockers), newAnswer(d.Verdict, d.BlockedBy)
}

type answer struct {
	verdict  iam.Verdict
	blockers string
}

func newAnswer(v iam.Verdict, blockers []iam.PolicyType) answer {
	names := make([]string, len(blockers))
	for i, b := range blockers {
		names[i] = string(b)
	}
	slices.Sort(names)
	return answer{v, strings.Join(names, " ")}
}

// shrink drops what can be dropped while the situation still fails.
func (s situation) shrink(fails func(situation) bool) situation {
	for again := true; again; {
		again = false
		for _, smaller := range s.smaller() {
			if fails(smaller) {
				s, again = smaller, true
				break
			}
		}
	}
	return s
}

// smaller lists the situations with one thing less, large things first.
func (s situation) smaller() []situation {
	var list []situation
	for i := range s.count() {
		list = append(list, s.change(i, func(iam.PolicyType, *iam.Document) *iam.Document { return nil }))
	}
	for _, clear := range []func(*oracle.World){
		func(w *oracle.World) { w.SCPs = nil }, func(w *oracle.World) { w.RCPs = nil }, func(w *oracle.World) { w.BlockPublicAccess = false },
	} {
		less := s
		clear(&less.world)
		if len(less.world.SCPs) != len(s.world.SCPs) || len(less.world.RCPs) != len(s.world.RCPs) || less.world.BlockPublicAccess != s.world.BlockPublicAccess {
			list = append(list, less)
		}
	}
	i := 0
	s.each(func(_ iam.PolicyType, doc *iam.Document) *iam.Document {
		for _, less := range lesserDocuments(doc) {
			list = append(list, s.change(i, func(iam.PolicyType, *iam.Document) *iam.Document { return less }))
		}
		i++
		return doc
	})
	for key := range s.req.Context {
		less := s
		less.req.Context = iam.Context{}
		for k, v := range s.req.Context {
			if k != key {
				less.req.Context[k] = v
			}
		}
		list = append(list, less)
	}
	return list
}

func lesserDocuments(doc *iam.Document) []*iam.Document {
	var list []*iam.Document
	add := func(statements []iam.Statement) {
		changed := *doc
		changed.Statements = statements
		list = append(list, &changed)
	}
	if n := len(doc.Statements); n > 3 {
		add(doc.Statements[:n/2])
		add(doc.Statements[n/2:])
	}
	for i, st := range doc.Statements {
		add(slices.Delete(slices.Clone(doc.Statements), i, i+1))
		for _, less := range lesserStatements(st) {
			statements := slices.Clone(doc.Statements)
			statements[i] = less
			add(statements)
		}
	}
	return list
}

func lesserStatements(st iam.Statement) []iam.Statement {
	var list []iam.Statement
	drop := func(values []string, put func(*iam.Statement, []string)) {
		for i := 0; len(values) > 1 && i < len(values); i++ {
			less := st
			put(&less, slices.Delete(slices.Clone(values), i, i+1))
			list = append(list, less)
		}
	}
	for i := range st.Conditions {
		less := st
		less.Conditions = slices.Delete(slices.Clone(st.Conditions), i, i+1)
		list = append(list, less)
		drop(st.Conditions[i].Values, func(s *iam.Statement, v []string) {
			s.Conditions = slices.Clone(s.Conditions)
			s.Conditions[i].Values = v
		})
	}
	drop(st.Action, func(s *iam.Statement, v []string) { s.Action = v })
	drop(st.NotAction, func(s *iam.Statement, v []string) { s.NotAction = v })
	drop(st.Resource, func(s *iam.Statement, v []string) { s.Resource = v })
	drop(st.NotResource, func(s *iam.Statement, v []string) { s.NotResource = v })
	if p := st.Principal; p != nil && !p.All {
		drop(p.AWS, func(s *iam.Statement, v []string) { c := *p; c.AWS = v; s.Principal = &c })
	}
	if p := st.NotPrincipal; p != nil && !p.All {
		drop(p.AWS, func(s *iam.Statement, v []string) { c := *p; c.AWS = v; s.NotPrincipal = &c })
	}
	for _, simple := range []func(*iam.Statement) bool{
		func(s *iam.Statement) bool {
			ok := s.NotAction == nil && !slices.Equal(s.Action, []string{"*"})
			s.Action = []string{"*"}
			return ok
		},
		func(s *iam.Statement) bool {
			ok := s.Resource != nil && !slices.Equal(s.Resource, []string{"*"})
			s.Resource = []string{"*"}
			return ok
		},
	} {
		less := st
		if simple(&less) {
			list = append(list, less)
		}
	}
	return list
}

// decide gives the engine's decision.
func decide(req iam.Request, p *iam.Policies) answer {
	d := iam.Evaluate(&req, p)
	return newAnswer(d.Verdict, d.BlockedBy)
}

// report shrinks a situation that fails and prints it.
func (s situation) report(t testing.TB, seed uint64, fails func(situation) bool) {
	t.Helper()
	small := s.shrink(fails)
	want, got := small.answers()
	t.Errorf("seed %d: oracle %s by %s, engine %s by %s\n%s", seed, want.verdict, want.blockers, got.verdict, got.blockers, small)
}
