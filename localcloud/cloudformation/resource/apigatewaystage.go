package resource

import (
	"context"
	"net/http"

	"github.com/writ-dev/writ/cfn"
)

// restDeployment is AWS::ApiGateway::Deployment.
type restDeployment struct{}

func (restDeployment) Create(ctx context.Context, w *Work) (Result, error) {
	var out struct {
		ID string `json:"id"`
	}
	body := lowerFirst(pick(w.Properties, "Description StageName"))
	err := w.Cloud.gateway(ctx, http.MethodPost, restPath(w, "deployments"), body, &out)
	return Result{Physical: out.ID, Attributes: map[string]string{"DeploymentId": out.ID}}, err
}

func (restDeployment) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	return result, w.Cloud.patch(ctx, restPath(w, "deployments", w.Physical), patchOperations(w, "Description"))
}

func (restDeployment) Delete(ctx context.Context, w *Work) error {
	if w.Physical == "" {
		return nil
	}
	if stage, ok := text(w.Properties, "StageName"); ok { // it made the stage itself
		if err := gone(w.Cloud.gateway(ctx, http.MethodDelete, restPath(w, "stages", stage), nil, nil)); err != nil {
			return err
		}
	}
	return gone(w.Cloud.gateway(ctx, http.MethodDelete, restPath(w, "deployments", w.Physical), nil, nil))
}

// restStage is AWS::ApiGateway::Stage.
type restStage struct{}

func (restStage) Create(ctx context.Context, w *Work) (Result, error) {
	name, ok := text(w.Properties, "StageName")
	if !ok {
		return Result{}, missing(w, "StageName")
	}
	body := lowerFirst(pick(w.Properties, "DeploymentId Description StageName Variables"))
	if all := tags(w.Tags, w.Properties); len(all) > 0 {
		body.Set("tags", all)
	}
	if err := w.Cloud.gateway(ctx, http.MethodPost, restPath(w, "stages"), body, nil); err != nil {
		return Result{}, err
	}
	return Result{Physical: name}, nil
}

func (restStage) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	operations := patchOperations(w, "DeploymentId Description")
	operations = append(operations, patchTokens("/variables", variables(w.Old), variables(w.Properties))...)
	if err := w.Cloud.patch(ctx, restPath(w, "stages", w.Physical), operations); err != nil {
		return result, err
	}
	api, _ := text(w.Properties, "RestApiId")
	return result, gatewayTags(ctx, w, "/tags", http.MethodPut, []string{"restapis", api, "stages", w.Physical})
}

func variables(properties *cfn.Object) map[string]string {
	out := map[string]string{}
	o := properties.Object("Variables")
	for key := range o.All() {
		out[key], _ = text(o, key)
	}
	return out
}

func (restStage) Delete(ctx context.Context, w *Work) error {
	name, _ := text(w.Properties, "StageName")
	return gone(w.Cloud.gateway(ctx, http.MethodDelete, restPath(w, "stages", name), nil, nil))
}

// restAccount is AWS::ApiGateway::Account: a setting of the account, which
// stays when the stack goes, as in AWS.
type restAccount struct{}

func (restAccount) Create(ctx context.Context, w *Work) (Result, error) {
	arn, _ := text(w.Properties, "CloudWatchRoleArn")
	change := []any{map[string]string{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}}
	result := Result{Physical: w.Physical, Attributes: map[string]string{"Id": w.Physical}}
	return result, w.Cloud.patch(ctx, []string{"account"}, change)
}

func (a restAccount) Update(ctx context.Context, w *Work) (Result, error) { return a.Create(ctx, w) }

func (restAccount) Delete(context.Context, *Work) error { return nil }
