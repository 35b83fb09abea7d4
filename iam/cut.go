package iam

// ARNParts cuts an entry of Resource, or another ARN pattern, into up to six
// parts, as evaluation does: at its colons, but not at those inside a policy
// variable.
func ARNParts(pattern string) []string { return splitPattern(pattern) }

// VariableLen gives the length in bytes of the policy variable that s starts
// with, such as ${aws:username} or ${*}; 0 when there is none.
func VariableLen(s string) int {
	_, size := parseVariable(s)
	return size
}
