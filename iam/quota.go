package iam

import (
	"unicode"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// Quota is the size that AWS takes of one policy, or of several together.
type Quota struct {
	// Name says what is counted, such as "managed policy".
	Name string
	// Max is in characters, or in bytes if Bytes is set.
	Max   int
	Bytes bool
	// White is set where white space counts.
	White bool
	// Raised is what Max can be raised to on request, 0 if it cannot.
	Raised int
	// Page is the AWS page that says so.
	Page string
}

const (
	iamQuotas  = `IAM User Guide, "IAM and AWS STS quotas"`
	orgsQuotas = `AWS Organizations User Guide, "Quotas and service limits for AWS Organizations"`
)

// The quotas of identity policies and trust policies; IAM does not count white space.
// What is inline is counted over all inline policies of the user, role or group.
var (
	QuotaManaged     = Quota{Name: "managed policy", Max: 6144, Page: iamQuotas}
	QuotaInlineUser  = Quota{Name: "inline policies of a user", Max: 2048, Page: iamQuotas}
	QuotaInlineRole  = Quota{Name: "inline policies of a role", Max: 10240, Page: iamQuotas}
	QuotaInlineGroup = Quota{Name: "inline policies of a group", Max: 5120, Page: iamQuotas}
	QuotaTrust       = Quota{Name: "trust policy", Max: 2048, Raised: 8192, Page: iamQuotas}
)

// The quotas of other policies. A session policy is also packed into a binary
// form with a bound of its own, which is not documented.
var (
	QuotaSession  = Quota{Name: "session policy", Max: 2048, White: true, Page: `AWS STS API Reference, "AssumeRole", parameter Policy`}
	QuotaSCP      = Quota{Name: "service control policy", Max: 10240, White: true, Page: orgsQuotas}
	QuotaRCP      = Quota{Name: "resource control policy", Max: 5120, White: true, Page: orgsQuotas}
	QuotaEndpoint = Quota{Name: "VPC endpoint policy", Max: 20480, White: true, Page: `AWS PrivateLink guide, "Control access to VPC endpoints using endpoint policies"`}
	QuotaKey      = Quota{Name: "key policy", Max: 32768, Bytes: true, White: true, Page: `AWS KMS Developer Guide, "Resource quotas"`}
	QuotaBucket   = Quota{Name: "bucket policy", Max: 20480, Bytes: true, White: true, Page: `Amazon S3 User Guide, "Adding a bucket policy"`}
	QuotaFunction = Quota{Name: "function policy", Max: 20480, Bytes: true, White: true, Page: `AWS Lambda Developer Guide, "Lambda quotas"`}
	QuotaTable    = Quota{Name: "table policy", Max: 20480, Bytes: true, White: true, Page: `Amazon DynamoDB Developer Guide, "Resource-based policy considerations"`}
)

// QuotaOf gives the most that any policy of a kind may have. Identity policies
// and policies of resources have narrower quotas by what they are attached to:
// the widest is that of a role's inline policies, and for a resource there is
// none that holds everywhere (ok is false).
func QuotaOf(t PolicyType) (q Quota, ok bool) {
	switch t {
	case TypeIdentity:
		return QuotaInlineRole, true
	case TypeBoundary:
		return QuotaManaged, true
	case TypeTrust:
		return QuotaTrust, true
	case TypeSession:
		return QuotaSession, true
	case TypeSCP:
		return QuotaSCP, true
	case TypeRCP:
		return QuotaRCP, true
	case TypeEndpoint:
		return QuotaEndpoint, true
	case TypeKey:
		return QuotaKey, true
	}
	return Quota{}, false
}

// Size counts documents as q does.
func (q Quota) Size(documents ...[]byte) int {
	n := 0
	for _, src := range documents {
		switch {
		case q.White && q.Bytes:
			n += len(src)
		case q.White:
			n += utf8.RuneCount(src)
		default:
			n += sizeWithoutSpace(src, q.Bytes)
		}
	}
	return n
}

func sizeWithoutSpace(src []byte, bytes bool) int {
	n := 0
	for len(src) > 0 {
		r, size := utf8.DecodeRune(src)
		src = src[size:]
		switch {
		case unicode.IsSpace(r):
		case bytes:
			n += size
		default:
			n++
		}
	}
	return n
}

// Check refuses documents that are together over the quota, with CodeTooLarge.
// The message gives the size, the quota and what it can be raised to.
func (q Quota) Check(documents ...[]byte) error {
	size := q.Size(documents...)
	if size <= q.Max {
		return nil
	}
	unit, rest := "characters", ""
	if q.Bytes {
		unit = "bytes"
	}
	if !q.White {
		rest = " without white space"
	}
	err := writ.Errorf(writ.CodeTooLarge, "%s: %d %s%s, %d more than AWS takes", q.Name, size, unit, rest, size-q.Max)
	if q.Raised > 0 {
		return err.WithHint("the quota is %d; it can be raised to %d", q.Max, q.Raised)
	}
	return err.WithHint("the quota is %d and cannot be raised; wildcards shorten lists, and statements can go into another policy", q.Max)
}
