package deliverytest

import (
	"context"
	"net/url"
	"strings"
	"sync"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// Functions is a Lambda with any function, which lets in whom the policy does.
// The zero Functions has no policy.
type Functions struct {
	mu     sync.Mutex
	policy *iam.Policy
	fail   int
	answer string
	calls  []string
}

// Info describes the service to the gate.
func (f *Functions) Info() gate.Info {
	return gate.Info{Name: "lambda", Protocol: gate.RESTJSON, Route: func(c *gate.Call) (string, bool) {
		name, ok := strings.CutPrefix(c.Path, "/2015-03-31/functions/")
		name, err := url.PathUnescape(strings.TrimSuffix(name, "/invocations"))
		c.Vars = map[string]string{"FunctionName": name}
		return "Invoke", ok && err == nil
	}}
}

// Describe asks for the function.
func (f *Functions) Describe(c *gate.Call) ([]gate.Ask, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return []gate.Ask{{Action: "lambda:InvokeFunction", Resource: c.Vars["FunctionName"], ResourcePolicy: f.policy}}, nil
}

// Handle notes the call, or fails.
func (f *Functions) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail > 0 {
		f.fail--
		return nil, gate.Errorf("TooManyRequestsException", "Rate Exceeded.").WithStatus(429)
	}
	if c.Header.Get("X-Amz-Invocation-Type") == "DryRun" {
		return &gate.Reply{Status: 204}, nil
	}
	f.calls = append(f.calls, c.Header.Get("X-Amz-Invocation-Type")+" "+string(c.Body))
	if f.answer != "" {
		return &gate.Reply{Body: []byte(f.answer)}, nil
	}
	return &gate.Reply{Status: 202}, nil
}

// Answer sets what the functions answer to who waits for it.
func (f *Functions) Answer(payload string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = payload
}

// Admit sets the functions' policy.
func (f *Functions) Admit(w *World, service, source string) {
	w.T.Helper()
	p, err := iam.Load([]byte(Admit(service, "lambda:InvokeFunction", "*", source)), iam.Origin{Type: iam.TypeResource, Name: "function"})
	w.Must(err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.policy = p
}

// Throttle lets the next n calls fail.
func (f *Functions) Throttle(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = n
}

// Calls gives the invocations so far: their type and their event.
func (f *Functions) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}
