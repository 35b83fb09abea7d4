package directory

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

func malformed(format string, args ...any) error {
	return gate.Errorf("MalformedPolicyDocument", format, args...)
}

// checkDocument reads a document that is to be put, and refuses it in AWS's
// words when it is not one of its kind.
func checkDocument(text string, kind iam.PolicyType) (*iam.Document, error) {
	document, err := iam.Parse([]byte(text))
	if err != nil {
		return nil, malformed("Syntax errors in policy.")
	}
	sids := map[string]bool{}
	for i := range document.Statements {
		s := &document.Statements[i]
		if kind == iam.TypeTrust {
			err = checkTrustStatement(s)
		} else {
			err = checkIdentityStatement(s)
		}
		if err != nil {
			return nil, err
		}
		if s.Sid != "" && sids[s.Sid] {
			return nil, malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		sids[s.Sid] = true
	}
	if err := document.Validate(kind); err != nil {
		return nil, malformed("Syntax errors in policy.")
	}
	return document, nil
}

var vendorPattern = regexp.MustCompile(`^[a-zA-Z0-9.-]+$`)

var sidPattern = regexp.MustCompile(`^[0-9A-Za-z]*$`)

func checkIdentityStatement(s *iam.Statement) error {
	switch {
	case s.Principal != nil || s.NotPrincipal != nil:
		return malformed("Policy document should not specify a principal.")
	case !sidPattern.MatchString(s.Sid):
		return malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
	case len(s.Action)+len(s.NotAction) == 0:
		return malformed("Policy statement must contain actions.")
	case len(s.Resource)+len(s.NotResource) == 0:
		return malformed("Policy statement must contain resources.")
	}
	for _, action := range append(append([]string(nil), s.Action...), s.NotAction...) {
		vendor, _, _ := strings.Cut(action, ":")
		switch colons := strings.Count(action, ":"); {
		case action == "*":
		case colons == 0:
			return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		case colons > 1:
			return malformed("Actions/Condition can contain only one colon.")
		case vendor != "*" && !vendorPattern.MatchString(vendor):
			return malformed("Vendor %s is not valid", vendor)
		}
	}
	for _, resource := range append(append([]string(nil), s.Resource...), s.NotResource...) {
		if words := resourceWords(resource); words != "" {
			return malformed("%s", words)
		}
	}
	return nil
}

func checkTrustStatement(s *iam.Statement) error {
	switch {
	case s.Resource != nil || s.NotResource != nil:
		return malformed("Has prohibited field Resource")
	case s.NotPrincipal != nil:
		return malformed("AssumeRolepolicy contained disallowed NotPrincipal element")
	case s.Principal == nil:
		return malformed("Missing required field Principal")
	case len(s.Action)+len(s.NotAction) == 0:
		return malformed("Missing required field Action")
	}
	for _, action := range s.Action {
		if !strings.HasPrefix(strings.ToLower(action), "sts:") {
			return malformed("AssumeRole policy may only specify STS AssumeRole actions.")
		}
	}
	return nil
}

// principals gives the roles of this account that a trust policy names.
func (d *Directory) principals(document *iam.Document) (arns []string) {
	for i := range document.Statements {
		for _, principal := range document.Statements[i].Principal.AWS {
			if strings.HasPrefix(principal, "arn:aws:iam::"+d.cfg.Account+":role/") {
				arns = append(arns, principal)
			}
		}
	}
	return arns
}

// principalIDs gives the unique ids of the roles that a trust policy names.
func (d *Directory) principalIDs(document *iam.Document, s *snapshot) map[string]string {
	ids := map[string]string{}
	for _, arn := range d.principals(document) {
		if r := s.roleByARN(arn); r != nil {
			ids[arn] = r.ID
		}
	}
	return ids
}

// encode writes a document as IAM's answers have it: escaped by RFC 3986.
func encode(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}
