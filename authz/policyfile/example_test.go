package policyfile_test

import (
	"fmt"
	"log"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/policyfile"
)

func ExampleParse() {
	const text = `
roles:
  auditor: ["document:read"]
resources:
  document:
    actions: [read, write]
    roles:
      editor: [read, write]
facts:
  users:
    ann: {roles: {"document:plan": editor}}
    bob: {roles: {default: auditor}}
tests:
  who writes:
    - ann may write document:plan
    - bob may not write document:plan
`
	p, err := policyfile.Parse([]byte(text), writ.Position{File: "policy.yml", Line: 1, Col: 1}, policyfile.Options{})
	if err != nil {
		log.Fatal(err)
	}
	results, err := p.RunTests(time.Now())
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Println(r.Passed, r.Case.Text)
	}
	// Output:
	// true ann may write document:plan
	// true bob may not write document:plan
}
