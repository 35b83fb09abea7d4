package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/writ-dev/writ/internal/sigv4"
)

// api calls a service that speaks the Query protocol in the cloud that runs in a
// directory, as the developer, and prints what it answers:
// `api DIR iam PutRolePolicy RoleName=x PolicyName=y PolicyDocument=@FILE`.
func api(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: api DIR SERVICE ACTION [NAME=VALUE|NAME=@FILE]...")
	}
	var local struct {
		AWS             string `json:"aws"`
		Region          string `json:"region"`
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
		SessionToken    string `json:"sessionToken"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(args[0], ".writ", "local.json"))), &local))
	form := url.Values{"Action": {args[2]}, "Version": {map[string]string{"iam": "2010-05-08", "sts": "2011-06-15"}[args[1]]}}
	for _, pair := range args[3:] {
		name, value, _ := strings.Cut(pair, "=")
		if file, isFile := strings.CutPrefix(value, "@"); isFile {
			value = ts.ReadFile(file)
		}
		form.Set(name, value)
	}
	body := form.Encode()
	request, err := http.NewRequest(http.MethodPost, local.AWS+"/", strings.NewReader(body))
	ts.Check(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	key := sigv4.Key{AccessKeyID: local.AccessKeyID, Secret: local.SecretAccessKey, Token: local.SessionToken}
	ts.Check(sigv4.Sign(request, sigv4.HashBody([]byte(body)), key, sigv4.Scope{Date: time.Now().UTC().Format("20060102"), Region: local.Region, Service: args[1]}, time.Now()))
	status, text := answerTo(ts, request)
	fmt.Fprintf(ts.Stdout(), "%s\n", text)
	if failed := status >= 300; failed != neg {
		ts.Fatalf("%s answered %d: %s", args[2], status, text)
	}
}
