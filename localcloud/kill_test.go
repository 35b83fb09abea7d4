package localcloud_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/writ-dev/writ/localcloud"
)

const serveVariable = "WRIT_TEST_SERVE"

func init() { children[serveVariable] = serveUntilKilled }

// served is what the child says of its cloud.
type served struct {
	URL  string
	Keys localcloud.Credentials
}

// serveUntilKilled opens the cloud of a directory and serves its API.
func serveUntilKilled(dir string) error {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := served{URL: "http://" + listener.Addr().String()}
	c, err := localcloud.Open(localcloud.Config{Dir: dir, Endpoint: s.URL})
	if err != nil {
		return err
	}
	if s.Keys, err = c.DeveloperCredentials(); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return err
	}
	return http.Serve(listener, c.API())
}

// writes are what was acknowledged by a cloud that was then killed.
type writes struct {
	mu             sync.Mutex
	items, objects []string
	roles, stacks  []string
}

func (w *writes) add(list *[]string, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*list = append(*list, name)
}

// TestKilledInTheMiddle kills a cloud with SIGKILL while it writes, several
// times over, and wants every acknowledged write back.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	dir, done := t.TempDir(), &writes{}
	c := openCloud(t, dir, nil)
	makeTable(t, dynamodb.NewFromConfig(c.dev()), "things")
	must[*s3.CreateBucketOutput](t)(pathStyle(c.dev()).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("things")}))
	credentials := c.developer
	c.close(t)
	for round := range 3 {
		writeUntilKilled(t, dir, round, done)
	}
	t.Logf("acknowledged: %d items, %d objects, %d roles, %d stacks", len(done.items), len(done.objects), len(done.roles), len(done.stacks))
	if len(done.items) == 0 || len(done.objects) == 0 || len(done.roles) == 0 || len(done.stacks) == 0 {
		t.Fatal("nothing was written before the kill: the test looks at nothing")
	}
	after := openCloud(t, dir, nil)
	wantWrites(t, after, after.as(credentials), done)
}

// writeUntilKilled starts a child with the cloud, writes through several
// clients at once, and kills it on the way.
func writeUntilKilled(t *testing.T, dir string, round int, done *writes) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), serveVariable+"="+dir)
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var s served
	if err := json.NewDecoder(out).Decode(&s); err != nil {
		t.Fatal(err)
	}
	cfg := aws.Config{Region: localcloud.DefaultRegion, BaseEndpoint: &s.URL, Credentials: static(s.Keys), RetryMaxAttempts: 1}
	var clients sync.WaitGroup
	for n, write := range []func(*testing.T, aws.Config, string, *writes) bool{writeItem, writeItem, writeObject, writeRole, writeStack} {
		clients.Go(func() {
			for i := 0; write(t, cfg, fmt.Sprintf("r%d-%d-%d", round, n, i), done); i++ {
			}
		})
	}
	time.Sleep(time.Duration(150+100*round) * time.Millisecond)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	clients.Wait()
	_ = child.Wait() // it was killed
}

func writeItem(t *testing.T, cfg aws.Config, name string, done *writes) bool {
	_, err := dynamodb.NewFromConfig(cfg).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("things"), Item: item{"k": text(name)}})
	if err == nil {
		done.add(&done.items, name)
	}
	return err == nil
}

func writeObject(t *testing.T, cfg aws.Config, name string, done *writes) bool {
	_, err := pathStyle(cfg).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("things"), Key: &name, Body: strings.NewReader("bytes of " + name)})
	if err == nil {
		done.add(&done.objects, name)
	}
	return err == nil
}

func writeRole(t *testing.T, cfg aws.Config, name string, done *writes) bool {
	_, err := iam.NewFromConfig(cfg).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trustLambda)})
	if err == nil {
		done.add(&done.roles, name)
	}
	return err == nil
}

func writeStack(t *testing.T, cfg aws.Config, name string, done *writes) bool {
	_, err := cloudformation.NewFromConfig(cfg).CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String("s-" + name), TemplateBody: aws.String(strings.ReplaceAll(firstTemplate, `"hits"`, `"`+name+`"`)),
	})
	if err == nil {
		done.add(&done.stacks, "s-"+name)
	}
	return err == nil
}

// wantWrites fails for each acknowledged write that is not there, and for a
// stack that was left half done.
func wantWrites(t *testing.T, c *cloud, cfg aws.Config, done *writes) {
	t.Helper()
	ctx, tables, objects, roles, stacks := t.Context(), dynamodb.NewFromConfig(cfg), pathStyle(cfg), iam.NewFromConfig(cfg), cloudformation.NewFromConfig(cfg)
	for _, name := range done.items {
		out := must[*dynamodb.GetItemOutput](t)(tables.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("things"), Key: item{"k": text(name)}}))
		if out.Item == nil {
			t.Errorf("item %s is lost", name)
		}
	}
	for _, name := range done.objects {
		if got := object(t, objects, "things", name); got != "bytes of "+name {
			t.Errorf("object %s is %q", name, got)
		}
	}
	for _, name := range done.roles {
		if _, err := roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &name}); err != nil {
			t.Errorf("role %s: %v", name, err)
		}
	}
	for _, name := range done.stacks {
		status := settled(t, stacks, name)
		_, err := tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(strings.TrimPrefix(name, "s-"))})
		switch code, _ := codeOf(err); {
		case status == cfntypes.StackStatusCreateComplete && code == "":
		case status == cfntypes.StackStatusRollbackComplete && code == "ResourceNotFoundException":
		default:
			t.Errorf("stack %s is %s, its table %q", name, status, code)
		}
	}
	for service, call := range onePerService {
		wantCode(t, service+" after the kills", call(ctx, c.dev()), "")
	}
}
