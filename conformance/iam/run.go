package iam

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cases"
)

// ErrNotExpressible is what decide answers for a case that its door cannot express.
var ErrNotExpressible = errors.New("the case cannot be expressed here")

// NotExpressible is ErrNotExpressible with its reason, under which [Run]
// counts the case. The same reason should read the same for every case.
func NotExpressible(format string, args ...any) error {
	return &inexpressible{fmt.Sprintf(format, args...)}
}

type inexpressible struct{ reason string }

func (e *inexpressible) Error() string { return ErrNotExpressible.Error() + ": " + e.reason }
func (e *inexpressible) Unwrap() error { return ErrNotExpressible }

// Answer is what a door answered. A nil BlockedBy is not compared.
type Answer struct {
	Verdict   iam.Verdict
	BlockedBy []iam.PolicyType
}

// Run puts every case of every corpus to decide: the copies beside this file,
// and the reference corpora where the checkout has them next to it. It prints
// how many cases ran, why others did not, and fails when none ran. decide is
// called from several goroutines.
func Run(t *testing.T, decide func(Case) (Answer, error)) {
	t.Helper()
	corpora, err := Corpora()
	if err != nil {
		t.Fatal(err)
	}
	runAll(t, corpora, decide)
}

// RunDistinct is [Run] without the files that are a copy of another to the
// byte, for doors that take their time.
func RunDistinct(t *testing.T, decide func(Case) (Answer, error)) {
	t.Helper()
	corpora, err := Corpora()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[sha256.Size]byte]bool{}
	runAll(t, slices.DeleteFunc(corpora, func(c Corpus) bool {
		again := seen[c.sum]
		seen[c.sum] = true
		return again
	}), decide)
}

func runAll(t *testing.T, corpora []Corpus, decide func(Case) (Answer, error)) {
	t.Helper()
	all := tally{}
	for _, corpus := range corpora {
		one := corpus.run(t, decide)
		t.Logf("%s %s: %s", t.Name(), corpus.Name, one.counts())
		all.add(one)
	}
	t.Logf("%s: %d cases ran in all%s", t.Name(), all.ran, all.why())
	if all.ran == 0 {
		t.Error("no cases ran")
	}
}

// run puts the cases of one corpus, and reports failures in their order.
func (corpus *Corpus) run(t *testing.T, decide func(Case) (Answer, error)) tally {
	t.Helper()
	answers, errs := make([]Answer, len(corpus.Cases)), make([]error, len(corpus.Cases))
	next := make(chan int)
	var workers sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				answers[i], errs[i] = decide(corpus.Cases[i])
			}
		})
	}
	for i := range corpus.Cases {
		next <- i
	}
	close(next)
	workers.Wait()
	count := tally{}
	for i := range corpus.Cases {
		c := &corpus.Cases[i]
		if errors.Is(errs[i], ErrNotExpressible) {
			count.skip(errs[i])
			continue
		}
		count.ran++
		if errs[i] != nil {
			t.Errorf("%s %s %s: %v", corpus.Name, c.ID, c.Name, errs[i])
			continue
		}
		c.check(t, answers[i])
	}
	return count
}

// tally counts cases that ran, and the others by reason. The zero value is ready.
type tally struct {
	ran     int
	skipped map[string]int
}

func (n *tally) skip(err error) {
	reason := "no reason given"
	if e := (*inexpressible)(nil); errors.As(err, &e) {
		reason = e.reason
	}
	n.add(tally{skipped: map[string]int{reason: 1}})
}

func (n *tally) add(other tally) {
	n.ran += other.ran
	if n.skipped == nil {
		n.skipped = map[string]int{}
	}
	for reason, count := range other.skipped {
		n.skipped[reason] += count
	}
}

func (n *tally) counts() string {
	skipped := 0
	for _, count := range n.skipped {
		skipped += count
	}
	return fmt.Sprintf("%d cases ran, %d cannot be expressed here", n.ran, skipped)
}

// why lists the reasons, the most frequent first.
func (n *tally) why() string {
	reasons := slices.SortedFunc(maps.Keys(n.skipped), func(a, b string) int {
		return cmp.Or(n.skipped[b]-n.skipped[a], strings.Compare(a, b))
	})
	var b strings.Builder
	for _, reason := range reasons {
		fmt.Fprintf(&b, "\n%6d not: %s", n.skipped[reason], reason)
	}
	return b.String()
}

func (c *Case) check(t *testing.T, got Answer) {
	t.Helper()
	if !c.Agrees(got.Verdict) {
		t.Errorf("%s %s: got %s (blocked by %v), want %s", c.ID, c.Name, got.Verdict, got.BlockedBy, c.Expected)
	}
	if blocked := cases.BlockerNames(got.BlockedBy); got.BlockedBy != nil && !c.AgreesBlockedBy(blocked) {
		t.Errorf("%s %s: blocked by %v, want %v", c.ID, c.Name, blocked, c.ExpectedBlockedBy)
	}
}
