package gate_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/internal/sigv4"
)

// A caller that may do one thing signs a request that can be read as another:
// by a service's scope and another's target, by a header or parameter that
// stands twice, by what was not signed.
func TestAttackConfusedRequests(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.addRole(t, "little", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:Query","lambda:*","s3:GetObject","sts:*"],"Resource":"*"}]}`)
	const target = "DynamoDB_20120810."
	for name, row := range map[string]struct {
		service, method, uri, body string
		signed, after              map[string]string // headers, before and after signing
	}{
		"another's target in one's own scope":  {"lambda", "POST", "/", "{}", map[string]string{"X-Amz-Target": target + "ListTables"}, nil},
		"a scope of S3, which signs less":      {"s3", "POST", "/", "{}", map[string]string{"X-Amz-Target": target + "ListTables"}, nil},
		"a target that was not signed":         {"dynamodb", "POST", "/", "{}", nil, map[string]string{"X-Amz-Target": target + "ListTables"}},
		"a target in other letters":            {"dynamodb", "POST", "/", "{}", map[string]string{"X-Amz-Target": "dynamodb_20120810.ListTables"}, nil},
		"an operation in other letters":        {"dynamodb", "POST", "/", "{}", map[string]string{"X-Amz-Target": target + "listTables"}, nil},
		"a second target":                      {"dynamodb", "POST", "/", "{}", map[string]string{"X-Amz-Target": target + "Query"}, map[string]string{"X-Amz-Target": target + "ListTables"}},
		"a form instead of a target":           {"dynamodb", "POST", "/", "Action=ListTables&Version=2012-08-10", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, nil},
		"a path that leads to another service": {"s3", "PUT", "/b/%2e%2e/2015-03-31/functions", "", nil, nil},
		"a copy that was not signed":           {"s3", "GET", "/b/k", "", nil, map[string]string{"X-Amz-Copy-Source": "/b/other"}},
		"a token of nobody":                    {"dynamodb", "POST", "/", "{}", map[string]string{"X-Amz-Target": target + "Query"}, map[string]string{"X-Amz-Security-Token": "AAAA"}},
		"a method that was not signed":         {"lambda", "GET:DELETE", "/2015-03-31/functions/f", "", nil, nil},
		"a query that was not signed":          {"lambda", "GET", "/2015-03-31/functions#?Qualifier=1", "", nil, nil},
		"an operation beside the signed one":   {"sts", "POST", "/#?Action=AssumeRole", "Action=GetCallerIdentity&Version=2011-06-15", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, nil},
	} {
		method, sent, _ := strings.Cut(row.method, ":")
		uri, added, _ := strings.Cut(row.uri, "#")
		request, err := http.NewRequestWithContext(t.Context(), method, c.url+uri, strings.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range row.signed {
			request.Header.Set(k, v)
		}
		k, err := c.vault.Issue(c.caller("little"), time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		key := sigv4.Key{AccessKeyID: k.AccessKeyID, Secret: k.SecretAccessKey, Token: k.SessionToken}
		if err := sigv4.Sign(request, sigv4.HashBody([]byte(row.body)), key, sigv4.Scope{Region: "us-east-1", Service: row.service}, time.Now()); err != nil {
			t.Fatal(err)
		}
		for k, v := range row.after {
			request.Header.Add(k, v)
			if k == "X-Amz-Security-Token" {
				request.Header.Set(k, v)
			}
		}
		if sent != "" {
			request.Method = sent
		}
		request.URL.RawQuery = strings.TrimPrefix(added, "?")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode < 400 {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
}

// Requests that a proxy and a server could take apart in two ways are refused,
// or end the connection: nothing after them is read as a request of its own.
func TestAttackSmuggledRequests(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	const second = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, head := range map[string]string{
		"two lengths":            fmt.Sprintf("Content-Length: 0\r\nContent-Length: %d\r\n", len(second)),
		"a space before a colon": "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n",
		"an unknown encoding":    "Transfer-Encoding: chunked, identity\r\n",
		"a signed length":        "Content-Length: +5\r\n",
		"a folded header":        "X: a\r\n Content-Length: 5\r\n Transfer-Encoding: x\r\nTransfer-Encoding: xchunked\r\n",
	} {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(c.url, "http://"), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(conn, "POST /first HTTP/1.1\r\nHost: a\r\n%s\r\n%s", head, second); err != nil {
			t.Fatal(err)
		}
		answers := 0
		for r := bufio.NewReader(conn); ; answers++ {
			response, err := http.ReadResponse(r, nil)
			if err != nil {
				break
			}
			_ = response.Body.Close()
			if response.StatusCode < 400 {
				t.Errorf("%s: %s", name, response.Status)
			}
			if response.Close {
				break
			}
		}
		_ = conn.Close()
		if answers > 1 {
			t.Errorf("%s: %d requests were answered", name, answers)
		}
	}
}
