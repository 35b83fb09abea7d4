package iam_test

import (
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/iam"
)

// bulk is how many random cases a test decides.
func bulk() int {
	if testing.Short() {
		return 8_000
	}
	return 100_000
}

// firstSeed is another every run, so that runs add up; WRIT_SEED repeats one.
func firstSeed(t *testing.T) uint64 {
	if s := os.Getenv("WRIT_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return rand.Uint64N(1 << 40)
}

// forSeeds runs a check over seeds on all processors, until a few have failed.
func forSeeds(t *testing.T, n int, check func(seed uint64) bool) {
	t.Helper()
	first, workers := firstSeed(t), runtime.GOMAXPROCS(0)
	var wait sync.WaitGroup
	for worker := range workers {
		wait.Go(func() {
			for i, failed := worker, 0; i < n && failed < 2; i += workers {
				if !check(first + uint64(i)) {
					failed++
				}
			}
		})
	}
	wait.Wait()
	t.Logf("%d seeds from WRIT_SEED=%d", n, first)
}

func differs(s situation) bool {
	want, got := s.answers()
	return want != got
}

// The engine, with all its indexes, and the plain reading of the guide decide
// alike and name the same kinds of policy.
func TestEngineAgreesWithTheOracle(t *testing.T) {
	t.Parallel()
	var lock sync.Mutex
	verdicts := map[iam.Verdict]int{}
	const requests = 4 // of one set of policies
	forSeeds(t, bulk()/requests, func(seed uint64) bool {
		d := seeded(seed)
		s := d.situation()
		compiled, first := s.policies(), s.req
		for range requests {
			want, got := s.answersOf(compiled)
			lock.Lock()
			verdicts[want.verdict]++
			lock.Unlock()
			if want != got {
				s.report(t, seed, differs)
				return false
			}
			s.req = d.neighbour(first)
		}
		return true
	})
	t.Logf("%d requests, by verdict: %v", bulk(), verdicts)
	for _, v := range []iam.Verdict{iam.Allowed, iam.ImplicitlyDenied, iam.ExplicitlyDenied} {
		if !t.Failed() && verdicts[v] < bulk()/10 {
			t.Errorf("only %d of %d cases are %s: the generator is lopsided", verdicts[v], bulk(), v)
		}
	}
}

// The same through rapid, which finds other corners and shrinks by itself.
func TestEngineAgreesWithTheOracleInRapid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := fromRapid(t).situation()
		if want, got := s.answers(); want != got {
			t.Fatalf("oracle %v, engine %v\n%s", want, got, s)
		}
	})
}

func fromRapid(t *rapid.T) dice {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "") }
}
