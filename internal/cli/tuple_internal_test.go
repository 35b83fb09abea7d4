package cli

import (
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// TestTupleCommandIsPasted gives the command of a fix to a shell, and reads from the words that come out the tuples
// that went in.
func TestTupleCommandIsPasted(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh to read the command")
	}
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "Z", "0", " ", "  ", "'", `"`, `\`, "$", "`", "!", "&", ";", "|", "(", ")", "<", ">", "~", "{", "}", "[", "]", "?", "%", "=", "-", ".", "/", "ü", "日", ":", "$(x)", "''"}
	id := func(more ...string) string {
		var b strings.Builder
		for range 1 + random.IntN(6) {
			b.WriteString(append(parts, more...)[random.IntN(len(parts)+len(more))])
		}
		return b.String()
	}
	shown := 0
	for range 300 {
		var tuples []authz.Tuple
		tenant := id()
		for range 1 + random.IntN(3) {
			x := authz.Tuple{Object: authz.Entity{Type: []string{"document", "-x"}[random.IntN(2)], ID: id()}, Relation: "viewer", Subject: authz.Holder{Entity: authz.Entity{Type: "user", ID: id("@")}}}
			if random.IntN(2) == 0 {
				x.Object = authz.Entity{Type: authz.TenantType, ID: tenant}
			}
			if random.IntN(4) == 0 {
				x.Subject = authz.Holder{Entity: authz.Entity{Type: "-team", ID: id()}, Relation: "member"}
			}
			tuples = append(tuples, x)
		}
		line := tupleCommand(tuples, []string{"--environment", "a/b"}, []string{"my dir's"})
		if line == "" {
			t.Fatalf("%v has no command", tuples)
		}
		out, err := exec.Command("sh", "-c", "printf '%s\\n' "+strings.TrimPrefix(line, "writ tuple add ")).Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		words := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		f := tupleFlags{}
		var read []authz.Tuple
		dir := ""
		for len(words) > 0 {
			switch word := words[0]; {
			case word == "--environment":
				words = words[2:]
				continue
			case word == "--in":
				f.in, words = words[1], words[2:]
				continue
			case word == "my dir's":
				dir = word
			}
			words = words[1:]
		}
		for _, word := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
			if x, ok := f.tuple(word); ok {
				read = append(read, x)
			}
		}
		if dir == "" || len(read) != len(tuples) {
			t.Fatalf("%s gives %q, of %v", line, read, tuples)
		}
		for i := range read {
			if read[i].String() != tuples[i].String() {
				t.Fatalf("%s gives %v, of %v", line, read[i], tuples[i])
			}
		}
		shown++
	}
	if got := tupleCommand([]authz.Tuple{{Object: authz.Entity{Type: "document", ID: "a\nb"}, Relation: "viewer", Subject: authz.Holder{Entity: authz.Entity{Type: "user", ID: "x"}}}}, nil, nil); got != "" {
		t.Errorf("a command that is shown otherwise than it is: %q", got)
	}
	t.Logf("%d commands were read back", shown)
}

// The command of a fix gives what was lent for a time for a time again, and a condition by its name.
func TestFixOfMoreThanATuple(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]string{
		`{tuple: "document:old#viewer@user:o'neil", expires: TIME}`:       `writ tuple add 'document:old#viewer@user:o'\''neil' --expires 8h`,
		`{tuple: "__tenant:acme#admin@user:ann", expires: TIME}`:          `writ tuple add admin@user:ann --in acme --expires 8h`,
		`{tuple: "invoice:i1#approver@user:ann", condition: below_limit}`: `writ tuple add 'invoice:i1#approver@user:ann' --condition below_limit`,
		`{tuple: "invoice:i1#approver@user:ann", until: TIME}`:            "",
		`{tuple: "invoice:i1`: "",
		`user:ann`:            "",
	} {
		if got := strings.Join((remedy{}).text(&writ.Fix{Lines: lines}), "\n"); got != want {
			t.Errorf("%s\n got %s\nwant %s", lines, got, want)
		}
	}
}
