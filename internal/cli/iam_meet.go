package cli

import (
	"strings"

	"github.com/writ-dev/writ/iam"
)

// answerMeet is a condition that the request has to meet to be allowed.
type answerMeet struct {
	// Statement is the policy and Sid or number of the statement that has it.
	Statement string   `json:"statement"`
	Operator  string   `json:"operator"`
	Key       string   `json:"key"`
	Wanted    []string `json:"wanted"`
	Found     []string `json:"found"`
	// How says what the caller can do.
	How string `json:"how"`

	of answerStatement
}

// meet gives what would meet the conditions of the statements that miss by
// nothing else.
func (q *question) meet(unmet []iam.Miss) []answerMeet {
	var list []answerMeet
	for _, m := range unmet {
		for _, f := range m.Failures {
			wanted := f.Wanted
			if f.Resolved != nil {
				wanted = f.Resolved
			}
			list = append(list, answerMeet{
				Statement: m.Rule(), Operator: f.Operator, Key: f.Key, Wanted: append([]string{}, wanted...), Found: append([]string{}, f.Found...),
				How: howToMeet(iam.Key(f.Key), f.Key), of: q.statement(m.Match),
			})
		}
	}
	return list
}

// meetings says where the well-known keys come from, by what they start with.
var meetings = []struct{ prefix, how string }{
	{"sts:externalid", "the caller gives it when it assumes the role: --external-id, ExternalId in SDKs"},
	{"sts:rolesessionname", "the caller chooses it: --role-session-name"},
	{"sts:sourceidentity", "the caller sets it: --source-identity"},
	{"sts:transitivetagkeys", "the caller sets them: --transitive-tag-keys"},
	{"iam:passedtoservice", "it is the service that the role is passed to"},
	{"iam:associatedresourcearn", "it is the resource that the role is passed for"},
	{"iam:permissionsboundary", "the call has to set this boundary: --permissions-boundary"},
	{"kms:viaservice", "the call has to come through this service, not to KMS itself"},
	{"kms:encryptioncontext:", "the call has to give this encryption context: --encryption-context"},
	{"aws:principaltag/", "it is a tag of the calling user or role, or of its session"},
	{"aws:resourcetag/", "it is a tag of the resource"},
	{"aws:requesttag/", "the call has to set this tag: --tags"},
	{"aws:tagkeys", "they are the tags that the call sets: --tags"},
	{"aws:sourceip", "it is the address that the call comes from"},
	{"aws:sourcevpce", "the call has to come through this VPC endpoint"},
	{"aws:sourcevpc", "the call has to come from this VPC, through an endpoint"},
	{"aws:vpcsourceip", "it is the address in the VPC that the call comes from"},
	{"aws:requestedregion", "it is the region that is called: --region"},
	{"aws:multifactorauth", "the caller has to sign in with a second factor: `aws sts get-session-token --serial-number ... --token-code ...`"},
	{"aws:sourcearn", "it is the resource on whose behalf a service calls"},
	{"aws:sourceaccount", "it is the account of the resource on whose behalf a service calls"},
	{"aws:principalorg", "the caller's account has to be in this organisation"},
	{"aws:principalarn", "the caller has to be this one"},
	{"aws:principalaccount", "the caller has to be of this account"},
	{"aws:currenttime", "it is the time of the call"},
	{"aws:epochtime", "it is the time of the call"},
	{"aws:useragent", "it is what the client calls itself"},
	{"aws:securetransport", "the call has to use TLS"},
	{"dynamodb:leadingkeys", "they are the partition keys of the items that the call names"},
	{"dynamodb:attributes", "they are the attributes that the call names: --projection-expression"},
	{"s3:prefix", "it is the prefix that is listed: --prefix"},
	{"s3:x-amz-acl", "the call has to set this ACL: --acl"},
	{"s3:x-amz-server-side-encryption-aws-kms-key-id", "the call has to name this key: --ssekms-key-id"},
	{"s3:x-amz-server-side-encryption", "the call has to ask for this encryption: --sse"},
	{"s3:existingobjecttag/", "it is a tag of the object"},
	{"s3:requestobjecttag/", "the call has to set this tag: --tagging"},
	{"lambda:functionurlauthtype", "it is how the function's URL is protected"},
	{"lambda:sourcefunctionarn", "only the code of this function meets it"},
}

func howToMeet(key, written string) string {
	if isClaim(key) {
		if strings.HasSuffix(key, ":aud") {
			return "it is the audience that the token was asked for"
		}
		return "it is what the provider's token says of the caller (with GitHub: repository, branch or environment)"
	}
	for _, m := range meetings {
		if strings.HasPrefix(key, m.prefix) {
			return m.how
		}
	}
	return "if the call has it, --context " + written + "=VALUE says so"
}
