//go:build !cerbos

package policy

// peers are all but Cerbos, the quick ones first. Cerbos and OPA want
// gobwas/glob in versions that do not go together, so that Cerbos is built by itself: see cerbos.mod.
func peers() []peer {
	return []peer{
		{name: "opa", rbac: opaRBAC, tree: opaTree, lists: true},
		{name: "cedar", rbac: cedarRBAC, tree: cedarTree, lists: true},
		{name: "openfga", rbac: openfgaRBAC, tree: openfgaTree, lists: true},
		{name: "casbin", rbac: casbinRBAC, tree: casbinTree},
		{name: "spicedb", rbac: spicedbRBAC, tree: spicedbTree},
	}
}
