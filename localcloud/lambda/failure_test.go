package lambda_test

import (
	"encoding/base64"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Whoever has nothing but the log must find in it why a function failed: the
// lines and their order are those of Lambda.
func TestWhyAFunctionFailedIsInItsLog(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "hello", nil)
	c.create(t, "dies", zipOf(map[string]string{"bootstrap": "#!/bin/sh\necho too early\nexit 7\n"}), nil)
	c.create(t, "tells", zipOf(map[string]string{"bootstrap": `#!/bin/sh
body='{"errorType":"Config.Missing","errorMessage":"no colour"}'
host=${AWS_LAMBDA_RUNTIME_API%:*} port=${AWS_LAMBDA_RUNTIME_API#*:}
exec bash -c "exec 4<>/dev/tcp/$host/$port; printf 'POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: $AWS_LAMBDA_RUNTIME_API\r\nContent-Length: ${#body}\r\n\r\n%s' '$body' >&4; head -n 1 <&4 >/dev/null; exit 1"
`}), nil)
	for _, tc := range []struct{ function, payload, log string }{
		{"hello", `{"Do":"big","N":6291600}`, `^START RequestId: ID Version: \$LATEST
LAMBDA_RUNTIME Failed to post handler success response\. Http response code: 413\. \{"errorMessage":"Exceeded maximum allowed payload size \(6291556 bytes\)\.","errorType":"RequestEntityTooLarge"\}
(?s:.*)END RequestId: ID
REPORT RequestId: ID\tDuration: .*\tStatus: error\tError Type: Function\.ResponseSizeTooLarge\n$`},
		{"dies", `{}`, `^START RequestId: ID Version: \$LATEST\nEND RequestId: ID\nREPORT RequestId: ID\tDuration: .*\tStatus: error\tError Type: Runtime\.ExitError\n$`},
		{"tells", `{}`, `^START RequestId: ID Version: \$LATEST\nEND RequestId: ID\nREPORT RequestId: ID\tDuration: .*\tStatus: error\tError Type: Config\.Missing\n$`},
	} {
		tail, err := base64.StdEncoding.DecodeString(aws.ToString(c.invoke(t, tc.function, tc.payload).LogResult))
		if err != nil {
			t.Fatal(err)
		}
		got := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(string(tail), "ID")
		if !regexp.MustCompile(tc.log).MatchString(got) {
			t.Errorf("%s: log tail\n%q\nwant\n%s", tc.function, got, tc.log)
		}
	}
	for _, want := range []string{
		`dies: too early\ndies: Error: Runtime exited with error: exit status 7\ndies: Runtime\.ExitError\ndies: INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: error\tError Type: Runtime\.ExitError\ndies: START `,
		`tells: INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: error\tError Type: Config\.Missing\ntells: START `,
	} {
		if !regexp.MustCompile(want).MatchString(c.printed()) {
			t.Errorf("no lines %q in\n%s", want, c.printed())
		}
	}
}
