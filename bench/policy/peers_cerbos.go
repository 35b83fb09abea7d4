//go:build cerbos

package policy

func peers() []peer { return []peer{{name: "cerbos", rbac: cerbosRBAC}} }
