package front_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/writ-dev/writ/localcloud/apigateway/front"
)

var update = flag.Bool("update", false, "write what the events are now into testdata")

// Each file holds a stage, a request as it is on the wire, and the event that
// the function gets.
func TestEvents(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/events/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			part := func(name string) *txtar.File {
				for i := range archive.Files {
					if archive.Files[i].Name == name {
						return &archive.Files[i]
					}
				}
				t.Fatalf("%s has no part %s", path, name)
				return nil
			}
			event := eventOf(t, part("stage.json").Data, part("request").Data)
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, event, "", "  "); err != nil {
				t.Fatal(err)
			}
			pretty.WriteByte('\n')
			want := part("event.json")
			if *update {
				want.Data = pretty.Bytes()
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), pretty.String()); diff != "" {
				t.Error(diff)
			}
			checkNames(t, event)
		})
	}
}

// eventOf sends a request to a table of one stage.
func eventOf(t *testing.T, stageJSON, request []byte) []byte {
	t.Helper()
	stage := &front.Stage{}
	if err := json.Unmarshal(stageJSON, stage); err != nil {
		t.Fatal(err)
	}
	head, body, _ := bytes.Cut(request, []byte("\n\n"))
	wire := append(bytes.ReplaceAll(head, []byte("\n"), []byte("\r\n")), "\r\n\r\n"...)
	r, err := http.ReadRequest(bufio.NewReader(io.MultiReader(bytes.NewReader(wire), bytes.NewReader(body))))
	if err != nil {
		t.Fatal(err)
	}
	table, problems := front.NewTable([]*front.Stage{stage})
	if problems != nil {
		t.Fatal(problems)
	}
	in := front.Incoming{
		Request: r, Match: table.Find(r.Host, r.Method, r.URL.EscapedPath()), Body: bytes.TrimSuffix(body, []byte("\n")),
		RequestID: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", ExtendedID: "JKJaXmPLvHcESHA=", TraceID: "Root=1-67891233-abcdef012345678912345678",
		SourceIP: "192.0.2.1", Account: "000000000000", Time: time.UnixMilli(1583348638390),
	}
	if in.Match.Route == nil {
		t.Fatalf("no route for %s %s", r.Method, r.URL)
	}
	event, err := in.Event()
	if err != nil {
		t.Fatal(err)
	}
	return event
}

// unknownToTheLibrary are members that AWS sends and its Go library does not have.
var unknownToTheLibrary = []string{"version", "principalOrgId", "deploymentId"}

// checkNames decodes the event into the types of AWS's own Go library: a
// member that they do not know has the wrong name.
func checkNames(t *testing.T, event []byte) {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal(event, &members); err != nil {
		t.Fatal(err)
	}
	var into any = &events.APIGatewayV2HTTPRequest{}
	if members["version"] != "2.0" {
		into = &events.APIGatewayProxyRequest{}
		requestContext := members["requestContext"].(map[string]any)
		for _, name := range unknownToTheLibrary {
			delete(members, name)
			delete(requestContext, name)
			delete(requestContext["identity"].(map[string]any), name)
		}
	}
	known, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(known))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Errorf("AWS's library does not read the event: %v", err)
	}
}
