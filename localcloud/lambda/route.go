package lambda

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
)

// route is one row of Lambda's API: the parts after the date, where {x} is a
// variable, and the operation of each method.
type route struct {
	date    string
	parts   []string
	methods map[string]string
}

func routes() []route {
	const base = "2015-03-31"
	f := "{FunctionName}"
	return []route{
		{base, []string{"functions", f, "invocations"}, map[string]string{"POST": "Invoke"}},
		{base, []string{"functions"}, map[string]string{"POST": "CreateFunction", "GET": "ListFunctions"}},
		{base, []string{"functions", f}, map[string]string{"GET": "GetFunction", "DELETE": "DeleteFunction"}},
		{base, []string{"functions", f, "configuration"}, map[string]string{"GET": "GetFunctionConfiguration", "PUT": "UpdateFunctionConfiguration"}},
		{base, []string{"functions", f, "code"}, map[string]string{"PUT": "UpdateFunctionCode"}},
		{base, []string{"functions", f, "policy"}, map[string]string{"GET": "GetPolicy", "POST": "AddPermission"}},
		{base, []string{"functions", f, "policy", "{StatementId}"}, map[string]string{"DELETE": "RemovePermission"}},
		{base, []string{"functions", f, "versions"}, map[string]string{"GET": "ListVersionsByFunction", "POST": "PublishVersion"}},
		{"2019-09-25", []string{"functions", f, "event-invoke-config"}, map[string]string{
			"PUT": "PutFunctionEventInvokeConfig", "POST": "UpdateFunctionEventInvokeConfig",
			"GET": "GetFunctionEventInvokeConfig", "DELETE": "DeleteFunctionEventInvokeConfig",
		}},
		{"2019-09-25", []string{"functions", f, "event-invoke-config", "list"}, map[string]string{"GET": "ListFunctionEventInvokeConfigs"}},
		{"2017-10-31", []string{"functions", f, "concurrency"}, map[string]string{"PUT": "PutFunctionConcurrency", "DELETE": "DeleteFunctionConcurrency"}},
		{"2019-09-30", []string{"functions", f, "concurrency"}, map[string]string{"GET": "GetFunctionConcurrency"}},
		{"2017-03-31", []string{"tags", "{Resource}"}, map[string]string{"GET": "ListTags", "POST": "TagResource", "DELETE": "UntagResource"}},
		{"2020-06-30", []string{"functions", f, "code-signing-config"}, map[string]string{"GET": "GetFunctionCodeSigningConfig"}},
		{"2021-07-20", []string{"functions", f, "runtime-management-config"}, map[string]string{"GET": "GetRuntimeManagementConfig"}},
		{base, []string{"event-source-mappings"}, map[string]string{"GET": "ListEventSourceMappings", "POST": "CreateEventSourceMapping"}},
		{base, []string{"event-source-mappings", "{UUID}"}, map[string]string{
			"GET": "GetEventSourceMapping", "PUT": "UpdateEventSourceMapping", "DELETE": "DeleteEventSourceMapping",
		}},
		{"2016-08-19", []string{"account-settings"}, map[string]string{"GET": "GetAccountSettings"}},
	}
}

// Route names the operation of a call and fills in its Vars. Call.Path is
// still escaped: a function may be named by its ARN.
func Route(c *gate.Call) (string, bool) {
	if name, ok := invokePath(c.Path); ok && c.Method == http.MethodPost { // the hot path
		c.Vars = map[string]string{"FunctionName": name}
		return "Invoke", true
	}
	parts := strings.Split(strings.Trim(c.Path, "/"), "/")
	for i, p := range parts {
		text, err := url.PathUnescape(p)
		if err != nil {
			return "", false
		}
		parts[i] = text
	}
	for _, r := range routes() {
		vars, ok := r.match(parts)
		if !ok {
			continue
		}
		if op, ok := r.methods[c.Method]; ok {
			c.Vars = vars
			return op, true
		}
	}
	return "", false
}

func invokePath(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, "/2015-03-31/functions/")
	if !ok {
		return "", false
	}
	name, ok := strings.CutSuffix(rest, "/invocations")
	if !ok || name == "" || strings.Contains(name, "/") {
		return "", false
	}
	if strings.IndexByte(name, '%') >= 0 {
		var err error
		if name, err = url.PathUnescape(name); err != nil {
			return "", false
		}
	}
	return name, true
}

func (r route) match(parts []string) (map[string]string, bool) {
	if len(parts) != len(r.parts)+1 || parts[0] != r.date {
		return nil, false
	}
	vars := map[string]string{}
	for i, want := range r.parts {
		got := parts[i+1]
		switch {
		case strings.HasPrefix(want, "{"):
			if got == "" {
				return nil, false
			}
			vars[strings.Trim(want, "{}")] = got
		case got != want:
			return nil, false
		}
	}
	return vars, true
}
