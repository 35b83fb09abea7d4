package writ_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ"
)

func ExampleWriteError() {
	err := writ.Errorf(writ.CodeInvalid, "function counter is granted access to store %q, which is not there", "hist").
		At(writ.Position{File: "topology.yml", Line: 12, Col: 17}, "      - {store: hist, access: writeData}").
		WithHint("did you mean hits?")
	writ.WriteError(os.Stdout, err)
	// Output:
	// error: topology.yml:12:17: function counter is granted access to store "hist", which is not there
	//   12 |       - {store: hist, access: writeData}
	//      |                 ^
	//   hint: did you mean hits?
}

func TestWriteErrorShowsJoinedErrorsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	writ.WriteError(&b, errors.Join(
		writ.Errorf(writ.CodeInvalid, "one").WithHint("first line\nsecond line"),
		fmt.Errorf("reading: %w", writ.Errorf(writ.CodeInvalid, "two").At(writ.Position{File: "a", Line: 3, Col: 2}, "\tx\n")),
		errors.New("three"),
	))
	want := `error: one
  hint: first line
        second line

error: reading: a:3:2: two
  3 | 	x
    | 	^

error: three
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWriteErrorShowsWhatStandsAroundTheCaretOfALongLine(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("é", 500) + "x" + strings.Repeat("z", 500)
	for _, row := range []struct {
		col   int
		shown string
		caret int // before it, in characters
	}{
		{501, "…" + strings.Repeat("é", 60) + "x" + strings.Repeat("z", 99) + "…", 61},
		{1, strings.Repeat("é", 160) + "…", 0},
		{1001, "…" + strings.Repeat("z", 160), 160},
		{5000, strings.Repeat("é", 160) + "…", -1},
	} {
		var b strings.Builder
		writ.WriteError(&b, writ.Errorf(writ.CodeInvalid, "x").At(writ.Position{Line: 1, Col: row.col}, line))
		want := fmt.Sprintf("error: 1:%d: x\n  1 | %s\n", row.col, row.shown)
		if row.caret >= 0 {
			want += "    | " + strings.Repeat(" ", row.caret) + "^\n"
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("column %d: %s", row.col, diff)
		}
	}
}

func TestEveryCodeHasAStatus(t *testing.T) {
	t.Parallel()
	for code, want := range map[writ.Code][2]int{
		writ.CodeInvalid: {400, 1}, writ.CodeUsage: {400, 2}, writ.CodeDenied: {403, 3}, writ.CodeAuth: {401, 3},
		writ.CodeNotFound: {404, 1}, writ.CodeConflict: {409, 1}, writ.CodeTooLarge: {413, 1},
		writ.CodeExternal: {502, 1}, writ.CodeInternal: {500, 1}, writ.CodeCancelled: {499, 1}, "unheard of": {500, 1},
	} {
		if got := [2]int{code.HTTPStatus(), code.ExitStatus()}; got != want {
			t.Errorf("%s: HTTP %d, exit %d; want %v", code, got[0], got[1], want)
		}
	}
}

func TestCodeOfFindsTheCodeUnderWrapping(t *testing.T) {
	t.Parallel()
	inner := writ.Errorf(writ.CodeDenied, "no: %w", os.ErrPermission)
	if got := writ.CodeOf(fmt.Errorf("outer: %w", inner)); got != writ.CodeDenied {
		t.Errorf("CodeOf = %s", got)
	}
	if got := writ.CodeOf(os.ErrClosed); got != writ.CodeInternal {
		t.Errorf("CodeOf of a foreign error = %s", got)
	}
	if !errors.Is(inner, os.ErrPermission) {
		t.Error("the cause is lost")
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"functions", "routes", "stores"}
	for word, want := range map[string]string{"function": "functions", "Routes": "routes", "storse": "stores", "zebra": ""} {
		if got := writ.Nearest(word, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
