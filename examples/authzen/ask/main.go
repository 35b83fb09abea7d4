// Command ask puts the cases of an AuthZEN scenario to a decision point: ask URL SCENARIO, with
// an API key in WRIT_API_KEY.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/writ-dev/writ/conformance/authzen"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: ask URL SCENARIO")
		os.Exit(2)
	}
	cases, err := authzen.Cases(os.Args[2])
	if err != nil || len(cases) == 0 {
		fmt.Fprintln(os.Stderr, "no cases:", err)
		os.Exit(1)
	}
	failed := 0
	for i := range cases {
		if err := cases[i].Check(ask); err != nil {
			fmt.Printf("FAIL %s: %v\n", cases[i].ID, err)
			failed++
		}
	}
	fmt.Printf("%d cases, %d failed\n", len(cases), failed)
	if failed > 0 {
		os.Exit(1)
	}
}

func ask(path string, body []byte) (int, []byte, error) {
	r, err := http.NewRequest(http.MethodPost, os.Args[1]+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+os.Getenv("WRIT_API_KEY"))
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}
