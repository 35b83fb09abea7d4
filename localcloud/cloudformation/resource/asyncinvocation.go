package resource

import (
	"context"
	"net/http"
	"net/url"

	"github.com/writ-dev/writ/localcloud/gate"
)

// asyncInvocation is AWS::Lambda::EventInvokeConfig. A version of a function
// has one at most.
type asyncInvocation struct{}

func asyncPath(w *Work) (string, error) {
	name, ok := text(w.Properties, "FunctionName")
	if !ok {
		return "", missing(w, "FunctionName")
	}
	qualifier, ok := text(w.Properties, "Qualifier")
	if !ok {
		return "", missing(w, "Qualifier")
	}
	path := "/2019-09-25/functions/" + url.PathEscape(name) + "/event-invoke-config"
	return path + "?" + query("Qualifier", qualifier), nil
}

// put says all that the template says; what it leaves out is AWS's default.
func (asyncInvocation) put(ctx context.Context, w *Work, path string) (Result, error) {
	body := pick(w.Properties, "DestinationConfig MaximumEventAgeInSeconds MaximumRetryAttempts")
	return Result{Physical: w.Physical, Attributes: w.Attributes}, w.Cloud.rest(ctx, "lambda", http.MethodPut, path, body, nil)
}

// Create refuses a version that has a configuration: Lambda takes it for one to change.
func (a asyncInvocation) Create(ctx context.Context, w *Work) (Result, error) {
	path, err := asyncPath(w)
	if err != nil {
		return Result{}, err
	}
	there, err := found(w.Cloud.rest(ctx, "lambda", http.MethodGet, path, nil, nil))
	if err != nil {
		return Result{}, err
	}
	if there {
		return Result{}, gate.Errorf("AlreadyExists", "Resource of type 'AWS::Lambda::EventInvokeConfig' with identifier '%s' already exists.", w.Physical)
	}
	result, err := a.put(ctx, w, path)
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

func (a asyncInvocation) Update(ctx context.Context, w *Work) (Result, error) {
	path, err := asyncPath(w)
	if err != nil {
		return Result{Physical: w.Physical, Attributes: w.Attributes}, err
	}
	return a.put(ctx, w, path)
}

func (asyncInvocation) Delete(ctx context.Context, w *Work) error {
	path, err := asyncPath(w)
	if err != nil {
		return nil // it was never made
	}
	return gone(w.Cloud.rest(ctx, "lambda", http.MethodDelete, path, nil, nil))
}
