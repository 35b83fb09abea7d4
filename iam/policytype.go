package iam

import "strings"

// ResourcePolicyType tells which type a resource's own policy has in a request:
// the trust policy of a role for actions of STS, the key policy of a KMS key,
// for which other rules hold, else [TypeResource].
func ResourcePolicyType(action, resource string) PolicyType {
	service, _, _ := strings.Cut(lowerASCII(action), ":")
	switch {
	case service == "sts" && strings.Contains(resource, ":role/"):
		return TypeTrust
	case service == "kms" && strings.Contains(resource, ":key/"):
		return TypeKey
	}
	return TypeResource
}
