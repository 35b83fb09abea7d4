package localcloud_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	conformance "github.com/writ-dev/writ/conformance/iam"
)

// rawCall is one HTTP request of an AWS API, before it is signed.
type rawCall struct {
	service, method, path string
	query                 url.Values
	header                http.Header
	body                  string
	// rawQuery is sent instead of query where it is set.
	rawQuery string
	// target is what the call is about: a bucket, a table, a role's ARN.
	target string
	// also is an action that IAM is asked first, which the caller is given.
	also string
}

func queryCall(service, operation string, form url.Values) *rawCall {
	form.Set("Action", operation)
	form.Set("Version", map[string]string{"iam": "2010-05-08", "sts": "2011-06-15"}[service])
	return &rawCall{
		service: service, method: http.MethodPost, path: "/", body: form.Encode(),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	}
}

func jsonCall(service, target string, in map[string]any) *rawCall {
	body, err := json.Marshal(in)
	if err != nil {
		panic(err) // the values are this file's own
	}
	return &rawCall{
		service: service, method: http.MethodPost, path: "/", body: string(body),
		header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {target}},
	}
}

// errUnserved is for actions of operations that the cloud does not have.
func errUnserved(c *conformance.Case) error {
	service, _, _ := strings.Cut(strings.ToLower(c.Request.Action), ":")
	switch service {
	case "s3", "iam", "sts", "dynamodb", "lambda", "logs":
		return conformance.NotExpressible("the cloud does not serve every action of %s", service)
	}
	return conformance.NotExpressible("the cloud does not serve the service")
}

// requestOf makes the request whose authorisation a case is about.
func requestOf(c *conformance.Case) (*rawCall, error) {
	service, action, _ := strings.Cut(strings.ToLower(c.Request.Action), ":")
	parts := strings.SplitN(c.Request.Resource, ":", 6)
	name := c.Request.Resource
	if len(parts) == 6 {
		name = parts[5]
	}
	if name == "*" && !c.Request.WildcardOnly && action != "listallmybuckets" {
		return nil, conformance.NotExpressible("the case names no resource, and a real call has one")
	}
	var call *rawCall
	switch service {
	case "dynamodb":
		call = dynamodbCall(action, name)
	case "s3":
		call = s3Call(c, action, name)
	case "lambda":
		call = lambdaCall(action, name)
	case "logs":
		call = logsCall(action, name)
	case "iam":
		call = iamCall(action, c.Request.Resource, name)
	case "sts":
		if action == "assumerole" {
			form := url.Values{"RoleArn": {c.Request.Resource}, "RoleSessionName": {"tester"}}
			if id, ok := c.One("sts:ExternalId"); ok {
				form.Set("ExternalId", id)
			}
			if session, ok := c.One("sts:RoleSessionName"); ok {
				form.Set("RoleSessionName", session)
			}
			call = queryCall("sts", "AssumeRole", form)
			call.target = c.Request.Resource
		}
	}
	if call == nil {
		return nil, errUnserved(c)
	}
	return call, nil
}

func dynamodbCall(action, name string) *rawCall {
	if action == "listtables" {
		return jsonCall("dynamodb", "DynamoDB_20120810.ListTables", map[string]any{})
	}
	rest, ok := strings.CutPrefix(name, "table/")
	if !ok {
		return nil
	}
	table, index, _ := strings.Cut(rest, "/index/")
	key := map[string]any{"pk": map[string]string{"S": "k"}}
	in := map[string]any{"TableName": table}
	operation := map[string]string{
		"getitem": "GetItem", "putitem": "PutItem", "updateitem": "UpdateItem", "deleteitem": "DeleteItem", "query": "Query", "scan": "Scan",
		"describetable": "DescribeTable", "deletetable": "DeleteTable",
	}[action]
	switch operation {
	case "":
		return nil
	case "GetItem", "UpdateItem", "DeleteItem":
		in["Key"] = key
	case "PutItem":
		in["Item"] = key
	case "Query":
		in["KeyConditionExpression"] = "pk = :k"
		in["ExpressionAttributeValues"] = map[string]any{":k": map[string]string{"S": "k"}}
	}
	if index != "" {
		in["IndexName"] = index
	}
	call := jsonCall("dynamodb", "DynamoDB_20120810."+operation, in)
	call.target = table
	return call
}

// s3Calls are the operations by their IAM action.
var s3Calls = map[string]struct{ method, query string }{
	"getobject": {"GET", ""}, "putobject": {"PUT", ""}, "deleteobject": {"DELETE", ""}, "getobjecttagging": {"GET", "tagging"},
	"createbucket": {"PUT", ""}, "deletebucket": {"DELETE", ""}, "listbucket": {"GET", "list-type=2"}, "listallmybuckets": {"GET", ""},
	"getbucketlocation": {"GET", "location"}, "getbucketversioning": {"GET", "versioning"}, "getbuckettagging": {"GET", "tagging"},
	"getbucketpolicy": {"GET", "policy"}, "deletebucketpolicy": {"DELETE", "policy"}, "listbucketmultipartuploads": {"GET", "uploads"},
	"putbucketpolicy": {"PUT", "policy"},
}

func s3Call(c *conformance.Case, action, name string) *rawCall {
	row, ok := s3Calls[action]
	if !ok {
		return nil
	}
	query, err := url.ParseQuery(row.query)
	if err != nil {
		panic(err)
	}
	call := &rawCall{service: "s3", method: row.method, path: "/" + name, query: query, header: http.Header{}}
	call.target, _, _ = strings.Cut(name, "/")
	if action == "listallmybuckets" {
		call.path, call.target = "/", ""
	}
	for key := range c.Request.Context {
		text, ok := c.One(key)
		name, s3 := strings.CutPrefix(key, "s3:")
		switch {
		case !s3 || !ok:
		case strings.HasPrefix(name, "x-amz-"):
			call.header.Set(name, text)
		case name == "locationconstraint":
			call.body = `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>` + text + `</LocationConstraint></CreateBucketConfiguration>`
		case name == "prefix" || name == "delimiter" || name == "max-keys":
			call.query.Set(name, text)
		}
	}
	return call
}

func lambdaCall(action, name string) *rawCall {
	function, ok := strings.CutPrefix(name, "function:")
	const base = "/2015-03-31/functions/"
	call := &rawCall{service: "lambda", header: http.Header{"Content-Type": {"application/json"}}, query: url.Values{}}
	if action == "listfunctions" {
		call.method, call.path = http.MethodGet, base
		return call
	}
	var qualifier string
	function, qualifier, _ = strings.Cut(function, ":")
	call.target = function
	if qualifier != "" {
		call.query.Set("Qualifier", qualifier)
	}
	switch {
	case !ok:
		return nil
	case action == "invokefunction":
		call.method, call.path, call.body = http.MethodPost, base+function+"/invocations", "{}"
	case action == "updatefunctioncode":
		call.method, call.path, call.body = http.MethodPut, base+function+"/code", `{"ZipFile":"eA=="}`
	case action == "getfunction":
		call.method, call.path = http.MethodGet, base+function
	default:
		return nil
	}
	return call
}

func logsCall(action, name string) *rawCall {
	group, stream, _ := strings.Cut(strings.TrimPrefix(name, "log-group:"), ":log-stream:")
	switch action {
	case "putlogevents":
		return jsonCall("logs", "Logs_20140328.PutLogEvents", map[string]any{
			"logGroupName": group, "logStreamName": stream, "logEvents": []any{map[string]any{"timestamp": 1, "message": "m"}},
		})
	case "createlogstream":
		return jsonCall("logs", "Logs_20140328.CreateLogStream", map[string]any{"logGroupName": group, "logStreamName": stream})
	}
	return nil
}

// iamCalls are the operations on a role, and on a policy, by their action.
var iamCalls = map[string]string{
	"getrole": "GetRole", "listrolepolicies": "ListRolePolicies", "deleterole": "DeleteRole", "attachrolepolicy": "AttachRolePolicy",
	"putrolepolicy": "PutRolePolicy", "updateassumerolepolicy": "UpdateAssumeRolePolicy", "deleterolepermissionsboundary": "DeleteRolePermissionsBoundary",
	"getpolicy": "GetPolicy", "createpolicy": "CreatePolicy", "createpolicyversion": "CreatePolicyVersion", "deletepolicy": "DeletePolicy",
	"simulateprincipalpolicy": "SimulatePrincipalPolicy", "createrole": "CreateRole",
}

func iamCall(action, arn, name string) *rawCall {
	if action == "passrole" { // which is no operation, but asked of who gives a role to a service
		body, err := json.Marshal(map[string]any{"FunctionName": "passed-to", "Role": arn, "Runtime": "provided.al2023", "Handler": "x", "Code": map[string]string{"ZipFile": "eA=="}})
		if err != nil {
			panic(err)
		}
		return &rawCall{
			service: "lambda", method: http.MethodPost, path: "/2015-03-31/functions", body: string(body),
			header: http.Header{"Content-Type": {"application/json"}}, also: "lambda:CreateFunction",
		}
	}
	operation, ok := iamCalls[action]
	if !ok {
		return nil
	}
	last := name[strings.LastIndexByte(name, '/')+1:]
	form := url.Values{"RoleName": {last}, "PolicyArn": {arn}, "PolicyName": {last}, "PolicyDocument": {allowAll}, "PolicySourceArn": {arn}}
	form.Set("AssumeRolePolicyDocument", trustAll)
	switch operation {
	case "AttachRolePolicy":
		form.Set("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")
	case "PutRolePolicy":
		form.Set("PolicyName", "p")
	case "UpdateAssumeRolePolicy":
		form.Set("PolicyDocument", trustAll)
	case "SimulatePrincipalPolicy":
		form.Set("ActionNames.member.1", "s3:GetObject")
	}
	call := queryCall("iam", operation, form)
	if strings.HasPrefix(name, "role/") {
		call.target = arn
	}
	return call
}
