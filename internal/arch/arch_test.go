// Package arch keeps the import rules of docs/ARCHITECTURE.md.
package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/writ-dev/writ"

type pkg struct {
	ImportPath                         string
	Dir                                string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
	Doc                                string
	Module                             *struct{ Path string }
}

// packages lists every package of the module by its path inside it.
func packages(t *testing.T) map[string]pkg {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports,TestImports,XTestImports,Doc,Module", module+"/...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]pkg{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")] = p
	}
	if len(all) < 10 {
		t.Fatalf("only %d packages were found: the test looks at nothing", len(all))
	}
	return all
}

// layer sorts a package into the picture of docs/ARCHITECTURE.md.
func layer(p string) string {
	switch first, _, _ := strings.Cut(p, "/"); first {
	case "":
		return "root"
	case "topology", "asl", "iam", "cfn", "roles", "synth", "diff", "identity", "authz", "dataset", "access", "ledger", "reach":
		return "engine"
	case "localcloud", "awscloud", "postgres", "sqlite", "server":
		return "door"
	case "examples", "conformance":
		return first
	case "cmd":
		return "cmd"
	case "internal":
		return path.Join("internal", strings.Split(p, "/")[1])
	}
	return "unknown"
}

func TestEveryPackageHasAPlace(t *testing.T) {
	t.Parallel()
	for name := range packages(t) {
		if layer(name) == "unknown" {
			t.Errorf("package %q has no place in the layers of this test", name)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for name, p := range packages(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 && !strings.HasPrefix(name, "examples/") {
			t.Errorf("package %s has no doc comment", name)
		}
	}
}

// TestRootImportsOnlyTheStandardLibrary keeps the vocabulary at the bottom.
func TestRootImportsOnlyTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, imported := range packages(t)[""].Imports {
		if strings.Contains(strings.Split(imported, "/")[0], ".") {
			t.Errorf("the root imports %s", imported)
		}
	}
}

// TestArrowsPointDown: engines never import a door or an adapter, doors never
// import each other, and only the command line knows them all.
func TestArrowsPointDown(t *testing.T) {
	t.Parallel()
	for name, p := range packages(t) {
		for _, imported := range p.Imports {
			if !strings.HasPrefix(imported, module) {
				continue
			}
			target := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
			from, to := layer(name), layer(target)
			sameDoor := strings.Split(name, "/")[0] == strings.Split(target, "/")[0]
			switch {
			case from == "internal/cli", from == "cmd":
			case from == "internal/authorizer" && target == "server/client": // what the binary of cmd consists of asks servers too
			case from == "engine" && to == "door":
				t.Errorf("%s imports the door %s: engines are called, they do not call out", name, target)
			case from == "door" && to == "door" && !sameDoor:
				t.Errorf("%s imports %s: doors do not know each other", name, target)
			case to == "internal/cli", to == "cmd":
				t.Errorf("%s imports %s: nothing stands above the command line", name, target)
			case strings.HasPrefix(target, "server") && !sameDoor:
				t.Errorf("%s imports server: only the command line does", name)
			}
		}
	}
}

// TestDecidingNeedsOnlyIAM: what stands on the engine is not in a program that
// only decides.
func TestDecidingNeedsOnlyIAM(t *testing.T) {
	t.Parallel()
	for _, imported := range packages(t)["iam"].Imports {
		if strings.HasPrefix(imported, module+"/") {
			t.Errorf("iam imports %s", imported)
		}
	}
}

// TestTheAuthorizerIsSmall: it starts with every cold function, and asks whatever decides.
func TestTheAuthorizerIsSmall(t *testing.T) {
	t.Parallel()
	p, there := packages(t)["authz/gateway"]
	if !there {
		t.Fatal("there is no authz/gateway: the test looks at nothing")
	}
	for _, imported := range p.Imports {
		if strings.HasPrefix(imported, module+"/") && imported != module+"/identity" && imported != module+"/internal/strictjson" {
			t.Errorf("authz/gateway imports %s", imported)
		}
	}
}

// TestThePolicyEngineIsNumbers: below authz names, models and conditions are not known.
func TestThePolicyEngineIsNumbers(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for name, may := range map[string][]string{
		"authz/internal/graph":  nil,
		"authz/internal/engine": {"authz/internal/graph"},
		"authz/internal/walk":   {"authz/internal/engine", "authz/internal/graph"},
	} {
		p, there := all[name]
		if !there {
			t.Errorf("there is no %s: the test looks at nothing", name)
		}
		for _, imported := range p.Imports {
			ours := strings.TrimPrefix(imported, module+"/")
			if strings.Contains(strings.Split(imported, "/")[0], ".") && !slices.Contains(may, ours) {
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
}

// TestOraclesAreForTests: they judge the engines, and are in no program.
func TestOraclesAreForTests(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for _, oracle := range []string{"iam/internal/oracle", "authz/internal/oracle"} {
		if _, there := all[oracle]; !there {
			t.Errorf("there is no %s: the test looks at nothing", oracle)
		}
		for name, p := range all {
			if slices.Contains(p.Imports, module+"/"+oracle) {
				t.Errorf("%s imports %s, which is for tests", name, oracle)
			}
		}
	}
}

// TestEachForeignModuleHasOneImporter: a library that leaks into a second
// package can no longer be replaced. /... is a package with those below it, which others then
// do not import.
func TestEachForeignModuleHasOneImporter(t *testing.T) {
	t.Parallel()
	owners := map[string]string{
		"go.etcd.io/bbolt":                        "localcloud/store",
		"github.com/aws/aws-sdk-go-v2/aws/signer": "internal/sigv4",
		"github.com/aws/aws-sdk-go-v2/service/":   "awscloud",
		"github.com/aws/aws-sdk-go-v2/config":     "awscloud",
		"github.com/aws/smithy-go":                "awscloud",
		"github.com/spf13/cobra":                  "internal/cli",
		"github.com/fsnotify/fsnotify":            "internal/cli",
		"github.com/jackc/pgx":                    "postgres",
		"modernc.org/sqlite":                      "sqlite",
		"cel.dev/cel-go":                          "internal/expr/...",
		"github.com/golang-jwt/jwt":               "identity",
		"github.com/writ-dev/writ/internal/expr/": "internal/expr/...",
	}
	for name, p := range packages(t) {
		if strings.HasPrefix(name, "examples/") || strings.HasSuffix(name, "test") {
			continue // users' programs, and what tests alone import
		}
		for _, imported := range p.Imports {
			for prefix, owner := range owners {
				if !strings.HasPrefix(imported, prefix) {
					continue
				}
				root, subtree := strings.CutSuffix(owner, "/...")
				if name != root && (!subtree || !strings.HasPrefix(name, root+"/")) {
					t.Errorf("%s imports %s, which belongs to %s", name, imported, owner)
				}
			}
		}
	}
}

// TestNoDrawerPackages: a package is named after what it does.
func TestNoDrawerPackages(t *testing.T) {
	t.Parallel()
	drawers := []string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "manager", "core", "base", "types", "model"}
	for name := range packages(t) {
		for _, drawer := range drawers {
			if path.Base(name) == drawer {
				t.Errorf("package %s says nothing of what it does", name)
			}
		}
	}
}
