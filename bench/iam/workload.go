package main

import (
	"fmt"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// workload is a fixed set of S3 requests, in rotation, by one user with some
// identity policies. Both engines get the same facts.
type workload struct {
	name      string
	documents []string
	requests  []request
}

// request is one question, as facts that either engine can be given.
type request struct {
	action, bucket, object string
	sourceIP, userAgent    string
	secure                 bool
}

const (
	username = "alice"
	userID   = "AIDAEXAMPLEALICE"
)

var objectActions = []string{"GetObject", "PutObject", "DeleteObject", "GetObjectTagging", "PutObjectTagging"}

var bucketActions = []string{"ListBucket", "GetBucketLocation", "GetBucketPolicy"}

// rotation is how many requests a workload has.
const rotation = 64

// requests gives them: eight actions on each of eight buckets, from two places,
// some without TLS.
func requests() []request {
	var list []request
	for i := range rotation {
		r := request{bucket: fmt.Sprintf("bucket-%d", i/8), sourceIP: "203.0.113.7", userAgent: "aws-sdk-go-v2/1.47", secure: i%13 != 0}
		if i%5 == 0 {
			r.sourceIP = "198.51.100.20"
		}
		if kind := i % 8; kind < len(objectActions) {
			r.action = "s3:" + objectActions[kind]
			r.object = fmt.Sprintf("team/%d/report-%d.csv", i%3, i)
		} else {
			r.action = "s3:" + bucketActions[kind-len(objectActions)]
		}
		list = append(list, r)
	}
	return list
}

// w1 is one policy of five statements without conditions.
func w1() *workload {
	return &workload{name: "W1", requests: requests(), documents: []string{document(
		statement("Allow", []string{"s3:GetObject", "s3:GetObjectTagging"}, []string{"bucket-1/*", "bucket-2/*"}, ""),
		statement("Allow", []string{"s3:Put*"}, []string{"bucket-3/team/*"}, ""),
		statement("Allow", []string{"s3:Get*"}, []string{"bucket-?/team/*/report-1*.csv"}, ""),
		statement("Deny", []string{"s3:DeleteObject"}, []string{"*"}, ""),
		statement("Allow", []string{"s3:ListBucket", "s3:GetBucketLocation"}, []string{"bucket-1", "bucket-2", "bucket-4", "bucket-7"}, ""),
	)}}
}

// conditions are those of W2, in turn.
var conditions = []string{
	`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`,
	`"StringLike":{"aws:username":"al*"}`,
	`"Bool":{"aws:SecureTransport":"true"}`,
	`"StringEquals":{"aws:userid":"` + userID + `"}`,
}

// w2 is ten policies of twenty statements: ten Allow and ten Deny, each with
// one condition.
func w2() *workload {
	w := &workload{name: "W2", requests: requests()}
	for p := range 10 {
		var statements []string
		for i := range 20 {
			actions := []string{"s3:" + objectActions[(p+i)%len(objectActions)], "s3:" + bucketActions[i%len(bucketActions)][:3] + "*"}
			effect, resource := "Allow", fmt.Sprintf("bucket-%d/team/%d/*", (p+i)%16, i%5)
			switch {
			case i%2 == 1:
				effect, resource = "Deny", fmt.Sprintf("bucket-%d/*/report-%d.csv", (p+i)%8, 3*i)
			case i%4 == 2:
				resource = fmt.Sprintf("bucket-%d", (5*p+i)%40)
			}
			statements = append(statements, statement(effect, actions, []string{resource}, conditions[(p+i/2)%len(conditions)]))
		}
		w.documents = append(w.documents, document(statements...))
	}
	return w
}

// role is a policy of n statements about one action; half of the requests
// find their statement, half find none.
func role(n int) *workload {
	w := &workload{name: fmt.Sprintf("%d statements", n), requests: requests()}
	var statements []string
	for i := range n {
		statements = append(statements, statement("Allow", []string{"s3:GetObject"}, []string{fmt.Sprintf("bucket-%d/*", i)}, ""))
	}
	w.documents = []string{document(statements...)}
	for i := range w.requests {
		r := &w.requests[i]
		r.action, r.bucket, r.object = "s3:GetObject", fmt.Sprintf("bucket-%d", n-1-i), "report.csv"
		if i%2 == 0 {
			r.bucket += "x"
		}
	}
	return w
}

func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func statement(effect string, actions, resources []string, condition string) string {
	for i, r := range resources {
		resources[i] = "arn:aws:s3:::" + r
	}
	s := fmt.Sprintf(`{"Effect":%q,"Action":["%s"],"Resource":["%s"]`, effect, strings.Join(actions, `","`), strings.Join(resources, `","`))
	if condition != "" {
		s += `,"Condition":{` + condition + `}`
	}
	return s + "}"
}

// writ gives the workload as Writ takes it.
func (w *workload) writ() ([]*iam.Request, *iam.Policies, error) {
	p := &iam.Policies{}
	for _, text := range w.documents {
		policy, err := iam.Load([]byte(text), iam.Origin{Type: iam.TypeIdentity, Name: w.name})
		if err != nil {
			return nil, nil, err
		}
		p.Identity = append(p.Identity, policy)
	}
	var list []*iam.Request
	for i := range w.requests {
		list = append(list, w.requests[i].writ())
	}
	return list, p, nil
}

func (r *request) writ() *iam.Request {
	resource := "arn:aws:s3:::" + r.bucket
	if r.object != "" {
		resource += "/" + r.object
	}
	return &iam.Request{
		Principal: iam.ParsePrincipal("arn:aws:iam::111122223333:user/" + username),
		Action:    r.action,
		Resource:  resource,
		Context: iam.Context{
			"aws:sourceip":        iam.One(r.sourceIP),
			"aws:useragent":       iam.One(r.userAgent),
			"aws:securetransport": iam.One(fmt.Sprint(r.secure)),
			"aws:username":        iam.One(username),
			"aws:userid":          iam.One(userID),
		},
	}
}
