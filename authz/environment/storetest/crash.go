package storetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/ledger"
)

// crashNode names a child of [Crash] in its environment variables.
const crashNode = "WRIT_CRASH_NODE"

// parts is how many tuples each write of a child has.
const parts = 3

// Crash kills nodes (this test binary, run again) with no warning while they write, and then
// looks: every write that was acknowledged is there, every write is there whole or not at
// all, the chain holds, and the tables of the state are what the log says.
type Crash struct {
	// Test is the name of the test that calls Run, for the children.
	Test string
	// Nodes is how many serve the place at once.
	Nodes int
	// Kills is how often one of them is killed.
	Kills int
	// Env is more of the children's environment variables, that Open finds the place by.
	Env []string
	// Open opens the place, in the children and at the end here.
	Open func(t *testing.T) environment.Store
}

// Run is the test, or, in a child, a node.
func (c Crash) Run(t *testing.T) {
	if name := os.Getenv(crashNode); name != "" {
		c.serve(t, name)
		return
	}
	var acknowledged []string
	nodes := make([]*node, c.Nodes)
	started := 0
	start := func() *node {
		started++
		return c.start(t, fmt.Sprintf("n%d", started))
	}
	for i := range nodes {
		nodes[i] = start()
	}
	for range c.Kills {
		i := rand.IntN(c.Nodes)
		nodes[i].awaitAcks(t, 1+rand.IntN(20))
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond) // any moment between two of them
		acknowledged = append(acknowledged, nodes[i].kill()...)
		nodes[i] = start()
	}
	for _, n := range nodes {
		n.awaitAcks(t, 1)
		acknowledged = append(acknowledged, n.kill()...)
	}
	c.verify(t, acknowledged)
	t.Logf("%d kills of %d nodes, %d acknowledged writes, none lost", c.Kills+c.Nodes, c.Nodes, len(acknowledged))
}

// serve writes and follows until it is killed. It says each write on its output once it is acknowledged.
func (c Crash) serve(t *testing.T, name string) {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends when the parent does, however that ends
		os.Exit(3)
	}()
	ctx := context.Background()
	config := Config(c.Open(t))
	config.Now = time.Now
	e, err := environment.Open(ctx, config)
	if err != nil {
		fmt.Println("failed to open:", err)
		os.Exit(1)
	}
	go func() {
		fmt.Println("failed to follow:", e.Follow(ctx))
		os.Exit(1)
	}()
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				write := fmt.Sprintf("%s-%d-%d", name, w, i)
				s, err := e.Write(ctx, Put(tuplesOf(write)...))
				if err == nil && i%10 == 0 {
					_, err = wholeWrites(s)
				}
				if err != nil {
					fmt.Println("failed to write:", err)
					os.Exit(1)
				}
				fmt.Println("ack", write)
			}
		}()
	}
	select {}
}

func tuplesOf(write string) []string {
	var all []string
	for i := range parts {
		all = append(all, fmt.Sprintf("document:%s#viewer@user:u%d", write, i))
	}
	return all
}

// wholeWrites gives the writes that a state has, or an error for one that is there in part.
func wholeWrites(s *environment.State) (map[string]bool, error) {
	count := map[string]int{}
	s.Snapshot.Tuples(authz.TupleFilter{}, func(t authz.Tuple) bool {
		count[t.Object.ID]++
		return true
	})
	whole := map[string]bool{}
	for write, n := range count {
		if n != parts {
			return nil, fmt.Errorf("%d of the %d tuples of write %s are there", n, parts, write)
		}
		whole[write] = true
	}
	return whole, nil
}

func (c Crash) verify(t *testing.T, acknowledged []string) {
	t.Helper()
	store := c.Open(t)
	var head ledger.Head
	var all []environment.Commit
	err := store.Commits(t.Context(), 0, func(c environment.Commit) (err error) {
		head, err = head.Next(&c.Entry)
		all = append(all, c)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, store, all)
	e, err := environment.Open(t.Context(), Config(store))
	if err != nil {
		t.Fatal(err)
	}
	there, err := wholeWrites(e.State())
	if err != nil {
		t.Fatal(err)
	}
	for _, write := range acknowledged {
		if !there[write] {
			t.Errorf("write %s was acknowledged and is lost", write)
		}
	}
	if len(acknowledged) < c.Kills {
		t.Errorf("only %d writes were acknowledged: the test looks at nothing", len(acknowledged))
	}
}

// node is a child that runs.
type node struct {
	cmd   *exec.Cmd
	stdin io.Closer
	over  chan struct{} // closed when its output has ended

	mu     sync.Mutex
	acks   []string
	failed string
	more   chan struct{} // gets one when acks or failed grew
}

func (c Crash) start(t *testing.T, name string) *node {
	t.Helper()
	n := &node{over: make(chan struct{}), more: make(chan struct{}, 1)}
	n.cmd = exec.Command(os.Args[0], "-test.run=^"+c.Test+"$", "-test.timeout=5m")
	n.cmd.Env = append(append(os.Environ(), c.Env...), crashNode+"="+name)
	n.cmd.Stderr = os.Stderr
	out, err := n.cmd.StdoutPipe()
	if err == nil {
		n.stdin, err = n.cmd.StdinPipe()
	}
	if err == nil {
		err = n.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go n.listen(out)
	t.Cleanup(func() { n.kill() })
	return n
}

func (n *node) listen(out io.Reader) {
	defer close(n.over)
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return // a line without its end was not said
		}
		line = strings.TrimSpace(line)
		n.mu.Lock()
		if write, ok := strings.CutPrefix(line, "ack "); ok {
			n.acks = append(n.acks, write)
		} else {
			n.failed += line + "\n"
		}
		n.mu.Unlock()
		select {
		case n.more <- struct{}{}:
		default:
		}
	}
}

// awaitAcks waits until the node has acknowledged so many writes more.
func (n *node) awaitAcks(t *testing.T, more int) {
	t.Helper()
	n.mu.Lock()
	want := len(n.acks) + more
	n.mu.Unlock()
	deadline := time.After(time.Minute)
	for {
		n.mu.Lock()
		have, failed := len(n.acks), n.failed
		n.mu.Unlock()
		if failed != "" {
			t.Fatalf("a node says: %s", failed)
		}
		if have >= want {
			return
		}
		select {
		case <-n.more:
		case <-n.over:
			t.Fatal("a node ended by itself")
		case <-deadline:
			t.Fatal("a node writes nothing")
		}
	}
}

// kill ends the node at once (SIGKILL) and gives all that it had acknowledged.
func (n *node) kill() []string {
	_ = n.cmd.Process.Kill()
	<-n.over
	_ = n.cmd.Wait()
	_ = n.stdin.Close()
	return n.acks
}
