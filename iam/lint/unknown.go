package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// unknownPrefix begins what is not known. A part of it is random: nobody can
// write it into a policy to keep findings from it.
var unknownPrefix = "${writ" + strconv.FormatUint(rand.Uint64(), 36) + ":"

// Unknown is text that stands for something not known when the policy is
// judged, such as the name that CloudFormation will give a resource. It can be
// a part of any value. No finding rests on what it stands for; the same name
// stands for the same text.
//
// Names that begin with "AWS." stand for text without colons, and those that
// begin with "AWS.name." for text without slashes too: the name of a bucket.
func Unknown(name string) string {
	if len(name) > maxName { // a variable of a policy has a bound
		sum := sha256.Sum256([]byte(name))
		name = strings.ToValidUTF8(name[:maxName/2], "") + "#" + hex.EncodeToString(sum[:])
	}
	return unknownPrefix + strings.Map(func(r rune) rune {
		if strings.ContainsRune("{}':,$*?\"\\", r) || r < ' ' {
			return '_'
		}
		return r
	}, name) + "}"
}

const maxName = 1000

// IsKnown reports whether a text holds nothing that [Unknown] made.
func IsKnown(s string) bool { return !hasUnknown(s) }

func hasUnknown(s string) bool { return strings.Contains(s, unknownPrefix) }

func hasVariable(s string) bool {
	return strings.Contains(strings.ReplaceAll(s, unknownPrefix, ""), "${")
}

func itoa(n int) string { return strconv.Itoa(n) }

// shown writes unknown text as a template would: ${Name}.
func shown(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, unknownPrefix+plainName, "${"), unknownPrefix, "${")
}

const plainName = "AWS.name."

// withNames puts some name where a name stands that is not known.
func withNames(s string) string {
	for {
		before, rest, found := strings.Cut(s, unknownPrefix+plainName)
		_, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return s
		}
		s = before + "name" + after
	}
}

// mayHoldColons reports text that can be a whole ARN or several parts of one.
// What AWS's pseudo parameters stand for is one part.
func mayHoldColons(s string) bool {
	return strings.Count(s, unknownPrefix) > strings.Count(s, unknownPrefix+"AWS.")
}

// known gives a document with something valid in the place of what is not
// known, for [iam.Document.Validate].
func known(d *iam.Document) *iam.Document {
	out := *d
	out.Statements = slices.Clone(d.Statements)
	for i := range out.Statements {
		s := &out.Statements[i]
		s.Action, s.NotAction = fill(s.Action, "s3:*"), fill(s.NotAction, "s3:*")
		s.Resource, s.NotResource = fill(s.Resource, "arn:aws:s3:::x"), fill(s.NotResource, "arn:aws:s3:::x")
		s.Principal, s.NotPrincipal = fillPrincipal(s.Principal), fillPrincipal(s.NotPrincipal)
		s.Conditions = slices.Clone(s.Conditions)
		for j := range s.Conditions {
			e := &s.Conditions[j]
			if hasUnknown(e.Key) {
				e.Key = "aws:username"
			}
			if hasUnknownIn(e.Values) {
				e.Operator, e.Key, e.Values = "StringEquals", "aws:username", []string{"x"}
			}
		}
	}
	return &out
}

func fill(list []string, with string) []string {
	if !hasUnknownIn(list) {
		return list
	}
	out := slices.Clone(list)
	for i := range out {
		if hasUnknown(out[i]) {
			out[i] = with
		}
	}
	return out
}

func fillPrincipal(p *iam.PrincipalElement) *iam.PrincipalElement {
	if p == nil {
		return nil
	}
	out := *p
	out.AWS, out.Service = fill(p.AWS, "111122223333"), fill(p.Service, "s3.amazonaws.com")
	out.Federated = fill(p.Federated, "arn:aws:iam::111122223333:saml-provider/x")
	return &out
}
