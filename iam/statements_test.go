package iam_test

import (
	"fmt"
	"testing"

	"github.com/writ-dev/writ/iam"
)

func TestStatements(t *testing.T) {
	t.Parallel()
	compile := func(name, version string, sids ...string) *iam.Policy {
		doc := &iam.Document{Version: version}
		for _, sid := range sids {
			doc.Statements = append(doc.Statements, iam.Statement{Sid: sid, Effect: iam.Deny, Action: []string{"*"}, Resource: []string{"*"}})
		}
		return iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity, Name: name})
	}
	union := iam.Union([]*iam.Policy{compile("a", iam.Version2012, "x", "y"), compile("b", "", "z")})
	var got string
	for _, m := range union.Statements() {
		got += fmt.Sprintln(m.Origin.Name, m.Statement, m.Sid, m.Effect, m.Version(), m.Source().Sid)
	}
	if want := "a 0 x Deny 2012-10-17 x\na 1 y Deny 2012-10-17 y\nb 0 z Deny 2008-10-17 z\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
