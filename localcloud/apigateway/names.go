package apigateway

import "slices"

// Operations lists the operations of REST APIs (version 1) that there are, sorted.
func Operations() []string { return names(restOperations()) }

// OperationsV2 lists the operations of HTTP APIs (version 2) that there are, sorted.
func OperationsV2() []string { return names(httpOperations()) }

func names(list []operation) []string {
	var out []string
	for i := range list {
		out = append(out, list[i].name)
	}
	slices.Sort(out)
	return out
}
