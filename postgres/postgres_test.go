package postgres_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/storetest"
	"github.com/writ-dev/writ/postgres"
	"github.com/writ-dev/writ/postgres/postgrestest"
)

// url is the connection string of the server that TestMain starts.
var url string

// serverURL tells a child of these tests, which starts no server of its own.
const serverURL = "WRIT_TEST_POSTGRES_URL"

func TestMain(m *testing.M) {
	if url = os.Getenv(serverURL); url != "" {
		os.Exit(m.Run())
	}
	server, err := postgrestest.Start()
	if err != nil {
		writ.WriteError(os.Stderr, err)
		os.Exit(1)
	}
	url = server.URL()
	status := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

var schemas atomic.Int64

// fresh is the configuration of an environment that is not there yet.
func fresh() postgres.Config {
	return postgres.Config{URL: url, Schema: fmt.Sprintf("env_%d_%d", os.Getpid(), schemas.Add(1))}
}

func open(t testing.TB, c postgres.Config) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storetest.Place {
		c := fresh()
		c.URL += " pool_max_conns=5"
		var last *postgres.Store
		return func(t *testing.T) environment.Store {
			if last != nil {
				_ = last.Close()
			}
			last = open(t, c)
			return last
		}
	})
}

// TestTwoNodes: what one node writes the other one has soon, and a revision can be waited for.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	c := fresh()
	var nodes []*environment.Environment
	for range 2 {
		e, err := environment.Open(t.Context(), storetest.Config(open(t, c)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		followed := make(chan error, 1)
		go func() { followed <- e.Follow(ctx) }()
		t.Cleanup(func() {
			stop()
			if err := <-followed; err != nil {
				t.Error(err)
			}
		})
		nodes = append(nodes, e)
	}
	var late []time.Duration
	for i := range 40 {
		writer, reader := nodes[i%2], nodes[1-i%2]
		s, err := writer.Write(t.Context(), storetest.Put(fmt.Sprintf("document:d%d#viewer@user:ann", i)))
		if err != nil {
			t.Fatal(err)
		}
		written := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		seen, err := reader.At(ctx, s.Head.Seq)
		cancel()
		if err != nil {
			t.Fatalf("write %d was not seen: %v", i, err)
		}
		late = append(late, time.Since(written))
		if tuples, _ := seen.Snapshot.Count(); tuples != i+1 {
			t.Fatalf("after %d writes there are %d tuples", i+1, tuples)
		}
	}
	slices.Sort(late)
	t.Logf("seen by the other node after %s (median), %s (most); wanted: 100ms", late[len(late)/2], late[len(late)-1])
}

func TestNamesOfSchemas(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Writ", "a b", "a;drop", "pg_catalog", "1a", "a\"b", "é", "a-b"} {
		if _, err := postgres.Open(t.Context(), postgres.Config{URL: url, Schema: name}); writ.CodeOf(err) != writ.CodeUsage {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestServersThatAreNotThere(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"host=" + t.TempDir() + " user=writ", url + " dbname=absent"} {
		if _, err := postgres.Open(t.Context(), postgres.Config{URL: where}); writ.CodeOf(err) != writ.CodeExternal {
			t.Errorf("%s: %v", where, err)
		}
	}
	if _, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://a:b@[::1"}); writ.CodeOf(err) != writ.CodeUsage {
		t.Error(err)
	}
}

// crashSchema is where the nodes of TestCrash find their environment.
const crashSchema = "WRIT_CRASH_SCHEMA"

// TestCrash kills one of two nodes 50 times.
func TestCrash(t *testing.T) {
	c := fresh()
	c.URL += " pool_max_conns=4"
	if name := os.Getenv(crashSchema); name != "" {
		c.Schema = name
	}
	kills := 50
	if testing.Short() {
		kills = 8
	}
	storetest.Crash{
		Test: "TestCrash", Nodes: 2, Kills: kills, Env: []string{crashSchema + "=" + c.Schema, serverURL + "=" + url},
		Open: func(t *testing.T) environment.Store { return open(t, c) },
	}.Run(t)
}
