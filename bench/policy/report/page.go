package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

const method = `
## Method

- All engines are asked in one process, single-threaded, by name, for data made from a fixed seed; half of the answers allow. Models and facts are
  loaded, and questions built where an engine has an own type for them, before anything is timed.
- Before an engine is timed its verdicts are compared with those of slow code that is obviously right; one wrong verdict stops the run. The column
  "compared" says how many (slow engines compare fewer), and "timed" how many questions were timed: where these are a handful, the figure is rough.
- **hand** is code written for just this data, of slices, maps and bit sets: the practical limit. **writ** is the verdict alone,
  **writ-reasons** the decision with its reasons.
- Writ keeps which groups it has found a subject in from one question to the next, until a membership changes; W2 has 10,000 users, and so most of its
  questions are of users that were asked about before. **writ-anew** climbs at every question, as the first after such a change does.
- In W4 the questions go through users and documents in turn; an engine that takes seconds for a list has made only the first few in the time, and
  lists differ in length.
- "to hand" is the engine's time divided by hand's in the same run. "to fastest peer" is that, divided by the fastest peer's.
- Take the ratios: the machine is shared.

| workload | |
| --- | --- |
| W1 roles | 10,000 users with 3 of 100 roles each; 50 types with 5 actions; a role has 25 of the 250 permissions; 65,536 questions |
| W2 relations | 100,000 documents with a direct viewer each, in a tree of 11,111 folders five deep, a third of which show their contents to a group; 1,000 groups nested three deep; 10,000 users in three groups each; about 238,000 facts |
| W3 attributes | W1 on one of 1,000 things of a type, and: same department, enough clearance, thing's region among the user's |
| W4 lists | on W2's facts: all documents a user views; all users who view a document |

How each peer is asked, in the way that its documentation suggests:

- **OPA**: one prepared query; data in its memory store as values of its own kind; relations with ` + "`graph.reachable`" + `.
- **Cedar** (cedar-go): a policy for each role; roles and groups as parents; the way up the folders written out five times, as Cedar has no recursion.
  Lists are a loop over all candidates, which is what a caller has to do.
- **OpenFGA**: the server's code in process, without its caches, limits raised. Its own memory store goes through all facts at every read (and its writes through all
  facts for each fact), so that facts lie in a store with three indexes made for this benchmark, which makes it faster than it comes. Attributes are passed as context.
- **Casbin**: folders as resource roles. No lists.
- **SpiceDB**: its embedded checker (no gRPC) on its memory store, fully consistent. The embedded checker has no lists. Attributes are passed as context.
- **Cerbos**: a policy for each type; the user's roles and all attributes come with the question, as it stores neither: W1 and W3 alone.
  It needs another version of gobwas/glob than OPA does and so is built by itself (` + "`cerbos.mod`" + `); its ratios are to hand in its own process.
`

// page writes the whole of policy.md.
func page(runs []run, note string) (string, error) {
	var s strings.Builder
	versions, err := versions("go.mod", "cerbos.mod")
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&s, "# The policy engine, measured\n\n%s, %s, 2 cores of a shared %s machine with 24 GiB. %s\n",
		time.Now().UTC().Format("2 January 2006"), strings.Replace(runtime.Version(), "go", "Go ", 1), runs[0].processor, note)
	fmt.Fprintf(&s, "Made by `make bench` and `go run ./report` in `bench/policy`. Peers: %s.\n", strings.Join(versions, ", "))
	s.WriteString(method + "\n## Figures\n")
	if _, ok := runs[0].lines[0].figures["cpu-ns/op"]; ok {
		s.WriteString("\nTimes are of the process's processors, in all its threads and the garbage collector's included, not of the clock: others used the machine too.\n")
	}
	for _, w := range []struct{ name, title string }{
		{"W1RBAC", "W1: roles"},
		{"W2ReBAC", "W2: relations"},
		{"W3ABAC", "W3: attributes"},
		{"W4Listing/documents", "W4: the documents of a user"},
		{"W4Listing/viewers", "W4: the viewers of a document"},
	} {
		all := results(runs, w.name)
		if len(all) == 0 {
			return "", fmt.Errorf("no results of %s", w.name)
		}
		fmt.Fprintf(&s, "\n### %s\n\n| engine | time | allocations | to hand | to fastest peer | compared | timed |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n", w.title)
		for _, r := range all {
			fmt.Fprintf(&s, "| %s | %s | %.0f | %s | %s | %s | %.0f |\n", r.engine, duration(r.ns), r.allocs, ratio(r.timesHand), ratio(r.timesFastest), compared(r.checked), r.asked)
		}
	}
	growth(&s, growthOf(runs))
	return s.String(), nil
}

// ratio keeps those below one readable: 1/5 is a fifth of the time.
func ratio(v float64) string {
	if v < 0.995 {
		return "1/" + figure(1/v)
	}
	return figure(v)
}

func compared(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", v)
}

func growth(s *strings.Builder, points []point) {
	if len(points) == 0 {
		return
	}
	s.WriteString(`
## Growth

Writ alone, the verdict without reasons: the same shape of question (W1's and W2's) while users, documents, folders and groups grow in number and not in depth;
16,384 different questions, all verdicts compared. Bytes are of the heap, the model's included. What grows is the time to fetch memory that no
cache holds.

![Time of a check by number of facts](policy-growth.svg)

| facts | roles | bytes per fact | relations | bytes per fact |
| ---: | ---: | ---: | ---: | ---: |
`)
	for i := 0; i+1 < len(points); i += 2 {
		a, b := points[i], points[i+1]
		fmt.Fprintf(s, "| %s | %s | %.0f | %s | %.0f |\n", short(a.facts), duration(a.ns), a.bytesPerFact, duration(b.ns), b.bytesPerFact)
	}
}

var required = regexp.MustCompile(`(?m)^\s*(?:require )?(github\.com/(?:cedar-policy/cedar-go|open-policy-agent/opa|casbin/casbin/v3|openfga/openfga|authzed/spicedb|cerbos/cerbos)) (v\S+)`)

// versions are the peers that module files ask for.
func versions(files ...string) ([]string, error) {
	var all []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for _, m := range required.FindAllStringSubmatch(string(text), -1) {
			if v := m[1] + " " + m[2]; !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return all, nil
}
