// Package authzen holds the published test cases of the OpenID AuthZEN working group, as data, and
// puts them to whatever speaks the Authorization API.
package authzen

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"
)

//go:embed data/*.jsonl
var data embed.FS

// Case is one request and what must be answered.
type Case struct {
	ID      string          `json:"id"`
	Path    string          `json:"path"`
	Request json.RawMessage `json:"request"`
	// Expected has status (200 if not given), and of the answer decision, evaluations (an empty one stands for any decision),
	// results in any order, or includes: results that must be among them.
	Expected struct {
		Status      int              `json:"status"`
		Decision    *bool            `json:"decision"`
		Evaluations []expectedOne    `json:"evaluations"`
		Results     []map[string]any `json:"results"`
		Includes    []map[string]any `json:"includes"`
	} `json:"expected"`
}

type expectedOne struct {
	Decision *bool `json:"decision"`
}

// Scenarios are the names of the sets of cases. Each has a policy and data of its own.
func Scenarios() []string { return []string{"todo", "gateway", "search", "certification"} }

// Cases gives the cases of a scenario.
func Cases(scenario string) ([]Case, error) {
	text, err := data.ReadFile("data/" + scenario + ".jsonl")
	if err != nil {
		return nil, err
	}
	var all []Case
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var c Case
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", scenario, len(all)+1, err)
		}
		all = append(all, c)
	}
	return all, lines.Err()
}

// Ask sends a body to a path and gives the answer.
type Ask func(path string, body []byte) (status int, answer []byte, err error)

// Run puts every case of a scenario to ask, and says how many ran; none at all fails.
func Run(t *testing.T, scenario string, ask Ask) {
	t.Helper()
	cases, err := Cases(scenario)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for i := range cases {
		c := &cases[i]
		if err := c.Check(ask); err != nil {
			t.Errorf("%s: %v", c.ID, err)
		}
		ran++
	}
	t.Logf("%s %s: %d cases ran", t.Name(), scenario, ran)
	if ran == 0 {
		t.Errorf("no cases of %s ran", scenario)
	}
}

// answer is what a decision point says.
type answer struct {
	Decision    *bool            `json:"decision"`
	Evaluations []expectedOne    `json:"evaluations"`
	Results     []map[string]any `json:"results"`
	Page        map[string]any   `json:"page"`
}

// Check puts the case to ask and says what is wrong with the answer.
func (c *Case) Check(ask Ask) error {
	status, text, err := ask(c.Path, c.Request)
	if err != nil {
		return err
	}
	want := c.Expected.Status
	if want == 0 {
		want = http.StatusOK
	}
	if status != want {
		return fmt.Errorf("status %d, want %d: %s", status, want, text)
	}
	if want != http.StatusOK {
		return nil
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("the answer is no JSON: %w: %s", err, text)
	}
	if err := c.differs(&a); err != nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	return nil
}

func (c *Case) differs(a *answer) error {
	switch e := &c.Expected; {
	case e.Decision != nil:
		return sameDecision(e.Decision, a.Decision)
	case e.Evaluations != nil:
		if len(a.Evaluations) != len(e.Evaluations) {
			return fmt.Errorf("%d evaluations, want %d", len(a.Evaluations), len(e.Evaluations))
		}
		for i := range e.Evaluations {
			if err := sameDecision(e.Evaluations[i].Decision, a.Evaluations[i].Decision); err != nil {
				return fmt.Errorf("evaluation %d: %w", i+1, err)
			}
		}
	case e.Results != nil:
		if a.Results == nil {
			return fmt.Errorf("there are no results")
		}
		if len(a.Results) != len(e.Results) {
			return fmt.Errorf("%d results, want %d", len(a.Results), len(e.Results))
		}
		return includes(a.Results, e.Results)
	case e.Includes != nil:
		if a.Results == nil {
			return fmt.Errorf("there are no results")
		}
		return includes(a.Results, e.Includes)
	default:
		return fmt.Errorf("the case expects nothing")
	}
	return nil
}

// sameDecision compares; a nil want stands for any decision.
func sameDecision(want, got *bool) error {
	switch {
	case got == nil:
		return fmt.Errorf("there is no decision")
	case want != nil && *got != *want:
		return fmt.Errorf("decision %t, want %t", *got, *want)
	}
	return nil
}

func includes(got, want []map[string]any) error {
	for _, w := range want {
		if !slices.ContainsFunc(got, func(g map[string]any) bool { return reflect.DeepEqual(g, w) }) {
			return fmt.Errorf("%v is not among the results", w)
		}
	}
	return nil
}
