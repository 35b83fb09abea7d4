package expr_test

import (
	"errors"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/expr"
)

// Whatever the source is, it is compiled or refused with a place in it, in bounded
// time; what compiles runs to an end, and both ways to run it agree.
func FuzzCompile(f *testing.F) {
	for _, c := range cases {
		f.Add(c.source)
	}
	for _, source := range wrongs {
		f.Add(source)
	}
	s, from := scope(), given()
	f.Fuzz(func(t *testing.T, source string) {
		started := time.Now()
		p, err := expr.Compile(source, s, writ.Position{File: "f", Line: 1, Col: 1})
		if err != nil {
			var e *writ.Error
			if !errors.As(err, &e) || e.Message == "" || e.Position.Line < 1 || e.Position.Col < 1 {
				t.Fatalf("%q: %#v", source, err)
			}
			render(err)
			return
		}
		holds, err := p.Eval(from)
		if holds && err != nil {
			t.Fatalf("%q holds with an error: %v", source, err)
		}
		p.Values(from)
		if cel, celErr := p.EvalCEL(from); class(holds, err) != class(cel, celErr) {
			t.Fatalf("%q: %v %v, cel-go: %v %v", source, holds, err, cel, celErr)
		}
		if took := time.Since(started); took > 10*time.Second {
			t.Fatalf("%q took %v", source, took)
		}
	})
}
