package lambda_test

import (
	"context"
	"net/http"
	"net/url"
	"os/exec"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/writ-dev/writ/localcloud/gate"
)

// direct invokes through the gate, without HTTP and signatures.
func (c *cloud) direct(b *testing.B, name string) {
	caller, ok := c.iam.CallerOf("admin", "bench")
	if !ok {
		b.Fatal("no admin")
	}
	answer, err := c.gate.Do(context.Background(), &gate.Call{
		Service: "lambda", Operation: "Invoke", Method: http.MethodPost, Path: "/2015-03-31/functions/" + name + "/invocations",
		Query: url.Values{}, Header: http.Header{}, Vars: map[string]string{"FunctionName": name}, Body: []byte(`{"Do":"echo","Text":"x"}`), Caller: caller,
	})
	if err != nil || answer.Header.Get("X-Amz-Function-Error") != "" {
		b.Fatalf("%v %s", err, answer.Body)
	}
}

func BenchmarkInvoke(b *testing.B) {
	c := newCloud(b, func(cfg *lambdaConfig) { cfg.OnLog = nil })
	c.createGo(b, "go", nil)
	runtimes := []string{"go"}
	if exec.Command("node", "--version").Run() == nil {
		c.create(b, "node", zipOf(map[string]string{"index.js": "exports.handler = async (e) => e.Text;"}), func(in *awslambda.CreateFunctionInput) {
			in.Runtime, in.Handler = types.RuntimeNodejs22x, aws.String("index.handler")
		})
		runtimes = append(runtimes, "node")
	}
	if exec.Command("python3", "--version").Run() == nil {
		c.create(b, "python", zipOf(map[string]string{"app.py": "def handler(e, c): return e['Text']"}), func(in *awslambda.CreateFunctionInput) {
			in.Runtime, in.Handler = types.RuntimePython313, aws.String("app.handler")
		})
		runtimes = append(runtimes, "python")
	}
	for _, name := range runtimes {
		b.Run("cold/"+name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				_, err := c.client(b, "admin").UpdateFunctionConfiguration(context.Background(), &awslambda.UpdateFunctionConfigurationInput{
					FunctionName: aws.String(name), Timeout: aws.Int32(int32(10 + i%2)),
				})
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				c.direct(b, name)
			}
		})
		b.Run("warm/"+name, func(b *testing.B) {
			c.direct(b, name)
			for b.Loop() {
				c.direct(b, name)
			}
		})
	}
}
