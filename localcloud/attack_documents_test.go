package localcloud_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// putters are the ways by which a policy document gets into the cloud.
func (a *arena) putters() map[string]func(document string) error {
	ctx, t := a.t.Context(), a.t
	role := a.role(t, "put-to", trustAll, "")
	roles, n := awsiam.NewFromConfig(a.dev()), 0
	return map[string]func(string) error{
		"PutRolePolicy": func(d string) error {
			_, err := roles.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: aws.String("put-to"), PolicyName: aws.String("p"), PolicyDocument: &d})
			return err
		},
		"CreatePolicy": func(d string) error {
			n++
			_, err := roles.CreatePolicy(ctx, &awsiam.CreatePolicyInput{PolicyName: aws.String(fmt.Sprint("p", n)), PolicyDocument: &d})
			return err
		},
		"AssumeRole": func(d string) error {
			_, err := sts.NewFromConfig(a.dev()).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("tester"), Policy: &d})
			return err
		},
		"SimulateCustomPolicy": func(d string) error {
			_, err := roles.SimulateCustomPolicy(ctx, &awsiam.SimulateCustomPolicyInput{PolicyInputList: []string{d}, ActionNames: []string{"s3:GetObject"}})
			return err
		},
		"UpdateAssumeRolePolicy": func(d string) error {
			d = strings.ReplaceAll(d, `"Resource":"*"`, `"Principal":"*"`)
			d = strings.ReplaceAll(d, `"s3:GetObject"`, `"sts:AssumeRole"`)
			_, err := roles.UpdateAssumeRolePolicy(ctx, &awsiam.UpdateAssumeRolePolicyInput{RoleName: aws.String("put-to"), PolicyDocument: &d})
			return err
		},
		"PutBucketPolicy": func(d string) error {
			d = strings.ReplaceAll(d, `"Resource":"*"`, `"Resource":"`+bucketARN+`/*","Principal":{"AWS":"000000000000"}`)
			_, err := pathStyle(a.dev()).PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("arena"), Policy: &d})
			return err
		},
		"PutResourcePolicy": func(d string) error {
			d = strings.ReplaceAll(d, `"Resource":"*"`, `"Resource":"`+tableARN+`open","Principal":{"AWS":"000000000000"}`)
			_, err := dynamodb.NewFromConfig(a.dev()).PutResourcePolicy(ctx, &dynamodb.PutResourcePolicyInput{ResourceArn: aws.String(tableARN + "open"), Policy: &d})
			return err
		},
	}
}

// refused are AWS's codes for a document that is none.
var refused = []string{"MalformedPolicyDocument", "MalformedPolicy", "InvalidInput", "ValidationException", "LimitExceeded", "ValidationError", "PolicyTooLarge"}

// A document that can be read in two ways, or is none of the language, is not
// taken, whichever way it comes; the same one without the trick is.
func TestAttackDocuments(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	const plain = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
	change := func(old, with string) string { return strings.Replace(plain, old, with, 1) }
	condition := func(c string) string { return change(`"*"}]`, `"*","Condition":`+c+`}]`) }
	good := map[string]string{
		"plain": plain, "one statement": change(`[{`, `{`)[:len(plain)-3] + `}`, "a list of one": change(`"s3:GetObject"`, `["s3:GetObject"]`),
		"a condition": condition(`{"Bool":{"aws:SecureTransport":true}}`),
	}
	bad := map[string]string{
		"Effect twice":            change(`"Effect":"Allow"`, `"Effect":"Allow","Effect":"Deny"`),
		"Effect twice, escaped":   change(`"Effect":"Allow"`, `"Effect":"Allow","Effec\u0074":"Deny"`),
		"Action twice":            change(`"Action":"s3:GetObject"`, `"Action":"s3:GetObject","Action":"*"`),
		"Statement twice":         change(`"Statement":`, `"Statement":[],"Statement":`),
		"Version twice":           change(`"Version":`, `"Version":"2008-10-17","Version":`),
		"a key in other letters":  change(`"Effect"`, `"effect"`),
		"a value in others":       change(`"Allow"`, `"allow"`),
		"a list of effects":       change(`"Allow"`, `["Allow"]`),
		"no effect":               change(`"Effect":"Allow",`, ``),
		"null for a statement":    change(`[{`, `[null,{`),
		"null for statements":     `{"Version":"2012-10-17","Statement":null}`,
		"no statements":           `{"Version":"2012-10-17","Statement":[]}`,
		"null for actions":        change(`"s3:GetObject"`, `null`),
		"no actions":              change(`"s3:GetObject"`, `[]`),
		"a number for an action":  change(`"s3:GetObject"`, `["s3:GetObject",1]`),
		"a list in a list":        change(`"s3:GetObject"`, `[["s3:GetObject"]]`),
		"both forms":              change(`"Action"`, `"NotAction":"iam:*","Action"`),
		"a version of one's own":  change(`2012-10-17`, `2026-11-22`),
		"a number for a version":  change(`"2012-10-17"`, `20121017`),
		"an element of one's own": change(`"Effect"`, `"Comment":"x","Effect"`),
		"an operator of none":     condition(`{"StringMatches":{"aws:username":"a"}}`),
		"a list of conditions":    condition(`[{"Bool":{"aws:SecureTransport":"true"}}]`),
		"an operator twice":       condition(`{"Bool":{"aws:SecureTransport":"true"},"Bool":{"aws:ViaAWSService":"true"}}`),
		"a key twice":             condition(`{"Bool":{"aws:SecureTransport":"true","aws:SecureTransport":"false"}}`),
		"null for a value":        condition(`{"Bool":{"aws:SecureTransport":null}}`),
		"an object for a value":   condition(`{"Bool":{"aws:SecureTransport":{}}}`),
		"something behind":        plain + `{}`,
		"another document behind": plain + plain,
		"no JSON":                 change(`{"Eff`, `{Eff`),
		"a comment":               change(`[{`, `[/* */{`),
		"a comma behind":          change(`"*"}`, `"*",}`),
		"a byte order mark":       "\ufeff" + plain,
		"empty":                   ``,
		"null":                    `null`,
		"deep":                    strings.Repeat("[", 10000) + strings.Repeat("]", 10000),
		"deep statements":         change(`[{`, strings.Repeat("[", 10000)+`{`),
		"deep conditions":         condition(strings.Repeat(`{"a":`, 10000) + `1` + strings.Repeat("}", 10000)),
		"deep and unfinished":     change(`[{`, strings.Repeat(`{"Statement":`, 100000)),
		"huge":                    change(`"s3:GetObject"`, `["s3:GetObject"`+strings.Repeat(`,"s3:GetObject"`, 80000)+`]`),
		"a huge name":             change(`s3:GetObject`, `s3:`+strings.Repeat("G", 1<<20)),
	}
	for name, put := range a.putters() {
		for what, document := range good {
			wantCode(t, name+": "+what, put(document), "")
		}
		for what, document := range bad {
			if document == "" && name == "AssumeRole" {
				continue // which then has no policy
			}
			start := time.Now()
			code, message := codeOf(put(document))
			if !contains(refused, code) {
				t.Errorf("%s: %s: %q (%.200s)", name, what, code, message)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("%s: %s: refused after %v", name, what, took)
			}
		}
	}
	wantCode(t, "the cloud lives", getItem(t, "open")(a.dev()), "")
}

func contains(list []string, text string) bool {
	for _, s := range list {
		if s == text {
			return true
		}
	}
	return false
}

// What IAM is asked about must be what is done, also where a request says
// something twice: neither order of the two may read the table secret.
func TestAttackSaidTwice(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	cfg, err := a.with(statements(
		allow("dynamodb:GetItem", tableARN+"open"), allow("s3:ListBucket", bucketARN, `"Condition":{"StringEquals":{"s3:prefix":"home/tester/"}}`),
		allow("iam:ListRolePolicies", "arn:aws:iam::000000000000:role/shown"), allow("s3:GetObject", bucketARN+"/team"), allow("s3:PutObject", bucketARN+"/copy"),
	))
	wantCode(t, "a caller", err, "")
	a.role(t, "shown", trustAll, allowAll)
	a.role(t, "hidden", trustAll, "")
	item := func(body string) *rawCall {
		call := jsonCall("dynamodb", "DynamoDB_20120810.GetItem", nil)
		call.body = `{` + body + `,"Key":{"k":{"S":"k"}}}`
		return call
	}
	list := func(query string) *rawCall {
		return &rawCall{service: "s3", method: http.MethodGet, path: "/arena", rawQuery: "list-type=2&" + query}
	}
	policies := func(form string) *rawCall {
		call := queryCall("iam", "ListRolePolicies", url.Values{})
		call.body += "&" + form
		return call
	}
	copied := func(sources ...string) *rawCall {
		return &rawCall{service: "s3", method: http.MethodPut, path: "/arena/copy", header: http.Header{"X-Amz-Copy-Source": sources}}
	}
	for _, row := range []struct {
		what  string
		call  *rawCall
		wants string // what a call that may be made answers, "" for one that must not get through
		never string
	}{
		{"a table", item(`"TableName":"open"`), `"S":"open"`, "secret"},
		{"a table that is not granted", item(`"TableName":"secret"`), "", `"S":"secret"`},
		{"two tables, the granted one first", item(`"TableName":"open","TableName":"secret"`), "", `"S":"secret"`},
		{"the granted one last", item(`"TableName":"secret","TableName":"open"`), `"S":"open"`, `"S":"secret"`},
		{"the second escaped", item(`"TableName":"open","Table\u004eame":"secret"`), "", `"S":"secret"`},
		{"the second in other letters", item(`"TableName":"open","tablename":"secret"`), `"S":"open"`, `"S":"secret"`},
		{"the second null", item(`"TableName":"secret","TableName":null`), "", `"S":"secret"`},
		{"the first null", item(`"TableName":null,"TableName":"secret"`), "", `"S":"secret"`},

		{"a prefix", list("prefix=home%2Ftester%2F"), "home/tester/file", "secret"},
		{"another prefix", list("prefix="), "", "secret"},
		{"two prefixes, the granted one first", list("prefix=home%2Ftester%2F&prefix="), "home/tester/file", "secret"},
		{"the granted one last", list("prefix=&prefix=home%2Ftester%2F"), "", "secret"},
		{"a prefix with an escaped name", list("prefi%78=&prefix=home%2Ftester%2F"), "", "secret"},
		{"a prefix in other letters", list("Prefix=home%2Ftester%2F"), "", "secret"},

		{"a role", policies("RoleName=shown"), "<member>p</member>", ""},
		{"another role", policies("RoleName=hidden"), "", "ListRolePoliciesResult"},
		{"two roles, the granted one last", policies("RoleName=hidden&RoleName=shown"), "", "ListRolePoliciesResult"},
		{"the granted one first", policies("RoleName=shown&RoleName=hidden"), "<member>p</member>", ""},
		{"two actions", policies("RoleName=shown&Action=ListRoles"), "<member>p</member>", "ListRolesResult"},

		{"a copy", copied("/arena/team"), "CopyObjectResult", ""},
		{"a copy of another object", copied("/arena/secret"), "", "CopyObjectResult"},
		{"two sources, the granted one last", copied("/arena/secret", "/arena/team"), "", "CopyObjectResult"},
	} {
		got := a.raw(cfg, row.call)
		if row.wants == "" && strings.HasPrefix(got, "200") || !strings.Contains(got, row.wants) {
			t.Errorf("%s: %.300s, want %q", row.what, got, row.wants)
		}
		if row.never != "" && strings.Contains(got, row.never) {
			t.Errorf("%s: %.300s", row.what, got)
		}
	}
}

// Bodies that are deep or huge are refused soon, and the cloud goes on.
func TestAttackDeepAndHugeRequests(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	const depth = 10000
	lists, objects := strings.Repeat(`{"L":[`, depth)+strings.Repeat(`]}`, depth), strings.Repeat(`{"a":`, depth)+`1`+strings.Repeat(`}`, depth)
	body := func(call *rawCall, text string) *rawCall { call.body = text; return call }
	dynamo := func(operation, text string) *rawCall {
		return body(jsonCall("dynamodb", "DynamoDB_20120810."+operation, nil), text)
	}
	rest := func(service, method, path, text string) *rawCall {
		return &rawCall{service: service, method: method, path: path, header: http.Header{"Content-Type": {"application/json"}}, body: text}
	}
	stack := func(template string) *rawCall {
		call := queryCall("cloudformation", "CreateStack", url.Values{"StackName": {"deep"}, "TemplateBody": {template}})
		call.body = strings.Replace(call.body, "Version=", "Version=2010-05-15", 1)
		return call
	}
	for what, call := range map[string]*rawCall{
		"an item of lists":     dynamo("PutItem", `{"TableName":"open","Item":{"k":{"S":"x"},"v":`+lists+`}}`),
		"an item unfinished":   dynamo("PutItem", `{"TableName":"open","Item":{"k":{"S":"x"},"v":`+strings.Repeat(`{"M":{"a":`, 100*depth)),
		"a member of no use":   dynamo("GetItem", `{"TableName":"open","Other":`+strings.Repeat("[", 100*depth)),
		"an expression":        dynamo("Scan", `{"TableName":"open","FilterExpression":"`+strings.Repeat("(", depth)+`a = b`+strings.Repeat(")", depth)+`"}`),
		"a path":               dynamo("Scan", `{"TableName":"open","ProjectionExpression":"a`+strings.Repeat(".a", depth)+`"}`),
		"a function's tags":    rest("lambda", "POST", "/2015-03-31/functions", `{"FunctionName":"f","Tags":`+objects+`}`),
		"an API":               rest("apigateway", "POST", "/restapis", `{"name":"x","tags":`+objects+`}`),
		"a template in JSON":   stack(`{"Resources":` + objects + `}`),
		"a template in YAML":   stack("Resources: " + strings.Repeat("[", depth) + strings.Repeat("]", depth)),
		"anchors in YAML":      stack("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\nResources: {g: [*f,*f,*f,*f,*f,*f,*f,*f]}\n"),
		"tags in XML":          {service: "s3", method: "PUT", path: "/arena", rawQuery: "tagging=", body: strings.Repeat("<Tagging>", 10*depth)},
		"tags in XML, and end": {service: "s3", method: "PUT", path: "/arena", rawQuery: "tagging=", body: "<Tagging>" + strings.Repeat("<a>", 10*depth) + strings.Repeat("</a>", 10*depth) + "</Tagging>"},
		"entities in XML":      {service: "s3", method: "PUT", path: "/arena", rawQuery: "tagging=", body: `<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Tagging><TagSet><Tag><Key>&b;</Key><Value>v</Value></Tag></TagSet></Tagging>`},
		"a log event":          body(jsonCall("logs", "Logs_20140328.CreateLogGroup", nil), `{"logGroupName":`+strings.Repeat("[", depth)+strings.Repeat("]", depth)+`}`),
		"many parameters":      queryCall("iam", "CreateRole", url.Values{"RoleName": {strings.Repeat("x", 1<<20)}}),
	} {
		start := time.Now()
		got := a.raw(a.dev(), call)
		if !strings.HasPrefix(got, "4") || len(got) > 2<<20 {
			t.Errorf("%s: %.200s", what, got)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s: refused after %v", what, took)
		}
		wantCode(t, "the cloud lives after "+what, getItem(t, "open")(a.dev()), "")
	}
	nested := strings.Repeat(`{"L":[`, 20) + strings.Repeat(`]}`, 20)
	if got := a.raw(a.dev(), dynamo("PutItem", `{"TableName":"open","Item":{"k":{"S":"x"},"v":`+nested+`}}`)); !strings.HasPrefix(got, "200") {
		t.Errorf("an item that may be: %s", got)
	}
	if got := a.raw(a.dev(), &rawCall{service: "s3", method: "PUT", path: "/arena", rawQuery: "tagging=", body: `<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>`}); !strings.HasPrefix(got, "20") {
		t.Errorf("tags that may be: %s", got)
	}
}

// A value of another type than the test wants does not pass for one.
func TestAttackTypes(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	when := func(condition string) string {
		return statements(allow("s3:ListBucket", "*", `"Condition":{`+condition+`}`))
	}
	unless := func(condition string) string {
		return statements(allow("s3:ListBucket", "*"), deny("s3:ListBucket", "*", `"Condition":{`+condition+`}`))
	}
	list := listPrefix(t, "home/", "a")
	a.run([]row{
		{"true as text", when(`"Bool":{"aws:SecureTransport":"true"}`), list, "", nil},
		{"true as JSON's", when(`"Bool":{"aws:SecureTransport":true}`), list, "", nil},
		{"True", when(`"Bool":{"aws:SecureTransport":"True"}`), list, "", nil},
		{"1 is not true", when(`"Bool":{"aws:SecureTransport":"1"}`), list, "AccessDenied", nil},
		{"nor is the number", when(`"Bool":{"aws:SecureTransport":1}`), list, "AccessDenied", nil},
		{"nor yes", when(`"Bool":{"aws:SecureTransport":"yes"}`), list, "AccessDenied", nil},
		{"nor a space before true", when(`"Bool":{"aws:SecureTransport":" true"}`), list, "AccessDenied", nil},
		{"nor text of a tag", when(`"Bool":{"aws:PrincipalTag/b":"true"}`), list, "AccessDenied", []string{"b", "1"}},
		{"a tag of true is", when(`"Bool":{"aws:PrincipalTag/b":"true"}`), list, "", []string{"b", "true"}},

		{"a number", when(`"NumericLessThanEquals":{"aws:PrincipalTag/n":"10"}`), list, "", []string{"n", "10"}},
		{"as JSON's", when(`"NumericLessThanEquals":{"aws:PrincipalTag/n":10}`), list, "", []string{"n", "9.5"}},
		{"a larger one", when(`"NumericLessThanEquals":{"aws:PrincipalTag/n":"10"}`), list, "AccessDenied", []string{"n", "10.1"}},
		{"a hexadecimal one", when(`"NumericLessThanEquals":{"aws:PrincipalTag/n":"100"}`), list, "AccessDenied", []string{"n", "0x10"}},
		{"one in other digits", when(`"NumericLessThanEquals":{"aws:PrincipalTag/n":"10"}`), list, "AccessDenied", []string{"n", "\uff15"}},
		{"one with something behind", when(`"NumericLessThanEquals":{"aws:PrincipalTag/n":"10"}`), list, "AccessDenied", []string{"n", "5abc"}},
		{"one with a space", when(`"NumericLessThanEquals":{"aws:PrincipalTag/n":"10"}`), list, "AccessDenied", []string{"n", "5 "}},
		{"none", when(`"NumericLessThanEquals":{"aws:PrincipalTag/n":"10"}`), list, "AccessDenied", []string{"n", ""}},
		{"one beyond all", when(`"NumericGreaterThan":{"aws:PrincipalTag/n":"10"}`), list, "AccessDenied", []string{"n", "Infinity"}},
		{"one that is none", when(`"NumericNotEquals":{"aws:PrincipalTag/n":"10"}`), list, "AccessDenied", []string{"n", "NaN"}},
		{"no number in the policy", when(`"NumericLessThanEquals":{"aws:PrincipalTag/n":"ten"}`), list, "AccessDenied", []string{"n", "5"}},

		{"a date to come", when(`"DateLessThan":{"aws:CurrentTime":"2999-01-01T00:00:00Z"}`), list, "", nil},
		{"in seconds", when(`"DateLessThan":{"aws:CurrentTime":"32472144000"}`), list, "", nil},
		{"as JSON's number", when(`"DateLessThan":{"aws:CurrentTime":32472144000}`), list, "", nil},
		{"a date gone by", when(`"DateLessThan":{"aws:CurrentTime":"2001-01-01T00:00:00Z"}`), list, "AccessDenied", nil},
		{"in seconds", when(`"DateLessThan":{"aws:CurrentTime":"978307200"}`), list, "AccessDenied", nil},
		{"no date", when(`"DateLessThan":{"aws:CurrentTime":"tomorrow"}`), list, "MalformedPolicyDocument", nil},
		{"a day that there is not", when(`"DateLessThan":{"aws:CurrentTime":"2999-02-30T00:00:00Z"}`), list, "AccessDenied", nil},

		{"an address", when(`"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}`), list, "", nil},
		{"in other clothes", when(`"IpAddress":{"aws:SourceIp":"127.0.0.0/33"}`), list, "AccessDenied", nil},
		{"with zeros before", when(`"IpAddress":{"aws:SourceIp":"127.0.0.01"}`), list, "AccessDenied", nil},
		{"as a number", when(`"IpAddress":{"aws:SourceIp":"2130706433"}`), list, "AccessDenied", nil},
		{"cut short", when(`"IpAddress":{"aws:SourceIp":"127.1"}`), list, "AccessDenied", nil},
		{"an address that is refused", unless(`"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}`), list, "AccessDenied", nil},
		{"as text it is text", when(`"StringEquals":{"aws:SourceIp":"127.0.0.0/8"}`), list, "AccessDenied", nil},

		{"no values", when(`"StringEquals":{"s3:prefix":[]}`), list, "AccessDenied", nil},
		{"no values of a set", when(`"ForAnyValue:StringEquals":{"s3:prefix":[]}`), list, "AccessDenied", nil},
		{"a list of one", when(`"StringEquals":{"s3:prefix":["home/"]}`), list, "", nil},
		{"no ARN for an ARN", when(`"ArnLike":{"aws:Referer":"*"}`), list, "AccessDenied", nil},
		{"no ARN for an ARN, in six", when(`"ArnLike":{"aws:Referer":"*:*:*:*:*:*"}`), list, "AccessDenied", nil},
		{"an ARN", when(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::000000000000:role/caller-*"}`), list, "", nil},
		{"a key that must not be there", when(`"Null":{"s3:prefix":"true"}`), list, "AccessDenied", nil},
		{"and that must", when(`"Null":{"s3:prefix":"false"}`), list, "", nil},
	})
}

// A caller at an IPv4 address is there however the network spells it.
func TestAttackMappedAddresses(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	barred := statements(allow("dynamodb:*", "*"), deny("*", "*", `"Condition":{"IpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/32"]}}`))
	cfg, err := a.with(barred)
	wantCode(t, "a caller", err, "")
	for ip, want := range map[string]string{
		"198.51.100.7": "", "::ffff:198.51.100.7": "", "2001:db9::1": "", "fe80::1%eth0": "",
		"192.0.2.7": "AccessDeniedException", "::ffff:192.0.2.7": "AccessDeniedException", "0:0:0:0:0:ffff:c000:207": "AccessDeniedException",
		"2001:db8::1": "AccessDeniedException", "2001:0DB8:0:0::1": "AccessDeniedException",
	} {
		door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.RemoteAddr = net.JoinHostPort(ip, "40000")
			a.API().ServeHTTP(w, r)
		}))
		from := cfg
		from.BaseEndpoint = &door.URL
		wantCode(t, "from "+ip, getItem(t, "open")(from), want)
		door.Close()
	}
}
