package cli

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/writ-dev/writ/topology"
)

// deployedFacts says which authorizers of a topology decide by facts that they were deployed with: what the server
// beside them stores does not reach those. then is what to do about a fact, "" when none is at hand.
func deployedFacts(t *topology.Topology, then string) []string {
	var lines []string
	for _, a := range t.Authorizers {
		used := slices.ContainsFunc(t.Routes, func(r *topology.Route) bool { return r.Authorizer == a.Name })
		if a.Decide.Kind != topology.DecideSnapshot || !used {
			continue
		}
		switch {
		case a.Decide.URL != "":
			lines = append(lines, fmt.Sprintf("authorizer %s decides by the facts of %s, whatever the server stores", a.Name, a.Decide.URL))
		case t.Policy != nil:
			line := fmt.Sprintf("authorizer %s decides by the facts of %s, which it was deployed with", a.Name, t.Policy.Pos.File)
			if then != "" {
				line += ": " + then
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// What is done about a fact in the file of an authorizer's policy.
const (
	addThere    = "add the fact there"
	removeThere = "remove the fact there"
)

// noteDeployedFacts says it of the topology in DIR, if there is one: what it was asked for is done or answered already.
func noteDeployedFacts(sh *shell, dir, then string) {
	if !fileThere(filepath.Join(dir, "topology.yml")) {
		return // a Go program would have to be run, which costs more than the note is worth
	}
	t, err := topology.Load(dir)
	if err != nil {
		return
	}
	for _, one := range flatten(t) {
		for _, line := range deployedFacts(one, then) {
			note(sh, line)
		}
	}
}
